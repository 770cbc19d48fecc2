//! Downloads: verified bytes, one range of them if asked, and headers that keep browsers from running them.

mod disposition;
mod range;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use continuity_blobs::{Blob, BlobError};
use continuity_events::json;
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::sync::OwnedSemaphorePermit;

use crate::call::{Call, internal};
use crate::problem::{
    BLOB_DAMAGED, BLOB_ERASED, BLOB_NOT_SYNCED, BLOB_TOO_LARGE, OVERLOADED, Problem, RANGE_NOT_SATISFIABLE,
};
use crate::reply::{Caching, Reply};
use crate::staleness::COMPLETE;
use range::Wanted;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// The biggest file served, in bytes. It is held in memory while it is verified and sent.
pub(crate) const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// Memory for files on their way to clients, in KiB; a file holds its share until its last byte is sent.
pub(crate) const BUDGET_KIB: usize = 256 * 1024;

/// A download waits so long for its share of the memory.
const PATIENCE: Duration = Duration::from_secs(10);

/// Verified bytes with their share of the memory.
pub(crate) struct Fetched {
    blob: Blob,
    share: OwnedSemaphorePermit,
}

/// Bytes that give their share back when the last reference to them goes.
struct Held {
    bytes: Vec<u8>,
    _share: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The verified bytes that `entity` (its JSON) refers to.
pub(crate) async fn fetch(call: &Call, entity: &str) -> Result<Fetched, Problem> {
    let Some(reference) = json::member(entity, "blob") else {
        return Err(not_synced("the platform has sent no reference to the bytes"));
    };
    let budget = Arc::clone(&call.shared.downloads);
    let share = tokio::time::timeout(PATIENCE, budget.acquire_many_owned(share_of(reference))).await;
    let Ok(Ok(share)) = share else {
        return Err(Problem::new(&OVERLOADED, "Too many files are being downloaded at once.").retry_after(5));
    };
    let (blobs, reference) = (call.shared.state.blobs.clone(), reference.to_owned());
    let read = tokio::task::spawn_blocking(move || blobs.read(&reference, MAX_BYTES)).await;
    let read = read.map_err(|_| internal("the thread that read a blob panicked"))?;
    read.map(|blob| Fetched { blob, share }).map_err(|error| refusal(&error))
}

/// KiB that the bytes will take, by what their reference says of them.
fn share_of(reference: &str) -> u32 {
    let size = json::member(reference, "sizeBytes").and_then(|raw| raw.parse().ok()).unwrap_or(MAX_BYTES);
    u32::try_from(size.min(MAX_BYTES) / 1024 + 1).unwrap_or(u32::MAX)
}

/// The reply that sends `blob`, or the part of it that the request wants.
pub(crate) fn reply(call: &Call, entity: &str, fetched: Fetched) -> Result<Reply, Problem> {
    let Fetched { blob, share } = fetched;
    let text = |name: &str| json::member(entity, name).and_then(json::text).map(std::borrow::Cow::into_owned);
    let name = blob.file_name.or_else(|| text("fileName")).or_else(|| text("name"));
    let media_type = blob.media_type.or_else(|| text("mediaType"));
    let (digest, tag) = (STANDARD.encode(blob.sha256), etag(&blob.sha256));
    let wanted = wanted(&call.method, &call.headers, &tag, blob.bytes.len());
    let total = blob.bytes.len();
    let body = Bytes::from_owner(Held { bytes: blob.bytes, _share: share });
    let reply = match wanted {
        Wanted::Everything => Reply::of("application/octet-stream", body),
        Wanted::Part(part) => Reply::of("application/octet-stream", body.slice(part.clone()))
            .status(StatusCode::PARTIAL_CONTENT)
            .header(CONTENT_RANGE, &format!("bytes {}-{}/{total}", part.start, part.end - 1)),
        Wanted::Outside => {
            return Err(Problem::new(&RANGE_NOT_SATISFIABLE, format!("There are {total} bytes."))
                .header(CONTENT_RANGE, &format!("bytes */{total}")));
        }
    };
    let mut reply = reply
        .caching(Caching::Tagged(tag))
        .header(ACCEPT_RANGES, "bytes")
        .header(REPR_DIGEST, &format!("sha-256=:{digest}:"))
        .header(CONTENT_DISPOSITION, &disposition::attachment(name.as_deref()))
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    if let Some(media_type) = media_type.as_deref().and_then(usable_media_type) {
        reply.content_type = media_type;
    }
    Ok(reply)
}

fn etag(sha256: &[u8; 32]) -> HeaderValue {
    let hex = blake3::Hash::from_bytes(*sha256).to_hex();
    HeaderValue::from_str(&format!("\"{hex}\"")).expect("quoted hexadecimal digits")
}

fn wanted(method: &Method, headers: &HeaderMap, tag: &HeaderValue, total: usize) -> Wanted {
    let applies = method == Method::GET && headers.get(http::header::IF_RANGE).is_none_or(|sent| sent == tag);
    let range = headers.get(http::header::RANGE).filter(|_| applies).and_then(|v| v.to_str().ok());
    range.map_or(Wanted::Everything, |range| range::parse(range, total))
}

/// A media type as received, if it looks like one.
fn usable_media_type(text: &str) -> Option<HeaderValue> {
    let (kind, rest) = text.split_once('/')?;
    let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
    (plain(kind) && plain(rest)).then(|| HeaderValue::from_str(text).ok()).flatten()
}

fn not_synced(why: &str) -> Problem {
    Problem::new(&BLOB_NOT_SYNCED, format!("{why}.")).header(COMPLETE, "false").retry_after(30)
}

fn refusal(error: &BlobError) -> Problem {
    match error {
        BlobError::NotSynced(why) => not_synced(why),
        BlobError::Erased => Problem::new(&BLOB_ERASED, "The platform erased them for good."),
        BlobError::Damaged { .. } => {
            tracing::error!(error = %error, "stored bytes are not what their reference says");
            Problem::new(&BLOB_DAMAGED, "The stored bytes are not what their reference says; the operator was told.")
                .header(COMPLETE, "false")
                .retry_after(60)
        }
        BlobError::TooLarge { size, max } => {
            Problem::new(&BLOB_TOO_LARGE, format!("The file has {size} bytes, at most {max} are served."))
                .retry_after(3600)
        }
        other => Problem::store(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(pairs: &[(HeaderName, &str)]) -> Wanted {
        let headers = pairs.iter().map(|(n, v)| (n.clone(), v.parse().unwrap())).collect();
        wanted(&Method::GET, &headers, &HeaderValue::from_static("\"t\""), 10)
    }

    #[test]
    fn a_range_counts_while_the_tag_is_the_same() {
        use http::header::{IF_RANGE, RANGE};
        assert_eq!(asks(&[(RANGE, "bytes=2-4")]), Wanted::Part(2..5));
        assert_eq!(asks(&[(RANGE, "bytes=2-4"), (IF_RANGE, "\"t\"")]), Wanted::Part(2..5));
        assert_eq!(asks(&[(RANGE, "bytes=2-4"), (IF_RANGE, "\"other\"")]), Wanted::Everything);
        assert_eq!(asks(&[]), Wanted::Everything);
    }

    #[test]
    fn a_share_is_what_the_reference_says_and_never_more_than_a_file_may_have() {
        assert_eq!(share_of("{\"sizeBytes\":5}"), 1);
        assert_eq!(share_of("{\"sizeBytes\":10240}"), 11);
        for unknown in ["{}", "null", "{\"sizeBytes\":-1}", "{\"sizeBytes\":99999999999}"] {
            assert_eq!(share_of(unknown), 64 * 1024 + 1, "{unknown}");
        }
        assert!(usize::try_from(share_of("{}")).unwrap() < BUDGET_KIB);
    }

    #[test]
    fn media_types_are_taken_over_only_when_they_can_be_sent() {
        assert_eq!(usable_media_type("application/pdf").unwrap(), "application/pdf");
        for odd in ["pdf", "/", "a/", "text/x\r\nSet-Cookie: a=b", "text/ü"] {
            assert_eq!(usable_media_type(odd), None, "{odd}");
        }
    }
}
