//! The control store: clients, keys, revoked tokens and accesses as rows.

#[cfg(test)]
mod tests;

use continuity_base::Timestamp;
use continuity_log::Record;
use continuity_readmodel::{Direction, Row, Rows, Snapshot, StoreError, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::accesses;
use super::clients::{self, ClientRow};
use super::event::{By, Change, ClientUsed, Entry, TokenRevoked};
use super::force::{Changed, InForce};
use crate::AuthError;
use crate::keys::row::{KeyRow, KeyState};

/// Rows of another version are thrown away and come back from the log.
pub(super) const VERSION: u32 = 4;

/// Client id -> [`ClientRow`] in postcard.
const CLIENTS: Table = "clients";
/// Key id -> [`KeyRow`] in postcard.
const KEYS: Table = "signing-keys";
/// Day of expiry, token id -> when it expires, in seconds since 1970, of tokens that were revoked.
const REVOKED: Table = "revoked-tokens";
pub(super) const TABLES: &[Table] = &[CLIENTS, KEYS, REVOKED, accesses::ACCESSES, accesses::OF_LOAN, accesses::COUNTS];

/// Applies one record to the rows; what it puts into force, if anything.
pub(super) fn apply(record: &Record, position: u64, rows: &mut Rows<'_>) -> Result<Option<Changed>, AuthError> {
    let Entry { by, change } = Entry::decode(&record.payload)?;
    let at = Timestamp::from_micros(record.arrived_at);
    match change {
        Change::AccessRecorded(read) => accesses::put_task(read, at, position, rows).map(|()| None),
        Change::DocumentRead(read) => accesses::put_document(read, at, position, rows).map(|()| None),
        Change::ReadsRecorded(reads) => accesses::put_reads(reads, position, rows).map(|()| None),
        Change::TokenRevoked(revoked) => revoke(revoked, at, rows).map(Some),
        Change::KeyMade(_) | Change::KeyActivated { .. } | Change::KeyRetired { .. } => {
            change_keys(change, by, at, rows).map(|rows| Some(Changed::Keys(rows)))
        }
        Change::ClientsUsed(used) => use_clients(used, rows).map(Some),
        of_a_client => change_client(of_a_client, by, at, rows),
    }
}

fn use_clients(uses: Vec<ClientUsed>, rows: &mut Rows<'_>) -> Result<Changed, AuthError> {
    for used in &uses {
        if let Some(mut row) = get::<ClientRow>(rows, CLIENTS, used.id.as_bytes())? {
            row.used(used);
            put(rows, CLIENTS, used.id.as_bytes().to_vec(), &row);
        }
    }
    Ok(Changed::Used(uses))
}

fn change_client(change: Change, by: By, at: Timestamp, rows: &mut Rows<'_>) -> Result<Option<Changed>, AuthError> {
    let id = change.subject().as_bytes().to_vec();
    let before = get(rows, CLIENTS, &id)?;
    let after = clients::fold(before, Entry { by, change }, at)?;
    if let Some(row) = &after {
        put(rows, CLIENTS, id, row);
    }
    Ok(after.map(|row| Changed::Client(Box::new(row))))
}

/// The keys that are other ones now: with one that begins to sign, the one that signed before.
fn change_keys(change: Change, by: By, at: Timestamp, rows: &mut Rows<'_>) -> Result<Vec<KeyRow>, AuthError> {
    let mut changed = Vec::new();
    match change {
        Change::KeyMade(made) => changed.push(KeyRow::made(made, by.actor, at)),
        Change::KeyActivated { id, previous_until } => {
            for (_, row) in rows.scan_prefix(KEYS, &[]).map_err(store_failed)? {
                let row: KeyRow = decode(KEYS, &row)?;
                if row.state() == KeyState::Active && row.id != id {
                    changed.push(KeyRow { passive_until: Some(Timestamp::from_micros(previous_until)), ..row });
                }
            }
            changed.push(KeyRow { activated_at: Some(at), ..known_key(rows, &id)? });
        }
        Change::KeyRetired { id, reason } => {
            changed.push(KeyRow { retired: Some((at, reason)), ..known_key(rows, &id)? });
        }
        _ => {}
    }
    for row in &changed {
        put(rows, KEYS, row.id.as_bytes().to_vec(), row);
    }
    Ok(changed)
}

fn known_key(rows: &Rows<'_>, id: &str) -> Result<KeyRow, AuthError> {
    let missing = || AuthError::ControlLog(format!("a record changes key {id}, which no record makes; verify the log"));
    get(rows, KEYS, id.as_bytes())?.ok_or_else(missing)
}

/// Marks a token, and forgets the marks of those that expired two and three days ago. What is left of older ones, where
/// nothing was revoked for days, is passed over when the marks are put into force.
fn revoke(revoked: TokenRevoked, at: Timestamp, rows: &mut Rows<'_>) -> Result<Changed, AuthError> {
    let today = day(at.as_seconds());
    for past in [today - 2, today - 3] {
        rows.delete_prefix(REVOKED, &past.to_be_bytes()).map_err(store_failed)?;
    }
    let mut key = day(revoked.expires).to_be_bytes().to_vec();
    key.extend_from_slice(revoked.id.as_bytes());
    put(rows, REVOKED, key, &revoked.expires);
    Ok(Changed::Revoked { id: revoked.id, expires: revoked.expires })
}

fn day(seconds: i64) -> i64 {
    seconds.div_euclid(86_400)
}

/// Puts every stored row into force.
pub(super) fn load(snapshot: &Snapshot, force: &InForce) -> Result<(), AuthError> {
    for (_, row) in all(snapshot, CLIENTS)? {
        force.put(Changed::Client(Box::new(decode(CLIENTS, &row)?)));
    }
    let keys = all(snapshot, KEYS)?;
    force.put(Changed::Keys(keys.iter().map(|(_, row)| decode(KEYS, row)).collect::<Result<_, _>>()?));
    for (key, expires) in all(snapshot, REVOKED)? {
        let id = key.get(8..).and_then(|id| std::str::from_utf8(id).ok()).ok_or_else(|| corrupt(REVOKED))?.to_owned();
        force.put(Changed::Revoked { id, expires: decode(REVOKED, &expires)? });
    }
    Ok(())
}

/// Every key and value of a table.
fn all(snapshot: &Snapshot, table: Table) -> Result<Vec<(Row, Row)>, AuthError> {
    let rows = snapshot.scan_prefix(table, &[], Direction::Forward).map_err(store_failed)?;
    rows.map(|row| row.map_err(store_failed)).collect()
}

fn get<T: DeserializeOwned>(rows: &Rows<'_>, table: Table, key: &[u8]) -> Result<Option<T>, AuthError> {
    rows.get(table, key).map_err(store_failed)?.map(|row| decode(table, &row)).transpose()
}

fn put<T: Serialize>(rows: &mut Rows<'_>, table: Table, key: Vec<u8>, row: &T) {
    rows.put(table, key, postcard::to_stdvec(row).expect("plain data always encodes into memory"));
}

pub(super) fn store_failed(error: impl std::fmt::Display) -> AuthError {
    AuthError::ControlLog(format!("its read model: {error}"))
}

fn decode<T: DeserializeOwned>(table: Table, row: &[u8]) -> Result<T, AuthError> {
    postcard::from_bytes(row).map_err(|_| corrupt(table))
}

fn corrupt(table: Table) -> AuthError {
    store_failed(StoreError::corrupt("control", format!("a row of table {table}")))
}
