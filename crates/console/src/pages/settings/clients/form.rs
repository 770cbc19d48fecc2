//! The form of a client's settings, and what it says.

use continuity_auth::{AuthError, ClientSettings, GrantType, Scope, ScopeSet};
use serde_json::{Value, json};

use super::super::tick::{self, Tick};
use crate::forms::Fields;
use crate::texts::Texts;

/// What the form shows: as it was sent, or as the client is.
pub(super) struct Form {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) scopes: Vec<Tick>,
    /// Whether a new client is let in at once; none where that is no setting of the form.
    pub(super) states: Vec<Tick>,
    pub(super) grants: Vec<Tick>,
    pub(super) authentications: Vec<Tick>,
    pub(super) redirect_uris: String,
    pub(super) jwks: String,
    pub(super) networks: String,
    pub(super) teams: String,
    pub(super) channel_kinds: Vec<Tick>,
    pub(super) token_seconds: String,
    pub(super) rate: String,
    pub(super) burst: String,
    pub(super) more: Vec<Tick>,
}

const AUTHENTICATIONS: [&str; 3] = ["client_secret", "private_key_jwt", "none"];

impl Form {
    /// As a client is.
    pub(super) fn of(t: &Texts, settings: &ClientSettings) -> Self {
        let grants: Vec<&str> = settings.grant_types.iter().map(|grant| grant.name()).collect();
        let scopes: Vec<&str> = settings.scopes.iter().map(Scope::as_str).collect();
        let kinds: Vec<&str> = settings.channel_kinds.iter().map(String::as_str).collect();
        let flags = [
            ("mayIntrospect", settings.may_introspect),
            ("mayAdminister", settings.may_administer),
            ("dpopBoundAccessTokens", settings.dpop_bound_access_tokens),
        ];
        let flags: Vec<&str> = flags.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
        let ticks = Ticks { scopes, grants, kinds, flags, authentication: settings.authentication.name() };
        let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
        let networks: Vec<String> = settings.allowed_networks.iter().map(ToString::to_string).collect();
        Self {
            name: settings.name.clone(),
            description: settings.description.clone(),
            redirect_uris: settings.redirect_uris.join("\n"),
            jwks: settings.jwks.as_ref().map_or_else(String::new, |jwks| format!("{jwks:#}")),
            networks: networks.join("\n"),
            teams: settings.teams.join("\n"),
            token_seconds: number(settings.token_seconds),
            rate: number(settings.rate_limit.map(|rate| rate.requests_per_second)),
            burst: number(settings.rate_limit.map(|rate| rate.burst)),
            ..ticks.form(t)
        }
    }

    /// As it was sent.
    pub(super) fn sent(t: &Texts, fields: &Fields) -> Self {
        let ticks = Ticks {
            scopes: fields.all("scopes").collect(),
            grants: fields.all("grants").collect(),
            kinds: fields.all("channelKinds").collect(),
            flags: fields.all("more").collect(),
            authentication: fields.get("authentication"),
        };
        let text = |name: &str| fields.get(name).to_owned();
        Self {
            name: text("name"),
            description: text("description"),
            redirect_uris: text("redirectUris"),
            jwks: text("jwks"),
            networks: text("networks"),
            teams: text("teams"),
            token_seconds: text("tokenSeconds"),
            rate: text("rate"),
            burst: text("burst"),
            ..ticks.form(t)
        }
    }
}

impl Form {
    /// The same form, which asks too whether the client is let in at once.
    pub(super) fn with_state(self, t: &Texts, fields: &Fields) -> Self {
        let set = if is_enabled(fields) { "true" } else { "false" };
        let states = [("true", t.enabled), ("false", t.disabled)];
        Self { states: states.map(|(value, label)| Tick::plain(&[set], value, label)).into(), ..self }
    }
}

/// Whether a form lets a new client in at once, as it does where it says nothing.
pub(super) fn is_enabled(fields: &Fields) -> bool {
    fields.get("enabled") != "false"
}

/// What is ticked, by name.
struct Ticks<'a> {
    scopes: Vec<&'a str>,
    grants: Vec<&'a str>,
    kinds: Vec<&'a str>,
    flags: Vec<&'a str>,
    authentication: &'a str,
}

impl Ticks<'_> {
    /// The form with these, and no texts.
    fn form(&self, t: &Texts) -> Form {
        let grants = [
            (GrantType::ClientCredentials, t.grant_client_credentials),
            (GrantType::AuthorizationCode, t.grant_authorization_code),
            (GrantType::RefreshToken, t.grant_refresh_token),
        ];
        let labels = [t.authentication_secret, t.authentication_key, t.authentication_none];
        let flags = [
            ("mayIntrospect", t.may_introspect),
            ("mayAdminister", t.may_administer),
            ("dpopBoundAccessTokens", t.dpop_bound),
        ];
        Form {
            scopes: tick::scopes(t, ScopeSet::all(), &self.scopes),
            grants: grants.map(|(grant, label)| Tick::new(&self.grants, grant.name(), label)).into(),
            channel_kinds: tick::channel_kinds(&self.kinds),
            more: flags.map(|(name, label)| Tick::new(&self.flags, name, label)).into(),
            authentications: AUTHENTICATIONS
                .into_iter()
                .zip(labels)
                .map(|(name, label)| Tick::new(&[self.authentication], name, label))
                .collect(),
            states: Vec::new(),
            name: String::new(),
            description: String::new(),
            redirect_uris: String::new(),
            jwks: String::new(),
            networks: String::new(),
            teams: String::new(),
            token_seconds: String::new(),
            rate: String::new(),
            burst: String::new(),
        }
    }
}

/// The settings that a form says. What it has no field for stays as it was.
pub(super) fn settings(fields: &Fields, before: &ClientSettings) -> Result<ClientSettings, AuthError> {
    let optional = |text: &str, value: Value| if text.is_empty() { Value::Null } else { value };
    let number = |name: &str| {
        let text = fields.get(name).trim();
        let read = text.parse::<u32>().map(Value::from);
        let wrong = || AuthError::Invalid(format!("{text:?} is no whole number"));
        if text.is_empty() { Ok(Value::Null) } else { read.map_err(|_| wrong()) }
    };
    let jwks = fields.get("jwks").trim();
    let jwks = if jwks.is_empty() {
        Value::Null
    } else {
        let unreadable = |error| AuthError::Invalid(format!("the public keys are no JSON: {error}"));
        serde_json::from_str(jwks).map_err(unreadable)?
    };
    let rate = match (number("rate")?, number("burst")?) {
        (Value::Null, _) => Value::Null,
        (rate, Value::Null) => json!({ "requestsPerSecond": rate, "burst": rate }),
        (rate, burst) => json!({ "requestsPerSecond": rate, "burst": burst }),
    };
    let flag = |name: &str| fields.all("more").any(|set| set == name);
    let list = |name: &str| optional(fields.get(name).trim(), fields.lines(name).into());
    let ticked = |name: &'static str| fields.all(name).collect::<Vec<_>>();
    let patch = json!({
        "name": fields.get("name").trim(),
        "description": fields.get("description").trim(),
        "scopes": ticked("scopes"),
        "grantTypes": ticked("grants"),
        "tokenEndpointAuthMethod": fields.given("authentication").unwrap_or("client_secret"),
        "redirectUris": list("redirectUris"),
        "allowedNetworks": list("networks"),
        "teams": list("teams"),
        "channelKinds": ticked("channelKinds"),
        "tokenSeconds": number("tokenSeconds")?,
        "rateLimit": rate,
        "mayIntrospect": flag("mayIntrospect"),
        "mayAdminister": flag("mayAdminister"),
        "dpopBoundAccessTokens": flag("dpopBoundAccessTokens"),
    });
    // Another set of keys takes the place of the one before as a whole.
    let without_keys = ClientSettings { jwks: None, ..before.clone() };
    let merged = without_keys.merged(&patch)?;
    Ok(ClientSettings { jwks: Some(jwks).filter(|jwks| !jwks.is_null()), ..merged })
}
