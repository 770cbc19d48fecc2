//! Client secrets: made here, shown once, kept only as a keyed digest.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::AuthError;

/// Leads every secret, so that scanners find one that was committed or pasted somewhere.
const PREFIX: &str = "cs_";
/// Separates this use of the pepper from any later one.
const DOMAIN: &[u8] = b"continuity client secret v1\0";

/// HMAC-SHA-256 of a client's secret, keyed with the pepper. Of no use without the pepper.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct SecretDigest([u8; 32]);

impl SecretDigest {
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// As text that tells nothing of the secret.
    pub(crate) fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Takes the same time wherever the difference is.
    pub(crate) fn matches(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest([redacted])")
    }
}

/// A new secret of 256 random bits.
pub(crate) fn generate() -> Result<Zeroizing<String>, AuthError> {
    let mut bytes = Zeroizing::new([0; 32]);
    random(&mut *bytes)?;
    let mut secret = Zeroizing::new(String::with_capacity(PREFIX.len() + 43));
    secret.push_str(PREFIX);
    URL_SAFE_NO_PAD.encode_string(*bytes, &mut secret);
    Ok(secret)
}

/// Random bytes for names: client ids and token ids.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), AuthError> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| AuthError::Crypto("the operating system gives no random numbers"))
}

/// The key that secrets are digested with. It follows from the fleet key, so that the control log alone gives nothing away.
pub(crate) struct Pepper(hmac::Key);

impl Pepper {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The digest binds the secret to its client.
    pub(crate) fn digest(&self, client_id: &str, secret: &str) -> SecretDigest {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(DOMAIN);
        context.update(&(client_id.len() as u64).to_be_bytes());
        context.update(client_id.as_bytes());
        context.update(secret.as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.sign().as_ref());
        SecretDigest(digest)
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pepper([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &SecretDigest, b: &SecretDigest) -> bool {
        bool::from(a.matches(b))
    }

    #[test]
    fn secrets_are_long_distinct_and_safe_in_http_basic() {
        let (a, b) = (generate().unwrap(), generate().unwrap());
        assert_ne!(*a, *b);
        assert_eq!(a.len(), 46);
        assert!(a.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
    }

    #[test]
    fn a_digest_depends_on_pepper_client_and_secret() {
        let (pepper, other) = (Pepper::new(b"a"), Pepper::new(b"b"));
        let digest = pepper.digest("one", "secret");
        assert!(same(&digest, &pepper.digest("one", "secret")));
        for different in [pepper.digest("two", "secret"), pepper.digest("ones", "ecret"), other.digest("one", "secret")]
        {
            assert!(!same(&digest, &different));
        }
    }

    #[test]
    fn debug_shows_neither_pepper_nor_digest() {
        let pepper = Pepper::new(b"a");
        assert_eq!(format!("{pepper:?} {:?}", pepper.digest("a", "b")), "Pepper([redacted]) SecretDigest([redacted])");
    }
}
