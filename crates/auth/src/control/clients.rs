//! The clients as the control log makes them.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use continuity_base::Timestamp;
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use subtle::Choice;

use super::event::{Change, ClientCreated, Entry, SecretRotated};
use crate::keys::secret::{self, SecretDigest};
use crate::live::LiveClient;
use crate::{AuthError, Client, Scope, ScopeSet};

/// A client as the control store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientRow {
    pub(crate) id: String,
    name: String,
    description: String,
    scopes: Vec<String>,
    token_seconds: Option<u32>,
    enabled: bool,
    /// Raised by every disabling; a token of another generation is refused.
    generation: u32,
    created_at: Timestamp,
    created_by: String,
    secret: SecretDigest,
    secret_created_at: Timestamp,
    previous: Option<(SecretDigest, Timestamp)>,
}

impl ClientRow {
    fn created(event: ClientCreated, actor: String, at: Timestamp) -> Self {
        Self {
            id: event.id,
            name: event.name,
            description: event.description,
            scopes: event.scopes,
            token_seconds: event.token_seconds,
            enabled: true,
            generation: 0,
            created_at: at,
            created_by: actor,
            secret: event.secret,
            secret_created_at: at,
            previous: None,
        }
    }

    fn rotate(&mut self, event: SecretRotated, at: Timestamp) {
        let before = std::mem::replace(&mut self.secret, event.secret);
        self.previous = event.previous_until.map(|until| (before, Timestamp::from_micros(until)));
        self.secret_created_at = at;
    }

    /// Names that this version does not know grant nothing.
    fn scope_set(&self) -> ScopeSet {
        self.scopes.iter().filter_map(|name| Scope::parse(name)).collect()
    }

    fn view(&self, default_token_seconds: u32) -> Client {
        Client {
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            scopes: self.scope_set(),
            enabled: self.enabled,
            token_seconds: self.token_seconds.unwrap_or(default_token_seconds),
            created_at: self.created_at,
            created_by: self.created_by.clone(),
            secret_created_at: self.secret_created_at,
            previous_secret_until: self.previous.as_ref().map(|(_, until)| *until),
        }
    }
}

/// What one change makes of one client; `None` when the change is about no client.
pub(crate) fn fold(before: Option<ClientRow>, entry: Entry, at: Timestamp) -> Result<Option<ClientRow>, AuthError> {
    let subject = entry.change.subject().to_owned();
    let missing =
        || AuthError::ControlLog(format!("a record changes client {subject}, which no record creates; verify the log"));
    let mut row = match entry.change {
        Change::AccessRecorded(_) | Change::DocumentRead(_) | Change::ReadsRecorded(_) => return Ok(None),
        Change::ClientCreated(created) => return Ok(Some(ClientRow::created(created, entry.actor, at))),
        _ => before.ok_or_else(missing)?,
    };
    match entry.change {
        Change::ClientEnabled { .. } => row.enabled = true,
        Change::ClientDisabled { .. } => {
            row.enabled = false;
            row.generation = row.generation.wrapping_add(1);
        }
        Change::SecretRotated(rotated) => row.rotate(rotated, at),
        Change::ClientCreated(_) | Change::AccessRecorded(_) | Change::DocumentRead(_) | Change::ReadsRecorded(_) => {}
    }
    Ok(Some(row))
}

/// A client that proved its secret.
pub(crate) struct Grantee {
    pub(crate) id: String,
    pub(crate) scopes: ScopeSet,
    pub(crate) token_seconds: Option<u32>,
    pub(crate) generation: u32,
}

struct Entered {
    row: ClientRow,
    live: Arc<LiveClient>,
}

/// All clients, in memory: there are few, and every token request and every new token asks for one.
pub(crate) struct Clients {
    by_id: RwLock<BTreeMap<String, Entered>>,
    /// Compared with where there is no client or no previous secret, so that the work is the same. No secret has it.
    decoy: SecretDigest,
}

impl Clients {
    pub(crate) fn new() -> Result<Self, AuthError> {
        let mut bytes = [0; 32];
        secret::random(&mut bytes)?;
        Ok(Self { by_id: RwLock::default(), decoy: SecretDigest::from_bytes(bytes) })
    }

    /// Enters or replaces a client. The live state changes for tokens that are cached too.
    pub(crate) fn put(&self, row: ClientRow) {
        let (enabled, scopes, generation) = (row.enabled, row.scope_set(), row.generation);
        let mut by_id = self.by_id.write();
        if let Some(entered) = by_id.get_mut(&row.id) {
            entered.live.set(enabled, scopes, generation);
            entered.row = row;
            return;
        }
        let live = Arc::new(LiveClient::new(enabled, scopes, generation));
        by_id.insert(row.id.clone(), Entered { row, live });
    }

    pub(crate) fn live(&self, id: &str) -> Option<Arc<LiveClient>> {
        self.by_id.read().get(id).map(|entered| Arc::clone(&entered.live))
    }

    #[cfg(test)]
    pub(crate) fn row(&self, id: &str) -> Option<ClientRow> {
        self.by_id.read().get(id).map(|entered| entered.row.clone())
    }

    pub(crate) fn name(&self, id: &str) -> Option<String> {
        self.by_id.read().get(id).map(|entered| entered.row.name.clone())
    }

    pub(crate) fn view(&self, id: &str, default_token_seconds: u32) -> Option<Client> {
        self.by_id.read().get(id).map(|entered| entered.row.view(default_token_seconds))
    }

    /// Oldest first.
    pub(crate) fn views(&self, default_token_seconds: u32) -> Vec<Client> {
        let mut views: Vec<_> =
            self.by_id.read().values().map(|entered| entered.row.view(default_token_seconds)).collect();
        views.sort_by_key(|client| client.created_at);
        views
    }

    /// Whether the client is enabled; an error when there is none.
    pub(crate) fn enabled(&self, id: &str) -> Result<bool, AuthError> {
        let enabled = self.by_id.read().get(id).map(|entered| entered.row.enabled);
        enabled.ok_or_else(|| AuthError::UnknownClient(id.to_owned()))
    }

    /// The enabled client of that id, if the digest is that of a secret that is accepted now. Two comparisons in
    /// constant time whatever the case.
    pub(crate) fn authenticate(&self, id: &str, digest: &SecretDigest, now: Timestamp) -> Option<Grantee> {
        let by_id = self.by_id.read();
        let row = by_id.get(id).map(|entered| &entered.row);
        let present = row.map_or(&self.decoy, |row| &row.secret);
        let previous = row.and_then(|row| row.previous.as_ref());
        let (before, until) =
            previous.map_or((&self.decoy, Timestamp::from_micros(i64::MIN)), |(d, until)| (d, *until));
        let by_present = digest.matches(present);
        let by_previous = digest.matches(before) & Choice::from(u8::from(now < until));
        let proved = bool::from(by_present | by_previous);
        let row = row.filter(|row| proved & row.enabled)?;
        Some(Grantee {
            id: row.id.clone(),
            scopes: row.scope_set(),
            token_seconds: row.token_seconds,
            generation: row.generation,
        })
    }
}
