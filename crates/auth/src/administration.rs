//! Clients: created, changed, deleted, and their secrets.

pub(crate) mod applications;
pub(crate) mod people;
pub(crate) mod records;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::auth::invalid;
use crate::control::event::{Change, ClientRegistered, SecretRotated};
use crate::keys::secret;
use crate::{Auth, AuthError, Authentication, Client, ClientSettings, Created};

/// The longest time that two secrets of a client are accepted side by side.
pub const MAX_SECRET_OVERLAP: Duration = Duration::from_hours(30 * 24);
/// The longest id of a client that is imported, in bytes.
const MAX_ID_BYTES: usize = 64;
/// What others than clients are called in records.
const ACTORS: [&str; 6] = ["cli", "console", "demo", "local", "provider", "replica"];

/// A client as it is exported and imported: all but its secrets. A member that is not known is refused: what was meant to
/// bind a client would be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
#[serde(rename_all = "camelCase")]
pub struct ClientDefinition {
    /// Its id.
    pub id: String,
    /// Whether it may have tokens.
    pub enabled: bool,
    /// What it is and may do.
    #[serde(flatten)]
    pub settings: ClientSettings,
}

impl TryFrom<Value> for ClientDefinition {
    type Error = String;

    fn try_from(mut value: Value) -> Result<Self, String> {
        let members = value.as_object_mut().ok_or("it is no object")?;
        let id = members.remove("id").and_then(|id| id.as_str().map(str::to_owned)).ok_or("it has no id")?;
        let enabled = members.remove("enabled").and_then(|enabled| enabled.as_bool());
        let enabled = enabled.ok_or("it does not say whether it is enabled")?;
        let settings = serde_json::from_value(value).map_err(|error| error.to_string())?;
        Ok(Self { id, enabled, settings })
    }
}

/// What an import made of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Imported {
    /// There was none of that id. It has no secret: rotate it to get one.
    Created,
    /// Its settings are those of the definition now.
    Changed,
    /// It was as defined.
    Unchanged,
}

impl Auth {
    /// Creates a client, with a secret where it proves itself by one. Blocks until it is durable.
    pub fn create_client(&self, settings: ClientSettings) -> Result<Created, AuthError> {
        settings.check()?;
        let mut random = [0; 8];
        secret::random(&mut random)?;
        let id = format!("client-{}", hex::encode(random));
        let secret = match settings.authentication {
            Authentication::ClientSecret => Some(secret::generate()?),
            Authentication::PrivateKeyJwt | Authentication::None => None,
        };
        let digest = secret.as_ref().map(|secret| self.endpoint().pepper.digest(&id, secret));
        self.register(ClientRegistered { id: id.clone(), enabled: true, settings: settings.into(), secret: digest })?;
        Ok(Created { client: self.known(&id)?, secret: secret.map(|secret| secret.to_string()) })
    }

    /// All clients, oldest first.
    pub fn list_clients(&self) -> Vec<Client> {
        self.clients().views(self.endpoint().default_token_seconds)
    }

    /// One client.
    pub fn client(&self, id: &str) -> Option<Client> {
        self.clients().view(id, self.endpoint().default_token_seconds)
    }

    /// Gives a client other settings; what they no longer admit ends at once, live tokens included. Blocks until it is
    /// durable. Nothing is recorded when nothing changes.
    pub fn change_client(&self, id: &str, settings: ClientSettings) -> Result<Client, AuthError> {
        self.change_client_with(id, |_| Ok(settings))
    }

    /// As [`Auth::change_client`], with what `change` makes of the present settings: no change of somebody else is lost.
    pub fn change_client_with(
        &self,
        id: &str,
        change: impl FnOnce(&ClientSettings) -> Result<ClientSettings, AuthError>,
    ) -> Result<Client, AuthError> {
        self.control().change(self.by(), |force, _| {
            let before = force.clients.settings(id)?;
            let settings = change(&before)?;
            settings.check()?;
            Ok((*before != settings).then(|| Change::ClientChanged { id: id.to_owned(), settings: settings.into() }))
        })?;
        self.known(id)
    }

    /// Whether that is the origin of an application that runs in browsers: of one of its redirect URIs.
    pub fn is_origin_of_an_application(&self, origin: &str) -> bool {
        self.clients().has_origin(origin)
    }

    /// The settings of a client as they were written: what [`Auth::change_client`] takes.
    pub fn client_settings(&self, id: &str) -> Result<ClientSettings, AuthError> {
        Ok((*self.clients().settings(id)?).clone())
    }

    /// Enables or disables a client. Blocks until it is durable; once it returns, a disabled client's tokens are refused,
    /// and stay refused when it is enabled again. Nothing is recorded when nothing changes.
    pub fn set_enabled(&self, id: &str, enabled: bool) -> Result<Client, AuthError> {
        self.control().change(self.by(), |force, _| {
            let id = id.to_owned();
            Ok(match (force.clients.enabled(&id)?, enabled) {
                (false, true) => Some(Change::ClientEnabled { id }),
                (true, false) => Some(Change::ClientDisabled { id }),
                _ => None,
            })
        })?;
        self.known(id)
    }

    /// Deletes a client; its tokens are refused once it returns. What it read stays on record, and its id is never given
    /// again. Blocks until it is durable.
    pub fn delete_client(&self, id: &str) -> Result<(), AuthError> {
        self.control().change(self.by(), |force, _| {
            force.clients.enabled(id)?;
            Ok(Some(Change::ClientDeleted { id: id.to_owned() }))
        })
    }

    /// Gives a client a new secret; the present one is accepted for `overlap` more, at most 30 days, and the one before
    /// it no longer. Tokens stay valid. Blocks until it is durable.
    pub fn rotate_secret(&self, id: &str, overlap: Duration) -> Result<Created, AuthError> {
        if overlap > MAX_SECRET_OVERLAP {
            return invalid("two secrets of a client may be valid side by side for at most 30 days");
        }
        let secret = secret::generate()?;
        let digest = self.endpoint().pepper.digest(id, &secret);
        self.control().change(self.by(), |force, now| {
            let authentication = force.clients.settings(id)?.authentication;
            if authentication != Authentication::ClientSecret {
                return Err(AuthError::Conflict(format!(
                    "client {id} has no secret: it uses {}",
                    authentication.name()
                )));
            }
            let previous_until = (!overlap.is_zero()).then(|| now.plus(overlap).as_micros());
            Ok(Some(Change::SecretRotated(SecretRotated { id: id.to_owned(), secret: digest, previous_until })))
        })?;
        Ok(Created { client: self.known(id)?, secret: Some(secret.to_string()) })
    }

    /// Every client without its secrets, oldest first.
    pub fn export_clients(&self) -> Result<Vec<ClientDefinition>, AuthError> {
        let clients = self.list_clients().into_iter();
        let definition = |client: Client| {
            let settings = self.client_settings(&client.id)?;
            Ok(ClientDefinition { id: client.id, enabled: client.enabled, settings })
        };
        clients.map(definition).collect()
    }

    /// Makes a client what a definition says. One that is new here keeps its id and has no secret until it is rotated.
    pub fn import_client(&self, definition: ClientDefinition) -> Result<Imported, AuthError> {
        let ClientDefinition { id, enabled, settings } = definition;
        let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if id.is_empty() || id.len() > MAX_ID_BYTES || !id.bytes().all(safe) {
            return invalid("a client's id must have 1 to 64 letters, digits and - . _ ~");
        }
        if ACTORS.contains(&id.as_str()) {
            return invalid("records call others than clients by this id; take another one");
        }
        settings.check()?;
        let before = self.client_settings(&id).ok().zip(self.client(&id));
        let after = match &before {
            None => {
                self.register(ClientRegistered { id: id.clone(), enabled, settings: settings.into(), secret: None })?;
                self.known(&id)?
            }
            // At no moment does it admit more than it did or shall.
            Some(_) if !enabled => {
                self.set_enabled(&id, false)?;
                self.change_client(&id, settings)?
            }
            Some(_) => {
                self.change_client(&id, settings)?;
                self.set_enabled(&id, true)?
            }
        };
        Ok(match before {
            None => Imported::Created,
            Some((_, before)) if before == after => Imported::Unchanged,
            Some(_) => Imported::Changed,
        })
    }

    /// Records when clients last got tokens, for those of which it is not known to the hour. Blocks until it is durable.
    pub fn write_uses(&self) -> Result<(), AuthError> {
        let uses = self.clients().take_uses();
        if uses.is_empty() {
            return Ok(());
        }
        self.control().append_blocking(crate::By::actor("replica"), Change::ClientsUsed(uses))
    }

    /// Those clients that got no token for so many days; one that never did counts from when it was created.
    pub fn unused_clients(&self, days: u32) -> Vec<Client> {
        let long_ago = |client: &Client| {
            let since = client.last_used_at.unwrap_or(client.created_at);
            since.plus(Duration::from_hours(24 * u64::from(days))) <= self.now()
        };
        let mut clients = self.list_clients();
        clients.retain(long_ago);
        clients
    }

    fn register(&self, registered: ClientRegistered) -> Result<(), AuthError> {
        self.control().change(self.by(), |force, _| {
            if force.clients.is_taken(&registered.id) {
                return Err(AuthError::Conflict(format!("the client id {} is or was in use", registered.id)));
            }
            Ok(Some(Change::ClientRegistered(registered)))
        })
    }

    fn known(&self, id: &str) -> Result<Client, AuthError> {
        self.client(id).ok_or_else(|| AuthError::UnknownClient(id.to_owned()))
    }
}

#[cfg(test)]
mod tests;
