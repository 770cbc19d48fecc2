//! From a message as it was delivered, or as it is stored, to what ingest takes.

use std::borrow::Cow;

use async_nats::HeaderMap;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use xxhash_rust::xxh3::Xxh3;

use crate::source::Raw;

/// Bytes kept of a message that is over the limit.
const KEPT_BYTES: usize = 64 << 10;
const STRUCTURED: &str = "application/cloudevents+json";

/// What `JetStream` says of a delivered message, in its reply subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    /// How often it was delivered, this time included.
    pub(super) deliveries: u64,
    /// Its sequence in the stream.
    pub(super) sequence: u64,
    /// Its number in what the consumer delivered, from 1 without gaps.
    pub(super) number: u64,
    /// When the stream took it, nanoseconds since the epoch.
    pub(super) nanos: i64,
}

impl Stamp {
    /// From `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<number>.<nanos>.<pending>`, or the longer form with
    /// domain and account before the stream.
    pub(super) fn parse(reply: &str) -> Option<Self> {
        let tokens: Vec<&str> = reply.strip_prefix("$JS.ACK.")?.split('.').collect();
        let skip = match tokens.len() {
            7 => 2,
            9.. => 4,
            _ => return None,
        };
        let number = |index: usize| tokens.get(skip + index)?.parse::<u64>().ok();
        Some(Self {
            deliveries: number(0)?,
            sequence: number(1)?,
            number: number(2)?,
            nanos: i64::try_from(number(3)?).ok()?,
        })
    }
}

/// XXH3-64 over what identifies a message in its stream; never 0, which stands for "not known".
pub(super) fn mark(sequence: u64, nanos: i64, payload: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&sequence.to_le_bytes());
    hash.update(&nanos.to_le_bytes());
    hash.update(payload);
    hash.digest().max(1)
}

/// A time as `JetStream` writes it, in nanoseconds since the epoch; `None` for none at all (the year 1).
pub(super) fn nanos(rfc3339: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(rfc3339, &Rfc3339).ok()?;
    let nanos = i64::try_from(time.unix_timestamp_nanos()).ok()?;
    (time.year() > 1).then_some(nanos)
}

/// The message's content: binary mode when it has the attributes as headers, else structured mode.
pub(super) fn raw<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>, payload: &[u8], max: usize) -> Raw {
    if payload.len() > max {
        let prefix = payload[..KEPT_BYTES.min(payload.len())].to_vec();
        return Raw::Oversize { prefix, length: payload.len() as u64, sha256: Sha256::digest(payload).into() };
    }
    match attributes(headers) {
        Some(attributes) => Raw::Binary { attributes, body: payload.to_vec() },
        None => Raw::Structured(payload.to_vec()),
    }
}

/// Name and value of each header of a delivered message.
pub(super) fn delivered(headers: Option<&HeaderMap>) -> impl Iterator<Item = (&str, &str)> {
    let all = headers.into_iter().flat_map(HeaderMap::iter);
    all.flat_map(|(name, values)| values.iter().map(move |value| (name.as_ref(), value.as_str())))
}

/// Name and value of each header of a stored message, as far as they are well formed.
pub(super) fn stored(headers: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let lines = std::str::from_utf8(headers).unwrap_or_default().lines().skip(1);
    lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()))
}

/// The attributes in order of their names, when the message is in binary mode.
fn attributes<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Vec<(String, String)>> {
    let (mut found, mut binary) = (Vec::new(), false);
    for (name, value) in headers {
        let is_type = name.eq_ignore_ascii_case("content-type");
        let is_attribute = name.get(..3).is_some_and(|prefix| prefix.eq_ignore_ascii_case("ce-"));
        if is_type && is_structured(value) {
            return None;
        }
        if is_type || is_attribute {
            let value = if is_attribute { decoded(value) } else { Cow::Borrowed(value) };
            found.push((name.to_owned(), value.into_owned()));
        }
        binary |= name.eq_ignore_ascii_case("ce-specversion") || name.eq_ignore_ascii_case("ce-id");
    }
    found.sort();
    binary.then_some(found)
}

fn is_structured(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case(STRUCTURED)
}

/// An attribute's value without the quotes and percent-encoding of the bindings of `CloudEvents` (HTTP, section 3.1.3.2);
/// what is not well encoded stays as it is.
fn decoded(value: &str) -> Cow<'_, str> {
    let value = value.trim();
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let unquoted = inner.map_or(Cow::Borrowed(value), |inner| Cow::Owned(unescaped(inner)));
    if !unquoted.contains('%') {
        return unquoted;
    }
    let mut bytes = Vec::with_capacity(unquoted.len());
    let mut rest = unquoted.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        match (first, after) {
            (b'%', [high, low, ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                bytes.push(hex(*high) << 4 | hex(*low));
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).map_or(unquoted, Cow::Owned)
}

fn unescaped(quoted: &str) -> String {
    let (mut text, mut escaped) = (String::with_capacity(quoted.len()), false);
    for character in quoted.chars() {
        if character == '\\' && !escaped {
            escaped = true;
        } else {
            text.push(character);
            escaped = false;
        }
    }
    text
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_of_the_reply_subject() {
        let stamp = Stamp { deliveries: 1, sequence: 42, number: 7, nanos: 1_700_000_000_123_456_789 };
        assert_eq!(Stamp::parse("$JS.ACK.S.C.1.42.7.1700000000123456789.9"), Some(stamp));
        assert_eq!(Stamp::parse("$JS.ACK.hub.ACC.S.C.1.42.7.1700000000123456789.9"), Some(stamp));
        assert_eq!(Stamp::parse("$JS.ACK._.ACC.S.C.1.42.7.1700000000123456789.9.random"), Some(stamp));
        for other in ["", "_INBOX.a.b", "$JS.ACK.S.C.1.x.7.1.9", "$JS.ACK.S.C.1.2.3.4"] {
            assert_eq!(Stamp::parse(other), None, "{other}");
        }
    }

    #[test]
    fn times_are_read_to_the_nanosecond() {
        assert_eq!(nanos("2023-11-14T22:13:20.123456789Z"), Some(1_700_000_000_123_456_789));
        assert_eq!(nanos("2023-11-14T22:13:20Z"), Some(1_700_000_000_000_000_000));
        assert_eq!((nanos("0001-01-01T00:00:00Z"), nanos("yesterday")), (None, None));
    }

    #[test]
    fn a_mark_tells_sequence_time_and_payload_apart() {
        let marks = [mark(1, 2, b"x"), mark(2, 2, b"x"), mark(1, 3, b"x"), mark(1, 2, b"y")];
        assert!(marks.iter().enumerate().all(|(index, mark)| !marks[..index].contains(mark)), "{marks:?}");
        assert_eq!(marks[0], mark(1, 2, b"x"));
    }

    fn headers(of: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in of {
            headers.append(*name, *value);
        }
        headers
    }

    #[test]
    fn attributes_as_headers_are_binary_mode() {
        let of = [
            ("ce-specversion", "1.0"),
            ("CE-Id", "a%20b%E2%82%AC"),
            ("ce-actor", r#""{\"id\":%22x\"}""#),
            ("Nats-Msg-Id", "other"),
            ("Content-Type", "application/json"),
        ];
        let expected = [
            ("CE-Id", "a b€"),
            ("Content-Type", "application/json"),
            ("ce-actor", r#"{"id":"x"}"#),
            ("ce-specversion", "1.0"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let raw = raw(delivered(Some(&headers(&of))), b"{}", 100);
        assert_eq!(raw, Raw::Binary { attributes: expected, body: b"{}".to_vec() });
    }

    #[test]
    fn everything_else_is_structured_mode() {
        let typed = [("ce-id", "1"), ("content-type", "Application/CloudEvents+JSON; charset=utf-8")];
        for of in [&typed[..], &[("Nats-Msg-Id", "1")], &[("ce-time", "x")]] {
            assert_eq!(raw(delivered(Some(&headers(of))), b"{}", 100), Raw::Structured(b"{}".to_vec()), "{of:?}");
        }
        assert_eq!(raw(delivered(None), b"no json", 100), Raw::Structured(b"no json".to_vec()));
    }

    #[test]
    fn stored_headers_are_read_as_far_as_they_are_well_formed() {
        let text = b"NATS/1.0\r\nce-id: a%20b\r\nno colon\r\nNats-Msg-Id:x:y\r\n\r\n";
        assert_eq!(stored(text).collect::<Vec<_>>(), [("ce-id", "a%20b"), ("Nats-Msg-Id", "x:y")]);
        assert!(matches!(raw(stored(text), b"{}", 9), Raw::Binary { attributes, .. } if attributes[0].1 == "a b"));
        for none in [&b""[..], b"NATS/1.0\r\nce-id: \xff\r\n\r\n"] {
            assert_eq!(raw(stored(none), b"{}", 9), Raw::Structured(b"{}".to_vec()));
        }
    }

    #[test]
    fn what_is_badly_encoded_stays() {
        for text in ["100%", "%zz", "%ff", "%4"] {
            assert_eq!(decoded(text), text);
        }
    }

    #[test]
    fn a_message_over_the_limit_is_digested() {
        let payload = vec![b'x'; 100_000];
        let expected =
            Raw::Oversize { prefix: vec![b'x'; KEPT_BYTES], length: 100_000, sha256: Sha256::digest(&payload).into() };
        assert_eq!(raw(delivered(None), &payload, 99_999), expected);
        assert!(matches!(raw(delivered(None), &payload, 100_000), Raw::Structured(_)));
    }
}
