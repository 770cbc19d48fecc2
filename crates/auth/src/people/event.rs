//! What is recorded of people. Names and texts, so that records outlive any numbering; nothing that signs anybody in can
//! be read from them: digests are keyed with, and secrets sealed under, the fleet key.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::account::AccountSettings;
use super::role::Role;
use crate::Scope;
use crate::keys::secret::SecretDigest;

/// What happened to an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum AccountEvent {
    Created(AccountStored),
    Changed(AccountStored),
    Enabled,
    /// Ends its sessions, and what it let applications do.
    Disabled,
    /// The account is gone for good; its id is never used again.
    Deleted,
    /// A one-time link that sets the password; the one before is no good any more.
    LinkMade {
        digest: SecretDigest,
        /// In microseconds since 1970.
        until: i64,
    },
    PasswordSet(PasswordSet),
    /// The secret of an authenticator app, sealed.
    TotpSet {
        sealed: Vec<u8>,
    },
    TotpRemoved,
    PasskeyAdded {
        id: String,
        name: String,
        /// The public half and what else is known of it, as JSON.
        credential: String,
    },
    PasskeyRemoved {
        id: String,
    },
    /// The ones before are no good any more.
    RecoveryCodesMade {
        digests: Vec<SecretDigest>,
    },
    /// Sign-ins of this account that failed since the last such record.
    SignInsFailed {
        count: u32,
    },
    /// Authenticator app, passkeys and recovery codes are gone, and sessions with them.
    FactorsReset,
    /// Whoever has that subject at that provider signs in as this account.
    Linked {
        issuer: String,
        subject: String,
    },
    /// Nobody does any more; sessions end.
    Unlinked,
    /// Created for somebody who came from a provider.
    CreatedLinked {
        stored: AccountStored,
        issuer: String,
        subject: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccountStored {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Vec<String>,
    /// Empty: all; so are the next ones.
    pub(crate) teams: Vec<String>,
    pub(crate) channel_kinds: Vec<String>,
}

impl From<AccountSettings> for AccountStored {
    fn from(settings: AccountSettings) -> Self {
        Self {
            email: settings.email,
            name: settings.name,
            roles: settings.roles.iter().map(|role| role.name().to_owned()).collect(),
            scopes: settings.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            teams: settings.teams,
            channel_kinds: settings.channel_kinds,
        }
    }
}

/// Names that this version does not know grant nothing.
impl From<&AccountStored> for AccountSettings {
    fn from(stored: &AccountStored) -> Self {
        Self {
            email: stored.email.clone(),
            name: stored.name.clone(),
            roles: stored.roles.iter().filter_map(|name| Role::parse(name)).collect(),
            scopes: stored.scopes.iter().filter_map(|name| Scope::parse(name)).collect(),
            teams: stored.teams.clone(),
            channel_kinds: stored.channel_kinds.clone(),
        }
    }
}

impl AccountStored {
    fn describe(&self) -> String {
        let mut said = vec![
            format!("{} {:?}", self.email, self.name),
            format!("roles {}", self.roles.join(" ")),
            format!("scopes {}", self.scopes.join(" ")),
        ];
        said.extend((!self.teams.is_empty()).then(|| format!("teams {:?}", self.teams)));
        said.extend((!self.channel_kinds.is_empty()).then(|| format!("channels {}", self.channel_kinds.join(" "))));
        said.join(", ")
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PasswordSet {
    pub(crate) hash: PasswordHash,
    /// Somebody else knows it: it is good for one sign-in, at which it has to be changed.
    pub(crate) temporary: bool,
    /// The session that goes on; all others of the account end. What the account let applications do goes on with it.
    pub(crate) keeps: Option<String>,
}

/// Argon2id in PHC form, keyed with a key that follows from the fleet key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasswordHash(pub(crate) String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

/// What happened to a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum SessionEvent {
    Started(SessionStarted),
    Ended {
        id: String,
        account: String,
        /// As in its start: where its row is.
        until: i64,
        why: String,
    },
    /// Its person proved once more who it is.
    Proved(SessionProved),
    /// It began with the word of the bank's provider.
    StartedElsewhere {
        started: SessionStarted,
        /// When its person proved it there, in microseconds since 1970; 0 where the provider does not say.
        proved_at: i64,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SessionProved {
    pub(crate) id: String,
    pub(crate) account: String,
    /// As in its start: where its row is.
    pub(crate) until: i64,
    /// As in [`SessionStarted::methods`].
    pub(crate) method: String,
    pub(crate) used: Used,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SessionStarted {
    pub(crate) id: String,
    pub(crate) account: String,
    /// The account's generation; it ends with that.
    pub(crate) generation: u32,
    pub(crate) digest: SecretDigest,
    /// How its person proved who it is (RFC 8176): pwd, otp, hwk, ...
    pub(crate) methods: Vec<String>,
    /// What the browser calls itself.
    pub(crate) agent: String,
    /// When it ends at the latest, in microseconds since 1970.
    pub(crate) until: i64,
    /// What was used up or changed by it.
    pub(crate) used: Used,
}

/// What a sign-in uses up, so that nothing proves anything twice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Used {
    #[default]
    Nothing,
    /// The step of a code (RFC 6238): no code of it or one before is accepted again.
    TotpStep(u64),
    RecoveryCode(SecretDigest),
    /// The passkey as it is now, with its counter.
    Passkey {
        id: String,
        credential: String,
    },
}

impl AccountEvent {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Created(_) => "AccountCreated",
            Self::Changed(_) => "AccountChanged",
            Self::Enabled => "AccountEnabled",
            Self::Disabled => "AccountDisabled",
            Self::Deleted => "AccountDeleted",
            Self::LinkMade { .. } => "AccountLinkMade",
            Self::PasswordSet(_) => "PasswordSet",
            Self::TotpSet { .. } => "TotpSet",
            Self::TotpRemoved => "TotpRemoved",
            Self::PasskeyAdded { .. } => "PasskeyAdded",
            Self::PasskeyRemoved { .. } => "PasskeyRemoved",
            Self::RecoveryCodesMade { .. } => "RecoveryCodesMade",
            Self::SignInsFailed { .. } => "SignInsFailed",
            Self::FactorsReset => "FactorsReset",
            Self::Linked { .. } => "AccountLinked",
            Self::Unlinked => "AccountUnlinked",
            Self::CreatedLinked { .. } => "AccountCreatedLinked",
        }
    }

    /// What somebody who reads the control log has to see of it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Created(stored) | Self::Changed(stored) => stored.describe(),
            Self::PasswordSet(PasswordSet { temporary: true, .. }) => "for one sign-in".to_owned(),
            Self::PasskeyAdded { name, .. } => format!("{name:?}"),
            Self::PasskeyRemoved { id } => id.clone(),
            Self::RecoveryCodesMade { digests } => format!("{} codes", digests.len()),
            Self::SignInsFailed { count } => format!("{count} times"),
            Self::Linked { issuer, subject } => format!("subject {subject:?} of {issuer}"),
            Self::CreatedLinked { stored, issuer, subject } => {
                format!("{}, subject {subject:?} of {issuer}", stored.describe())
            }
            _ => String::new(),
        }
    }
}

impl SessionEvent {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Started(_) | Self::StartedElsewhere { .. } => "SignedIn",
            Self::Ended { .. } => "SignedOut",
            Self::Proved(_) => "Proved",
        }
    }

    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Started(started) | Self::StartedElsewhere { started, .. } => {
                format!("session {} by {}", started.id, started.methods.join(" "))
            }
            Self::Ended { id, why, .. } => format!("session {id}: {why}"),
            Self::Proved(proved) => format!("session {} by {}", proved.id, proved.method),
        }
    }
}
