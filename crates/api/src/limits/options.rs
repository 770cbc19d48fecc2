//! How much a client, an address and all of them together may ask for.

use std::net::IpAddr;
use std::time::Duration;

/// A rate that is kept over time, and what may come at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many in each `per`; at least 1.
    pub count: u64,
    /// The period of `count`.
    pub per: Duration,
    /// So many at once after a pause; at least 1.
    pub burst: u64,
}

/// Bounds on requests. Those on connections are [`ServerLimits`](crate::ServerLimits).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests of one client, by the client of its verified token; `None`: as many as it likes.
    pub client_rate: Option<Rate>,
    /// Failed authentications from one address; `None`: as many as somebody likes.
    pub failed_authentications: Option<Rate>,
    /// Requests that are worked on or sent at once.
    pub requests: usize,
    /// Of these, those of one client; without a token, of one address.
    pub requests_per_client: usize,
    /// Requests that wait for their turn; more are answered 503.
    pub queued: usize,
    /// How long one waits, at most, before it is answered 503.
    pub queue: Duration,
    /// Bytes of replies that their clients have not taken yet; a reply beyond it is answered 503.
    pub reply_bytes: usize,
    /// Proxies whose `X-Forwarded-For` is believed; from all others it is ignored.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            client_rate: Some(Rate { count: 2_000, per: Duration::from_secs(1), burst: 4_000 }),
            failed_authentications: Some(Rate { count: 60, per: Duration::from_mins(1), burst: 100 }),
            requests: 1_024,
            requests_per_client: 256,
            queued: 1_024,
            queue: Duration::from_secs(2),
            reply_bytes: 256 << 20,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Limits {
    /// Without rates: on one's own machine nobody has to be slowed. What bounds memory stays.
    #[must_use]
    pub fn without_rates(self) -> Self {
        Self { client_rate: None, failed_authentications: None, ..self }
    }
}
