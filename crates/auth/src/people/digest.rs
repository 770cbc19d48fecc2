//! Digests of passwords by Argon2id (RFC 9106), all of them in one piece of memory.
//!
//! A digest fills 19 MiB. Fresh from the operating system that is 4,864 page faults, each of them under a lock of the whole
//! process, for which its other threads wait: readers of the API would notice every sign-in.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use parking_lot::Mutex;
use zeroize::Zeroizing;

use super::event::PasswordHash;
use crate::AuthError;
use crate::keys::secret;

/// Memory in KiB, passes, lanes: one of the settings that OWASP lists.
const COST: (u32, u32, u32) = (19 * 1_024, 2, 1);
/// Longer digests are read, too: as many bytes as the format has room for.
const MAX_BYTES: usize = Output::MAX_LENGTH;

/// Makes and checks digests that are keyed with one key, one at a time.
pub(super) struct Digests {
    key: Zeroizing<[u8; 32]>,
    /// Kept from one digest to the next, and wiped between them.
    memory: Mutex<Vec<Block>>,
}

impl Digests {
    pub(super) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self { key, memory: Mutex::default() }
    }

    /// The digest of a password in the PHC string format, with a salt of its own. Blocks for some 30 ms.
    pub(super) fn hash(&self, password: &[u8]) -> Result<PasswordHash, AuthError> {
        let mut salt = [0; Salt::RECOMMENDED_LENGTH];
        secret::random(&mut salt)?;
        let (memory, passes, lanes) = COST;
        let params = Params::new(memory, passes, lanes, None).map_err(unmade)?;
        let text = ParamsString::try_from(&params).map_err(unmade)?;
        let (algorithm, version) = (Algorithm::Argon2id, Version::V0x13);
        let output = self.fill(password, &salt, algorithm, version, params, Params::DEFAULT_OUTPUT_LEN)?;
        let phc = Phc {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: text,
            salt: Some(Salt::new(&salt).map_err(unmade)?),
            hash: Some(output),
        };
        Ok(PasswordHash(phc.to_string()))
    }

    /// Whether this is the digest of that password. Blocks for some 30 ms.
    pub(super) fn proves(&self, hash: &PasswordHash, password: &[u8]) -> Result<bool, AuthError> {
        let phc = Phc::new(&hash.0).map_err(unread)?;
        let (Some(salt), Some(output)) = (&phc.salt, &phc.hash) else { return Err(unread("it has no salt")) };
        let algorithm = Algorithm::try_from(phc.algorithm.as_str()).map_err(unread)?;
        let version = phc.version.map(Version::try_from).transpose().map_err(unread)?.unwrap_or_default();
        let params = Params::try_from(&phc).map_err(unread)?;
        // Outputs are compared in constant time.
        Ok(self.fill(password, salt, algorithm, version, params, output.len())? == *output)
    }

    fn fill(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Algorithm,
        version: Version,
        params: Params,
        length: usize,
    ) -> Result<Output, AuthError> {
        let blocks = params.block_count();
        let argon2 = Argon2::new_with_secret(&*self.key, algorithm, version, params).map_err(unmade)?;
        let mut output = Zeroizing::new([0; MAX_BYTES]);
        let mut memory = self.memory.lock();
        if memory.len() < blocks {
            memory.resize(blocks, Block::new());
        }
        let filled =
            argon2.hash_password_into_with_memory(password, salt, &mut output[..length], &mut memory[..blocks]);
        memory.fill(Block::new());
        filled.map_err(unmade)?;
        Output::new(&output[..length]).map_err(unmade)
    }
}

fn unmade<E>(_: E) -> AuthError {
    AuthError::Crypto("Argon2 made no digest")
}

fn unread<E>(_: E) -> AuthError {
    AuthError::ControlLog("a password's digest cannot be read".into())
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    fn digests(key: u8) -> Digests {
        Digests::new(Zeroizing::new([key; 32]))
    }

    #[test]
    fn a_digest_is_of_one_password_under_one_key() {
        let (one, other) = (digests(1), digests(2));
        let hash = one.hash(b"correct horse battery").unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert!(one.proves(&hash, b"correct horse battery").unwrap());
        assert!(!one.proves(&hash, b"correct horse batterz").unwrap());
        assert!(!other.proves(&hash, b"correct horse battery").unwrap(), "the log alone is of no use");
        assert_ne!(hash, one.hash(b"correct horse battery").unwrap(), "a salt of its own each time");
    }

    #[test]
    fn the_memory_is_kept_and_wiped() {
        let digests = digests(1);
        let hash = digests.hash(b"correct horse battery").unwrap();
        let place = digests.memory.lock().as_ptr();
        digests.proves(&hash, b"correct horse battery").unwrap();
        let memory = digests.memory.lock();
        assert_eq!((memory.as_ptr(), memory.len()), (place, 19 * 1_024));
        assert!(memory.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
    }

    #[test]
    fn digests_are_those_of_the_library_at_other_costs_too() {
        let (key, digests) = ([1; 32], digests(1));
        for (memory, passes, lanes, length) in [(64, 1, 1, None), (21 * 1_024, 1, 2, Some(64)), (100, 3, 1, Some(16))] {
            let params = Params::new(memory, passes, lanes, length).unwrap();
            let library = Argon2::new_with_secret(&key, Algorithm::Argon2id, Version::V0x13, params).unwrap();
            let theirs = library.hash_password_with_salt(b"a password", b"salt and pepper").unwrap();
            let theirs = PasswordHash(theirs.to_string());
            assert!(digests.proves(&theirs, b"a password").unwrap(), "{}", theirs.0);
            assert!(!digests.proves(&theirs, b"A password").unwrap());
            let ours = digests.hash(b"another").unwrap();
            assert!(library.verify_password(b"another", &Phc::new(&ours.0).unwrap()).is_ok());
        }
    }

    #[test]
    fn what_is_no_digest_is_said_to_be_none() {
        let whole = digests(1).hash(b"a password").unwrap().0;
        let without_output = whole.rsplit_once('$').unwrap().0;
        for broken in
            ["", "no digest", without_output, &whole.replace("argon2id", "scrypt"), &whole.replace("t=2", "t=0")]
        {
            let error = digests(1).proves(&PasswordHash(broken.to_owned()), b"a password").unwrap_err();
            assert!(matches!(error, AuthError::ControlLog(_)), "{broken}: {error}");
        }
    }
}
