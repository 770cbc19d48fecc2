//! Who a token speaks for, and why a token is refused.

use std::sync::Arc;

use continuity_base::Timestamp;

use crate::authorization::identity::{Identity, Scopes};
use crate::dpop::ProofFault;
use crate::people::session::CONSOLE;
use crate::{ClientRate, Limits, ScopeSet};

/// The client that a valid token was issued to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The client's id.
    pub client_id: String,
    /// What this token may read.
    pub scopes: ScopeSet,
    /// When the token ends.
    pub expires_at: Timestamp,
    /// The token's `jti`.
    pub token_id: String,
    /// A rate of its own, if the client has one.
    pub rate: Option<ClientRate>,
    /// What it may see of all loans; `None`: all of them.
    pub limits: Option<Arc<Limits>>,
    /// The person that it speaks for; `None`: it speaks for the client itself.
    pub person: Option<Arc<Person>>,
}

/// The person that a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account's id.
    pub account: String,
    pub(crate) scopes: Scopes,
    /// When the person last proved who it is.
    pub proved_at: Timestamp,
    /// Client and account, as records of reads name them.
    pub(crate) reader: String,
}

impl Principal {
    /// Who reads, for the records of it: the client, and the person that it speaks for.
    pub fn reader(&self) -> &str {
        self.person.as_ref().map_or(&self.client_id, |person| &person.reader)
    }
}

impl Principal {
    /// Who acts, for the records of it: the person of that address, and the application in between if there is one.
    pub fn actor(&self, email: &str) -> String {
        if self.client_id == CONSOLE { email.to_owned() } else { format!("{email} through {}", self.client_id) }
    }
}

impl Person {
    /// Whether the token tells who it is (`openid`).
    pub fn may_be_known(&self) -> bool {
        self.scopes.has(Identity::OpenId)
    }
}

/// Why a token is refused: 401 `invalid_token` to the outside (RFC 6750 section 3.1), or `invalid_dpop_proof` where the
/// proof is what is wrong (RFC 9449 section 7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than 8 KiB.
    #[error("the token is too long")]
    TooLong,
    /// Not three canonical base64url parts with a header and claims of the right shape.
    #[error("the token is malformed")]
    Malformed,
    /// The header is not exactly `alg`, `kid` and `typ`.
    #[error("the token's header has a parameter that is not understood")]
    HeaderNotUnderstood,
    /// `typ` is not `at+jwt`.
    #[error("the token is not an access token")]
    WrongType,
    /// No key of that `kid`.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// `alg` is not the key's.
    #[error("the token's algorithm is not its key's")]
    WrongAlgorithm,
    /// The signature does not verify.
    #[error("the token's signature is wrong")]
    BadSignature,
    /// A required claim is absent or of the wrong type.
    #[error("a required claim is absent or of the wrong type")]
    BadClaims,
    /// `iss` is not this server.
    #[error("the token was issued by another server")]
    WrongIssuer,
    /// `aud` is not this API.
    #[error("the token is for another audience")]
    WrongAudience,
    /// Past `exp`.
    #[error("the token expired")]
    Expired,
    /// Before `nbf`, or `iat` lies in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The client may not be used from there.
    #[error("the token's client may not be used from this address")]
    WrongNetwork,
    /// The client does not exist.
    #[error("the token's client is unknown")]
    UnknownClient,
    /// The client is disabled.
    #[error("the token's client is disabled")]
    ClientDisabled,
    /// The account of its person does not exist.
    #[error("the token's account is unknown")]
    UnknownAccount,
    /// The token was revoked, or the client was disabled since it was issued.
    #[error("the token was revoked")]
    Revoked,
    /// The token is bound to a key, and came without the scheme `DPoP`.
    #[error("the token is bound to a key: it is good with the scheme DPoP and a proof")]
    Bound,
    /// The token is bound to no key, and came with the scheme `DPoP`, or its client has to have bound ones.
    #[error("the token is not bound to a key")]
    Unbound,
    /// The proof is signed with another key than the one that the token is bound to.
    #[error("the token is bound to another key")]
    WrongKey,
    /// The proof proves nothing.
    #[error("{0}")]
    BadProof(ProofFault),
}

impl TokenError {
    /// Every one.
    pub(crate) const ALL: [Self; 23] = [
        Self::TooLong,
        Self::Malformed,
        Self::HeaderNotUnderstood,
        Self::WrongType,
        Self::UnknownKey,
        Self::WrongAlgorithm,
        Self::BadSignature,
        Self::BadClaims,
        Self::WrongIssuer,
        Self::WrongAudience,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongNetwork,
        Self::UnknownClient,
        Self::ClientDisabled,
        Self::UnknownAccount,
        Self::Revoked,
        Self::Bound,
        Self::Unbound,
        Self::WrongKey,
        // One of each label.
        Self::BadProof(ProofFault::Malformed),
        Self::BadProof(ProofFault::Used),
        Self::BadProof(ProofFault::TooMany),
    ];

    /// The label of the metric, kebab-case.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::Malformed => "malformed",
            Self::HeaderNotUnderstood => "header-not-understood",
            Self::WrongType => "wrong-type",
            Self::UnknownKey => "unknown-key",
            Self::WrongAlgorithm => "wrong-algorithm",
            Self::BadSignature => "bad-signature",
            Self::BadClaims => "bad-claims",
            Self::WrongIssuer => "wrong-issuer",
            Self::WrongAudience => "wrong-audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::WrongNetwork => "wrong-network",
            Self::UnknownClient => "unknown-client",
            Self::ClientDisabled => "client-disabled",
            Self::UnknownAccount => "unknown-account",
            Self::Revoked => "revoked",
            Self::Bound => "bound",
            Self::Unbound => "unbound",
            Self::WrongKey => "wrong-key",
            Self::BadProof(fault) => fault.reason(),
        }
    }

    /// The `error_description` for the outside: says of a token no more than expired, invalid or bound.
    pub const fn public_description(self) -> &'static str {
        match self {
            Self::Expired => "The access token expired",
            Self::Bound => "The access token is bound to a key: send it with the scheme DPoP and a proof",
            Self::WrongKey => "The access token is bound to another key than that of the DPoP proof",
            Self::BadProof(fault) => fault.description(),
            _ => "The access token is invalid",
        }
    }
}
