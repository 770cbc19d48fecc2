//! The settings of a client as records hold them: names and texts, so that records outlive any numbering.

use std::collections::BTreeMap;

use ipnet::IpNet;
use jsonwebtoken::jwk::{JwkSet, ThumbprintHash};
use serde::{Deserialize, Serialize};

use crate::client::{Authentication, ClientRate, ClientSettings, GrantType};
use crate::{Scope, ScopeSet};

/// [`ClientSettings`] as stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) first: FirstSettings,
    /// What came later, by name: so that no further one needs a record of another form.
    pub(crate) more: BTreeMap<String, String>,
}

/// Tokens are bound to a key of the client.
const DPOP: &str = "dpop-bound-access-tokens";
/// Its tokens may be for the administration.
const ADMINISTER: &str = "may-administer";
/// The account that looks after it.
const OWNER: &str = "owner";
/// The value of what is or is not.
const YES: &str = "yes";

/// What clients had from the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct FirstSettings {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) token_seconds: Option<u32>,
    pub(crate) grant_types: Vec<String>,
    /// `client_secret`, `private_key_jwt` or `none`.
    pub(crate) authentication: String,
    pub(crate) redirect_uris: Vec<String>,
    /// A JWK Set as text.
    pub(crate) jwks: Option<String>,
    pub(crate) allowed_networks: Vec<String>,
    /// Requests a second and burst.
    pub(crate) rate_limit: Option<(u32, u32)>,
    pub(crate) may_introspect: bool,
    /// Empty: all.
    pub(crate) teams: Vec<String>,
    /// Empty: all. One that this version does not know is a limit all the same.
    pub(crate) channel_kinds: Vec<String>,
}

impl Settings {
    /// Names that this version does not know grant nothing.
    pub(crate) fn scope_set(&self) -> ScopeSet {
        self.first.scopes.iter().filter_map(|name| Scope::parse(name)).collect()
    }

    fn is(&self, name: &str) -> bool {
        self.more.get(name).is_some_and(|value| value == YES)
    }
    /// What somebody who reads the control log has to see of them: all that admits.
    pub(crate) fn describe(&self) -> String {
        let first = &self.first;
        let mut said = vec![
            format!("{:?}", first.name),
            format!("scopes {}", first.scopes.join(" ")),
            format!("grants {}", first.grant_types.join(" ")),
        ];
        said.push(match &first.jwks {
            Some(jwks) => format!("by {} ({})", first.authentication, key_names(jwks)),
            None => format!("by {}", first.authentication),
        });
        if !first.redirect_uris.is_empty() {
            said.push(format!("back to {}", first.redirect_uris.join(" ")));
        }
        said.push(match first.allowed_networks.as_slice() {
            [] => "from anywhere".to_owned(),
            networks => format!("from {}", networks.join(" ")),
        });
        said.push(match first.teams.as_slice() {
            [] => "all teams".to_owned(),
            // In quotes: a team may have blanks and commas in its name.
            teams => format!("teams {}", teams.iter().map(|team| format!("{team:?}")).collect::<Vec<_>>().join(" ")),
        });
        said.push(match first.channel_kinds.as_slice() {
            [] => "all channels".to_owned(),
            kinds => format!("channels {}", kinds.join(" ")),
        });
        said.extend(first.rate_limit.map(|(rate, _)| format!("{rate}/s")));
        said.extend(first.may_introspect.then(|| "may introspect".to_owned()));
        said.extend(self.is(DPOP).then(|| "tokens bound to a key".to_owned()));
        said.extend(self.is(ADMINISTER).then(|| "may administer".to_owned()));
        said.extend(self.more.get(OWNER).map(|owner| format!("looked after by {owner}")));
        said.join(", ")
    }
}

/// The thumbprints of a JWK Set's keys (RFC 7638).
fn key_names(jwks: &str) -> String {
    let keys = serde_json::from_str::<JwkSet>(jwks).map(|set| set.keys).unwrap_or_default();
    let names: Vec<String> = keys.iter().filter_map(|key| key.thumbprint(ThumbprintHash::SHA256).ok()).collect();
    if names.is_empty() { "no key".to_owned() } else { names.join(" ") }
}

impl From<FirstSettings> for Settings {
    fn from(first: FirstSettings) -> Self {
        Self { first, more: BTreeMap::new() }
    }
}

impl From<ClientSettings> for Settings {
    fn from(settings: ClientSettings) -> Self {
        let set = |name: &str, is: bool| is.then(|| (name.to_owned(), YES.to_owned()));
        let more = set(DPOP, settings.dpop_bound_access_tokens)
            .into_iter()
            .chain(set(ADMINISTER, settings.may_administer))
            .chain(settings.owner.map(|owner| (OWNER.to_owned(), owner)))
            .collect();
        let first = FirstSettings {
            name: settings.name,
            description: settings.description,
            scopes: settings.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            token_seconds: settings.token_seconds,
            grant_types: settings.grant_types.into_iter().map(|grant| grant.name().to_owned()).collect(),
            authentication: settings.authentication.name().to_owned(),
            redirect_uris: settings.redirect_uris,
            jwks: settings.jwks.map(|jwks| jwks.to_string()),
            allowed_networks: settings.allowed_networks.iter().map(IpNet::to_string).collect(),
            rate_limit: settings.rate_limit.map(|rate| (rate.requests_per_second, rate.burst)),
            may_introspect: settings.may_introspect,
            teams: settings.teams,
            channel_kinds: settings.channel_kinds,
        };
        Self { first, more }
    }
}

impl From<&Settings> for ClientSettings {
    /// What this version does not know grants nothing; a network that it cannot read admits nobody.
    fn from(settings: &Settings) -> Self {
        let stored = &settings.first;
        let nowhere = || IpNet::from(std::net::IpAddr::from([0, 0, 0, 0]));
        Self {
            name: stored.name.clone(),
            description: stored.description.clone(),
            scopes: settings.scope_set(),
            token_seconds: stored.token_seconds,
            grant_types: stored.grant_types.iter().filter_map(|name| GrantType::parse(name)).collect(),
            // A way of a later version: without keys nobody gets in by this one, which `None` would let in as public.
            authentication: Authentication::parse(&stored.authentication).unwrap_or(Authentication::PrivateKeyJwt),
            redirect_uris: stored.redirect_uris.clone(),
            jwks: stored.jwks.as_deref().and_then(|jwks| serde_json::from_str(jwks).ok()),
            allowed_networks: stored
                .allowed_networks
                .iter()
                .map(|network| network.parse().unwrap_or_else(|_| nowhere()))
                .collect(),
            rate_limit: stored.rate_limit.map(|(requests_per_second, burst)| ClientRate { requests_per_second, burst }),
            may_introspect: stored.may_introspect,
            teams: stored.teams.clone(),
            channel_kinds: stored.channel_kinds.clone(),
            dpop_bound_access_tokens: settings.is(DPOP),
            may_administer: settings.is(ADMINISTER),
            owner: settings.more.get(OWNER).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Limits;

    #[test]
    fn settings_come_back() {
        let settings = ClientSettings {
            description: "nightly".to_owned(),
            token_seconds: Some(900),
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            authentication: Authentication::PrivateKeyJwt,
            redirect_uris: vec!["https://app.example/cb".to_owned()],
            jwks: Some(json!({ "keys": [] })),
            allowed_networks: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            rate_limit: Some(ClientRate { requests_per_second: 5, burst: 10 }),
            may_introspect: true,
            teams: vec!["branch-north".to_owned()],
            channel_kinds: vec!["LEGAL".to_owned()],
            dpop_bound_access_tokens: true,
            may_administer: true,
            owner: Some("4f9d0c1e".to_owned()),
            ..ClientSettings::named("Reporting", ScopeSet::all())
        };
        assert_eq!(ClientSettings::from(&Settings::from(settings.clone())), settings);
    }

    #[test]
    fn what_a_later_version_wrote_grants_nothing() {
        let stored = FirstSettings {
            scopes: vec!["loans:read".to_owned(), "tapes:read".to_owned()],
            grant_types: vec!["device_code".to_owned()],
            authentication: "tls_client_auth".to_owned(),
            allowed_networks: vec!["everywhere".to_owned()],
            channel_kinds: vec!["SPOKEN".to_owned()],
            ..FirstSettings::default()
        };
        let more = BTreeMap::from([("may-administer".to_owned(), "on Sundays".to_owned())]);
        let read = ClientSettings::from(&Settings { first: stored, more });
        assert!(!read.may_administer);
        assert_eq!(read.scopes.to_string(), "loans:read");
        assert!(read.grant_types.is_empty());
        assert_eq!(read.authentication, Authentication::PrivateKeyJwt, "and there is no key");
        assert!(!Limits::of(&read.teams, &read.channel_kinds).unwrap().admits_channel(Some("GENERAL")));
        assert!(!read.allowed_networks[0].contains(&"192.0.2.1".parse::<std::net::IpAddr>().unwrap()));
    }
}
