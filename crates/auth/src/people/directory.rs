//! The accounts and sessions in force.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use continuity_base::Timestamp;
use parking_lot::RwLock;

use super::account::{Account, Linked};
use super::role::Role;
use super::row::{AccountRow, SessionRow};
use super::session::SessionView;
use crate::keys::secret::SecretDigest;
use crate::{AuthError, Limits, ScopeSet};

/// What holds for a person's tokens at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standing {
    pub(crate) open: bool,
    pub(crate) generation: u32,
    pub(crate) scopes: ScopeSet,
    pub(crate) limits: Option<Arc<Limits>>,
}

/// The standing of a person as it is now.
#[derive(Debug)]
pub(crate) struct LiveAccount(ArcSwap<Standing>);

impl LiveAccount {
    pub(crate) fn get(&self) -> arc_swap::Guard<Arc<Standing>> {
        self.0.load()
    }
}

struct Entered {
    row: AccountRow,
    live: Arc<LiveAccount>,
}

struct Entry {
    row: SessionRow,
    /// When it was used last, in microseconds since 1970. Not kept over a restart: it counts from there then.
    seen: AtomicI64,
    /// When an application of it was: who works there is not idle there, but may have left the browser.
    refreshed: AtomicI64,
}

impl Entry {
    fn is_idle(&self, now: Timestamp, idle: std::time::Duration) -> bool {
        let seen = self.seen.load(Ordering::Relaxed).max(self.refreshed.load(Ordering::Relaxed));
        now >= Timestamp::from_micros(seen).plus(idle)
    }
}

#[derive(Default)]
struct State {
    accounts: BTreeMap<String, Entered>,
    by_email: HashMap<String, String>,
    by_subject: HashMap<Linked, String>,
    sessions: HashMap<String, Entry>,
    by_digest: HashMap<SecretDigest, String>,
}

/// All accounts and sessions, in memory: a bank has few people, and every request of one asks.
#[derive(Default)]
pub(crate) struct People(RwLock<State>);

impl People {
    /// Enters or replaces an account.
    pub(crate) fn put(&self, row: AccountRow) {
        let standing = Standing {
            open: row.is_open(),
            generation: row.generation,
            scopes: super::account::AccountSettings::from(&row.stored).scopes,
            limits: Limits::of(&row.stored.teams, &row.stored.channel_kinds),
        };
        let mut state = self.0.write();
        let state = &mut *state;
        if let Some(before) = state.accounts.get(&row.id).filter(|before| !before.row.deleted) {
            state.by_email.remove(&before.row.stored.email);
            if let Some(linked) = &before.row.linked {
                state.by_subject.remove(linked);
            }
        }
        if !row.deleted {
            state.by_email.insert(row.stored.email.clone(), row.id.clone());
            state.by_subject.extend(row.linked.clone().map(|linked| (linked, row.id.clone())));
        }
        if let Some(entered) = state.accounts.get_mut(&row.id) {
            entered.live.0.store(Arc::new(standing));
            entered.row = row;
        } else {
            let live = Arc::new(LiveAccount(ArcSwap::from_pointee(standing)));
            state.accounts.insert(row.id.clone(), Entered { row, live });
        }
    }

    /// A session begins.
    pub(crate) fn start(&self, row: SessionRow) {
        let mut state = self.0.write();
        let id = row.started.id.clone();
        state.by_digest.insert(row.started.digest.clone(), id.clone());
        let (seen, refreshed) = (AtomicI64::new(row.at.as_micros()), AtomicI64::new(i64::MIN));
        state.sessions.insert(id, Entry { row, seen, refreshed });
    }

    /// The person of a session proved once more who it is.
    pub(crate) fn proved(&self, id: &str, at: Timestamp) {
        if let Some(entry) = self.0.write().sessions.get_mut(id) {
            entry.row.proved_at = at;
        }
    }

    /// A session ended.
    pub(crate) fn end(&self, id: &str) {
        let mut state = self.0.write();
        if let Some(entry) = state.sessions.remove(id) {
            state.by_digest.remove(&entry.row.started.digest);
        }
    }

    /// Sessions of before a start count as used at the start.
    pub(crate) fn seen_all(&self, now: Timestamp) {
        for entry in self.0.read().sessions.values() {
            entry.seen.fetch_max(now.as_micros(), Ordering::Relaxed);
        }
    }

    /// Forgets sessions that are over whatever happens.
    pub(crate) fn forget_expired(&self, now: Timestamp) {
        let mut state = self.0.write();
        let state = &mut *state;
        let over = |entry: &Entry| entry.row.started.until <= now.as_micros();
        state.by_digest.retain(|_, id| state.sessions.get(id).is_some_and(|entry| !over(entry)));
        state.sessions.retain(|_, entry| !over(entry));
    }

    /// The account that signs in with that address.
    pub(crate) fn by_email(&self, email: &str) -> Option<AccountRow> {
        let state = self.0.read();
        state.accounts.get(state.by_email.get(email)?).map(|entered| entered.row.clone())
    }

    /// The account that somebody signs in with who has that subject at that provider.
    pub(crate) fn by_subject(&self, issuer: &str, subject: &str) -> Option<AccountRow> {
        let state = self.0.read();
        let linked = Linked { issuer: issuer.to_owned(), subject: subject.to_owned() };
        state.accounts.get(state.by_subject.get(&linked)?).map(|entered| entered.row.clone())
    }

    /// The account of that id, unless it is deleted.
    pub(crate) fn account(&self, id: &str) -> Result<AccountRow, AuthError> {
        let state = self.0.read();
        let entered = state.accounts.get(id).filter(|entered| !entered.row.deleted);
        entered.map(|entered| entered.row.clone()).ok_or_else(|| AuthError::UnknownAccount(id.to_owned()))
    }

    pub(crate) fn live(&self, id: &str) -> Option<Arc<LiveAccount>> {
        self.0.read().accounts.get(id).map(|entered| Arc::clone(&entered.live))
    }

    /// The account whose one-time link has that digest, if it is still good.
    pub(crate) fn by_link(&self, digest: &SecretDigest, now: Timestamp) -> Option<AccountRow> {
        let state = self.0.read();
        let good = |row: &AccountRow| {
            row.is_open()
                && row.link.as_ref().is_some_and(|(link, until)| bool::from(link.matches(digest)) && now < *until)
        };
        state.accounts.values().find(|entered| good(&entered.row)).map(|entered| entered.row.clone())
    }

    /// Whether it is the only open account that administers.
    pub(crate) fn is_last_administrator(&self, id: &str) -> bool {
        let state = self.0.read();
        let administers =
            |row: &AccountRow| row.is_open() && row.stored.roles.iter().any(|role| role == Role::Admin.name());
        let rows = || state.accounts.values().map(|entered| &entered.row).filter(|row| administers(row));
        rows().any(|row| row.id == id) && rows().count() == 1
    }

    /// Oldest first.
    pub(crate) fn views(&self) -> Vec<Account> {
        let state = self.0.read();
        let there = state.accounts.values().filter(|entered| !entered.row.deleted);
        let mut views: Vec<Account> = there.map(|entered| entered.row.view()).collect();
        views.sort_by_key(|account| account.created_at);
        views
    }

    /// The session whose secret has that digest, if it is still good, and its account. It counts as used now.
    pub(crate) fn session(
        &self,
        digest: &SecretDigest,
        now: Timestamp,
        idle: std::time::Duration,
    ) -> Option<(SessionRow, AccountRow)> {
        let state = self.0.read();
        let entry = state.sessions.get(state.by_digest.get(digest)?)?;
        let started = &entry.row.started;
        let account = &state.accounts.get(&started.account)?.row;
        let seen = Timestamp::from_micros(entry.seen.load(Ordering::Relaxed));
        let good = now.as_micros() < started.until && now < seen.plus(idle);
        if !good || !account.is_open() || account.generation != started.generation {
            return None;
        }
        entry.seen.fetch_max(now.as_micros(), Ordering::Relaxed);
        Some((entry.row.clone(), account.clone()))
    }

    /// Sessions that neither their browser nor an application used for so long.
    pub(crate) fn idle(&self, now: Timestamp, idle: std::time::Duration) -> Vec<String> {
        let state = self.0.read();
        let over = state.sessions.iter().filter(|(_, entry)| entry.is_idle(now, idle));
        over.map(|(id, _)| id.clone()).collect()
    }

    /// Whether a session is in force for an application of it, which counts as used now.
    pub(crate) fn touch(&self, id: &str, now: Timestamp, idle: std::time::Duration) -> bool {
        let state = self.0.read();
        let Some(entry) = state.sessions.get(id) else { return false };
        let good = now.as_micros() < entry.row.started.until && !entry.is_idle(now, idle);
        if good {
            entry.refreshed.fetch_max(now.as_micros(), Ordering::Relaxed);
        }
        good
    }

    /// The sessions of an account that may still be used, newest first.
    pub(crate) fn sessions(&self, account: &str, now: Timestamp) -> Vec<SessionView> {
        let state = self.0.read();
        let generation = state.accounts.get(account).map(|entered| entered.row.generation);
        let of_account = state.sessions.values().map(|entry| &entry.row).filter(|row| {
            row.started.account == account
                && Some(row.started.generation) == generation
                && now.as_micros() < row.started.until
        });
        let mut views: Vec<SessionView> = of_account.map(view).collect();
        views.sort_by_key(|session| std::cmp::Reverse(session.started_at));
        views
    }

    /// Where the row of a session is: its account and its end.
    pub(crate) fn place(&self, id: &str) -> Option<(String, i64)> {
        let state = self.0.read();
        state.sessions.get(id).map(|entry| (entry.row.started.account.clone(), entry.row.started.until))
    }
}

fn view(row: &SessionRow) -> SessionView {
    SessionView {
        id: row.started.id.clone(),
        account_id: row.started.account.clone(),
        methods: row.started.methods.clone(),
        address: row.address.clone(),
        agent: row.started.agent.clone(),
        started_at: row.at,
        until: Timestamp::from_micros(row.started.until),
    }
}
