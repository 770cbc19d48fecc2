//! What the brokers may drop before it was read.

use std::collections::BTreeMap;

use continuity_readmodel::Outage;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::config::FromClientConfigAndContext;

use super::check::Report;
use super::config::{self, Use};
use super::context::Context;
use super::look::{At, Looker};
use super::options::KafkaOptions;
use crate::SourceError;
use crate::source::Retention;

/// An outage that is shorter than this is worth a warning: a long weekend.
const WORTH_A_WARNING: f64 = 4.0 * 86_400.0;

/// What was found.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Kept {
    pub(super) warnings: Vec<String>,
    pub(super) retention: Option<Retention>,
}

/// What a topic's configuration says of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Policy {
    compacts: bool,
    deletes: bool,
    /// Milliseconds.
    max_age: Option<u64>,
    /// Bytes of each partition.
    max_bytes: Option<u64>,
}

/// Reads the topics' configuration where that is permitted. A topic that is compacted loses history: it is refused,
/// unless the options insist.
pub(super) fn look(name: &str, options: &KafkaOptions, looker: &Looker, report: &Report) -> Result<Kept, SourceError> {
    let policies = match read(options) {
        Ok(policies) => policies,
        Err(why) => {
            let warning = format!("what the brokers drop, and when, is not known: {why}");
            return Ok(Kept { warnings: vec![warning], retention: None });
        }
    };
    let mut kept = Kept::default();
    let mut all = Some(Retention::default());
    for (topic, policy) in &policies {
        if policy.compacts {
            let detail = format!(
                "the topic {topic} is compacted (cleanup.policy): the brokers drop all but the newest event of a loan. \
                 Set cleanup.policy=delete, or insist with allow_compaction"
            );
            if !options.allow_compaction {
                return Err(SourceError::Refused { source_name: name.to_owned(), detail });
            }
            kept.warnings.push(detail);
        }
        let by_size = match policy.max_bytes.filter(|_| policy.deletes) {
            Some(_) => spanned(topic, options, looker, report).map_or(Outage::Unknown, Outage::Seconds),
            None => Outage::Any,
        };
        let one = retention(policy, by_size);
        kept.warnings.extend(warning(topic, policy, one));
        all = all.map(|all| all.tighter(one));
    }
    kept.retention = all;
    Ok(kept)
}

fn read(options: &KafkaOptions) -> Result<BTreeMap<String, Policy>, String> {
    if options.security.mechanism() == Some("OAUTHBEARER") {
        return Err("the client library has no bearer token where it asks for a topic's configuration".to_owned());
    }
    let config = config::client(options, Use::Look)?;
    let admin = AdminClient::from_config_and_context(&config, Context::new(options)).map_err(|e| e.to_string())?;
    let topics: Vec<ResourceSpecifier<'_>> = options.topics.iter().map(|t| ResourceSpecifier::Topic(t)).collect();
    let asked = AdminOptions::new().request_timeout(Some(options.timeout));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|e| e.to_string())?;
    let answer = runtime.block_on(async {
        // The client's own time-out begins only once it is connected.
        tokio::time::timeout(options.timeout * 2, admin.describe_configs(&topics, &asked)).await
    });
    let resources = answer.map_err(|_| "no answer in time".to_owned())?.map_err(|e| e.to_string())?;
    let mut policies = BTreeMap::new();
    for (topic, resource) in options.topics.iter().zip(resources) {
        let resource = resource.map_err(|code| format!("the configuration of {topic} is not shown: {code}"))?;
        let value = |name: &str| resource.get(name).and_then(|entry| entry.value.clone());
        policies.insert(topic.clone(), policy(value));
    }
    Ok(policies)
}

fn policy(value: impl Fn(&str) -> Option<String>) -> Policy {
    let cleanup = value("cleanup.policy").unwrap_or_else(|| "delete".to_owned());
    let has = |wanted: &str| cleanup.split(',').any(|one| one.trim() == wanted);
    // -1 stands for "never".
    let limit = |name: &str| value(name).and_then(|text| text.trim().parse::<u64>().ok());
    Policy {
        compacts: has("compact"),
        deletes: has("delete"),
        max_age: limit("retention.ms"),
        max_bytes: limit("retention.bytes"),
    }
}

/// Seconds between the oldest record that is kept and now: what a limit in bytes holds at the rate of late. The least of
/// all partitions that have dropped some already; one that is not full yet says nothing of when it will be.
fn spanned(topic: &str, options: &KafkaOptions, looker: &Looker, report: &Report) -> Option<f64> {
    let parts = report.parts.iter().filter(|(part, seen)| part.topic == *topic && 0 < seen.low && seen.low < seen.high);
    let wanted: Vec<(i32, i64)> = parts.map(|(part, seen)| (part.partition, seen.low)).collect();
    if wanted.is_empty() {
        return None;
    }
    let found = looker.first_at(topic, &wanted).ok()?;
    let oldest = found.values().filter_map(|at| match at {
        At::Record(seen) => seen.published_at,
        At::End | At::OutOfRange => None,
    });
    let span = options.clock.now().as_micros().saturating_sub(oldest.max()?).max(0);
    Some(seconds(span.unsigned_abs(), 1e6))
}

/// From a policy, and the outage that its limit in bytes survives.
fn retention(policy: &Policy, by_size: Outage) -> Retention {
    let max_age_seconds = policy.max_age.filter(|_| policy.deletes).map(|millis| seconds(millis, 1e3));
    let by_age = max_age_seconds.map_or(Outage::Any, Outage::Seconds);
    Retention { max_age_seconds, outage: by_age.tighter(by_size) }
}

fn warning(topic: &str, policy: &Policy, kept: Retention) -> Option<String> {
    let outage = kept.outage.seconds()?;
    let limit = match (kept.max_age_seconds, policy.max_bytes) {
        (Some(age), _) if age <= outage => format!("after {}", words(age)),
        (_, Some(bytes)) => format!("beyond {bytes} bytes a partition"),
        _ => return None,
    };
    (outage < WORTH_A_WARNING).then(|| {
        format!(
            "the brokers drop events of {topic} {limit}: an outage of the replica of more than {} loses some; raise \
             retention.ms and retention.bytes",
            words(outage)
        )
    })
}

fn words(seconds: f64) -> String {
    let (amount, unit) = match seconds {
        s if s >= 2.0 * 86_400.0 => (s / 86_400.0, "days"),
        s if s >= 2.0 * 3_600.0 => (s / 3_600.0, "hours"),
        s if s >= 120.0 => (s / 60.0, "minutes"),
        s => (s, "seconds"),
    };
    format!("{amount:.0} {unit}")
}

#[expect(clippy::cast_precision_loss, reason = "an estimate in seconds")]
fn seconds(value: u64, per_second: f64) -> f64 {
    value as f64 / per_second
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(entries: &[(&str, &str)]) -> Policy {
        policy(|name| entries.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_policy_is_read_as_kafka_writes_it() {
        let both =
            of(&[("cleanup.policy", "compact,delete"), ("retention.ms", "604800000"), ("retention.bytes", "-1")]);
        assert_eq!(both, Policy { compacts: true, deletes: true, max_age: Some(604_800_000), max_bytes: None });
        assert!(!of(&[]).compacts && of(&[]).deletes);
    }

    #[test]
    fn the_outage_survived_is_the_shortest() {
        let policy = of(&[("retention.ms", "86400000"), ("retention.bytes", "1000000")]);
        let by_size = retention(&policy, Outage::Seconds(7_200.0));
        assert_eq!((by_size.max_age_seconds, by_size.outage), (Some(86_400.0), Outage::Seconds(7_200.0)));
        let text = warning("t", &policy, by_size).unwrap();
        assert!(text.contains("beyond 1000000 bytes") && text.contains("2 hours"), "{text}");
        let by_age = retention(&policy, Outage::Unknown);
        assert_eq!(by_age.outage, Outage::Seconds(86_400.0));
        assert!(warning("t", &policy, by_age).unwrap().contains("after 24 hours"));
    }

    #[test]
    fn long_or_endless_retention_is_no_warning() {
        for entries in [&[("retention.ms", "-1")][..], &[("retention.ms", "2592000000")]] {
            let policy = of(entries);
            assert_eq!(warning("t", &policy, retention(&policy, Outage::Any)), None);
        }
    }
}
