//! What a stream may drop before it was read, and the outage that it survives.

use continuity_readmodel::Outage;

use super::api::{StreamConfig, StreamInfo};
use super::message;
use crate::source::Retention;

const NANOS: f64 = 1e9;

/// What a stream's limits mean for a replica that is away.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Limits {
    pub(super) warnings: Vec<String>,
    pub(super) retention: Retention,
}

/// Messages and bytes a second, from what the stream holds now; `None` when that is too little to say.
fn rates(info: &StreamInfo) -> Option<(f64, f64)> {
    let (first, last) = (message::nanos(&info.state.first_ts)?, message::nanos(&info.state.last_ts)?);
    let seconds = precise(last.saturating_sub(first).max(0).unsigned_abs()) / NANOS;
    let enough = info.state.messages > 1 && seconds > 0.0;
    enough.then(|| (precise(info.state.messages) / seconds, precise(info.state.bytes) / seconds))
}

/// Looks at the limits of a stream.
pub(super) fn limits(stream: &str, info: &StreamInfo) -> Limits {
    let config = &info.config;
    let mut found = Limits::default();
    let max_age_seconds = above_zero(config.max_age).map(|nanos| nanos / NANOS);
    let rates = rates(info);
    let lasting = |limit: f64, rate: fn((f64, f64)) -> f64| rates.map(rate).map(|rate| limit / rate);
    let mut tell = |limit: String, outage: Option<f64>| {
        let survives = match outage {
            Some(seconds) => format!("at the present rate, an outage of more than {} loses events", words(seconds)),
            None => "it holds too little to say which outage loses events".to_owned(),
        };
        found.warnings.push(format!("{stream} {limit}: {survives}"));
        let outage = outage.map_or(Outage::Unknown, Outage::Seconds);
        found.retention.outage = found.retention.outage.tighter(outage);
    };
    if let Some(seconds) = max_age_seconds {
        tell(format!("keeps messages for {}", words(seconds)), Some(seconds));
    }
    if let Some(most) = above_zero(config.max_msgs).filter(|_| drops_old(config)) {
        tell(format!("keeps the newest {most} messages"), lasting(most, |(messages, _)| messages));
    }
    if let Some(most) = above_zero(config.max_bytes).filter(|_| drops_old(config)) {
        tell(format!("keeps the newest {most} bytes"), lasting(most, |(_, bytes)| bytes));
    }
    // Refusing what is new holds for a subject only where the stream says so of subjects, too.
    let replaces = drops_old(config) || !config.discard_new_per_subject;
    if let Some(most) = above_zero(config.max_msgs_per_subject).filter(|_| replaces) {
        let limit = format!("keeps the newest {most} messages of each subject, and one subject may get them all");
        tell(limit, lasting(most, |(messages, _)| messages));
    }
    for (allowed, what) in [
        (config.allow_msg_ttl, "messages that end by themselves (TTL)"),
        (config.allow_rollup_hdrs, "messages that replace all earlier ones (roll-up)"),
    ] {
        if allowed {
            found.warnings.push(format!("{stream} allows {what}: a producer can drop events before they were read"));
        }
    }
    found.retention.max_age_seconds = max_age_seconds;
    found
}

fn drops_old(config: &StreamConfig) -> bool {
    config.discard != "new"
}

fn above_zero(limit: i64) -> Option<f64> {
    u64::try_from(limit).ok().filter(|limit| *limit > 0).map(precise)
}

#[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
fn precise(number: u64) -> f64 {
    number as f64
}

/// A span of time in its two largest units.
fn words(seconds: f64) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    if seconds < 1.0 {
        return "a second".to_owned();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole seconds of a span above zero")]
    let mut left = seconds as u64;
    let mut parts = Vec::new();
    for (unit, name) in UNITS {
        if left >= unit && parts.len() < 2 {
            parts.push(format!("{} {name}", left / unit));
            left %= unit;
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::api::StreamState;
    use super::*;

    /// 1,000 messages of 100 bytes in 100 seconds.
    fn info(config: StreamConfig) -> StreamInfo {
        let state = StreamState {
            messages: 1_000,
            bytes: 100_000,
            first_seq: 1,
            first_ts: "2026-11-22T18:00:00Z".to_owned(),
            last_seq: 1_000,
            last_ts: "2026-11-22T18:01:40Z".to_owned(),
        };
        StreamInfo { config, created: String::new(), state, ts: None }
    }

    #[test]
    fn a_stream_without_limits_drops_nothing() {
        for unlimited in [0, -1] {
            let config = StreamConfig { max_msgs: unlimited, max_bytes: unlimited, ..StreamConfig::default() };
            assert_eq!(limits("S", &info(config)), Limits::default());
        }
        let refuses_new =
            StreamConfig { discard: "new".to_owned(), max_msgs: 10, max_bytes: 10, ..StreamConfig::default() };
        assert_eq!(limits("S", &info(refuses_new)), Limits::default());
    }

    #[test]
    fn a_subject_forgets_its_oldest_unless_it_refuses_what_is_new() {
        let of = |discard_new_per_subject| StreamConfig {
            discard: "new".to_owned(),
            max_msgs_per_subject: 1_000,
            discard_new_per_subject,
            ..StreamConfig::default()
        };
        assert_eq!(limits("S", &info(of(true))), Limits::default());
        assert_eq!(limits("S", &info(of(false))).retention.outage, Outage::Seconds(100.0));
    }

    #[test]
    fn the_outage_is_that_of_the_tightest_limit() {
        let day = 86_400_000_000_000;
        let config = StreamConfig {
            max_age: day,
            max_msgs: 36_000_000,
            max_bytes: 3_600_000,
            max_msgs_per_subject: 1_000_000,
            ..StreamConfig::default()
        };
        let found = limits("S", &info(config));
        assert_eq!(found.retention.max_age_seconds, Some(86_400.0));
        assert_eq!(found.retention.outage, Outage::Seconds(3_600.0));
        assert_eq!(found.warnings.len(), 4);
        assert!(found.warnings[0].contains("more than 1 d loses"), "{:?}", found.warnings);
        assert!(found.warnings[2].contains("newest 3600000 bytes") && found.warnings[2].contains("1 h loses"));
    }

    #[test]
    fn without_a_rate_only_the_age_is_a_figure() {
        let mut info = info(StreamConfig { max_msgs: 10, ..StreamConfig::default() });
        info.state.messages = 1;
        let found = limits("S", &info);
        assert_eq!(found.retention, Retention { max_age_seconds: None, outage: Outage::Unknown });
        assert!(found.warnings[0].contains("too little to say"));
        let producers = StreamConfig { allow_msg_ttl: true, allow_rollup_hdrs: true, ..StreamConfig::default() };
        info.config = producers;
        assert_eq!(limits("S", &info).warnings.len(), 2);
    }

    #[test]
    fn several_streams_are_as_tight_as_the_tightest() {
        let one = Retention { max_age_seconds: None, outage: Outage::Seconds(5.0) };
        let other = Retention { max_age_seconds: Some(9.0), outage: Outage::Seconds(9.0) };
        let both = Retention { max_age_seconds: Some(9.0), outage: Outage::Seconds(5.0) };
        assert_eq!(one.tighter(Retention::default()).tighter(other), both);
        let unknown = Retention { max_age_seconds: None, outage: Outage::Unknown };
        assert_eq!(Retention::default().tighter(unknown), unknown);
    }

    #[test]
    fn spans_are_said_in_words() {
        let said = [0.2, 1.0, 61.0, 3_600.0, 90_061.0, 8_640_000.0].map(words);
        assert_eq!(said, ["a second", "1 s", "1 min 1 s", "1 h", "1 d 1 h", "100 d"]);
    }
}
