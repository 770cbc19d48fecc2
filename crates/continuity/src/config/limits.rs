//! The section about what clients, addresses and connections may take.

use std::net::IpAddr;
use std::time::Duration;

use continuity_api::{Rate, ServerLimits};
use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    pub(crate) client_requests_per_second: u64,
    pub(crate) client_burst: u64,
    pub(crate) failed_authentications_per_minute: u64,
    pub(crate) failed_authentications_burst: u64,
    pub(crate) trusted_proxies: Vec<IpAddr>,
    pub(crate) requests: usize,
    pub(crate) requests_per_client: usize,
    pub(crate) queued: usize,
    pub(crate) queue_seconds: u64,
    pub(crate) reply_bytes: usize,
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) open_requests: usize,
    pub(crate) first_request_seconds: u64,
    pub(crate) idle_seconds: u64,
    pub(crate) write_seconds: u64,
}

impl Limits {
    /// Those on requests.
    pub(crate) fn of_requests(&self) -> continuity_api::Limits {
        let rate = |count, per, burst| (count > 0).then_some(Rate { count, per, burst });
        let failures = (self.failed_authentications_per_minute, self.failed_authentications_burst);
        continuity_api::Limits {
            client_rate: rate(self.client_requests_per_second, Duration::from_secs(1), self.client_burst),
            failed_authentications: rate(failures.0, Duration::from_mins(1), failures.1),
            requests: self.requests,
            requests_per_client: self.requests_per_client,
            queued: self.queued,
            queue: Duration::from_secs(self.queue_seconds),
            reply_bytes: self.reply_bytes,
            trusted_proxies: self.trusted_proxies.clone(),
        }
    }

    /// Those on connections of the API.
    pub(crate) fn of_connections(&self) -> ServerLimits {
        ServerLimits {
            connections: self.connections,
            connections_per_address: self.connections_per_address,
            open_requests: self.open_requests,
            first_request: Duration::from_secs(self.first_request_seconds),
            idle: Duration::from_secs(self.idle_seconds),
            write: Duration::from_secs(self.write_seconds),
            ..ServerLimits::default()
        }
    }

    /// Without rates, as in the demo.
    #[must_use]
    pub(crate) fn without_rates(self) -> Self {
        Self { client_requests_per_second: 0, failed_authentications_per_minute: 0, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    #[test]
    fn the_annotated_defaults_are_those_of_the_api() {
        let limits = Config::default().limits;
        assert_eq!(limits.of_requests(), continuity_api::Limits::default());
        assert_eq!(limits.of_connections(), ServerLimits::default());
        let limits = limits.without_rates().of_requests();
        assert_eq!(limits, continuity_api::Limits::default().without_rates());
    }
}
