//! Sort members as bytes: comparing the bytes compares what the members mean.
//!
//! Instants compare as instants whatever their precision and offset, amounts as numbers of any size, text by Unicode
//! code point; a member that is missing or unreadable is lowest. The bytes go into row keys through
//! [`Key::bytes`](continuity_readmodel::Key::bytes), which ends them, so that a prefix sorts before what it begins.

use std::borrow::Cow;

use continuity_events::instant::Instant;
use continuity_events::json;

/// Texts that agree in so many bytes are left to the tie-break by id, so that no key grows without bound.
const MAX_TEXT_BYTES: usize = 1_024;

/// Numbers that agree in so many significant digits are left to the tie-break by id.
const MAX_DIGITS: usize = 1_024;

/// What a sort member means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// RFC 3339, compared as an instant.
    Instant,
    /// A decimal number: a JSON number, or a JSON string that holds one.
    Decimal,
    /// A JSON string, compared by code point.
    Text,
}

/// The member `name` of the entity, as bytes that sort as it means.
pub(crate) fn of_member(members: &[(Cow<'_, str>, &str)], name: &str, meaning: Meaning) -> Vec<u8> {
    let raw = members.iter().find(|(member, _)| member == name).map(|(_, raw)| *raw);
    raw.and_then(|raw| of_raw(raw, meaning)).unwrap_or_else(lowest)
}

/// The bytes of a missing member.
pub(crate) fn lowest() -> Vec<u8> {
    vec![0]
}

/// The bytes of an instant in RFC 3339.
pub(crate) fn of_instant(text: &str) -> Vec<u8> {
    instant(text).unwrap_or_else(lowest)
}

/// The instant that [`of_instant`] made of its text, in microseconds since 1970, rounded down.
pub(crate) fn instant_micros(bytes: &[u8]) -> Option<i64> {
    Instant::micros_of_sort_bytes(bytes.strip_prefix(&[1])?)
}

/// The bytes of a text.
pub(crate) fn of_text(text: &str) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(text.bytes().take(MAX_TEXT_BYTES));
    bytes
}

/// The bytes of a value in words; `None` when it does not mean that.
pub(crate) fn of_value(text: &str, meaning: Meaning) -> Option<Vec<u8>> {
    match meaning {
        Meaning::Instant => instant(text),
        Meaning::Text => Some(of_text(text)),
        Meaning::Decimal => decimal(text),
    }
}

/// The bytes of a whole number.
pub(crate) fn of_u64(number: u64) -> Vec<u8> {
    decimal(&number.to_string()).unwrap_or_else(lowest)
}

fn of_raw(raw: &str, meaning: Meaning) -> Option<Vec<u8>> {
    match meaning {
        Meaning::Instant | Meaning::Text => of_value(&json::text(raw)?, meaning),
        Meaning::Decimal => of_value(&json::text(raw).unwrap_or(Cow::Borrowed(raw)), meaning),
    }
}

fn instant(text: &str) -> Option<Vec<u8>> {
    Instant::parse(text).map(|instant| of_time(&instant))
}

/// The bytes of an instant.
pub(crate) fn of_time(instant: &Instant) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend(instant.sort_bytes());
    bytes
}

/// A class (1 negative, 2 zero, 3 positive), then the exponent of `0.d1d2..` and the digits; complemented and ended
/// with 0xFF when negative, because there the bigger magnitude comes first.
fn decimal(text: &str) -> Option<Vec<u8>> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (digits, exponent) = magnitude(unsigned)?;
    if digits.is_empty() {
        return Some(vec![2]);
    }
    let magnitude = (exponent.cast_unsigned() ^ (1 << 63)).to_be_bytes().into_iter().chain(digits);
    Some(if negative {
        std::iter::once(1).chain(magnitude.map(|byte| !byte)).chain([0xFF]).collect()
    } else {
        std::iter::once(3).chain(magnitude).collect()
    })
}

/// The significant digits without zeros around them, and the exponent such that the number is `0.digits` times ten to it.
fn magnitude(text: &str) -> Option<(Vec<u8>, i64)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, saturating_exponent(exponent)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits || (fraction.is_empty() && mantissa.contains('.')) {
        return None;
    }
    let leading = whole.bytes().chain(fraction.bytes()).take_while(|byte| *byte == b'0').count();
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).skip(leading).take(MAX_DIGITS).collect();
    digits.truncate(digits.iter().rposition(|byte| *byte != b'0').map_or(0, |last| last + 1));
    let point = i64::try_from(whole.len()).ok()?.checked_sub(i64::try_from(leading).ok()?)?;
    Some((digits, exponent.saturating_add(point)))
}

fn saturating_exponent(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let beyond = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Some(text.parse().unwrap_or(beyond))
}

#[cfg(test)]
mod tests;
