//! OAuth clients as administrators see them.

use std::fmt;

use continuity_base::Timestamp;
use serde::Serialize;

use crate::ScopeSet;

/// What a new client shall be.
#[derive(Clone, Debug, Default)]
pub struct NewClient {
    /// For people; 1 to 200 characters.
    pub name: String,
    /// For people; may be empty, at most 2,000 characters.
    pub description: String,
    /// At least one.
    pub scopes: ScopeSet,
    /// Life of its tokens, 60 to 86,400 seconds; `None` for the default.
    pub token_seconds: Option<u32>,
}

/// A client. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// Generated; safe in URLs and in HTTP Basic without escapes.
    pub id: String,
    /// For people.
    pub name: String,
    /// For people; may be empty.
    pub description: String,
    /// What it may ask for.
    #[serde(serialize_with = "scope_names")]
    pub scopes: ScopeSet,
    /// A disabled client gets no token and its live tokens are refused.
    pub enabled: bool,
    /// Life of its tokens in seconds.
    pub token_seconds: u32,
    /// When it was created.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: Timestamp,
    /// Who created it.
    pub created_by: String,
    /// When its present secret was made.
    #[serde(serialize_with = "rfc3339")]
    pub secret_created_at: Timestamp,
    /// Until when the secret before the present one is accepted too; `None` when it is not.
    #[serde(serialize_with = "rfc3339_option")]
    pub previous_secret_until: Option<Timestamp>,
}

/// A client together with its secret, which exists nowhere else: show it once.
pub struct Created {
    /// The client.
    pub client: Client,
    /// The secret; only a keyed digest of it is stored.
    pub secret: String,
}

impl fmt::Debug for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Created").field("client", &self.client).field("secret", &"[redacted]").finish()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's serialize_with passes a reference to the field")]
fn scope_names<S: serde::Serializer>(scopes: &ScopeSet, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(scopes.iter().map(crate::Scope::as_str))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's serialize_with passes a reference to the field")]
fn rfc3339<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

#[expect(clippy::ref_option, reason = "serde's serialize_with passes a reference to the field")]
fn rfc3339_option<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}
