//! Good answers, and the headers that make them cacheable by those who may.

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use parking_lot::Mutex;

use crate::encoding::Coding;

/// How an answer may be kept.
#[derive(Debug)]
pub(crate) enum Caching {
    /// By the client alone, which asks each time whether it still holds: the tag is a hash of the body.
    Revalidate,
    /// Not at all, but it has a tag, so that a download can go on where it was cut.
    Tagged(HeaderValue),
    /// Not at all.
    NoStore,
    /// Everybody may ask each time; nothing in it is private.
    Public,
}

/// What an answer holds.
#[derive(Debug)]
pub(crate) enum Content {
    Whole(Bytes),
    /// So many bytes that come piece by piece.
    Pieces {
        length: u64,
        body: Body,
    },
    /// What comes for as long as it is listened to. It has no length and is never compressed.
    Stream(Body),
}

/// A good answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: HeaderValue,
    pub(crate) body: Content,
    pub(crate) caching: Caching,
    /// `false`: something that belongs in here is known to be missing.
    pub(crate) complete: bool,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Reply {
    /// JSON text as it is.
    pub(crate) fn json(body: impl Into<Bytes>) -> Self {
        Self::of("application/json", body)
    }

    /// A body of some media type.
    pub(crate) fn of(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: HeaderValue::from_static(content_type),
            body: Content::Whole(body.into()),
            caching: Caching::Revalidate,
            complete: true,
            headers: Vec::new(),
        }
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self::of("application/json", Bytes::new()).status(StatusCode::NO_CONTENT)
    }

    /// `length` bytes that come piece by piece. They have no tag unless [`Caching::Tagged`] names one.
    pub(crate) fn pieces(content_type: HeaderValue, length: u64, body: Body) -> Self {
        let mut reply = Self::of("application/octet-stream", Bytes::new()).caching(Caching::NoStore);
        (reply.content_type, reply.body) = (content_type, Content::Pieces { length, body });
        reply
    }

    /// What comes for as long as it is listened to.
    pub(crate) fn stream(content_type: &'static str, body: Body) -> Self {
        let reply = Self::of(content_type, Bytes::new()).caching(Caching::NoStore);
        Self { body: Content::Stream(body), ..reply }
    }

    #[must_use]
    pub(crate) fn complete(mut self, complete: bool) -> Self {
        self.complete = complete;
        self
    }

    #[must_use]
    pub(crate) fn caching(mut self, caching: Caching) -> Self {
        self.caching = caching;
        self
    }

    #[must_use]
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Adds a header; text that no header can hold is left out.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// How the body is to be compressed: nothing that must not be kept, and no files.
    fn coding(&self, request: &HeaderMap) -> Option<Coding> {
        match (&self.caching, &self.body) {
            (Caching::Revalidate | Caching::Public, Content::Whole(body)) => {
                Coding::of(request, &self.content_type, body.len())
            }
            _ => None,
        }
    }

    /// The response in a coding that the request accepts, or 304 when the request holds the same body already.
    pub(crate) async fn into_response(self, request: &HeaderMap) -> Response<Body> {
        let coding = self.coding(request);
        let etag = match &self.caching {
            Caching::Revalidate | Caching::Public => match &self.body {
                Content::Whole(body) => Some(tag_of(body)),
                Content::Pieces { .. } | Content::Stream(_) => None,
            },
            Caching::Tagged(tag) => Some(tag.clone()),
            Caching::NoStore => None,
        };
        let unchanged = self.status == StatusCode::OK && etag.as_ref().is_some_and(|tag| holds(request, tag));
        let (length, body, coding) = match self.body {
            _ if unchanged => (None, Body::empty(), coding),
            Content::Whole(body) => {
                let kept = matches!(self.caching, Caching::Public);
                let (body, coding) = encoded(body, coding, kept).await;
                (None, Body::from(body), coding)
            }
            Content::Pieces { length, body } => (Some(length), body, None),
            Content::Stream(body) => (None, body, None),
        };
        let mut response = Response::new(body);
        *response.status_mut() = if unchanged { StatusCode::NOT_MODIFIED } else { self.status };
        let headers = response.headers_mut();
        headers.reserve(16);
        if !unchanged && self.status != StatusCode::NO_CONTENT {
            headers.insert(CONTENT_TYPE, self.content_type);
        }
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        if let Some(coding) = coding.filter(|_| !unchanged) {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        }
        if let Some(tag) = etag {
            headers.insert(ETAG, tag_in(tag, coding));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control(&self.caching)));
        headers.insert(VARY, HeaderValue::from_static(vary(&self.caching)));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

/// Public texts in their codings: some ten texts in three codings.
static KEPT: LazyLock<Mutex<HashMap<(u128, &'static str), Bytes>>> = LazyLock::new(Mutex::default);

/// The body in that coding; as it is should that fail.
async fn encoded(body: Bytes, coding: Option<Coding>, kept: bool) -> (Bytes, Option<Coding>) {
    let Some(coding) = coding else { return (body, None) };
    // What everybody may see is one of few texts that never change: each is compressed once.
    let key = kept.then(|| (xxhash_rust::xxh3::xxh3_128(&body), coding.name()));
    if let Some(encoded) = key.and_then(|key| KEPT.lock().get(&key).cloned()) {
        return (encoded, Some(coding));
    }
    match coding.encode(body.clone()).await {
        Ok(encoded) => {
            if let Some(key) = key {
                KEPT.lock().insert(key, encoded.clone());
            }
            (encoded, Some(coding))
        }
        Err(error) => {
            tracing::warn!(error = %error, coding = coding.name(), "a reply could not be compressed; it is sent as it is");
            (body, None)
        }
    }
}

/// The tag of a body in a coding: each coding of it has one of its own (RFC 9110 section 8.8.3.3).
fn tag_in(tag: HeaderValue, coding: Option<Coding>) -> HeaderValue {
    let (Some(coding), Ok(text)) = (coding, tag.to_str()) else { return tag };
    let coded = format!("{}-{}\"", text.trim_end_matches('"'), coding.name());
    HeaderValue::from_str(&coded).unwrap_or(tag)
}

fn cache_control(caching: &Caching) -> &'static str {
    match caching {
        Caching::Revalidate => "private, no-cache",
        Caching::Tagged(_) => "private, no-store",
        Caching::NoStore => "no-store",
        Caching::Public => "no-cache",
    }
}

fn vary(caching: &Caching) -> &'static str {
    match caching {
        Caching::Public => "Accept-Encoding",
        _ => "Authorization, Accept, Accept-Encoding",
    }
}

/// A strong tag: 128 bits of XXH3 over the body. It guards against stale copies, not against forgers, and is made for
/// every reply: a cryptographic hash of a list would cost as much as reading the list.
fn tag_of(body: &[u8]) -> HeaderValue {
    let tag = format!("\"{:032x}\"", xxhash_rust::xxh3::xxh3_128(body));
    HeaderValue::from_maybe_shared(Bytes::from(tag)).expect("quoted hexadecimal digits")
}

/// Whether `If-None-Match` names `tag`: weakly compared, in whatever encoding it was received.
pub(crate) fn holds(request: &HeaderMap, tag: &HeaderValue) -> bool {
    let opaque = |t: &str| -> String {
        let t = t.trim().trim_start_matches("W/").trim_matches('"');
        ["-gzip", "-br", "-zstd"].iter().find_map(|s| t.strip_suffix(s)).unwrap_or(t).to_owned()
    };
    let Ok(tag) = tag.to_str() else { return false };
    let values = request.get_all(IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).any(|t| t.trim() == "*" || opaque(t) == opaque(tag))
}

#[cfg(test)]
mod tests {
    use http::header::ACCEPT_ENCODING;

    use super::*;

    fn asked(if_none_match: &str) -> HeaderMap {
        [(IF_NONE_MATCH, if_none_match.parse().unwrap())].into_iter().collect()
    }

    async fn tag(body: &'static str) -> String {
        let response = Reply::json(body).into_response(&HeaderMap::new()).await;
        response.headers()[ETAG].to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn the_tag_follows_the_body() {
        assert_eq!(tag("[1]").await, tag("[1]").await);
        assert_ne!(tag("[1]").await, tag("[2]").await);
    }

    #[tokio::test]
    async fn a_known_tag_is_304_in_every_form() {
        let tag = tag("[1]").await;
        let inner = tag.trim_matches('"');
        for sent in [&tag, &format!("W/{tag}"), &format!("\"x\", {tag}"), "*", &format!("\"{inner}-gzip\"")] {
            let response = Reply::json("[1]").into_response(&asked(sent)).await;
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{sent}");
            assert_eq!(response.headers()[ETAG], tag.as_str());
            assert!(!response.headers().contains_key(CONTENT_TYPE));
        }
        assert_eq!(Reply::json("[2]").into_response(&asked(&tag)).await.status(), StatusCode::OK);
        let unwell = Reply::json("[1]").status(StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(unwell.into_response(&asked("*")).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[tokio::test]
    async fn each_coding_has_a_tag_of_its_own_and_any_of_them_is_known() {
        let body = "[1234567890]".repeat(200);
        let plain = Reply::json(body.clone()).into_response(&HeaderMap::new()).await.headers()[ETAG].clone();
        for coding in ["gzip", "br", "zstd"] {
            let mut request: HeaderMap = [(ACCEPT_ENCODING, coding.parse().unwrap())].into_iter().collect();
            let response = Reply::json(body.clone()).into_response(&request).await;
            assert_eq!(response.headers()[CONTENT_ENCODING], coding);
            let tag = response.headers()[ETAG].clone();
            assert_eq!(tag, format!("{}-{coding}\"", plain.to_str().unwrap().trim_end_matches('"')).as_str());
            for known in [&tag, &plain] {
                request.insert(IF_NONE_MATCH, known.clone());
                let response = Reply::json(body.clone()).into_response(&request).await;
                assert_eq!((response.status(), &response.headers()[ETAG]), (StatusCode::NOT_MODIFIED, &tag));
                assert!(!response.headers().contains_key(CONTENT_ENCODING));
            }
            let secret = Reply::json(body.clone()).caching(Caching::NoStore).into_response(&request).await;
            assert!(!secret.headers().contains_key(CONTENT_ENCODING), "what must not be kept is not compressed either");
        }
    }

    #[tokio::test]
    async fn nothing_is_kept_that_must_not_be() {
        for (caching, wanted) in [
            (Caching::Revalidate, "private, no-cache"),
            (Caching::Tagged(HeaderValue::from_static("\"x\"")), "private, no-store"),
            (Caching::NoStore, "no-store"),
        ] {
            let response = Reply::json("1").caching(caching).into_response(&HeaderMap::new()).await;
            assert_eq!(response.headers()[CACHE_CONTROL], wanted);
        }
    }
}
