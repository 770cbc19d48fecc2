//! The id of a request: the caller's if it is usable, else one of ours.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};

/// In requests and in every reply.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id taken over from a caller, in bytes.
const LONGEST: usize = 128;

/// Makes ids that are unique to the process: a prefix drawn once and a counter.
#[derive(Debug)]
pub(crate) struct RequestIds {
    prefix: String,
    next: AtomicU64,
}

impl RequestIds {
    /// `seed` should differ from process to process.
    pub(crate) fn new(seed: &[u8]) -> Self {
        let prefix = blake3::hash(seed).to_hex()[..16].to_owned();
        Self { prefix, next: AtomicU64::new(1) }
    }

    /// The caller's id when it is short and plain, so that it may stand in logs and headers; else a new one.
    pub(crate) fn of(&self, headers: &HeaderMap) -> HeaderValue {
        headers.get(X_REQUEST_ID).filter(|v| usable(v.as_bytes())).cloned().unwrap_or_else(|| self.make())
    }

    fn make(&self) -> HeaderValue {
        let mut id = String::with_capacity(self.prefix.len() + 12);
        id.push_str(&self.prefix);
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        write!(id, "-{number:x}").expect("writing to a String cannot fail");
        HeaderValue::from_maybe_shared(bytes::Bytes::from(id)).expect("hexadecimal digits and a dash")
    }
}

fn usable(id: &[u8]) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ids: &RequestIds, sent: &str) -> String {
        let headers = [(X_REQUEST_ID, sent.parse().unwrap())].into_iter().collect();
        ids.of(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_plain_id_comes_back_and_anything_else_is_replaced() {
        let ids = RequestIds::new(b"seed");
        assert_eq!(of(&ids, "4bf92f35-77b3:a.b_c"), "4bf92f35-77b3:a.b_c");
        for odd in ["", "a b", "x\"y", "<script>", &"a".repeat(LONGEST + 1)] {
            assert!(of(&ids, odd).starts_with(&ids.prefix), "{odd}");
        }
    }

    #[test]
    fn ids_of_ours_do_not_repeat() {
        let ids = RequestIds::new(b"seed");
        let (a, b) = (ids.of(&HeaderMap::new()), ids.of(&HeaderMap::new()));
        assert_ne!(a, b);
        assert_ne!(RequestIds::new(b"other").prefix, ids.prefix);
    }
}
