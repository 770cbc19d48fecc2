//! The form of an account's settings, and what it says.

use continuity_auth::{AccountSettings, AuthError, Role, Scope, ScopeSet};
use serde_json::json;

use super::super::tick::{self, Tick};
use crate::forms::Fields;
use crate::texts::Texts;

/// What the form shows: as it was sent, or as the account is.
pub(super) struct Form {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) roles: Vec<Tick>,
    pub(super) scopes: Vec<Tick>,
    pub(super) teams: String,
    pub(super) channel_kinds: Vec<Tick>,
}

impl Form {
    /// As an account is.
    pub(super) fn of(t: &Texts, settings: &AccountSettings) -> Self {
        let roles: Vec<&str> = settings.roles.iter().copied().map(Role::name).collect();
        let scopes: Vec<&str> = settings.scopes.iter().map(Scope::as_str).collect();
        let kinds: Vec<&str> = settings.channel_kinds.iter().map(String::as_str).collect();
        Self {
            name: settings.name.clone(),
            email: settings.email.clone(),
            roles: tick::roles(t, &roles),
            scopes: tick::scopes(t, ScopeSet::all(), &scopes),
            teams: settings.teams.join("\n"),
            channel_kinds: tick::channel_kinds(&kinds),
        }
    }

    /// Whether its person sees some loan requests alone.
    pub(super) fn has_limits(&self) -> bool {
        !self.teams.is_empty() || self.channel_kinds.iter().any(|tick| tick.is_set)
    }

    /// As it was sent.
    pub(super) fn sent(t: &Texts, fields: &Fields) -> Self {
        let ticked = |name: &'static str| fields.all(name).collect::<Vec<_>>();
        Self {
            name: fields.get("name").to_owned(),
            email: fields.get("email").to_owned(),
            roles: tick::roles(t, &ticked("roles")),
            scopes: tick::scopes(t, ScopeSet::all(), &ticked("scopes")),
            teams: fields.get("teams").to_owned(),
            channel_kinds: tick::channel_kinds(&ticked("channelKinds")),
        }
    }
}

/// The settings that a form says. What it has no field for stays as it was.
pub(super) fn settings(fields: &Fields, before: &AccountSettings) -> Result<AccountSettings, AuthError> {
    let ticked = |name: &'static str| fields.all(name).collect::<Vec<_>>();
    before.merged(&json!({
        "name": fields.get("name").trim(),
        "email": fields.get("email").trim(),
        "roles": ticked("roles"),
        "scopes": ticked("scopes"),
        "teams": fields.lines("teams"),
        "channelKinds": ticked("channelKinds"),
    }))
}
