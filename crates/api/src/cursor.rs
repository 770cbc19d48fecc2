//! Cursors: sealed, so that clients read nothing out of them, and only what this replica gave out is taken back.
//!
//! A page that is cut goes on after the last row that was looked at, which may be of a loan that the client may not see.
//!
//! Bytes, before base64url: format (1), binding to the query (16), the log position it was issued at (8) and the row key to
//! go on after, both encrypted, and a keyed BLAKE3 tag over all of it as it was before (16). The key stream is made from the
//! tag (as in RFC 5297: equal cursors are equal texts, and no two different ones have a stream in common).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::problem::{BAD_CURSOR, CURSOR_MISMATCH, Problem};

const FORMAT: u8 = 2;
const BINDING: usize = 16;
const TAG: usize = 16;
const OPEN: usize = 1 + BINDING;
const HEAD: usize = OPEN + 8;

/// What a cursor belongs to: endpoint, path, sort, direction and filters, but not the page size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Binding([u8; BINDING]);

impl Binding {
    /// `parts` are told apart by their lengths, so no two lists of parts look alike.
    pub(crate) fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let mut binding = [0; BINDING];
        binding.copy_from_slice(&hasher.finalize().as_bytes()[..BINDING]);
        Self(binding)
    }
}

/// Makes and checks cursors.
#[derive(Clone)]
pub(crate) struct CursorSeal {
    key: [u8; 32],
    /// For what is encrypted.
    secret: [u8; 32],
}

impl CursorSeal {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key, secret: blake3::derive_key("continuity 2026-11 contents of cursors", &key) }
    }

    /// The text that lets a client go on after `row`.
    pub(crate) fn seal(&self, binding: Binding, position: u64, row: &[u8]) -> String {
        let mut bytes = Vec::with_capacity(HEAD + row.len() + TAG);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&binding.0);
        bytes.extend_from_slice(&position.to_be_bytes());
        bytes.extend_from_slice(row);
        let tag = self.tag(&bytes);
        self.crypt(&tag, &mut bytes[OPEN..]);
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The row key inside a cursor that this replica made for this query.
    pub(crate) fn open(&self, binding: Binding, cursor: &str) -> Result<Vec<u8>, Problem> {
        let bad = || Problem::new(&BAD_CURSOR, "`cursor` must be the nextCursor of an earlier answer, unchanged.");
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad())?;
        if bytes.len() < HEAD + TAG || bytes[0] != FORMAT {
            return Err(bad());
        }
        let tag = bytes.split_off(bytes.len() - TAG);
        self.crypt(&tag, &mut bytes[OPEN..]);
        // Compared as blake3 hashes, which is in constant time.
        let mut padded = [0; 32];
        padded[..TAG].copy_from_slice(&tag);
        let mut expected = [0; 32];
        expected[..TAG].copy_from_slice(&self.tag(&bytes));
        if blake3::Hash::from_bytes(padded) != blake3::Hash::from_bytes(expected) {
            return Err(bad());
        }
        if bytes[1..=BINDING] != binding.0 {
            let detail =
                "`cursor` was given for another path, filter or order: repeat that query, or start without it.";
            return Err(Problem::new(&CURSOR_MISMATCH, detail));
        }
        Ok(bytes.split_off(HEAD))
    }

    /// Encrypts, or decrypts.
    fn crypt(&self, tag: &[u8], bytes: &mut [u8]) {
        let mut stream = blake3::Hasher::new_keyed(&self.secret).update(tag).finalize_xof();
        for block in bytes.chunks_mut(64) {
            let mut keys = [0; 64];
            stream.fill(&mut keys);
            block.iter_mut().zip(keys).for_each(|(byte, key)| *byte ^= key);
        }
    }

    fn tag(&self, bytes: &[u8]) -> [u8; TAG] {
        let mut tag = [0; TAG];
        tag.copy_from_slice(&blake3::keyed_hash(&self.key, bytes).as_bytes()[..TAG]);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal() -> CursorSeal {
        CursorSeal::new([7; 32])
    }

    #[test]
    fn what_was_sealed_opens() {
        let binding = Binding::of(["list", "createdAt"]);
        for row in [&b""[..], b"key", &[0, 255, 0], &[7; 500]] {
            let cursor = seal().seal(binding, 9, row);
            assert_eq!(seal().open(binding, &cursor).unwrap(), row);
            assert!(cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        }
    }

    #[test]
    fn nothing_is_read_out_of_it() {
        let binding = Binding::of(["list"]);
        let bytes = |row: &[u8]| URL_SAFE_NO_PAD.decode(seal().seal(binding, 0x0101_0101_0101, row)).unwrap();
        let sealed = bytes(b"a loan of another team");
        for part in [&b"loan"[..], b"team", &[1, 1, 1, 1]] {
            assert!(!sealed.windows(part.len()).any(|window| window == part), "{part:?}");
        }
        assert_eq!(sealed, bytes(b"a loan of another team"), "the same place is the same cursor");
        let other = bytes(b"A loan of another team");
        let equal = sealed[HEAD..].iter().zip(&other[HEAD..]).filter(|(a, b)| a == b).count();
        assert!(equal < 6, "two cursors have no key stream in common");
    }

    #[test]
    fn another_query_is_a_mismatch() {
        let cursor = seal().seal(Binding::of(["list", "createdAt"]), 9, b"key");
        for other in [vec!["list", "updatedAt"], vec!["listcreatedAt"], vec!["list", "createdAt", ""]] {
            assert_eq!(seal().open(Binding::of(other), &cursor).unwrap_err().kind, &CURSOR_MISMATCH);
        }
    }

    #[test]
    fn every_changed_bit_is_found() {
        let binding = Binding::of(["list"]);
        let bytes = URL_SAFE_NO_PAD.decode(seal().seal(binding, 9, b"key")).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let problem = seal().open(binding, &URL_SAFE_NO_PAD.encode(changed)).unwrap_err();
            assert_eq!(problem.kind, &BAD_CURSOR, "bit {bit}");
        }
    }

    #[test]
    fn rubbish_and_foreign_cursors_are_refused() {
        let binding = Binding::of(["list"]);
        let foreign = CursorSeal::new([8; 32]).seal(binding, 9, b"key");
        for cursor in ["", "x", "!!!", "AAAA", "null", foreign.as_str()] {
            assert_eq!(seal().open(binding, cursor).unwrap_err().kind, &BAD_CURSOR, "{cursor}");
        }
    }
}
