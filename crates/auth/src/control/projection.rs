//! The control store: clients and accesses as rows.

#[cfg(test)]
mod tests;

use continuity_base::Timestamp;
use continuity_log::Record;
use continuity_readmodel::{Direction, Key, KeyReader, Rows, Snapshot, StoreError, Table};
use serde::Serialize;

use super::clients::{self, ClientRow, Clients};
use super::event::{AccessRecorded, Change, Entry};
use crate::{AccessEntry, AuthError};

/// Rows of another version are thrown away and come back from the log.
pub(super) const VERSION: u32 = 1;
/// Client id -> [`ClientRow`] in postcard.
const CLIENTS: Table = "clients";
/// Loan, time, control log position -> the audit entry as served.
const ACCESSES: Table = "accesses";
pub(super) const TABLES: &[Table] = &[CLIENTS, ACCESSES];

/// Applies one record to the rows; the client it changed, if any.
pub(super) fn apply(record: &Record, position: u64, rows: &mut Rows<'_>) -> Result<Option<ClientRow>, AuthError> {
    let entry = Entry::decode(&record.payload)?;
    let at = Timestamp::from_micros(record.arrived_at);
    if let Change::AccessRecorded(access) = &entry.change {
        rows.put(ACCESSES, access_key(&access.loan, at, position), audit_entry(access, at));
        return Ok(None);
    }
    let id = entry.change.subject().as_bytes().to_vec();
    let before = rows.get(CLIENTS, &id).map_err(store_failed)?.map(|row| decode_client(&row)).transpose()?;
    let after = clients::fold(before, entry, at)?;
    if let Some(row) = &after {
        rows.put(CLIENTS, id, postcard::to_stdvec(row).expect("plain data always encodes into memory"));
    }
    Ok(after)
}

/// Enters every stored client into the table.
pub(super) fn load_clients(snapshot: &Snapshot, clients: &Clients) -> Result<(), AuthError> {
    for row in snapshot.scan_prefix(CLIENTS, &[], Direction::Forward).map_err(store_failed)? {
        let (_, row) = row.map_err(store_failed)?;
        clients.put(decode_client(&row)?);
    }
    Ok(())
}

/// The accesses of one loan, oldest first.
pub(super) fn accesses(snapshot: &Snapshot, loan: &str) -> Result<Vec<AccessEntry>, AuthError> {
    let prefix = Key::new().text(loan).finish();
    let rows = snapshot.scan_prefix(ACCESSES, &prefix, Direction::Forward).map_err(store_failed)?;
    rows.map(|row| {
        let (key, json) = row.map_err(store_failed)?;
        access_entry(&key, &json).ok_or_else(|| store_failed(StoreError::corrupt("control", "an access")))
    })
    .collect()
}

pub(super) fn store_failed(error: impl std::fmt::Display) -> AuthError {
    AuthError::ControlLog(format!("its read model: {error}"))
}

fn decode_client(row: &[u8]) -> Result<ClientRow, AuthError> {
    postcard::from_bytes(row).map_err(|_| store_failed(StoreError::corrupt("control", "a client")))
}

fn access_key(loan: &str, at: Timestamp, position: u64) -> Vec<u8> {
    Key::new().text(loan).u64(sortable(at)).u64(position).finish()
}

fn access_entry(key: &[u8], json: &[u8]) -> Option<AccessEntry> {
    let mut key = KeyReader::new(key);
    key.text()?;
    let (at, sequence) = (key.u64()?, key.u64()?);
    let json = std::str::from_utf8(json).ok()?.to_owned();
    Some(AccessEntry { occurred_at: unsortable(at).to_string(), sequence, json })
}

/// Instants before 1970 sort first too.
fn sortable(at: Timestamp) -> u64 {
    at.as_micros().cast_unsigned() ^ (1 << 63)
}

fn unsortable(sorted: u64) -> Timestamp {
    Timestamp::from_micros((sorted ^ (1 << 63)).cast_signed())
}

/// The audit entry as it is served.
fn audit_entry(access: &AccessRecorded, at: Timestamp) -> Vec<u8> {
    let (target_type, target_id) = match &access.item {
        Some(item) => ("TASK_ITEM", item),
        None => ("TASK", &access.task),
    };
    let entry = AuditEntry {
        id: &access.id,
        occurred_at: at.to_string(),
        action: &access.action,
        actor: AuditActor { id: &access.client_id, kind: "API_CLIENT", display_name: access.client_name.as_deref() },
        target: AuditTarget { kind: target_type, id: target_id },
        origin: "REPLICA",
    };
    serde_json::to_vec(&entry).expect("texts always serialise")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditEntry<'a> {
    id: &'a str,
    occurred_at: String,
    action: &'a str,
    actor: AuditActor<'a>,
    target: AuditTarget<'a>,
    origin: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditActor<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
}

#[derive(Serialize)]
struct AuditTarget<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
}
