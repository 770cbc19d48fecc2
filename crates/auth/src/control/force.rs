//! What is in force: the part of the control store that requests ask for, in memory.

use std::sync::Arc;

use super::clients::{ClientRow, Clients};
use super::event::{Change, ClientUsed};
use super::stamp::{ChangeId, Stamps};
use crate::AuthError;
use crate::keys::ring::Ring;
use crate::keys::row::KeyRow;
use crate::verifier::revoked::Revoked;

/// Clients, keys and revoked tokens. Changed by the control log's thread alone, once a change is durable.
#[derive(Clone)]
pub(crate) struct InForce {
    pub(crate) clients: Arc<Clients>,
    pub(crate) ring: Arc<Ring>,
    pub(crate) revoked: Arc<Revoked>,
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
}

impl InForce {
    /// Nothing yet, on that replica.
    pub(crate) fn new(ring: Ring, replica: &str) -> Result<Self, AuthError> {
        let (clients, stamps) = (Arc::new(Clients::new()?), Arc::new(Stamps::new(replica)));
        Ok(Self { clients, ring: Arc::new(ring), revoked: Arc::default(), stamps })
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
        }
    }
}
