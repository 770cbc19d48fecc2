//! Good answers, and the headers that make them cacheable by those who may.

use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

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

    /// The response, or 304 when the request holds the same body already.
    pub(crate) fn into_response(self, request: &HeaderMap) -> Response<Body> {
        let etag = match &self.caching {
            Caching::Revalidate | Caching::Public => match &self.body {
                Content::Whole(body) => Some(tag_of(body)),
                Content::Pieces { .. } | Content::Stream(_) => None,
            },
            Caching::Tagged(tag) => Some(tag.clone()),
            Caching::NoStore => None,
        };
        let unchanged = self.status == StatusCode::OK && etag.as_ref().is_some_and(|tag| holds(request, tag));
        let (length, body) = match self.body {
            _ if unchanged => (None, Body::empty()),
            Content::Whole(body) => (None, Body::from(body)),
            Content::Pieces { length, body } => (Some(length), body),
            Content::Stream(body) => (None, body),
        };
        let mut response = Response::new(body);
        *response.status_mut() = if unchanged { StatusCode::NOT_MODIFIED } else { self.status };
        let headers = response.headers_mut();
        headers.reserve(16);
        if !unchanged {
            headers.insert(CONTENT_TYPE, self.content_type);
        }
        if let Some(length) = length {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        if let Some(tag) = etag {
            headers.insert(ETAG, tag);
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control(&self.caching)));
        headers.insert(VARY, HeaderValue::from_static(vary(&self.caching)));
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
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
    use super::*;

    fn asked(if_none_match: &str) -> HeaderMap {
        [(IF_NONE_MATCH, if_none_match.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn the_tag_follows_the_body() {
        let tag = |body: &'static str| Reply::json(body).into_response(&HeaderMap::new()).headers()[ETAG].clone();
        assert_eq!(tag("[1]"), tag("[1]"));
        assert_ne!(tag("[1]"), tag("[2]"));
    }

    #[test]
    fn a_known_tag_is_304_in_every_form() {
        let tag = Reply::json("[1]").into_response(&HeaderMap::new()).headers()[ETAG].to_str().unwrap().to_owned();
        let inner = tag.trim_matches('"');
        for sent in [&tag, &format!("W/{tag}"), &format!("\"x\", {tag}"), "*", &format!("\"{inner}-gzip\"")] {
            let response = Reply::json("[1]").into_response(&asked(sent));
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{sent}");
            assert_eq!(response.headers()[ETAG], tag.as_str());
            assert!(!response.headers().contains_key(CONTENT_TYPE));
        }
        assert_eq!(Reply::json("[2]").into_response(&asked(&tag)).status(), StatusCode::OK);
        let unwell = Reply::json("[1]").status(StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(unwell.into_response(&asked("*")).status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn nothing_is_kept_that_must_not_be() {
        let control = |caching| {
            let response = Reply::json("1").caching(caching).into_response(&HeaderMap::new());
            response.headers()[CACHE_CONTROL].to_str().unwrap().to_owned()
        };
        assert_eq!(control(Caching::Revalidate), "private, no-cache");
        assert_eq!(control(Caching::Tagged(HeaderValue::from_static("\"x\""))), "private, no-store");
        assert_eq!(control(Caching::NoStore), "no-store");
    }
}
