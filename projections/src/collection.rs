//! Rows of one kind of entity, kept in the order in which they are served.
//!
//! A row lives under (loan, parent ids, sort members, id), so that a list is one range scan; a second table leads from
//! (loan, id) to the row's key. A row's value is one byte of flags, then the JSON that is served. Orders are stored
//! ascending; a descending list is the same scan backwards.

mod read;

use std::borrow::Cow;

use continuity_events::json::{self, JsonError};
use continuity_readmodel::{ChangeForm, EntityChange, Key, KeyReader, Rows, StoreError, Table};

use crate::order::{self, Meaning};

pub(crate) use read::{Stored, Variant};

/// The whole entity is in the collection's `heavy` table; the row has it without the heavy members.
pub(crate) const HEAVY: u8 = 1;
/// The entity is `sensitive`: anything but absent, `null` and `false`, because a doubt must not show what is secret.
pub(crate) const SENSITIVE: u8 = 2;

/// How one kind of entity is kept.
#[derive(Debug)]
pub(crate) struct Collection {
    /// Name of the entity in events.
    pub(crate) entity: &'static str,
    /// (loan, parents, sort members, id) -> flags, JSON.
    pub(crate) rows: Table,
    /// (loan, id) -> key in `rows`. Of a nested entity that is gone it stays, because it knows the parent.
    pub(crate) ids: Table,
    /// Names of the parent ids under which it is listed.
    pub(crate) parents: &'static [&'static str],
    /// Members that give the order; ties go by id.
    pub(crate) sort: &'static [(&'static str, Meaning)],
    /// Whether the default order is descending.
    pub(crate) descending: bool,
    /// Members that are added when it is served; the entity's own of that name are left out.
    pub(crate) added: &'static [&'static str],
    /// Members that lists leave out, and the table that has the entities that have them whole, by (loan, id).
    pub(crate) heavy: Option<(Table, &'static [&'static str])>,
    /// A text member and a table by (loan, its value, sort members, id), without values.
    pub(crate) index: Option<(&'static str, Table)>,
}

impl Collection {
    /// A collection without parents, order or anything special; for struct update syntax.
    pub(crate) const fn new(entity: &'static str, rows: Table, ids: Table) -> Self {
        Self { entity, rows, ids, parents: &[], sort: &[], descending: false, added: &[], heavy: None, index: None }
    }

    /// Brings the entity to its new state.
    pub(crate) fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let id_key = Key::new().text(change.loan).text(change.id).finish();
        let old = self.old(&id_key, &change.form, rows)?;
        let parents = self.parents(change, old.as_ref());
        let new = match change.form {
            ChangeForm::Gone => None,
            ChangeForm::After(after) => Some(self.row(change, &parents, after)?),
            ChangeForm::Patch(patch) => {
                let base = self.stored(&id_key, old.as_ref(), rows)?;
                let merged = json::merge_patch(&base, patch).map_err(|error| self.unreadable(&error))?;
                Some(self.row(change, &parents, &merged)?)
            }
        };
        let key = new.as_ref().map_or_else(|| self.row_key(change, &parents, &[]), |row| row.key.clone());
        self.place(change, &id_key, old.as_ref(), &key, new.is_some(), rows);
        self.write_index(change.loan, old.as_ref(), new.as_ref(), rows)?;
        self.write_heavy(&id_key, old.as_ref(), new.as_ref(), rows);
        if let Some(new) = new {
            rows.put(self.rows, new.key, new.value);
        }
        Ok(())
    }

    /// Forgets every entity of the loan.
    pub(crate) fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let prefix = Key::new().text(loan).finish();
        let special = [self.heavy.map(|(table, _)| table), self.index.map(|(_, table)| table)];
        for table in [self.rows, self.ids].into_iter().chain(special.into_iter().flatten()) {
            rows.delete_prefix(table, &prefix)?;
        }
        Ok(())
    }

    /// The row as it was. Its value is read only where something depends on it.
    fn old(&self, id_key: &[u8], form: &ChangeForm<'_>, rows: &Rows<'_>) -> Result<Option<Old>, StoreError> {
        let Some(key) = rows.get(self.ids, id_key)? else { return Ok(None) };
        let needed = matches!(form, ChangeForm::Patch(_)) || self.heavy.is_some() || self.index.is_some();
        let value = if needed { rows.get(self.rows, &key)? } else { None };
        let parents = self.parents_of(&key).ok_or_else(|| self.corrupt("a row key"))?;
        Ok(Some(Old { key, parents, value }))
    }

    /// The whole JSON as it was; nothing merges as the empty object.
    fn stored(&self, id_key: &[u8], old: Option<&Old>, rows: &Rows<'_>) -> Result<String, StoreError> {
        let Some((flags, lean)) = old.and_then(|old| old.value.as_deref()).and_then(<[u8]>::split_first) else {
            return Ok("{}".to_owned());
        };
        let whole = match self.heavy {
            Some((table, _)) if flags & HEAVY != 0 => rows.get(table, id_key)?.ok_or_else(|| self.corrupt("a row"))?,
            _ => lean.to_vec(),
        };
        String::from_utf8(whole).map_err(|_| self.corrupt("a row"))
    }

    /// The parent ids after the change: what the event does not name stays as it was.
    fn parents(&self, change: &EntityChange<'_>, old: Option<&Old>) -> Vec<String> {
        let named = |index: usize, name: &str| {
            let given = change.parent.and_then(|parent| parent.get(name)).map(str::to_owned);
            given.or_else(|| old.map(|old| old.parents[index].clone())).unwrap_or_default()
        };
        self.parents.iter().enumerate().map(|(index, name)| named(index, name)).collect()
    }

    /// What is to be stored of the entity's new state.
    fn row(&self, change: &EntityChange<'_>, parents: &[String], whole: &str) -> Result<New, StoreError> {
        let whole = json::without(whole, self.added);
        let members = json::members(&whole).map_err(|error| self.unreadable(&error))?;
        let has = |name: &&str| members.iter().any(|(member, _)| member == *name);
        let sort: Vec<_> = self.sort.iter().map(|(name, as_)| order::of_member(&members, name, *as_)).collect();
        let sensitive = members.iter().any(|(name, raw)| name == "sensitive" && !matches!(*raw, "false" | "null"));
        let heavy = self.heavy.filter(|(_, names)| names.iter().any(has));
        let indexed = self.index.and_then(|(name, _)| members.iter().find(|(member, _)| member == name));
        let indexed = indexed.and_then(|(_, raw)| json::text(raw)).map(Cow::into_owned);
        let mut value = vec![u8::from(heavy.is_some()) * HEAVY + u8::from(sensitive) * SENSITIVE];
        value.extend_from_slice(json::without(&whole, heavy.map_or(&[], |(_, names)| names)).as_bytes());
        let key = self.row_key(change, parents, &sort);
        Ok(New { key, value, whole: heavy.is_some().then(|| whole.clone().into_owned()), indexed })
    }

    fn row_key(&self, change: &EntityChange<'_>, parents: &[String], sort: &[Vec<u8>]) -> Vec<u8> {
        let lowest = order::lowest();
        let sort = (0..self.sort.len()).map(|index| sort.get(index).unwrap_or(&lowest));
        let listed = parents.iter().fold(Key::new().text(change.loan), |key, parent| key.text(parent));
        sort.fold(listed, |key, bytes| key.bytes(bytes)).text(change.id).finish()
    }

    /// Keeps the way from the id to the row, and removes a row from where it no longer is.
    fn place(
        &self,
        change: &EntityChange<'_>,
        id_key: &[u8],
        old: Option<&Old>,
        key: &[u8],
        exists: bool,
        rows: &mut Rows<'_>,
    ) {
        debug_assert_eq!(change.entity, self.entity, "a collection is given its own entity only");
        let moved = old.is_none_or(|old| old.key != key);
        if let Some(old) = old.filter(|_| moved || !exists) {
            rows.delete(self.rows, &old.key);
        }
        if !exists && self.parents.is_empty() {
            rows.delete(self.ids, id_key);
        } else if moved {
            rows.put(self.ids, id_key.to_vec(), key.to_vec());
        }
    }

    fn write_index(
        &self,
        loan: &str,
        old: Option<&Old>,
        new: Option<&New>,
        rows: &mut Rows<'_>,
    ) -> Result<(), StoreError> {
        let Some((member, table)) = self.index else { return Ok(()) };
        let loan = Key::new().text(loan).finish();
        let entry = |value: &str, key: &[u8]| {
            let below = Key::new().text(value).finish();
            [loan.as_slice(), &below, &key[loan.len()..]].concat()
        };
        let mut before = None;
        if let Some((key, value)) = old.and_then(|old| Some((&old.key, old.value.as_ref()?))) {
            let json = std::str::from_utf8(&value[1..]).map_err(|_| self.corrupt("a row"))?;
            before = json::member(json, member).and_then(json::text).map(|value| entry(&value, key));
        }
        let after = new.and_then(|new| Some(entry(new.indexed.as_deref()?, &new.key)));
        if before != after {
            if let Some(key) = before {
                rows.delete(table, &key);
            }
            if let Some(key) = after {
                rows.put(table, key, Vec::new());
            }
        }
        Ok(())
    }

    fn write_heavy(&self, id_key: &[u8], old: Option<&Old>, new: Option<&New>, rows: &mut Rows<'_>) {
        let Some((table, _)) = self.heavy else { return };
        let was_heavy = old.and_then(|old| old.value.as_ref()).is_some_and(|value| value[0] & HEAVY != 0);
        match new.and_then(|new| new.whole.as_ref()) {
            Some(whole) => rows.put(table, id_key.to_vec(), whole.as_bytes().to_vec()),
            None if was_heavy => rows.delete(table, id_key),
            None => {}
        }
    }

    /// The parent ids in a row's key.
    fn parents_of(&self, key: &[u8]) -> Option<Vec<String>> {
        let mut reader = KeyReader::new(key);
        reader.text()?;
        self.parents.iter().map(|_| reader.text().map(Cow::into_owned)).collect()
    }

    fn corrupt(&self, what: &str) -> StoreError {
        StoreError::corrupt(self.rows, what)
    }

    fn unreadable(&self, error: &JsonError) -> StoreError {
        StoreError::Other(format!("the state of a {} cannot be read: {error}", self.entity))
    }
}

/// A row before the change.
struct Old {
    key: Vec<u8>,
    parents: Vec<String>,
    value: Option<Vec<u8>>,
}

/// A row after the change.
struct New {
    key: Vec<u8>,
    value: Vec<u8>,
    whole: Option<String>,
    indexed: Option<String>,
}

#[cfg(test)]
mod tests;
