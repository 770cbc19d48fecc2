//! From a record to a message.

use rdkafka::message::{Headers, Timestamp};
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::Xxh3;

use crate::source::Raw;

/// Bytes kept of a message beyond the bound.
const KEPT_BYTES: usize = 64 << 10;
/// What a null payload is shown as in quarantine, beside the record's key.
const TOMBSTONE: &str = "null: a tombstone, which deletes by key; events are never deleted";

/// XXH3-64 over what identifies a record: offset, time stamp, key, payload. Never 0, which says "not known".
pub(super) fn mark(record: &impl rdkafka::Message) -> u64 {
    let mut hasher = Xxh3::new();
    let time = record.timestamp().to_millis().unwrap_or(-1);
    hasher.update(&record.offset().to_le_bytes());
    hasher.update(&time.to_le_bytes());
    for part in [record.key(), record.payload()] {
        // A missing part differs from an empty one, and the parts do not run together.
        hasher.update(&part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
        hasher.update(part.unwrap_or_default());
    }
    hasher.digest().max(1)
}

/// When the record was written or appended, microseconds since the epoch.
pub(super) fn published_at(record: &impl rdkafka::Message) -> Option<i64> {
    match record.timestamp() {
        Timestamp::NotAvailable => None,
        time => time.to_millis().filter(|millis| *millis >= 0).map(|millis| millis.saturating_mul(1_000)),
    }
}

/// The record's bytes as an event may be in them.
///
/// Structured mode is what the header `content-type` says, or the absence of `ce_` headers. A tombstone (a null payload)
/// is nothing that the contract knows: it goes to quarantine as its headers and its key, so that it is seen and nothing
/// is deleted for it.
pub(super) fn raw(record: &impl rdkafka::Message, max_bytes: usize) -> Raw {
    let attributes = || -> Vec<(String, String)> {
        let headers = record.headers().into_iter().flat_map(Headers::iter);
        headers.map(|header| (header.key.to_owned(), text(header.value.unwrap_or_default()))).collect()
    };
    let Some(payload) = record.payload() else {
        let mut attributes = attributes();
        attributes.push(("kafka-key".to_owned(), record.key().map(text).unwrap_or_default()));
        attributes.push(("kafka-payload".to_owned(), TOMBSTONE.to_owned()));
        return Raw::Binary { attributes, body: Vec::new() };
    };
    if payload.len() > max_bytes {
        return Raw::Oversize {
            prefix: payload[..payload.len().min(KEPT_BYTES)].to_vec(),
            length: payload.len() as u64,
            sha256: Sha256::digest(payload).into(),
        };
    }
    if is_binary(record) {
        Raw::Binary { attributes: attributes(), body: payload.to_vec() }
    } else {
        Raw::Structured(payload.to_vec())
    }
}

fn is_binary(record: &impl rdkafka::Message) -> bool {
    let Some(headers) = record.headers() else { return false };
    let structured = |header: &rdkafka::message::Header<'_, &[u8]>| {
        header.key.eq_ignore_ascii_case("content-type")
            && header.value.is_some_and(|value| text(value).to_ascii_lowercase().starts_with("application/cloudevents"))
    };
    !headers.iter().any(|header| structured(&header))
        && headers.iter().any(|header| header.key.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("ce_")))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests;
