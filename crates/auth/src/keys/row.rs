//! A signing key over its life: published, then signing, then only checked with, then gone.

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

use super::algorithm::{PublicKey, SigningAlgorithm};
use crate::control::event::KeyMade;

/// Where in its life a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Published, so that clients know it before it signs.
    Next,
    /// It signs.
    Active,
    /// It signs no more, and is published until the last token that it signed has expired.
    Passive,
    /// It is not published, and what it signed is refused.
    Retired,
}

impl KeyState {
    /// As it is printed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Passive => "passive",
            Self::Retired => "retired",
        }
    }
}

/// A signing key as people see it. Holds no private half.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// Its `kid`: the thumbprint of the public half (RFC 7638).
    pub id: String,
    /// `alg`.
    pub algorithm: String,
    /// Where in its life it is.
    pub state: KeyState,
    /// When it was made, and published.
    #[serde(serialize_with = "crate::client::rfc3339")]
    pub made_at: Timestamp,
    /// Who made it.
    pub made_by: String,
    /// When it began to sign.
    #[serde(serialize_with = "crate::client::rfc3339_option")]
    pub activated_at: Option<Timestamp>,
    /// Until when what it signed is accepted, once it signs no more.
    #[serde(serialize_with = "crate::client::rfc3339_option")]
    pub passive_until: Option<Timestamp>,
    /// When it was retired.
    #[serde(serialize_with = "crate::client::rfc3339_option")]
    pub retired_at: Option<Timestamp>,
    /// Why it was retired.
    pub retired_because: Option<String>,
}

/// A key as the control store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeyRow {
    pub(crate) id: String,
    pub(crate) algorithm: String,
    pub(crate) public: PublicKey,
    /// The private half, PKCS #8 in DER, sealed about its id.
    pub(crate) sealed: Vec<u8>,
    pub(crate) made_at: Timestamp,
    pub(crate) made_by: String,
    pub(crate) activated_at: Option<Timestamp>,
    pub(crate) passive_until: Option<Timestamp>,
    pub(crate) retired: Option<(Timestamp, String)>,
}

impl KeyRow {
    pub(crate) fn made(event: KeyMade, actor: String, at: Timestamp) -> Self {
        Self {
            id: event.id,
            algorithm: event.algorithm,
            public: event.public,
            sealed: event.sealed,
            made_at: at,
            made_by: actor,
            activated_at: None,
            passive_until: None,
            retired: None,
        }
    }

    /// `None` for one that this version does not know.
    pub(crate) fn algorithm(&self) -> Option<SigningAlgorithm> {
        SigningAlgorithm::parse(&self.algorithm)
    }

    /// What it is called by its records; time alone does not retire it here.
    pub(crate) fn state(&self) -> KeyState {
        match (&self.retired, self.passive_until, self.activated_at) {
            (Some(_), ..) => KeyState::Retired,
            (None, Some(_), _) => KeyState::Passive,
            (None, None, Some(_)) => KeyState::Active,
            (None, None, None) => KeyState::Next,
        }
    }

    pub(crate) fn view(&self) -> SigningKey {
        let (retired_at, retired_because) = self.retired.clone().unzip();
        SigningKey {
            id: self.id.clone(),
            algorithm: self.algorithm.clone(),
            state: self.state(),
            made_at: self.made_at,
            made_by: self.made_by.clone(),
            activated_at: self.activated_at,
            passive_until: self.passive_until,
            retired_at,
            retired_because,
        }
    }
}
