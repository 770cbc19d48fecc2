//! What is in force: the part of the control store that requests ask for, in memory.

use std::sync::Arc;

use continuity_base::Timestamp;

use super::clients::{ClientRow, Clients};
use super::event::{Change, ClientUsed};
use super::stamp::{ChangeId, Stamps};
use crate::AuthError;
use crate::authorization::grants::{ConsentRow, GrantRow, Grants};
use crate::keys::ring::Ring;
use crate::keys::row::KeyRow;
use crate::people::directory::People;
use crate::people::row::{AccountRow, SessionRow};
use crate::verifier::revoked::Revoked;

/// Clients, keys, people and revoked tokens. Changed by the control log's thread alone, once a change is durable.
#[derive(Clone)]
pub(crate) struct InForce {
    pub(crate) clients: Arc<Clients>,
    pub(crate) ring: Arc<Ring>,
    pub(crate) revoked: Arc<Revoked>,
    pub(crate) people: Arc<People>,
    pub(crate) grants: Arc<Grants>,
    pub(crate) stamps: Arc<Stamps>,
}

/// What a record puts into force.
#[derive(Debug)]
pub(crate) enum Changed {
    Client(Box<ClientRow>),
    /// Clients got tokens.
    Used(Vec<ClientUsed>),
    Keys(Vec<KeyRow>),
    Revoked {
        id: String,
        expires: i64,
    },
    Account(Box<AccountRow>),
    SessionStarted {
        account: Box<AccountRow>,
        session: Box<SessionRow>,
    },
    SessionProved {
        account: Box<AccountRow>,
        id: String,
        at: Timestamp,
    },
    SessionEnded {
        id: String,
        /// Grants that ended with it.
        grants: Vec<String>,
    },
    Consented(ConsentRow),
    Withdrawn {
        account: String,
        client: String,
        /// Grants that ended with it.
        grants: Vec<String>,
    },
    Grant(Box<GrantRow>),
    GrantEnded(String),
}

impl InForce {
    /// Nothing yet, on that replica.
    pub(crate) fn new(ring: Ring, replica: &str) -> Result<Self, AuthError> {
        Ok(Self {
            clients: Arc::new(Clients::new()?),
            ring: Arc::new(ring),
            revoked: Arc::default(),
            people: Arc::default(),
            grants: Arc::default(),
            stamps: Arc::new(Stamps::new(replica)),
        })
    }

    /// What a change that is made here takes the place of.
    pub(super) fn superseded_by(&self, change: &Change) -> Vec<ChangeId> {
        match change {
            Change::KeyActivated { .. } => self.ring.activated_by().into_iter().collect(),
            other => self.clients.superseded_by(other),
        }
    }

    pub(crate) fn put(&self, changed: Changed) {
        match changed {
            Changed::Client(row) => self.clients.put(*row),
            Changed::Used(uses) => self.clients.used(&uses),
            Changed::Keys(rows) => self.ring.put(rows),
            Changed::Revoked { id, expires } => self.revoked.put(id, expires),
            Changed::Account(row) => self.people.put(*row),
            Changed::SessionStarted { account, session } => {
                self.people.put(*account);
                self.people.start(*session);
            }
            Changed::SessionProved { account, id, at } => {
                self.people.put(*account);
                self.people.proved(&id, at);
            }
            Changed::SessionEnded { id, grants } => {
                self.people.end(&id);
                for grant in &grants {
                    self.grants.end(grant);
                }
            }
            Changed::Consented(row) => self.grants.consent(row),
            Changed::Withdrawn { account, client, grants } => {
                self.grants.withdraw(&account, &client);
                for grant in &grants {
                    self.grants.end(grant);
                }
            }
            Changed::Grant(row) => self.grants.put(*row),
            Changed::GrantEnded(id) => self.grants.end(&id),
        }
    }
}
