//! Splits a stream of bytes into lines, with bounded memory.

use std::io::{self, BufRead, Read};

use sha2::{Digest, Sha256};

use crate::source::Raw;

/// Bytes kept of a line that is over the limit.
pub(super) const KEPT_BYTES: usize = 64 << 10;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Collects one line at a time; a line may come in any number of pieces, with ends of file between them.
#[derive(Debug)]
pub(super) struct Lines {
    max: usize,
    line: Vec<u8>,
    over: Option<Over>,
    /// Bytes taken from the stream since its beginning.
    pub(super) consumed: u64,
    /// Bytes up to the end of the last line that was given.
    pub(super) offset: u64,
}

/// A line over the limit: what is known of it.
#[derive(Debug)]
struct Over {
    prefix: Vec<u8>,
    length: u64,
    hasher: Sha256,
}

impl Over {
    fn absorb(&mut self, piece: &[u8]) {
        let room = KEPT_BYTES.saturating_sub(self.prefix.len());
        self.prefix.extend_from_slice(&piece[..room.min(piece.len())]);
        self.length += piece.len() as u64;
        self.hasher.update(piece);
    }
}

impl Lines {
    /// Lines of a stream that begins at `offset`.
    pub(super) fn new(max: usize, offset: u64) -> Self {
        Self { max, line: Vec::new(), over: None, consumed: offset, offset }
    }

    /// The next terminated line that is not blank; `None` when the stream gives no more for now.
    pub(super) fn next(&mut self, input: &mut dyn BufRead) -> io::Result<Option<Raw>> {
        loop {
            let room = (self.max + 2).saturating_sub(self.line.len()).max(1) as u64;
            let room = if self.over.is_some() { KEPT_BYTES as u64 } else { room };
            let before = self.line.len();
            let read = (&mut *input).take(room).read_until(b'\n', &mut self.line);
            self.consumed += (self.line.len() - before) as u64;
            if read? == 0 {
                return Ok(None);
            }
            let ended = self.line.last() == Some(&b'\n');
            if ended {
                self.line.pop();
            }
            if self.over.is_some() || self.line.len() > self.max + 1 || (ended && self.text().len() > self.max) {
                self.digest();
            }
            if ended && let Some(line) = self.take() {
                return Ok(Some(line));
            }
        }
    }

    /// The unterminated rest as a line, when nothing more can come.
    pub(super) fn finish(&mut self) -> Option<Raw> {
        self.take()
    }

    /// Whether a line has begun and not ended.
    pub(super) fn is_torn(&self) -> bool {
        self.consumed > self.offset
    }

    fn take(&mut self) -> Option<Raw> {
        let first = self.offset == 0;
        self.offset = self.consumed;
        if let Some(over) = self.over.take() {
            return Some(Raw::Oversize {
                prefix: over.prefix,
                length: over.length,
                sha256: over.hasher.finalize().into(),
            });
        }
        let mut line = std::mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        if first && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        (!line.trim_ascii().is_empty()).then_some(Raw::Structured(line))
    }

    fn text(&self) -> &[u8] {
        self.line.strip_suffix(b"\r").unwrap_or(&self.line)
    }

    /// Counts and digests what was read of a line over the limit, and keeps only its beginning.
    fn digest(&mut self) {
        let over = self.over.get_or_insert_with(|| Over { prefix: Vec::new(), length: 0, hasher: Sha256::new() });
        over.absorb(&self.line);
        self.line.clear();
        self.line.shrink_to(KEPT_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io::BufReader;

    use proptest::prelude::*;

    use super::*;

    /// Gives its pieces one by one, with an end of file after each.
    struct Pieces(VecDeque<Vec<u8>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(piece) = self.0.front_mut() else { return Ok(0) };
            let count = piece.len().min(buffer.len());
            buffer[..count].copy_from_slice(&piece[..count]);
            piece.drain(..count);
            if count == 0 {
                self.0.pop_front();
            }
            Ok(count)
        }
    }

    fn all(max: usize, pieces: &[&[u8]]) -> (Vec<Raw>, Lines) {
        let mut input = BufReader::new(Pieces(pieces.iter().map(|piece| piece.to_vec()).collect()));
        let mut lines = Lines::new(max, 0);
        let mut found = Vec::new();
        for _ in 0..=2 * pieces.len() {
            while let Some(line) = lines.next(&mut input).unwrap() {
                found.push(line);
            }
        }
        (found, lines)
    }

    fn text(line: &str) -> Raw {
        Raw::Structured(line.as_bytes().to_vec())
    }

    #[test]
    fn gives_lines_across_pieces_and_keeps_a_torn_one() {
        let (found, mut lines) = all(100, &[b"\xef\xbb\xbfone\r\n\n  \ntw", b"o\nth", b"ree"]);
        assert_eq!(found, [text("one"), text("two")]);
        assert!(lines.is_torn());
        assert_eq!((lines.offset, lines.consumed), (16, 21));
        assert_eq!(lines.finish(), Some(text("three")));
        assert_eq!((lines.offset, lines.finish()), (21, None));
    }

    #[test]
    fn a_line_over_the_limit_is_counted_and_digested_but_not_kept() {
        let long = vec![b'x'; 300_000];
        let (found, lines) = all(1_000, &[b"a\n", &long, &long, b"\nb\n"]);
        let whole = [long.clone(), long].concat();
        let expected =
            Raw::Oversize { prefix: vec![b'x'; KEPT_BYTES], length: 600_000, sha256: Sha256::digest(&whole).into() };
        assert_eq!(found, [text("a"), expected, text("b")]);
        assert!(lines.line.capacity() <= 2 * KEPT_BYTES, "{}", lines.line.capacity());
    }

    #[test]
    fn the_limit_itself_is_not_over_the_limit() {
        for end in ["\n", "\r\n"] {
            let (found, _) = all(5, &[b"12345", end.as_bytes(), b"123456", end.as_bytes()]);
            assert_eq!(found[0], text("12345"), "{end:?}");
            assert!(matches!(&found[1], Raw::Oversize { .. }), "{end:?} {found:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_pieces_do_not_matter(texts in proptest::collection::vec("[a-c]{1,12}", 0..8), cuts in proptest::collection::vec(0..80_usize, 0..6)) {
            let whole: Vec<u8> = texts.iter().flat_map(|text| [text.as_bytes(), b"\n"].concat()).collect();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &whole[cut[0]..cut[1]]).collect();
            let (in_pieces, lines) = all(8, &pieces);
            let (at_once, _) = all(8, &[&whole]);
            prop_assert_eq!(in_pieces, at_once);
            prop_assert_eq!(lines.offset, whole.len() as u64);
        }
    }
}
