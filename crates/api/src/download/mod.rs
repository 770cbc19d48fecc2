//! Downloads: verified bytes, piece by piece, one range of them if asked, and headers that keep browsers from running them.
//!
//! A file is never held in memory: a download has one piece of it at a time, and there are at most [`DOWNLOADS`](crate::limits::DOWNLOADS) of them.

mod disposition;
mod media_type;
mod range;

use std::io;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use continuity_blobs::{BlobError, BlobService, OpenBlob};
use continuity_events::json;
use futures_util::StreamExt;
use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::call::Call;
use crate::limits::Permit;
use crate::problem::{BLOB_DAMAGED, BLOB_ERASED, BLOB_NOT_SYNCED, BLOB_TOO_LARGE, Problem, RANGE_NOT_SATISFIABLE};
use crate::reply::{self, Caching, Reply};
use crate::staleness::COMPLETE;
use range::Wanted;

const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// Verified bytes, and the right to send them.
pub(crate) struct Opened {
    blob: OpenBlob,
    permit: Permit,
}

/// Opens the verified bytes of a blob reference (raw JSON); `None`: the platform has sent no reference.
pub(crate) async fn open(call: &Call, reference: Option<&str>) -> Result<Opened, Problem> {
    let Some(reference) = reference else {
        return Err(not_synced("the platform has sent no reference to the bytes"));
    };
    let permit = call.shared.admission.download(call.principal.as_ref()).await?;
    let opened = call.shared.state.blobs.open(reference).await;
    opened.map(|blob| Opened { blob, permit }).map_err(|error| refusal(&error))
}

/// The reply that sends the bytes, or the part of them that the request wants. File name and media type are those of the
/// first of `described` (raw JSON objects) that has them.
pub(crate) fn reply(call: &Call, described: &[&str], opened: Opened) -> Result<Reply, Problem> {
    let text = |name: &str| described.iter().find_map(|object| json::text(json::member(object, name)?));
    let (total, sha256) = (opened.blob.size, opened.blob.sha256);
    let tag = etag(&sha256);
    let (range, status) = match wanted(&call.method, &call.headers, &tag, total) {
        Wanted::Everything => (0..total, StatusCode::OK),
        Wanted::Part(part) => (part, StatusCode::PARTIAL_CONTENT),
        Wanted::Outside => {
            return Err(Problem::new(&RANGE_NOT_SATISFIABLE, format!("There are {total} bytes."))
                .header(CONTENT_RANGE, &format!("bytes */{total}")));
        }
    };
    let media_type = text("mediaType").and_then(|text| media_type::safe(&text));
    let media_type = media_type.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let length = range.end - range.start;
    let part = format!("bytes {}-{}/{total}", range.start, range.end.saturating_sub(1));
    // Nobody reads what HEAD would send: the file is closed and the right to send given back at once.
    let body =
        if call.method == Method::HEAD { Body::empty() } else { body(call.shared.state.blobs.clone(), opened, range) };
    let mut reply = Reply::pieces(media_type, length, body)
        .status(status)
        .caching(Caching::Tagged(tag))
        .header(ACCEPT_RANGES, "bytes")
        .header(REPR_DIGEST, &format!("sha-256=:{}:", STANDARD.encode(sha256)))
        .header(CONTENT_DISPOSITION, &disposition::attachment(text("fileName").or_else(|| text("name")).as_deref()))
        .header(X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    if status == StatusCode::PARTIAL_CONTENT {
        reply = reply.header(CONTENT_RANGE, &part);
    }
    Ok(reply)
}

/// The bytes as they are read. An error cuts the connection, so that nobody takes a part for the whole.
fn body(blobs: BlobService, opened: Opened, range: std::ops::Range<u64>) -> Body {
    let Opened { blob, permit } = opened;
    let sha256 = blob.sha256;
    let pieces = blob.stream(range).map(move |piece| {
        let _held = &permit;
        piece.inspect_err(|error: &io::Error| {
            tracing::error!(%error, "a blob could not be read while it was sent; it is looked at again");
            blobs.suspect(sha256);
        })
    });
    Body::from_stream(pieces)
}

fn etag(sha256: &[u8; 32]) -> HeaderValue {
    let hex = blake3::Hash::from_bytes(*sha256).to_hex();
    HeaderValue::from_str(&format!("\"{hex}\"")).expect("quoted hexadecimal digits")
}

/// What the request wants of `total` bytes. `If-None-Match` comes before `Range` (RFC 9110, section 13.2.2), and
/// `If-Range` takes the strong tag only: a date says nothing of bytes, so it never matches.
fn wanted(method: &Method, headers: &HeaderMap, tag: &HeaderValue, total: u64) -> Wanted {
    let applies = method == Method::GET
        && !reply::holds(headers, tag)
        && headers.get(http::header::IF_RANGE).is_none_or(|sent| sent == tag);
    let range = headers.get(http::header::RANGE).filter(|_| applies).and_then(|v| v.to_str().ok());
    range.map_or(Wanted::Everything, |range| range::parse(range, total))
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
        use http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};
        assert_eq!(asks(&[(RANGE, "bytes=2-4")]), Wanted::Part(2..5));
        assert_eq!(asks(&[(RANGE, "bytes=2-4"), (IF_RANGE, "\"t\"")]), Wanted::Part(2..5));
        for other in ["\"other\"", "W/\"t\"", "t", "Sun, 22 Nov 2026 12:00:00 GMT", "*"] {
            assert_eq!(asks(&[(RANGE, "bytes=2-4"), (IF_RANGE, other)]), Wanted::Everything, "{other}");
        }
        assert_eq!(asks(&[(RANGE, "bytes=2-4"), (IF_NONE_MATCH, "\"t\"")]), Wanted::Everything);
        assert_eq!(asks(&[(RANGE, "bytes=2-4"), (IF_NONE_MATCH, "\"u\"")]), Wanted::Part(2..5));
        assert_eq!(asks(&[]), Wanted::Everything);
    }
}
