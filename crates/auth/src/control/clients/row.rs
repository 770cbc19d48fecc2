//! A client as the control log makes it.

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::event::{Change, ClientCreated, ClientRegistered, ClientUsed, Entry, SecretRotated};
use crate::control::settings::Settings;
use crate::keys::secret::SecretDigest;
use crate::live::Terms;
use crate::{AuthError, Authentication, Client, ClientSettings, Limits};

/// A client as the control store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientRow {
    pub(crate) id: String,
    pub(crate) settings: Settings,
    pub(crate) enabled: bool,
    /// It is shown to nobody and proves nothing; the row keeps its id from being used again.
    pub(crate) deleted: bool,
    /// Raised by every disabling; a token of another generation is refused.
    pub(super) generation: u32,
    pub(super) created_at: Timestamp,
    created_by: String,
    pub(super) secret: Option<Secret>,
    /// The secret before, and until when it is accepted.
    pub(super) previous: Option<(Secret, Timestamp)>,
    last_used_at: Option<Timestamp>,
}

/// A secret's digest, and its life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) digest: SecretDigest,
    pub(super) made_at: Timestamp,
    pub(super) used_at: Option<Timestamp>,
}

impl Secret {
    fn new(digest: SecretDigest, made_at: Timestamp) -> Self {
        Self { digest, made_at, used_at: None }
    }
}

impl ClientRow {
    fn registered(event: ClientRegistered, actor: String, at: Timestamp) -> Self {
        Self {
            id: event.id,
            settings: event.settings,
            enabled: event.enabled,
            deleted: false,
            generation: 0,
            created_at: at,
            created_by: actor,
            secret: event.secret.map(|digest| Secret::new(digest, at)),
            previous: None,
            last_used_at: None,
        }
    }

    fn disable(&mut self) {
        self.enabled = false;
        self.generation = self.generation.wrapping_add(1);
    }

    fn rotate(&mut self, event: SecretRotated, at: Timestamp) {
        let before = self.secret.replace(Secret::new(event.secret, at));
        self.previous = before.zip(event.previous_until.map(Timestamp::from_micros));
    }

    /// It was given a token.
    pub(crate) fn used(&mut self, used: &ClientUsed) {
        let at = Some(Timestamp::from_micros(used.at));
        self.last_used_at = self.last_used_at.max(at);
        let secrets = self.secret.iter_mut().chain(self.previous.iter_mut().map(|(secret, _)| secret));
        for secret in secrets.filter(|secret| used.secret == Some(secret.made_at.as_micros())) {
            secret.used_at = secret.used_at.max(at);
        }
    }

    /// Whether a use now is news: it is known to the hour.
    pub(super) fn is_news(&self, secret: Option<Timestamp>, now: Timestamp) -> bool {
        const HOUR: i64 = 3_600;
        let known = |at: Option<Timestamp>| at.is_some_and(|at| at.as_seconds() / HOUR >= now.as_seconds() / HOUR);
        let secrets = self.secret.iter().chain(self.previous.iter().map(|(secret, _)| secret));
        let of_secret = secret.is_none_or(|made_at| {
            secrets.filter(|secret| secret.made_at == made_at).all(|secret| known(secret.used_at))
        });
        !(of_secret && known(self.last_used_at))
    }

    pub(super) fn terms(&self, settings: &ClientSettings) -> Terms {
        Terms {
            enabled: self.enabled && !self.deleted,
            scopes: settings.scopes,
            generation: self.generation,
            networks: settings.allowed_networks.clone(),
            rate: settings.rate_limit,
            limits: Limits::of(&settings.teams, &settings.channel_kinds),
        }
    }

    pub(super) fn view(&self, settings: &ClientSettings, default_token_seconds: u32) -> Client {
        let token_seconds = Some(settings.token_seconds.unwrap_or(default_token_seconds));
        let secret = self.secret.as_ref();
        let previous = self.previous.as_ref();
        Client {
            id: self.id.clone(),
            settings: ClientSettings { token_seconds, ..settings.clone() },
            enabled: self.enabled,
            created_at: self.created_at,
            created_by: self.created_by.clone(),
            last_used_at: self.last_used_at,
            secret_created_at: secret.map(|secret| secret.made_at),
            secret_last_used_at: secret.and_then(|secret| secret.used_at),
            previous_secret_until: previous.map(|(_, until)| *until),
            previous_secret_last_used_at: previous.and_then(|(secret, _)| secret.used_at),
        }
    }
}

/// As clients of before version 2 were created: with a secret, for client credentials.
fn as_registered(created: ClientCreated) -> ClientRegistered {
    let settings = Settings {
        name: created.name,
        description: created.description,
        scopes: created.scopes,
        token_seconds: created.token_seconds,
        grant_types: vec!["client_credentials".to_owned()],
        authentication: "client_secret".to_owned(),
        ..Settings::default()
    };
    ClientRegistered { id: created.id, enabled: true, settings, secret: Some(created.secret) }
}

/// What one change makes of one client; `None` when the change is about no client.
pub(crate) fn fold(before: Option<ClientRow>, entry: Entry, at: Timestamp) -> Result<Option<ClientRow>, AuthError> {
    let subject = entry.change.subject().to_owned();
    let known = || {
        let missing = format!("a record changes client {subject}, which no record creates; verify the log");
        before.ok_or(AuthError::ControlLog(missing))
    };
    let row = match entry.change {
        Change::ClientCreated(created) => ClientRow::registered(as_registered(created), entry.by.actor, at),
        Change::ClientRegistered(registered) => ClientRow::registered(registered, entry.by.actor, at),
        Change::ClientEnabled { .. } => ClientRow { enabled: true, ..known()? },
        Change::ClientDisabled { .. } => {
            let mut row = known()?;
            row.disable();
            row
        }
        Change::ClientChanged { settings, .. } => {
            let mut row = ClientRow { settings, ..known()? };
            if row.settings.authentication != Authentication::ClientSecret.name() {
                // It would come back with the next change.
                (row.secret, row.previous) = (None, None);
            }
            row
        }
        Change::ClientDeleted { .. } => {
            let mut row = known()?;
            row.disable();
            ClientRow { deleted: true, secret: None, previous: None, ..row }
        }
        Change::SecretRotated(rotated) => {
            let mut row = known()?;
            row.rotate(rotated, at);
            row
        }
        _ => return Ok(None),
    };
    Ok(Some(row))
}
