//! Who is at the other end.

use std::net::IpAddr;

use http::request::Parts;
use http::{HeaderMap, HeaderName};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address that a connection came from; every request that came over a connection has it as an extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The address that a request came from; `None` when it came over no connection. A trusted proxy names it, as the last
/// one in `X-Forwarded-For` that is no trusted proxy itself: what stands before that may be made up.
pub(crate) fn address(parts: &Parts, trusted: &[IpAddr]) -> Option<IpAddr> {
    let Peer(peer) = *parts.extensions.get()?;
    let peer = peer.to_canonical();
    Some(if trusted.contains(&peer) { forwarded(&parts.headers, trusted).unwrap_or(peer) } else { peer })
}

fn forwarded(headers: &HeaderMap, trusted: &[IpAddr]) -> Option<IpAddr> {
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let named = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    for text in named {
        let address = text.trim().parse::<IpAddr>().ok()?.to_canonical();
        if !trusted.contains(&address) {
            return Some(address);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut request = http::Request::builder().extension(Peer(peer.parse().unwrap()));
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let trusted: Vec<IpAddr> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        address(&parts, &trusted).unwrap().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(seen("10.0.0.1", &["1.2.3.4"], &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4"], &["10.0.0.2"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4"], &["10.0.0.1"]), "1.2.3.4");
        assert_eq!(seen("::ffff:10.0.0.1", &["1.2.3.4"], &["10.0.0.1"]), "1.2.3.4");
    }

    #[test]
    fn what_a_client_made_up_does_not_count() {
        let trusted = ["10.0.0.1", "10.0.0.2"];
        assert_eq!(seen("10.0.0.1", &["9.9.9.9, 1.2.3.4, 10.0.0.2"], &trusted), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &["9.9.9.9", "1.2.3.4"], &trusted), "1.2.3.4");
        assert_eq!(seen("10.0.0.1", &["1.2.3.4, unknown"], &trusted), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], &trusted), "10.0.0.1");
    }
}
