//! What is wrong with a proof.

/// Why a DPoP proof proves nothing (RFC 9449 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.description())]
pub enum ProofFault {
    /// There is none, or there are several.
    Missing,
    /// It is no JWT, or too long.
    Malformed,
    /// The header is not exactly `typ`, `alg` and a public `jwk`.
    WrongHeader,
    /// `typ` is not `dpop+jwt`.
    WrongType,
    /// `alg` is none that is taken, or not one of the key's.
    WrongAlgorithm,
    /// The key is too weak, or no key.
    UnusableKey,
    /// The signature is not the key's.
    BadSignature,
    /// A claim is absent, of the wrong type, or too long.
    BadClaims,
    /// `htm` is another method.
    WrongMethod,
    /// `htu` is another URL.
    WrongUrl,
    /// `iat` is not now.
    NotFresh,
    /// `ath` is not the digest of the token.
    WrongToken,
    /// It was used before.
    Used,
    /// Its client used too many in a minute.
    TooMany,
}

impl ProofFault {
    /// The `error_description`: for developers; fixed ASCII text that repeats nothing of the proof.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Missing => "Send exactly one DPoP header with a proof",
            Self::Malformed => "The DPoP proof is no signed JWT, or longer than 8 KiB",
            Self::WrongHeader => "The header of the DPoP proof has to be typ, alg and jwk, with a public key",
            Self::WrongType => "The typ of the DPoP proof has to be dpop+jwt",
            Self::WrongAlgorithm => "The alg of the DPoP proof has to be RS256, PS256, ES256 or EdDSA, and fit its key",
            Self::UnusableKey => "The jwk of the DPoP proof has to be RSA of 2048 bits or more, P-256 or Ed25519",
            Self::BadSignature => "The DPoP proof is not signed with the key that it names",
            Self::BadClaims => "The DPoP proof needs jti (1 to 256 bytes), htm, htu and iat, and ath beside a token",
            Self::WrongMethod => "The htm of the DPoP proof is not the method of the request",
            Self::WrongUrl => "The htu of the DPoP proof is not the public URL of the request",
            Self::NotFresh => "The DPoP proof was not made just now: make one for each request, and set the clock",
            Self::WrongToken => "The ath of the DPoP proof is not the SHA-256 of the access token",
            Self::Used => "The DPoP proof was used before: make one for each request",
            Self::TooMany => "Too many DPoP proofs were used in a minute: come back later",
        }
    }

    /// The label of the metric.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Used => "proof-used",
            Self::TooMany => "too-many-proofs",
            _ => "bad-proof",
        }
    }
}
