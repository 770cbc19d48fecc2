//! Whether a request's head may be as it is: its size, its `Host`, and that it brings no body where none is read.

use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderName, Version};

use crate::limits::Peer;
use crate::problem::{BAD_REQUEST, CONTENT_TOO_LARGE, HEADERS_TOO_LARGE, Problem, UNSUPPORTED_CODING};

/// The most bytes of names and values of all header fields.
pub(crate) const LONGEST: usize = 32 * 1024;
/// The most header fields.
pub(crate) const MOST: usize = 80;

const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("accept-encoding");

/// Refuses a head that is too large, or whose `Host` can be understood in two ways (RFC 9112 section 3.2).
pub(crate) fn check(parts: &Parts) -> Result<(), Problem> {
    let bytes: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > LONGEST || parts.headers.len() > MOST {
        let detail = format!("At most {MOST} header fields and {LONGEST} bytes of them are read.");
        return Err(Problem::new(&HEADERS_TOO_LARGE, detail));
    }
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next();
    let good = match host {
        Some(host) => hosts.next().is_none() && is_authority(host.as_bytes()),
        // HTTP/2 names it elsewhere, HTTP/1.0 nowhere, and what came over no connection had none to name.
        None => parts.version != Version::HTTP_11 || parts.extensions.get::<Peer>().is_none(),
    };
    if good { Ok(()) } else { Err(Problem::new(&BAD_REQUEST, "Send one Host header, HOST or HOST:PORT.")) }
}

fn is_authority(host: &[u8]) -> bool {
    host.len() <= 300
        && Authority::try_from(host).is_ok_and(|host| !host.host().is_empty() && !host.as_str().contains('@'))
}

/// Refuses a body where none is read: what somebody put into it would be ignored, and something in between could take it
/// for another request. Where one is read, it has to be as it is, not compressed.
pub(crate) fn check_body(parts: &Parts, is_read: bool) -> Result<(), Problem> {
    let headers = &parts.headers;
    if !is_read {
        let announced = headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
        if announced || headers.contains_key(TRANSFER_ENCODING) {
            let detail = "This path reads no request body; what is asked for stands in the URL.";
            return Err(Problem::new(&CONTENT_TOO_LARGE, detail));
        }
        return Ok(());
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = codings.next().is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if !chunked || codings.next().is_some() {
        return Err(Problem::new(&BAD_REQUEST, "Transfer-Encoding can be chunked, once, and nothing else."));
    }
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::new(&UNSUPPORTED_CODING, "Send the request body without Content-Encoding.")
            .header(ACCEPT_ENCODING, "identity"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)], wire: bool) -> Parts {
        let mut request = http::Request::builder();
        if wire {
            request = request.extension(Peer([127, 0, 0, 1].into()));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn one_host_that_is_one() {
        for host in ["localhost", "localhost:8083", "127.0.0.1", "[::1]:8083", "a.b.example."] {
            assert!(check(&parts(&[("host", host)], true)).is_ok(), "{host}");
        }
        for host in ["", "a b", "a/b", "user@host", "host:port:8", "http://host", &"a".repeat(400)] {
            assert_eq!(check(&parts(&[("host", host)], true)).unwrap_err().kind, &BAD_REQUEST, "{host}");
        }
        assert!(check(&parts(&[("host", "a"), ("host", "a")], true)).is_err());
        assert!(check(&parts(&[], true)).is_err());
        assert!(check(&parts(&[], false)).is_ok(), "a request that came over no connection");
    }

    #[test]
    fn number_and_size_of_fields_are_bounded() {
        let many = vec![("a", "b"); MOST + 1];
        assert_eq!(check(&parts(&many, false)).unwrap_err().kind, &HEADERS_TOO_LARGE);
        assert!(check(&parts(&many[1..], false)).is_ok());
        let long = "x".repeat(LONGEST);
        assert_eq!(check(&parts(&[("a", &long)], false)).unwrap_err().kind, &HEADERS_TOO_LARGE);
    }

    #[test]
    fn a_body_is_refused_where_none_is_read() {
        for (headers, is_read, refused) in [
            ([("content-length", "5")], false, Some(&CONTENT_TOO_LARGE)),
            ([("transfer-encoding", "chunked")], false, Some(&CONTENT_TOO_LARGE)),
            ([("content-length", "0")], false, None),
            ([("content-length", "5")], true, None),
            ([("transfer-encoding", "chunked")], true, None),
            ([("transfer-encoding", "gzip, chunked")], true, Some(&BAD_REQUEST)),
            ([("content-encoding", "gzip")], true, Some(&UNSUPPORTED_CODING)),
            ([("content-encoding", "Identity")], true, None),
        ] {
            assert_eq!(check_body(&parts(&headers, true), is_read).err().map(|problem| problem.kind), refused);
        }
    }
}
