//! Order-preserving composite keys.
//!
//! Text and bytes are escaped so that a shorter one sorts before every longer one that it begins, whatever follows:
//! 0x00 ends a part, 0x00 inside is 0x01 0x01, 0x01 inside is 0x01 0x02. Numbers are big-endian.

use std::borrow::Cow;

/// Builds a key part by part. A prefix of the parts gives a prefix of the bytes.
#[derive(Clone, Debug, Default)]
pub struct Key(Vec<u8>);

impl Key {
    /// A key without parts.
    pub fn new() -> Self {
        Self(Vec::with_capacity(48))
    }

    /// Appends a text, sorted by its UTF-8 bytes.
    #[must_use]
    pub fn text(self, part: &str) -> Self {
        self.bytes(part.as_bytes())
    }

    /// Appends bytes, sorted as bytes.
    #[must_use]
    pub fn bytes(mut self, part: &[u8]) -> Self {
        self.0.reserve(part.len() + 1);
        let mut rest = part;
        while let Some(special) = rest.iter().position(|&byte| byte <= 1) {
            self.0.extend_from_slice(&rest[..special]);
            self.0.extend_from_slice(&[1, rest[special] + 1]);
            rest = &rest[special + 1..];
        }
        self.0.extend_from_slice(rest);
        self.0.push(0);
        self
    }

    /// Appends a number of eight bytes, sorted by its value.
    #[must_use]
    pub fn u64(mut self, part: u64) -> Self {
        self.0.extend_from_slice(&part.to_be_bytes());
        self
    }

    /// Appends one byte.
    #[must_use]
    pub fn u8(mut self, part: u8) -> Self {
        self.0.push(part);
        self
    }

    /// The bytes.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// The least key greater than every key that begins with `prefix`; `None` when there is none.
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let end = prefix.iter().rposition(|&byte| byte != u8::MAX)?;
    let mut after = prefix[..=end].to_vec();
    after[end] += 1;
    Some(after)
}

/// Reads the parts of a [`Key`] back, in order; `None` when the bytes are not such a part.
#[derive(Clone, Copy, Debug)]
pub struct KeyReader<'a>(&'a [u8]);

impl<'a> KeyReader<'a> {
    /// Reads from the first part.
    pub fn new(key: &'a [u8]) -> Self {
        Self(key)
    }

    /// The next part, a text.
    pub fn text(&mut self) -> Option<Cow<'a, str>> {
        match self.bytes()? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        }
    }

    /// The next part, bytes.
    pub fn bytes(&mut self) -> Option<Cow<'a, [u8]>> {
        let end = self.0.iter().position(|&byte| byte == 0)?;
        let (part, rest) = (&self.0[..end], &self.0[end + 1..]);
        self.0 = rest;
        if !part.contains(&1) {
            return Some(Cow::Borrowed(part));
        }
        let mut plain = Vec::with_capacity(part.len());
        let mut bytes = part.iter();
        while let Some(&byte) = bytes.next() {
            plain.push(if byte == 1 { bytes.next()?.checked_sub(1)? } else { byte });
        }
        Some(Cow::Owned(plain))
    }

    /// The next part, a number of eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        let (part, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*part))
    }

    /// The next part, one byte.
    pub fn u8(&mut self) -> Option<u8> {
        let (part, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*part)
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_prefix_of_the_parts_is_a_prefix_of_the_bytes() {
        let loan = Key::new().text("lr\u{0}1").finish();
        let row = Key::new().text("lr\u{0}1").u64(7).text("x").finish();
        assert!(row.starts_with(&loan));
        assert!(!Key::new().text("lr\u{0}12").finish().starts_with(&loan));
    }

    #[test]
    fn the_end_of_a_prefix_is_just_beyond_it() {
        assert_eq!(prefix_end(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(prefix_end(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(prefix_end(&[255]), None);
        assert_eq!(prefix_end(&[]), None);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(KeyReader::new(b"abc").text(), None);
        assert_eq!(KeyReader::new(&[1, 0]).bytes(), None);
        assert_eq!(KeyReader::new(&[0xff, 0]).text(), None);
        assert_eq!(KeyReader::new(&[1, 2, 3]).u64(), None);
        assert_eq!(KeyReader::new(&[]).u8(), None);
    }

    type Parts = (Vec<u8>, u64, String, u8);

    fn key(parts: &Parts) -> Vec<u8> {
        Key::new().bytes(&parts.0).u64(parts.1).text(&parts.2).u8(parts.3).finish()
    }

    fn parts() -> impl Strategy<Value = Parts> {
        let small = proptest::collection::vec(prop_oneof![Just(0), Just(1), Just(2), any::<u8>()], 0..4);
        (small, 0..3_u64, "[\u{0}\u{1}ab]{0,3}", 0..3_u8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn keys_sort_as_their_parts_and_read_back(a in parts(), b in parts()) {
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
            let bytes = key(&a);
            let mut reader = KeyReader::new(&bytes);
            prop_assert_eq!(reader.bytes().unwrap().into_owned(), a.0);
            prop_assert_eq!(reader.u64(), Some(a.1));
            prop_assert_eq!(reader.text().unwrap().into_owned(), a.2);
            prop_assert_eq!(reader.u8(), Some(a.3));
            prop_assert!(reader.rest().is_empty());
        }
    }
}
