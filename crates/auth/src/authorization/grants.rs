//! The consents and grants in force.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use continuity_base::Timestamp;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use super::event::GrantStarted;
use super::identity::Scopes;

/// A consent as the control store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ConsentRow {
    pub(crate) account: String,
    pub(crate) client: String,
    pub(crate) scopes: String,
    pub(crate) at: Timestamp,
}

/// A grant as the control store keeps it. Those that ended have no row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GrantRow {
    pub(crate) started: GrantStarted,
    pub(crate) at: Timestamp,
    /// The number of the refresh token that is good now.
    pub(crate) number: u32,
    /// When the one before was used.
    pub(crate) refreshed_at: Option<Timestamp>,
    /// The thumbprint of the key whose proof refresh tokens need, if they are bound to one.
    pub(crate) key: Option<String>,
}

impl GrantRow {
    pub(crate) fn scopes(&self) -> Scopes {
        Scopes::parse(&self.started.scopes).unwrap_or_default()
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.started.until <= now.as_micros()
    }
}

/// Whether a grant goes on, for its access tokens.
#[derive(Debug, Default)]
pub(crate) struct LiveGrant(AtomicBool);

impl LiveGrant {
    pub(crate) fn has_ended(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

struct Entered {
    row: GrantRow,
    live: Arc<LiveGrant>,
}

#[derive(Default)]
struct State {
    /// (account, client) -> what it may have.
    consents: BTreeMap<(String, String), ConsentRow>,
    grants: HashMap<String, Entered>,
}

/// All consents and grants, in memory.
#[derive(Default)]
pub(crate) struct Grants(RwLock<State>);

impl Grants {
    pub(crate) fn consent(&self, row: ConsentRow) {
        self.0.write().consents.insert((row.account.clone(), row.client.clone()), row);
    }

    pub(crate) fn withdraw(&self, account: &str, client: &str) {
        self.0.write().consents.remove(&(account.to_owned(), client.to_owned()));
    }

    /// Enters or replaces a grant.
    pub(crate) fn put(&self, row: GrantRow) {
        let mut state = self.0.write();
        match state.grants.get_mut(&row.started.id) {
            Some(entered) => entered.row = row,
            None => drop(state.grants.insert(row.started.id.clone(), Entered { row, live: Arc::default() })),
        }
    }

    /// A grant ended: its access tokens are refused, cached or not.
    pub(crate) fn end(&self, id: &str) {
        if let Some(entered) = self.0.write().grants.remove(id) {
            entered.live.0.store(true, Ordering::SeqCst);
        }
    }

    pub(crate) fn forget_expired(&self, now: Timestamp) {
        self.0.write().grants.retain(|_, entered| !entered.row.is_over(now));
    }

    /// Whether it goes on, and when its person proved who it is.
    pub(crate) fn live(&self, id: &str) -> Option<(Arc<LiveGrant>, Timestamp)> {
        let proved_at = |row: &GrantRow| Timestamp::from_micros(row.started.authenticated_at.saturating_mul(1_000_000));
        self.0.read().grants.get(id).map(|entered| (Arc::clone(&entered.live), proved_at(&entered.row)))
    }

    pub(crate) fn get(&self, id: &str) -> Option<GrantRow> {
        self.0.read().grants.get(id).map(|entered| entered.row.clone())
    }

    /// What an application may have of a person.
    pub(crate) fn consented(&self, account: &str, client: &str) -> Scopes {
        let state = self.0.read();
        let row = state.consents.get(&(account.to_owned(), client.to_owned()));
        row.and_then(|row| Scopes::parse(&row.scopes).ok()).unwrap_or_default()
    }

    /// The consents of a person, with when each application last began or refreshed.
    pub(crate) fn consents(&self, account: &str) -> Vec<(ConsentRow, Option<Timestamp>)> {
        let state = self.0.read();
        let used = |client: &str| {
            let of = state.grants.values().map(|entered| &entered.row);
            let of = of.filter(|row| row.started.account == account && row.started.client == client);
            of.map(|row| row.refreshed_at.unwrap_or(row.at)).max()
        };
        let of_account = state.consents.values().filter(|row| row.account == account);
        of_account.map(|row| (row.clone(), used(&row.client))).collect()
    }
}
