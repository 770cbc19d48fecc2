//! A consumer of the broker: made anew at every connect, behind our own position, and gone soon after we are.

use std::time::Duration;

use async_nats::Subscriber;
use serde::Serialize;

use super::api::Api;
use super::options::StreamFilter;
use super::trouble::{Trouble, chain};

/// The server forgets a consumer that asked for nothing for this long.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(1);
/// Redelivery is of no use here: what is not durable comes again after a connect.
const REDELIVERED_AFTER: Duration = Duration::from_hours(7 * 24);

/// A consumer and where its messages arrive.
pub(super) struct Consumer {
    pub(super) name: String,
    /// Where requests for messages go to.
    pub(super) requests: String,
    /// What replies to requests begin with; a request's number follows.
    pub(super) inbox: String,
    pub(super) messages: Subscriber,
}

#[derive(Serialize)]
struct Create<'a> {
    stream_name: &'a str,
    config: Config<'a>,
}

#[derive(Serialize)]
struct Config<'a> {
    name: &'a str,
    description: &'a str,
    deliver_policy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    opt_start_seq: Option<u64>,
    ack_policy: &'a str,
    ack_wait: u64,
    max_deliver: i64,
    max_ack_pending: i64,
    replay_policy: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter_subject: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    filter_subjects: &'a [String],
    inactive_threshold: u64,
    num_replicas: u32,
    mem_storage: bool,
}

/// Creates a consumer that begins behind `sequence`. A server that understood other filters than it was given is refused.
pub(super) async fn create(api: &Api, filter: &StreamFilter, sequence: u64) -> Result<Consumer, Trouble> {
    let inbox = api.client.new_inbox();
    let unique = inbox.rsplit('.').next().unwrap_or_default();
    let name = format!("continuity-{unique}");
    let messages = api.client.subscribe(format!("{inbox}.*")).await;
    let messages = messages.map_err(|error| Trouble::disconnected(chain(&error)))?;
    let (path, body) = request(filter, sequence, &name);
    let created = api.create_consumer(&path, &body).await?;
    check_filters(&filter.subjects, &created.config.all(), &api.client.server_info().version, &filter.stream)?;
    let requests = api.subject(&format!("CONSUMER.MSG.NEXT.{}.{name}", filter.stream));
    Ok(Consumer { name, requests, inbox, messages })
}

fn request<'a>(filter: &'a StreamFilter, sequence: u64, name: &'a str) -> (String, Create<'a>) {
    let stream = &filter.stream;
    let (one, several) = match &filter.subjects[..] {
        [] => (None, &[][..]),
        [one] => (Some(one.as_str()), &[][..]),
        several => (None, several),
    };
    // With a single filter the subject names it, so that a user can be allowed to read just that.
    let path = one.map_or_else(|| format!("{stream}.{name}"), |subject| format!("{stream}.{name}.{subject}"));
    let config = Config {
        name,
        description: "a replica reads from its own position; acknowledged is what it keeps durably",
        deliver_policy: if sequence == 0 { "all" } else { "by_start_sequence" },
        opt_start_seq: (sequence > 0).then_some(sequence + 1),
        ack_policy: "all",
        ack_wait: nanos(REDELIVERED_AFTER),
        max_deliver: -1,
        max_ack_pending: -1,
        replay_policy: "instant",
        filter_subject: one,
        filter_subjects: several,
        inactive_threshold: nanos(FORGOTTEN_AFTER),
        num_replicas: 1,
        mem_storage: true,
    };
    (path, Create { stream_name: stream, config })
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn check_filters(asked: &[String], understood: &[&str], version: &str, stream: &str) -> Result<(), Trouble> {
    let mut wanted: Vec<_> = asked.iter().map(String::as_str).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted == understood {
        return Ok(());
    }
    let said = |subjects: &[&str]| if subjects.is_empty() { "no filter".to_owned() } else { subjects.join(", ") };
    Err(Trouble::refused(format!(
        "the server (version {version}) was asked for {} of the stream {stream} and understood {}. Servers before 2.10 \
         know one filter only: give one subject for each stream, or use a newer server",
        said(&wanted),
        said(understood)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(subjects: &[&str]) -> StreamFilter {
        StreamFilter { stream: "S".to_owned(), subjects: subjects.iter().map(|&subject| subject.to_owned()).collect() }
    }

    fn json(filter: &StreamFilter, sequence: u64) -> (String, serde_json::Value) {
        let (path, body) = request(filter, sequence, "c");
        (path, serde_json::to_value(&body).unwrap()["config"].clone())
    }

    #[test]
    fn begins_behind_our_own_position() {
        let (path, config) = json(&filter(&[]), 41);
        assert_eq!(path, "S.c");
        assert_eq!((&config["deliver_policy"], &config["opt_start_seq"]), (&"by_start_sequence".into(), &42.into()));
        let (_, config) = json(&filter(&[]), 0);
        assert_eq!(config["deliver_policy"], "all");
        assert!(config.get("opt_start_seq").is_none() && config.get("filter_subjects").is_none());
    }

    #[test]
    fn one_filter_stands_in_the_subject_and_several_do_not() {
        let (path, config) = json(&filter(&["a.>"]), 0);
        assert_eq!((path.as_str(), &config["filter_subject"]), ("S.c.a.>", &"a.>".into()));
        let (path, config) = json(&filter(&["a.>", "b"]), 0);
        assert_eq!((path.as_str(), config["filter_subjects"].as_array().unwrap().len()), ("S.c", 2));
    }

    #[test]
    fn other_filters_than_asked_for_are_refused() {
        let asked = filter(&["b", "a"]).subjects;
        assert_eq!(check_filters(&asked, &["a", "b"], "2.12.1", "S"), Ok(()));
        let refused = check_filters(&asked, &[], "2.9.10", "S");
        assert!(
            matches!(refused, Err(Trouble::Refused(detail)) if detail.contains("2.9.10") && detail.contains("no filter"))
        );
        assert!(check_filters(&[], &["a"], "3", "S").is_err());
    }
}
