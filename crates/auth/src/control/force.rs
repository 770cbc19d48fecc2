//! What is in force: the part of the control store that requests ask for, in memory.

use std::sync::Arc;

use super::clients::{ClientRow, Clients};
use super::event::ClientUsed;
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
    pub(crate) fn new(ring: Ring) -> Result<Self, AuthError> {
        Ok(Self { clients: Arc::new(Clients::new()?), ring: Arc::new(ring), revoked: Arc::default() })
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
