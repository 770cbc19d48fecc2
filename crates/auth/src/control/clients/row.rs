//! A client as the control log makes it.
//!
//! The changes of several replicas come in any order and make the same row: deletion and disabling win; of settings, and
//! of secrets, the latest stamp.

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

use super::secrets::{Secret, Secrets};
use super::standing::Standing;
use crate::control::event::{Change, ClientCreated, ClientRegistered, ClientUsed};
use crate::control::settings::{FirstSettings, Settings};
use crate::control::stamp::{ChangeId, Lost, Stamp, Version};
use crate::keys::secret::SecretDigest;
use crate::live::Terms;
use crate::{Authentication, Client, ClientSettings, Limits};

/// A client as the control store keeps it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClientRow {
    pub(crate) id: String,
    /// When and by whom it was created; `None` while only later changes have come.
    created: Option<(Stamp, String)>,
    pub(crate) settings: Settings,
    /// The change that these settings are of.
    settings_of: Option<Version>,
    standing: Standing,
    /// It is shown to nobody and proves nothing; the row keeps its id from being used again.
    deleted: Option<Version>,
    secrets: Secrets,
    /// As this replica saw it.
    last_used_at: Option<Timestamp>,
}

impl ClientRow {
    /// One of which nothing is known yet.
    pub(crate) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    /// Takes in one change, whatever came before it; what did not take effect beside it, if anything.
    pub(crate) fn apply(&mut self, change: Change, actor: &str, version: &Version) -> Option<Lost> {
        if let Some(deleted) = self.deleted.as_ref().filter(|_| !matches!(change, Change::ClientDeleted { .. })) {
            let lost = Lost { what: "change".to_owned(), loser: version.stamp.clone(), winner: deleted.stamp.clone() };
            let known = deleted.after.contains(&version.stamp.id);
            self.take(change, actor, version);
            self.secrets.forget();
            return (!known).then_some(lost);
        }
        self.take(change, actor, version)
    }

    fn take(&mut self, change: Change, actor: &str, version: &Version) -> Option<Lost> {
        match change {
            Change::ClientCreated(created) => self.register(as_registered(created), actor, version),
            Change::ClientRegistered(registered) => self.register(registered, actor, version),
            Change::ClientEnabled { .. } => self.standing.enable(version),
            Change::ClientDisabled { .. } => self.standing.disable(version),
            Change::ClientChanged { settings, .. } => {
                if settings.first.authentication != Authentication::ClientSecret.name() {
                    // They would come back with the next change.
                    self.secrets.clear(&version.stamp);
                }
                self.put_settings(settings, version)
            }
            Change::ClientDeleted { .. } => self.delete(version),
            Change::SecretRotated(rotated) => {
                let until = rotated.previous_until.map(Timestamp::from_micros);
                self.secrets.add(rotated.secret, version, until)
            }
            _ => None,
        }
    }

    /// Two replicas may have been given the same definition.
    fn register(&mut self, event: ClientRegistered, actor: &str, version: &Version) -> Option<Lost> {
        let created = (version.stamp.clone(), actor.to_owned());
        self.created = Some(self.created.take().map_or(created.clone(), |before| before.min(created)));
        if !event.enabled {
            self.standing.disable(version);
        }
        let lost = event.secret.and_then(|digest| self.secrets.add(digest, version, None));
        self.put_settings(event.settings, version).or(lost)
    }

    fn put_settings(&mut self, settings: Settings, version: &Version) -> Option<Lost> {
        let same = self.settings == settings;
        let lost = self.settings_of.as_ref().and_then(|before| Lost::of("settings", before, version));
        if self.settings_of.as_ref().is_none_or(|before| version.is_later_than(before)) {
            (self.settings, self.settings_of) = (settings, Some(version.clone()));
        }
        lost.filter(|_| !same)
    }

    fn delete(&mut self, version: &Version) -> Option<Lost> {
        let unknown = self.latest().into_iter().filter(|latest| latest.is_beside(version)).map(|latest| &latest.stamp);
        let loser = unknown.max().cloned();
        let first = self.deleted.as_ref().is_none_or(|before| before.is_later_than(version));
        if first {
            self.deleted = Some(version.clone());
        }
        self.secrets.forget();
        loser.map(|loser| Lost { what: "change".to_owned(), loser, winner: version.stamp.clone() })
    }

    fn latest(&self) -> Vec<&Version> {
        self.settings_of.iter().chain(self.standing.enabled_by()).collect()
    }

    /// What a change of this client that is made here takes the place of.
    pub(crate) fn superseded_by(&self, change: &Change) -> Vec<ChangeId> {
        let id = |version: &Version| version.stamp.id;
        match change {
            Change::ClientEnabled { .. } => self.standing.disabled_by(),
            Change::ClientDisabled { .. } => self.standing.enabled_by().map(id).into_iter().collect(),
            Change::ClientChanged { .. } => self.settings_of.as_ref().map(id).into_iter().collect(),
            Change::SecretRotated(_) => self.secrets.newest().into_iter().collect(),
            Change::ClientDeleted { .. } => self.latest().into_iter().map(id).chain(self.secrets.newest()).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it was created, and not deleted.
    pub(crate) fn is_there(&self) -> bool {
        self.created.is_some() && self.deleted.is_none()
    }

    /// Whether it was ever created.
    pub(crate) fn is_taken(&self) -> bool {
        self.created.is_some() || self.deleted.is_some()
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.standing.is_enabled()
    }

    /// A token of another generation is refused.
    pub(crate) fn generation(&self) -> u32 {
        self.standing.generation()
    }

    pub(super) fn secret(&self) -> Option<&Secret> {
        self.secrets.present()
    }

    /// The secret before, and until when it is accepted.
    pub(super) fn previous(&self) -> Option<(&Secret, Timestamp)> {
        self.secrets.previous()
    }

    pub(super) fn created_at(&self) -> Timestamp {
        self.created.as_ref().map(|(stamp, _)| stamp.at).unwrap_or_default()
    }

    /// It was given a token.
    pub(crate) fn used(&mut self, used: &ClientUsed) {
        self.last_used_at = self.last_used_at.max(Some(Timestamp::from_micros(used.at)));
        self.secrets.used(used);
    }

    /// Whether a use now is news: it is known to the hour.
    pub(super) fn is_news(&self, secret: Option<Timestamp>, now: Timestamp) -> bool {
        const HOUR: i64 = 3_600;
        let known = |at: Option<Timestamp>| at.is_some_and(|at| at.as_seconds() / HOUR >= now.as_seconds() / HOUR);
        let of_secret = secret.is_none_or(|made_at| self.secrets.all_known(made_at, known));
        !(of_secret && known(self.last_used_at))
    }

    pub(super) fn terms(&self, settings: &ClientSettings) -> Terms {
        Terms {
            enabled: self.is_enabled() && self.is_there(),
            scopes: settings.scopes,
            generation: self.generation(),
            bound_only: settings.dpop_bound_access_tokens,
            networks: settings.allowed_networks.clone(),
            rate: settings.rate_limit,
            may_administer: settings.may_administer,
            limits: Limits::of(&settings.teams, &settings.channel_kinds),
        }
    }

    pub(super) fn view(&self, settings: &ClientSettings, default_token_seconds: u32) -> Client {
        let token_seconds = Some(settings.token_seconds.unwrap_or(default_token_seconds));
        let (secret, previous) = (self.secret(), self.previous());
        Client {
            id: self.id.clone(),
            settings: ClientSettings { token_seconds, ..settings.clone() },
            enabled: self.is_enabled(),
            created_at: self.created_at(),
            created_by: self.created.as_ref().map(|(_, actor)| actor.clone()).unwrap_or_default(),
            last_used_at: self.last_used_at,
            secret_created_at: secret.map(Secret::made_at),
            secret_last_used_at: secret.and_then(|secret| secret.used_at),
            previous_secret_until: previous.map(|(_, until)| until),
            previous_secret_last_used_at: previous.and_then(|(secret, _)| secret.used_at),
        }
    }
}

/// As clients of before version 2 were created: with a secret, for client credentials.
fn as_registered(created: ClientCreated) -> ClientRegistered {
    let secret: Option<SecretDigest> = Some(created.secret);
    let settings = FirstSettings {
        name: created.name,
        description: created.description,
        scopes: created.scopes,
        token_seconds: created.token_seconds,
        grant_types: vec!["client_credentials".to_owned()],
        authentication: "client_secret".to_owned(),
        ..FirstSettings::default()
    };
    ClientRegistered { id: created.id, enabled: true, settings: settings.into(), secret }
}
