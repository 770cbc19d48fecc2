//! Two small read models: the state of the entities, and the trail of the events.

use continuity_events::json;

use crate::StoreError;
use crate::key::{Key, KeyReader};
use crate::projection::{AppendedEvent, ChangeForm, EntityChange, Projection, Spec};
use crate::store::{Direction, Row, Rows, Snapshot};

/// Keeps the JSON of every entity.
pub(super) struct Entities;
/// Keeps the ids of all events, and of audit entries from snapshots.
pub(super) struct Trail;

pub(super) const KINDS: &[&str] = &["loanRequest", "task", "message"];

impl Projection for Entities {
    fn spec(&self) -> &'static Spec {
        &Spec { name: "entities", version: 1, tables: &["rows"], entities: KINDS }
    }

    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let key = Key::new().text(change.loan).text(change.entity).text(change.id).finish();
        let value = match change.form {
            ChangeForm::After(after) => after.to_owned(),
            ChangeForm::Patch(patch) => {
                let old = String::from_utf8(rows.get("rows", &key)?.expect("patches are applicable")).unwrap();
                json::merge_patch(&old, patch).unwrap()
            }
            ChangeForm::Gone => {
                rows.delete("rows", &key);
                return Ok(());
            }
        };
        rows.put("rows", key, value.into_bytes());
        Ok(())
    }

    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        rows.delete_prefix("rows", &Key::new().text(loan).finish())
    }
}

impl Projection for Trail {
    fn spec(&self) -> &'static Spec {
        &Spec { name: "trail", version: 1, tables: &["events", "told"], entities: &["auditEntry"] }
    }

    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        assert!(change.from_snapshot);
        rows.put("told", Key::new().text(change.loan).text(change.id).finish(), Vec::new());
        Ok(())
    }

    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        rows.delete_prefix("told", &Key::new().text(loan).finish())
    }

    fn appended(&self, event: &AppendedEvent<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let key = Key::new().text(event.loan).u64(event.sequence).finish();
        assert_eq!(rows.get("events", &key)?, None, "an event is appended once");
        rows.put("events", key, event.event.id.clone().into_bytes());
        Ok(())
    }

    fn purge(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        self.clear(loan, rows)?;
        rows.delete_prefix("events", &Key::new().text(loan).finish())
    }
}

/// All rows of one loan's entities: (kind, id, JSON).
pub(super) fn entities(snapshot: &Snapshot, loan: &str) -> Vec<(String, String, String)> {
    let prefix = Key::new().text(loan).finish();
    let rows = snapshot.scan_prefix("rows", &prefix, Direction::Forward).unwrap();
    let row = |row: Result<(Row, Row), StoreError>| {
        let (key, value) = row.unwrap();
        let mut parts = KeyReader::new(&key[prefix.len()..]);
        let (kind, id) = (parts.text().unwrap().into_owned(), parts.text().unwrap().into_owned());
        (kind, id, String::from_utf8(value.to_vec()).unwrap())
    };
    rows.map(row).collect()
}

/// Sequences of the events in one loan's trail.
pub(super) fn trail(snapshot: &Snapshot, loan: &str) -> Vec<u64> {
    let prefix = Key::new().text(loan).finish();
    let rows = snapshot.scan_prefix("events", &prefix, Direction::Forward).unwrap();
    rows.map(|row| KeyReader::new(&row.unwrap().0[prefix.len()..]).u64().unwrap()).collect()
}
