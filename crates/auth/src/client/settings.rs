//! What a client is and may do.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Scope, ScopeSet};

/// What a client is and may do: everything that an administrator decides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientSettings {
    /// For people; 1 to 200 characters.
    pub name: String,
    /// For people; may be empty, at most 2,000 characters.
    #[serde(default)]
    pub description: String,
    /// At least one.
    #[serde(with = "scope_names")]
    pub scopes: ScopeSet,
    /// Life of its tokens, 60 to 86,400 seconds; `None` for the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_seconds: Option<u32>,
    /// How it may get tokens.
    #[serde(default = "client_credentials")]
    pub grant_types: Vec<GrantType>,
    /// How it proves who it is.
    #[serde(default, rename = "tokenEndpointAuthMethod")]
    pub authentication: Authentication,
    /// Where people are sent back to with an authorization code: at most 20, compared as they stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// Its public keys, for [`Authentication::PrivateKeyJwt`]: a JWK Set (RFC 7517) of at most 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    /// Where its requests may come from; empty: anywhere. At most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_networks: Vec<IpNet>,
    /// The teams whose loans it may see (`loanRequest.team`); empty: all. At most 100 of 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// The kinds of channels that it may see, of [`CHANNEL_KINDS`](crate::CHANNEL_KINDS); empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel_kinds: Vec<String>,
    /// A rate of its own; `None` for that of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<ClientRate>,
    /// Whether it may ask about tokens that are not its own (RFC 7662): for servers of the bank that are given tokens.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_introspect: bool,
    /// Whether its access tokens are bound to a key of its own (RFC 9449, section 5.2): without a proof it gets none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dpop_bound_access_tokens: bool,
    /// Whether people may let it administer this replica as they may: its tokens can be for the administration then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_administer: bool,
    /// The account that registered it and looks after it, if a person did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

impl ClientSettings {
    /// Settings of a client with a secret and nothing special.
    pub fn named(name: &str, scopes: ScopeSet) -> Self {
        Self { name: name.to_owned(), scopes, grant_types: client_credentials(), ..Self::default() }
    }
}

fn client_credentials() -> Vec<GrantType> {
    vec![GrantType::ClientCredentials]
}

/// A way to a token (RFC 6749, `grant_types` of RFC 7591).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// The client for itself (RFC 6749 section 4.4).
    ClientCredentials,
    /// A person lets it in (RFC 6749 section 4.1 with RFC 7636).
    AuthorizationCode,
    /// It goes on for a person that let it in (RFC 6749 section 6).
    RefreshToken,
}

impl GrantType {
    pub(crate) const ALL: [Self; 3] = [Self::ClientCredentials, Self::AuthorizationCode, Self::RefreshToken];

    /// The value of `grant_type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
        }
    }

    /// The grant of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.name() == name)
    }
}

/// How a client proves who it is (`token_endpoint_auth_method` of RFC 7591).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authentication {
    /// A secret, by HTTP Basic or in the body (RFC 6749 section 2.3.1).
    #[default]
    #[serde(alias = "client_secret_basic", alias = "client_secret_post")]
    ClientSecret,
    /// A token signed with a key of its own (RFC 7523); it has no secret.
    PrivateKeyJwt,
    /// Not at all: an application on a person's device, which can keep no secret. For authorization codes only.
    None,
}

impl Authentication {
    const ALL: [Self; 3] = [Self::ClientSecret, Self::PrivateKeyJwt, Self::None];

    /// As it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientSecret => "client_secret",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }

    /// The one of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|authentication| authentication.name() == name)
    }
}

/// How often a client may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientRate {
    /// Requests a second, 1 to 1,000,000.
    pub requests_per_second: u32,
    /// Requests at once after a pause, 1 to 1,000,000.
    pub burst: u32,
}

pub(crate) mod scope_names {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Scope, ScopeSet};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's with passes a reference to the field")]
    pub(crate) fn serialize<S: Serializer>(scopes: &ScopeSet, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(scopes.iter().map(Scope::as_str))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ScopeSet, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let scope = |name: &String| Scope::parse(name).ok_or_else(|| D::Error::custom(format!("no scope {name:?}")));
        names.iter().map(scope).collect()
    }
}
