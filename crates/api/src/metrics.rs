//! What the API counts.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

/// Requests by route template, method and status class.
pub const HTTP_REQUESTS: &str = "continuity_http_requests_total";
/// Time from the request's head to the answer's, by route template.
pub const HTTP_DURATION: &str = "continuity_http_request_duration_seconds";
/// Connections that are open now.
pub const CONNECTIONS: &str = "continuity_http_connections";
/// TLS handshakes that failed or took too long.
pub const HANDSHAKE_FAILURES: &str = "continuity_tls_handshake_failures_total";
/// Requests that a limit refused, by reason.
pub const LIMITED: &str = "continuity_http_limited_total";
/// Requests that are worked on or sent.
pub const RUNNING: &str = "continuity_http_requests_running";
/// Requests that wait for their turn.
pub const WAITING: &str = "continuity_http_requests_waiting";
/// Connections that were not taken, by reason.
pub const REFUSED_CONNECTIONS: &str = "continuity_http_connections_refused_total";
/// Connections that were ended for what their peer did not do, by reason.
pub const CUT_CONNECTIONS: &str = "continuity_http_connections_cut_total";
/// Reads of changed certificate files, by outcome.
pub const CERTIFICATE_RELOADS: &str = "continuity_tls_certificate_reloads_total";

/// Streams of changes that are open now.
pub const STREAMS: &str = "continuity_changes_streams";
/// Events sent to streams of changes, by what they tell.
pub const STREAM_EVENTS: &str = "continuity_changes_events_total";
/// Streams of changes that ended, by reason.
pub const STREAMS_ENDED: &str = "continuity_changes_streams_ended_total";

/// Describes every metric of this crate to the recorder.
pub fn describe() {
    describe_counter!(HTTP_REQUESTS, "HTTP requests by route, method and status class");
    describe_histogram!(HTTP_DURATION, Unit::Seconds, "Time from a request's head to its answer's, by route");
    describe_gauge!(CONNECTIONS, "HTTP connections that are open");
    describe_counter!(HANDSHAKE_FAILURES, "TLS handshakes that failed or took too long");
    describe_counter!(CERTIFICATE_RELOADS, "Reads of changed certificate files, by outcome");
    describe_counter!(LIMITED, "HTTP requests that a limit refused, by reason");
    describe_gauge!(RUNNING, "HTTP requests that are worked on or sent");
    describe_gauge!(WAITING, "HTTP requests that wait for their turn");
    describe_counter!(REFUSED_CONNECTIONS, "HTTP connections that were not taken, by reason");
    describe_counter!(CUT_CONNECTIONS, "HTTP connections ended for what their peer did not do, by reason");
    describe_gauge!(STREAMS, "Streams of changes that are open");
    describe_counter!(STREAM_EVENTS, "Events sent to streams of changes, by what they tell");
    describe_counter!(STREAMS_ENDED, "Streams of changes that ended, by reason");
    for reason in Limited::ALL {
        counter!(LIMITED, "reason" => reason.label()).absolute(0);
    }
    for reason in Cut::ALL {
        counter!(CUT_CONNECTIONS, "reason" => reason.label()).absolute(0);
    }
    counter!(REFUSED_CONNECTIONS, "reason" => "address").absolute(0);
    counter!(HANDSHAKE_FAILURES).absolute(0);
    for outcome in ["ok", "failed"] {
        counter!(CERTIFICATE_RELOADS, "outcome" => outcome).absolute(0);
    }
}

/// What a request was refused for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limited {
    ClientRate,
    FailedAuthentications,
    QueueFull,
    QueueTime,
    ReplyBytes,
    Downloads,
    OpenRequests,
}

impl Limited {
    const ALL: [Self; 7] = [
        Self::ClientRate,
        Self::FailedAuthentications,
        Self::QueueFull,
        Self::QueueTime,
        Self::ReplyBytes,
        Self::Downloads,
        Self::OpenRequests,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::ClientRate => "client-rate",
            Self::FailedAuthentications => "failed-authentications",
            Self::QueueFull => "queue-full",
            Self::QueueTime => "queue-time",
            Self::ReplyBytes => "reply-bytes",
            Self::Downloads => "downloads",
            Self::OpenRequests => "open-requests",
        }
    }
}

/// What a connection was ended for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// No request came.
    Silent,
    /// No further request came.
    Idle,
    /// What was sent was not taken.
    Stalled,
}

impl Cut {
    const ALL: [Self; 3] = [Self::Silent, Self::Idle, Self::Stalled];

    const fn label(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Idle => "idle",
            Self::Stalled => "stalled",
        }
    }
}

/// Why streams of changes end on this side.
const STREAM_ENDS: [&str; 4] = ["token", "stopping", "once", "failed"];

const METHODS: [&str; 4] = ["GET", "HEAD", "POST", "OTHER"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

static READS: AtomicU64 = AtomicU64::new(0);
static ERRORS: AtomicU64 = AtomicU64::new(0);

/// Totals of this process, for whoever shows how it goes without a recorder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests for data that were answered.
    pub reads: u64,
    /// Requests that were answered with 5xx. Answers of `/health` and `/ready` are none: there it is what was asked for.
    pub errors: u64,
}

/// How many requests there were since the start.
pub fn totals() -> Totals {
    Totals { reads: READS.load(Ordering::Relaxed), errors: ERRORS.load(Ordering::Relaxed) }
}

/// What a route is to the totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Data,
    Health,
    Other,
}

impl Kind {
    /// Whether that answer is a read.
    fn is_read(self, status: StatusCode) -> bool {
        self == Self::Data && !status.is_client_error() && !status.is_server_error()
    }

    /// Whether that answer is an error.
    fn is_error(self, status: StatusCode) -> bool {
        self != Self::Health && status.is_server_error()
    }

    fn count(self, status: StatusCode) {
        if self.is_read(status) {
            READS.fetch_add(1, Ordering::Relaxed);
        }
        if self.is_error(status) {
            ERRORS.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The handles of one route, taken from the recorder once.
pub(crate) struct RouteMetrics {
    route: &'static str,
    kind: Kind,
    requests: [OnceLock<Counter>; METHODS.len() * CLASSES.len()],
    duration: OnceLock<Histogram>,
}

impl RouteMetrics {
    pub(crate) fn new(route: &'static str, kind: Kind) -> Self {
        Self { route, kind, requests: [const { OnceLock::new() }; _], duration: OnceLock::new() }
    }

    /// One request was answered.
    pub(crate) fn answered(&self, method: &Method, status: StatusCode, duration: Duration) {
        let method = METHODS.iter().position(|m| *m == method.as_str()).unwrap_or(METHODS.len() - 1);
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        let requests = self.requests[method * CLASSES.len() + class].get_or_init(
            || counter!(HTTP_REQUESTS, "route" => self.route, "method" => METHODS[method], "class" => CLASSES[class]),
        );
        requests.increment(1);
        self.kind.count(status);
        self.duration.get_or_init(|| histogram!(HTTP_DURATION, "route" => self.route)).record(duration.as_secs_f64());
    }
}

pub(crate) fn limited(reason: Limited) {
    counter!(LIMITED, "reason" => reason.label()).increment(1);
}

pub(crate) fn connection_refused() {
    counter!(REFUSED_CONNECTIONS, "reason" => "address").increment(1);
}

pub(crate) fn connection_cut(reason: Cut) {
    counter!(CUT_CONNECTIONS, "reason" => reason.label()).increment(1);
}

pub(crate) fn handshake_failed() {
    counter!(HANDSHAKE_FAILURES).increment(1);
}

pub(crate) fn certificate_reloaded(outcome: &'static str) {
    counter!(CERTIFICATE_RELOADS, "outcome" => outcome).increment(1);
}

/// Counts a connection as open for as long as it lives.
pub(crate) struct OpenConnection(Gauge);

impl OpenConnection {
    pub(crate) fn count() -> Self {
        let open = gauge!(CONNECTIONS);
        open.increment(1.0);
        Self(open)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// Counts a stream of changes as open for as long as it lives.
#[derive(Debug)]
pub(crate) struct OpenStream(());

impl OpenStream {
    pub(crate) fn count() -> Self {
        gauge!(STREAMS).increment(1.0);
        Self(())
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        gauge!(STREAMS).decrement(1.0);
    }
}

/// What an event of a stream tells.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StreamEvent {
    Change,
    Position,
    State,
    End,
}

impl StreamEvent {
    const ALL: [Self; 4] = [Self::Change, Self::Position, Self::State, Self::End];

    const fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Position => "position",
            Self::State => "state",
            Self::End => "end",
        }
    }

    pub(crate) fn sent(self) {
        counter!(STREAM_EVENTS, "event" => self.name()).increment(1);
    }
}

/// A stream was ended by the replica.
pub(crate) fn stream_ended(reason: &'static str) {
    counter!(STREAMS_ENDED, "reason" => reason).increment(1);
}

/// Shows the figures of streams before there was one.
pub(crate) fn register_streams() {
    gauge!(STREAMS).set(0.0);
    for event in StreamEvent::ALL {
        counter!(STREAM_EVENTS, "event" => event.name()).absolute(0);
    }
    for reason in STREAM_ENDS {
        counter!(STREAMS_ENDED, "reason" => reason).absolute(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_answers_of_data_are_reads_and_5xx_are_errors_but_not_of_health() {
        for (kind, status, read, error) in [
            (Kind::Data, StatusCode::OK, true, false),
            (Kind::Data, StatusCode::NOT_MODIFIED, true, false),
            (Kind::Data, StatusCode::NOT_FOUND, false, false),
            (Kind::Data, StatusCode::SERVICE_UNAVAILABLE, false, true),
            (Kind::Other, StatusCode::OK, false, false),
            (Kind::Other, StatusCode::INTERNAL_SERVER_ERROR, false, true),
            (Kind::Health, StatusCode::SERVICE_UNAVAILABLE, false, false),
        ] {
            assert_eq!((kind.is_read(status), kind.is_error(status)), (read, error), "{kind:?} {status}");
        }
    }

    #[test]
    fn totals_grow() {
        let before = totals();
        Kind::Data.count(StatusCode::OK);
        Kind::Data.count(StatusCode::BAD_GATEWAY);
        let after = totals();
        assert!(after.reads > before.reads && after.errors > before.errors, "{before:?} {after:?}");
    }
}
