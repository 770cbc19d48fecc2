//! People, their sessions, and what they let applications do, as rows.

use continuity_base::Timestamp;
use continuity_readmodel::{Rows, Snapshot, Table};

use super::event::By;
use super::force::{Changed, InForce};
use super::projection::{all, day, decode, get, put, store_failed};
use crate::AuthError;
use crate::authorization::event::GrantEvent;
use crate::authorization::grants::{ConsentRow, GrantRow};
use crate::people;
use crate::people::event::{AccountEvent, SessionEvent, SessionProved, SessionStarted};
use crate::people::row::{AccountRow, SessionRow};

/// Account id -> [`AccountRow`] in postcard.
pub(super) const ACCOUNTS: Table = "accounts";
/// Day of its end, session id -> [`SessionRow`] in postcard, of sessions that did not end before their time.
pub(super) const SESSIONS: Table = "sessions";
/// Account id, 0, client id -> [`ConsentRow`] in postcard.
pub(super) const CONSENTS: Table = "consents";
/// Account id, 0, grant id -> [`GrantRow`] in postcard, of grants that did not end before their time.
pub(super) const GRANTS: Table = "grants";

pub(super) fn change_account(
    id: &str,
    what: AccountEvent,
    by: &By,
    at: Timestamp,
    rows: &mut Rows<'_>,
) -> Result<Changed, AuthError> {
    let before = get(rows, ACCOUNTS, id.as_bytes())?;
    let row = people::row::fold(before, id, what, by, at)?;
    put(rows, ACCOUNTS, id.as_bytes().to_vec(), &row);
    Ok(Changed::Account(Box::new(row)))
}

/// Enters a session, and forgets those that were over two and three days ago; what is left of older ones is passed over
/// when they are put into force.
fn start_session(
    started: SessionStarted,
    proved_at: Timestamp,
    by: By,
    at: Timestamp,
    rows: &mut Rows<'_>,
) -> Result<Changed, AuthError> {
    let today = day(at.as_seconds());
    for past in [today - 2, today - 3] {
        rows.delete_prefix(SESSIONS, &past.to_be_bytes()).map_err(store_failed)?;
    }
    let account = get::<AccountRow>(rows, ACCOUNTS, started.account.as_bytes())?;
    let missing = || AuthError::ControlLog("somebody signed in whose account no record creates; verify the log".into());
    let mut account = account.ok_or_else(missing)?;
    account.signed_in(&started, by.address.as_deref(), at);
    put(rows, ACCOUNTS, account.id.as_bytes().to_vec(), &account);
    let key = session_key(started.until, &started.id);
    let session = SessionRow { started, at, address: by.address, proved_at };
    put(rows, SESSIONS, key, &session);
    Ok(Changed::SessionStarted { account: Box::new(account), session: Box::new(session) })
}

/// A session whose person proved once more who it is; nothing where it ended meanwhile.
fn prove_session(proved: SessionProved, at: Timestamp, rows: &mut Rows<'_>) -> Result<Changed, AuthError> {
    let account = get::<AccountRow>(rows, ACCOUNTS, proved.account.as_bytes())?;
    let missing = || AuthError::ControlLog("somebody proved who no record creates; verify the log".into());
    let mut account = account.ok_or_else(missing)?;
    account.used(&proved.used, at);
    put(rows, ACCOUNTS, account.id.as_bytes().to_vec(), &account);
    let key = session_key(proved.until, &proved.id);
    if let Some(session) = get::<SessionRow>(rows, SESSIONS, &key)? {
        put(rows, SESSIONS, key, &SessionRow { proved_at: at, ..session });
    }
    Ok(Changed::SessionProved { account: Box::new(account), id: proved.id, at })
}

pub(super) fn change_grant(what: GrantEvent, at: Timestamp, rows: &mut Rows<'_>) -> Result<Changed, AuthError> {
    Ok(match what {
        GrantEvent::Consented { account, client, scopes } => {
            let key = pair(&account, &client);
            let row = ConsentRow { account, client, scopes: scopes.join(" "), at };
            put(rows, CONSENTS, key, &row);
            Changed::Consented(row)
        }
        GrantEvent::Withdrawn { account, client } => {
            rows.delete(CONSENTS, &pair(&account, &client));
            let grants = end_grants(&account, rows, |row| row.started.client == client)?;
            Changed::Withdrawn { account, client, grants }
        }
        GrantEvent::Started(started) => {
            // Whoever lets applications in again and again leaves no more behind than what may still be used.
            end_grants(&started.account, rows, |row| row.is_over(at))?;
            let row = GrantRow { started, at, number: 0, refreshed_at: None, key: None };
            put(rows, GRANTS, pair(&row.started.account, &row.started.id), &row);
            Changed::Grant(Box::new(row))
        }
        GrantEvent::Refreshed { account, id, number } => {
            let key = pair(&account, &id);
            let Some(row) = get::<GrantRow>(rows, GRANTS, &key)? else { return Ok(Changed::GrantEnded(id)) };
            let row = GrantRow { number, refreshed_at: Some(at), ..row };
            put(rows, GRANTS, key, &row);
            Changed::Grant(Box::new(row))
        }
        GrantEvent::Bound { account, id, key: bound_to } => {
            let key = pair(&account, &id);
            let Some(row) = get::<GrantRow>(rows, GRANTS, &key)? else { return Ok(Changed::GrantEnded(id)) };
            let row = GrantRow { key: Some(bound_to), ..row };
            put(rows, GRANTS, key, &row);
            Changed::Grant(Box::new(row))
        }
        GrantEvent::Ended { account, id, .. } => {
            rows.delete(GRANTS, &pair(&account, &id));
            Changed::GrantEnded(id)
        }
    })
}

/// Deletes the grants of an account that `ends`; their ids.
fn end_grants(account: &str, rows: &mut Rows<'_>, ends: impl Fn(&GrantRow) -> bool) -> Result<Vec<String>, AuthError> {
    let mut ended = Vec::new();
    for (key, row) in rows.scan_prefix(GRANTS, &pair(account, "")).map_err(store_failed)? {
        let row: GrantRow = decode(GRANTS, &row)?;
        if ends(&row) {
            ended.push((key, row.started.id));
        }
    }
    for (key, _) in &ended {
        rows.delete(GRANTS, key);
    }
    Ok(ended.into_iter().map(|(_, id)| id).collect())
}

/// A key of two ids; neither holds a zero byte.
fn pair(one: &str, two: &str) -> Vec<u8> {
    [one.as_bytes(), &[0], two.as_bytes()].concat()
}

fn session_key(until: i64, id: &str) -> Vec<u8> {
    let mut key = day(Timestamp::from_micros(until).as_seconds()).to_be_bytes().to_vec();
    key.extend_from_slice(id.as_bytes());
    key
}

/// A person signs in or out.
pub(super) fn change_session(
    what: SessionEvent,
    by: By,
    at: Timestamp,
    rows: &mut Rows<'_>,
) -> Result<Changed, AuthError> {
    match what {
        SessionEvent::Started(started) => start_session(started, at, by, at, rows),
        SessionEvent::StartedElsewhere { started, proved_at } => {
            start_session(started, Timestamp::from_micros(proved_at), by, at, rows)
        }
        SessionEvent::Proved(proved) => prove_session(proved, at, rows),
        SessionEvent::Ended { id, account, until, .. } => {
            rows.delete(SESSIONS, &session_key(until, &id));
            let grants = end_grants(&account, rows, |row| row.started.session.as_ref() == Some(&id))?;
            Ok(Changed::SessionEnded { id, grants })
        }
    }
}

/// Puts every stored row into force.
pub(super) fn load(snapshot: &Snapshot, force: &InForce) -> Result<(), AuthError> {
    for (_, row) in all(snapshot, ACCOUNTS)? {
        force.put(Changed::Account(Box::new(decode(ACCOUNTS, &row)?)));
    }
    for (_, row) in all(snapshot, SESSIONS)? {
        force.people.start(decode(SESSIONS, &row)?);
    }
    for (_, row) in all(snapshot, CONSENTS)? {
        force.grants.consent(decode(CONSENTS, &row)?);
    }
    for (_, row) in all(snapshot, GRANTS)? {
        force.grants.put(decode(GRANTS, &row)?);
    }
    Ok(())
}
