//! The one secret that a replica is given by file, or makes at its first start. What else has to stay secret is derived
//! from it, or sealed with it, so that neither the control log nor a backup of it gives anything away.

use std::fmt;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf;
use zeroize::Zeroizing;

use super::private_file;
use super::secret::{self, Pepper};
use crate::AuthError;

const BYTES: usize = 32;

/// 256 random bits. All replicas of a fleet have the same.
pub(crate) struct FleetKey(hkdf::Prk);

impl FleetKey {
    /// Reads the file, 64 hexadecimal digits, or makes it when `may_create`: beside a control log that holds something a
    /// missing one is an error, since a new one would silently end every secret.
    pub(crate) fn open(path: &Path, may_create: bool) -> Result<Self, AuthError> {
        if let Some(content) = private_file::read(path)? {
            return Self::parse(&content)
                .ok_or_else(|| AuthError::KeyFileDamaged { path: path.to_owned(), cause: "not 64 hex digits".into() });
        }
        if !may_create {
            return Err(AuthError::FleetKeyMissing { path: path.to_owned() });
        }
        let mut bytes = Zeroizing::new([0; BYTES]);
        secret::random(&mut *bytes)?;
        let text = Zeroizing::new(hex::encode(*bytes) + "\n");
        private_file::create(path, text.as_bytes())?;
        tracing::info!(path = %path.display(), "made a fleet key; keep a copy of it apart from the backups");
        Ok(Self::from_bytes(&*bytes))
    }

    fn parse(content: &[u8]) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        hex::decode_to_slice(content.trim_ascii_end(), &mut *bytes).ok()?;
        Some(Self::from_bytes(&*bytes))
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        Self(hkdf::Salt::new(hkdf::HKDF_SHA256, b"continuity fleet key v1").extract(bytes))
    }

    /// What client secrets are digested with.
    pub(crate) fn pepper(&self) -> Result<Pepper, AuthError> {
        Ok(Pepper::new(&*self.derive("client secrets")?))
    }

    /// What `purpose` is sealed with.
    pub(crate) fn sealing(&self, purpose: &str) -> Result<Sealing, AuthError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &*self.derive(purpose)?);
        key.map(Sealing).map_err(|_| AuthError::Crypto("no sealing key could be made"))
    }

    /// 32 bytes for one purpose; they tell nothing of those for another (RFC 5869).
    pub(crate) fn derive(&self, purpose: &str) -> Result<Zeroizing<[u8; BYTES]>, AuthError> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        let purpose = [purpose.as_bytes()];
        let filled = self.0.expand(&purpose, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut *bytes));
        filled.map_err(|_| AuthError::Crypto("no key could be derived"))?;
        Ok(bytes)
    }
}

impl fmt::Debug for FleetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FleetKey([redacted])")
    }
}

/// Seals with AES-256-GCM: a random nonce, the ciphertext, the tag.
pub(crate) struct Sealing(RandomizedNonceKey);

impl Sealing {
    /// `about` is bound to it: what was sealed about one thing does not open about another.
    pub(crate) fn seal(&self, about: &str, secret: &[u8]) -> Result<Vec<u8>, AuthError> {
        let mut sealed = secret.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(about.as_bytes()), &mut sealed);
        let nonce = nonce.map_err(|_| AuthError::Crypto("nothing could be sealed"))?;
        sealed.splice(0..0, nonce.as_ref().iter().copied());
        Ok(sealed)
    }

    /// `None` when it was sealed with another key, about something else, or was changed.
    pub(crate) fn open(&self, about: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = Zeroizing::new(ciphertext.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(about.as_bytes()), &mut bytes).ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }
}

impl fmt::Debug for Sealing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealing([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_outlives_a_restart_and_is_never_replaced_silently() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fleet-key");
        assert!(matches!(FleetKey::open(&path, false), Err(AuthError::FleetKeyMissing { .. })));
        let before = FleetKey::open(&path, true).unwrap().derive("x").unwrap();
        assert_eq!(before, FleetKey::open(&path, false).unwrap().derive("x").unwrap());
        std::fs::write(&path, "not hex").unwrap();
        assert!(matches!(FleetKey::open(&path, true), Err(AuthError::KeyFileDamaged { .. })));
    }

    #[test]
    fn purposes_have_nothing_in_common() {
        let key = FleetKey::from_bytes(&[7; BYTES]);
        assert_ne!(key.derive("a").unwrap(), key.derive("b").unwrap());
        assert_ne!(key.derive("a").unwrap(), FleetKey::from_bytes(&[8; BYTES]).derive("a").unwrap());
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_about_the_same_thing() {
        let sealing = FleetKey::from_bytes(&[7; BYTES]).sealing("signing keys").unwrap();
        let sealed = sealing.seal("k1", b"secret").unwrap();
        assert_eq!(sealing.open("k1", &sealed).unwrap().as_slice(), b"secret");
        assert!(!sealed.windows(6).any(|bytes| bytes == b"secret"));
        assert_ne!(sealed, sealing.seal("k1", b"secret").unwrap(), "a nonce of its own each time");
        assert_eq!(sealing.open("k2", &sealed), None);
        assert_eq!(FleetKey::from_bytes(&[7; BYTES]).sealing("other").unwrap().open("k1", &sealed), None);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(sealing.open("k1", &changed), None);
        }
        assert_eq!(sealing.open("k1", &sealed[..11]), None);
    }
}
