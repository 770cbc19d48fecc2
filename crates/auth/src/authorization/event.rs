//! What is recorded of what people let applications do.

use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum GrantEvent {
    /// A person let an application have these scopes, and those that were agreed to before.
    Consented {
        account: String,
        client: String,
        scopes: Vec<String>,
    },
    /// No longer: what the application had ends.
    Withdrawn {
        account: String,
        client: String,
    },
    /// An application came with a code.
    Started(GrantStarted),
    /// It came with a refresh token; the next one has this number.
    Refreshed {
        account: String,
        id: String,
        number: u32,
    },
    Ended {
        account: String,
        id: String,
        why: String,
    },
    /// Its refresh tokens are good with proofs of a key alone: that of this thumbprint (RFC 9449 section 5).
    Bound {
        account: String,
        id: String,
        key: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GrantStarted {
    pub(crate) id: String,
    pub(crate) account: String,
    /// The account's generation; the grant ends with it.
    pub(crate) account_generation: u32,
    pub(crate) client: String,
    /// The client's generation; the grant ends with it.
    pub(crate) client_generation: u32,
    /// The session that it ends with; `None`: it outlives that (`offline_access`).
    pub(crate) session: Option<String>,
    pub(crate) scopes: String,
    /// How the person proved who it is, and when, in seconds since 1970.
    pub(crate) methods: Vec<String>,
    pub(crate) authenticated_at: i64,
    /// Whether there are refresh tokens.
    pub(crate) refreshes: bool,
    /// When it ends at the latest, in microseconds since 1970.
    pub(crate) until: i64,
}

impl GrantEvent {
    pub(crate) fn account(&self) -> &str {
        match self {
            Self::Consented { account, .. }
            | Self::Withdrawn { account, .. }
            | Self::Refreshed { account, .. }
            | Self::Ended { account, .. }
            | Self::Bound { account, .. } => account,
            Self::Started(started) => &started.account,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Consented { .. } => "Consented",
            Self::Withdrawn { .. } => "ConsentWithdrawn",
            Self::Started(_) => "GrantStarted",
            Self::Refreshed { .. } => "GrantRefreshed",
            Self::Ended { .. } => "GrantEnded",
            Self::Bound { .. } => "GrantBound",
        }
    }

    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Consented { client, scopes, .. } => format!("{client} may have {}", scopes.join(" ")),
            Self::Withdrawn { client, .. } => format!("from {client}"),
            Self::Started(started) => format!("{} to {}: {}", started.id, started.client, started.scopes),
            Self::Refreshed { id, number, .. } => format!("{id}: refresh token {number}"),
            Self::Ended { id, why, .. } => format!("{id}: {why}"),
            Self::Bound { id, .. } => format!("{id}: refresh tokens with proofs of a key alone"),
        }
    }
}
