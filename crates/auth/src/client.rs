//! OAuth clients as administrators see them.

mod check;
pub(crate) mod settings;

use std::fmt;

use continuity_base::Timestamp;
use serde::Serialize;

pub(crate) use check::check_token_seconds;
pub use settings::{Authentication, ClientRate, ClientSettings, GrantType};

/// A client. Holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// Generated; safe in URLs and in HTTP Basic without escapes.
    pub id: String,
    /// What it is and may do; the life of its tokens is given even where it has none of its own.
    #[serde(flatten)]
    pub settings: ClientSettings,
    /// A disabled client gets no token and its live tokens are refused.
    pub enabled: bool,
    /// When it was created.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: Timestamp,
    /// Who created it.
    pub created_by: String,
    /// When it was last given a token, to the hour.
    #[serde(serialize_with = "rfc3339_option")]
    pub last_used_at: Option<Timestamp>,
    /// When its present secret was made; `None` without one.
    #[serde(serialize_with = "rfc3339_option")]
    pub secret_created_at: Option<Timestamp>,
    /// When that secret was last used, to the hour.
    #[serde(serialize_with = "rfc3339_option")]
    pub secret_last_used_at: Option<Timestamp>,
    /// Until when the secret before the present one is accepted too; `None` when it is not.
    #[serde(serialize_with = "rfc3339_option")]
    pub previous_secret_until: Option<Timestamp>,
    /// When the secret before was last used, to the hour: who still uses it has not changed over.
    #[serde(serialize_with = "rfc3339_option")]
    pub previous_secret_last_used_at: Option<Timestamp>,
}

/// A client together with its secret, which exists nowhere else: show it once.
pub struct Created {
    /// The client.
    pub client: Client,
    /// The secret; only a keyed digest of it is stored. `None` for a client that has none.
    pub secret: Option<String>,
}

impl fmt::Debug for Created {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secret = self.secret.as_ref().map(|_| "[redacted]");
        f.debug_struct("Created").field("client", &self.client).field("secret", &secret).finish()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's serialize_with passes a reference to the field")]
pub(crate) fn rfc3339<S: serde::Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

#[expect(clippy::ref_option, reason = "serde's serialize_with passes a reference to the field")]
pub(crate) fn rfc3339_option<S: serde::Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}
