//! The control store: clients, keys, revoked tokens and accesses as rows, and what is known of other replicas.

#[cfg(test)]
mod tests;

use continuity_base::Timestamp;
use continuity_log::Record;
use continuity_readmodel::{Direction, Row, Rows, Snapshot, StoreError, Table};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::accesses;
use super::clients::ClientRow;
use super::event::{By, Change, ClientUsed, Entry, TokenRevoked};
use super::force::{Changed, InForce};
use super::people;
use super::shared;
use super::stamp::{Lost, Version};
use crate::AuthError;
use crate::keys::row::{self, Activation, KeyRow};

/// Rows of another version are thrown away and come back from the log.
pub(super) const VERSION: u32 = 7;

/// Client id -> [`ClientRow`] in postcard.
pub(super) const CLIENTS: Table = "clients";
/// Key id -> [`KeyRow`] in postcard.
pub(super) const KEYS: Table = "signing-keys";
/// Day of expiry, token id -> when it expires, in seconds since 1970, of tokens that were revoked.
const REVOKED: Table = "revoked-tokens";
pub(super) const TABLES: &[Table] = &[
    CLIENTS,
    KEYS,
    REVOKED,
    people::ACCOUNTS,
    people::SESSIONS,
    people::CONSENTS,
    people::GRANTS,
    accesses::ACCESSES,
    accesses::OF_LOAN,
    accesses::COUNTS,
    shared::KNOWN,
    shared::LATEST,
    shared::BOOKMARK,
    shared::CONFLICTS,
];

/// What a record does.
#[derive(Debug, Default)]
pub(super) struct Effect {
    pub(super) changed: Option<Changed>,
    pub(super) lost: Option<Lost>,
}

impl Effect {
    fn puts(changed: Changed) -> Self {
        Self { changed: Some(changed), lost: None }
    }
}

/// Applies one record to the rows. A shared change that is known already does nothing.
pub(super) fn apply(record: &Record, position: u64, rows: &mut Rows<'_>) -> Result<Effect, AuthError> {
    let Entry { by, origin, change } = Entry::decode(&record.payload)?;
    let at = Timestamp::from_micros(record.arrived_at);
    if !change.is_shared() {
        return apply_local(change, by, at, position, rows);
    }
    let version = origin.map_or_else(|| Version::of_before(record, position), |origin| origin.version);
    if !shared::note(&version.stamp, position, rows)? {
        return Ok(Effect::default());
    }
    let subject = change.subject().to_owned();
    let effect = apply_shared(change, &by.actor, &version, at, rows)?;
    if let Some(lost) = &effect.lost {
        shared::note_conflict(&subject, lost, position, rows);
    }
    Ok(effect)
}

/// What happened on this replica. Each kind stands here or in [`apply_shared`], as [`Change::is_shared`] has it.
fn apply_local(change: Change, by: By, at: Timestamp, position: u64, rows: &mut Rows<'_>) -> Result<Effect, AuthError> {
    let none = |()| Effect::default();
    match change {
        Change::AccessRecorded(read) => accesses::put_task(read, at, position, rows).map(none),
        Change::DocumentRead(read) => accesses::put_document(read, at, position, rows).map(none),
        Change::ReadsRecorded(reads) => accesses::put_reads(reads, position, rows).map(none),
        Change::ClientsUsed(used) => use_clients(used, rows).map(Effect::puts),
        Change::Account { id, what } => people::change_account(&id, what, &by, at, rows).map(Effect::puts),
        Change::Session(what) => people::change_session(what, by, at, rows).map(Effect::puts),
        Change::Grant(what) => people::change_grant(what, at, rows).map(Effect::puts),
        Change::KeyExpired { id } => expire_key(&id, at, rows).map(Effect::puts),
        Change::ClientCreated(_)
        | Change::ClientRegisteredFirst(_)
        | Change::ClientChangedFirst { .. }
        | Change::ClientRegistered(_)
        | Change::ClientEnabled { .. }
        | Change::ClientDisabled { .. }
        | Change::ClientChanged { .. }
        | Change::ClientDeleted { .. }
        | Change::SecretRotated(_)
        | Change::KeyMade(_)
        | Change::KeyActivated { .. }
        | Change::KeyRetired { .. }
        | Change::TokenRevoked(_) => Ok(Effect::default()),
    }
}

/// What all replicas have to know; `at` is when this one learnt of it.
fn apply_shared(
    change: Change,
    actor: &str,
    version: &Version,
    at: Timestamp,
    rows: &mut Rows<'_>,
) -> Result<Effect, AuthError> {
    match change {
        Change::ClientCreated(_)
        | Change::ClientRegisteredFirst(_)
        | Change::ClientChangedFirst { .. }
        | Change::ClientRegistered(_)
        | Change::ClientEnabled { .. }
        | Change::ClientDisabled { .. }
        | Change::ClientChanged { .. }
        | Change::ClientDeleted { .. }
        | Change::SecretRotated(_) => change_client(change, actor, version, rows),
        Change::KeyMade(_) | Change::KeyActivated { .. } | Change::KeyRetired { .. } => {
            change_keys(change, actor, version, at, rows)
        }
        Change::TokenRevoked(revoked) => revoke(revoked, at, rows).map(Effect::puts),
        Change::AccessRecorded(_)
        | Change::DocumentRead(_)
        | Change::ReadsRecorded(_)
        | Change::ClientsUsed(_)
        | Change::Account { .. }
        | Change::Session(_)
        | Change::Grant(_)
        | Change::KeyExpired { .. } => Ok(Effect::default()),
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

fn change_client(change: Change, actor: &str, version: &Version, rows: &mut Rows<'_>) -> Result<Effect, AuthError> {
    let id = change.subject().to_owned();
    let mut row = get(rows, CLIENTS, id.as_bytes())?.unwrap_or_else(|| ClientRow::new(&id));
    let lost = row.apply(change, actor, version);
    put(rows, CLIENTS, id.into_bytes(), &row);
    Ok(Effect { changed: Some(Changed::Client(Box::new(row))), lost })
}

/// The keys that are other ones now: with one that begins to sign, the one that signed before.
fn change_keys(
    change: Change,
    actor: &str,
    version: &Version,
    at: Timestamp,
    rows: &mut Rows<'_>,
) -> Result<Effect, AuthError> {
    let id = change.subject().to_owned();
    let (mut keys, index) = keys_with(&id, rows)?;
    let mut lost = None;
    match change {
        Change::KeyMade(made) => keys[index].make(made, actor, &version.stamp),
        Change::KeyActivated { previous_until, .. } => {
            let activation = Activation::new(version.clone(), previous_until);
            lost = row::signing(&keys)
                .filter(|row| row.id != id)
                .and_then(|row| row.activation.as_ref()?.lost(&activation));
            keys[index].activate(activation);
        }
        Change::KeyRetired { reason, .. } => keys[index].retire(reason, &version.stamp),
        _ => {}
    }
    let others = row::settle(&mut keys, at);
    keys.retain(|row| row.id == id || others.contains(&row.id));
    for row in &keys {
        put(rows, KEYS, row.id.as_bytes().to_vec(), row);
    }
    Ok(Effect { changed: Some(Changed::Keys(keys)), lost })
}

fn expire_key(id: &str, at: Timestamp, rows: &mut Rows<'_>) -> Result<Changed, AuthError> {
    let (mut keys, index) = keys_with(id, rows)?;
    let mut row = keys.swap_remove(index);
    row.expire(at);
    put(rows, KEYS, id.as_bytes().to_vec(), &row);
    Ok(Changed::Keys(vec![row]))
}

/// All keys, and where that one is among them; it need not have been known.
fn keys_with(id: &str, rows: &Rows<'_>) -> Result<(Vec<KeyRow>, usize), AuthError> {
    let stored = rows_of(KEYS, rows)?;
    let mut keys: Vec<KeyRow> = stored.iter().map(|row| decode(KEYS, row)).collect::<Result<_, _>>()?;
    let index = keys.iter().position(|row| row.id == id).unwrap_or_else(|| {
        keys.push(KeyRow::new(id));
        keys.len() - 1
    });
    Ok((keys, index))
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

pub(super) fn day(seconds: i64) -> i64 {
    seconds.div_euclid(86_400)
}

/// Puts every stored row into force.
pub(super) fn load(snapshot: &Snapshot, force: &InForce) -> Result<(), AuthError> {
    if let Some(at) = shared::latest(snapshot)? {
        force.stamps.saw(at);
    }
    for (_, row) in all(snapshot, CLIENTS)? {
        force.put(Changed::Client(Box::new(decode(CLIENTS, &row)?)));
    }
    let keys = all(snapshot, KEYS)?;
    force.put(Changed::Keys(keys.iter().map(|(_, row)| decode(KEYS, row)).collect::<Result<_, _>>()?));
    for (key, expires) in all(snapshot, REVOKED)? {
        let id = key.get(8..).and_then(|id| std::str::from_utf8(id).ok()).ok_or_else(|| corrupt(REVOKED))?.to_owned();
        force.put(Changed::Revoked { id, expires: decode(REVOKED, &expires)? });
    }
    people::load(snapshot, force)
}

/// Every value of a table that is being changed.
pub(super) fn rows_of(table: Table, rows: &Rows<'_>) -> Result<Vec<Vec<u8>>, AuthError> {
    let found = rows.scan_prefix(table, &[]).map_err(store_failed)?;
    Ok(found.into_iter().map(|(_, row)| row).collect())
}

/// Every key and value of a table.
pub(super) fn all(snapshot: &Snapshot, table: Table) -> Result<Vec<(Row, Row)>, AuthError> {
    let rows = snapshot.scan_prefix(table, &[], Direction::Forward).map_err(store_failed)?;
    rows.map(|row| row.map_err(store_failed)).collect()
}

pub(super) fn get<T: DeserializeOwned>(rows: &Rows<'_>, table: Table, key: &[u8]) -> Result<Option<T>, AuthError> {
    rows.get(table, key).map_err(store_failed)?.map(|row| decode(table, &row)).transpose()
}

pub(super) fn put<T: Serialize>(rows: &mut Rows<'_>, table: Table, key: Vec<u8>, row: &T) {
    rows.put(table, key, postcard::to_stdvec(row).expect("plain data always encodes into memory"));
}

pub(super) fn store_failed(error: impl std::fmt::Display) -> AuthError {
    AuthError::ControlLog(format!("its read model: {error}"))
}

pub(super) fn decode<T: DeserializeOwned>(table: Table, row: &[u8]) -> Result<T, AuthError> {
    postcard::from_bytes(row).map_err(|_| corrupt(table))
}

fn corrupt(table: Table) -> AuthError {
    store_failed(StoreError::corrupt("control", format!("a row of table {table}")))
}
