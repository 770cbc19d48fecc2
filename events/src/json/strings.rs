//! JSON strings: finding their end, reading and writing escapes.

use std::borrow::Cow;

/// The first index from `at` on that holds a quote, a backslash or a control character; the length when none does.
pub(super) fn plain_until(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Eight bytes at once. A byte of `word` is special where the high bit of the mask's byte is set; bytes above the
    // lowest one set may be set wrongly by the borrow, so only the lowest is used.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let special = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\'))) | control;
        if special != 0 {
            return at + (special.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < bytes.len() && !matches!(bytes[at], b'"' | b'\\' | 0..=0x1F) {
        at += 1;
    }
    at
}

/// The four hexadecimal digits at `at`.
pub(super) fn hex4(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |sum, byte| Some(sum * 16 + char::from(*byte).to_digit(16)?))
}

/// Whether the surrogate `unit`, escaped at `at`, is the first half of a pair whose second half follows.
pub(super) fn is_pair(bytes: &[u8], at: usize, unit: u32) -> bool {
    unit < 0xDC00 && second_half(bytes, at + 6).is_some()
}

fn second_half(bytes: &[u8], at: usize) -> Option<u32> {
    if bytes.get(at..at + 2)? != b"\\u" {
        return None;
    }
    hex4(bytes, at + 2).filter(|unit| (0xDC00..0xE000).contains(unit))
}

/// The text of a JSON string that follows the grammar; `None` when it holds a lone surrogate or is no string.
pub(crate) fn unquote(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    let Some(first) = inner.find('\\') else { return Some(Cow::Borrowed(inner)) };
    let mut text = String::with_capacity(inner.len());
    let bytes = inner.as_bytes();
    let mut at = first;
    text.push_str(&inner[..first]);
    while at < bytes.len() {
        let run = plain_until(bytes, at);
        text.push_str(&inner[at..run]);
        if run == bytes.len() {
            break;
        }
        let (character, length) = unescape(bytes, run)?;
        text.push(character);
        at = run + length;
    }
    Some(Cow::Owned(text))
}

/// The character that the escape at `at` stands for, and the escape's length.
fn unescape(bytes: &[u8], at: usize) -> Option<(char, usize)> {
    let character = match bytes.get(at + 1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let unit = hex4(bytes, at + 2)?;
            if !(0xD800..0xDC00).contains(&unit) {
                return Some((char::from_u32(unit)?, 6));
            }
            let low = second_half(bytes, at + 6)?;
            return Some((char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00))?, 12));
        }
        _ => return None,
    };
    Some((character, 2))
}

/// Appends `text` as a JSON string.
pub fn push_string(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        let run = plain_until(bytes, at);
        out.push_str(&text[at..run]);
        match bytes.get(run) {
            None => break,
            Some(b'"') => out.push_str("\\\""),
            Some(b'\\') => out.push_str("\\\\"),
            Some(b'\n') => out.push_str("\\n"),
            Some(b'\r') => out.push_str("\\r"),
            Some(b'\t') => out.push_str("\\t"),
            Some(byte) => {
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
        at = run + 1;
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_read() {
        let check = |raw: &str, expected: Option<&str>| assert_eq!(unquote(raw).as_deref(), expected, "{raw}");
        check(r#""plain""#, Some("plain"));
        check(r#""""#, Some(""));
        check(r#""a\"\\\/\b\f\n\r\tz""#, Some("a\"\\/\u{8}\u{c}\n\r\tz"));
        check(r#""\u0000\u00e9\u20ac\ud83d\ude00!""#, Some("\0é€😀!"));
        check(r#""\ud83d""#, None);
        check(r#""\ude00""#, None);
        check(r#""\ud83d\n""#, None);
        check(r#""\ud83d\ud83d""#, None);
        check(r#""broken\""#, None);
        check("7", None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn what_is_written_reads_back(text in any::<String>()) {
            let mut raw = String::new();
            push_string(&mut raw, &text);
            let read = unquote(&raw);
            prop_assert_eq!(read.as_deref(), Some(text.as_str()));
            prop_assert_eq!(serde_json::from_str::<String>(&raw).ok(), Some(text));
        }

        #[test]
        fn the_end_of_a_plain_run_is_found(bytes in proptest::collection::vec(prop_oneof![Just(b'a'), Just(0xFF), Just(b'"'), Just(0x1F), Just(0x80), Just(b'\\'), Just(b' ')], 0..40)) {
            let expected = bytes.iter().position(|b| matches!(b, b'"' | b'\\' | 0..=0x1F)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_until(&bytes, 0), expected);
        }
    }
}
