//! Pace, heartbeats and manifests, on the way to a file.

use std::path::PathBuf;
use std::sync::Arc;

use continuity_base::{Clock, SystemClock, Timestamp};
use continuity_events::{CloudEvent, Limits};
use serde_json::{Value, json};

use super::*;
use crate::publish::{Mode, Position};
use crate::{Every, Faults, Manifests, Simulator};

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("continuity-publish-{}-{name}", std::process::id())))
    }

    fn target(&self) -> Target {
        Target::File(self.0.join("feed.ndjson"))
    }

    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(self.0.join("feed.ndjson")).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn feed(loans: u64) -> Vec<Emitted> {
    Simulator::loans(7, Timestamp::from_micros(1_767_600_000_000_000), loans).history().collect()
}

#[test]
fn a_file_gets_the_lines_and_later_ones_behind_them() {
    let place = Place::new("append");
    let feed = feed(3);
    let options = PublishOptions { mode: Mode::Binary, ..PublishOptions::default() };
    let first = publish(feed[..100].iter().cloned(), &place.target(), &options, &Stop::new()).unwrap();
    let second = publish(feed[100..].iter().cloned(), &place.target(), &options, &Stop::new()).unwrap();
    assert!(place.lines() == feed.iter().map(|emitted| emitted.line.clone()).collect::<Vec<_>>(), "another feed");
    assert_eq!((first.acknowledged, first.events, first.stopped), (100, 100, false));
    let bytes = feed.iter().map(|emitted| emitted.line.len() as u64 + 1).sum();
    assert_eq!(second.positions["feed.ndjson"], Position::Bytes(bytes));
}

#[test]
fn a_manifest_tells_where_everything_before_it_is() {
    let place = Place::new("manifests");
    let faults = Faults { gaps: 0.05, late: 0.05, duplicates: 0.05, malformed: 0.05, ..Faults::default() };
    let told = Manifests::over(feed(4).into_iter(), Every::Events(150), "/banclo/test", 1);
    let mut told = faults.over(1, told);
    let summary = publish(told.by_ref(), &place.target(), &PublishOptions::default(), &Stop::new()).unwrap();
    let counts = told.counts();
    assert!(summary.manifests > 2 && counts.gaps > 5);
    assert_eq!((summary.duplicates, summary.malformed), (counts.duplicates, counts.malformed));
    assert_eq!(summary.events, feed(4).len() as u64 - counts.gaps);
    let mut bytes = 0;
    for line in place.lines() {
        if let Ok(event) = CloudEvent::parse_structured(line.as_bytes(), &Limits::default())
            && event.name() == "CompletenessManifest"
        {
            let data: Value = serde_json::from_str(&event.data).unwrap();
            assert_eq!(data["at"], json!({ "feed.ndjson": bytes }));
        }
        bytes += line.len() + 1;
    }
}

#[test]
fn heartbeats_tell_the_time_of_the_clock_until_stopped() {
    let place = Place::new("heartbeats");
    let stop = Stop::new();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let options = PublishOptions {
        heartbeat: Some(Duration::from_millis(5)),
        linger: true,
        clock: Arc::clone(&clock),
        ..PublishOptions::default()
    };
    let before = clock.now();
    let ending = stop.clone();
    let mut watch = |summary: &Summary| {
        if summary.acknowledged > 3 {
            ending.stop();
        }
    };
    let summary = publish_watched(std::iter::empty(), &place.target(), &options, &stop, &mut watch).unwrap();
    assert!(summary.stopped && summary.heartbeats > 3 && summary.acknowledged == summary.heartbeats);
    let ids: std::collections::BTreeSet<String> = place
        .lines()
        .iter()
        .map(|line| {
            let event = CloudEvent::parse_structured(line.as_bytes(), &Limits::default()).unwrap();
            assert!(event.time.as_str() >= &before.to_string()[..19]);
            event.id
        })
        .collect();
    assert_eq!(ids.len() as u64, summary.heartbeats);
}

#[test]
fn a_rate_is_kept() {
    let place = Place::new("rate");
    let clock = SystemClock::new();
    let options = PublishOptions { history_rate: 200.0, ..PublishOptions::default() };
    let summary = publish(feed(1).into_iter().take(40), &place.target(), &options, &Stop::new()).unwrap();
    assert_eq!(summary.events, 40);
    assert!(clock.monotonic() >= Duration::from_millis(190), "{:?}", clock.monotonic());
}

#[test]
fn stopping_ends_a_feed_without_end() {
    let place = Place::new("stop");
    let stop = Stop::new();
    let ending = stop.clone();
    let mut watch = |summary: &Summary| {
        if summary.messages > 10 {
            ending.stop();
        }
    };
    let endless = Simulator::loans(7, Timestamp::from_micros(1_767_600_000_000_000), 1);
    let summary = publish_watched(endless, &place.target(), &PublishOptions::default(), &stop, &mut watch).unwrap();
    assert!(summary.stopped);
    assert_eq!(place.lines().len() as u64, summary.acknowledged);
}

/// Takes everything, acknowledges nothing, and carries little.
#[derive(Default)]
struct Deaf {
    acknowledged: super::super::Acknowledged,
    taken: usize,
}

impl Publisher for Deaf {
    fn publish(&mut self, _: Message) -> Result<(), PublishError> {
        self.taken += 1;
        Ok(())
    }
    fn tend(&mut self, wait: Duration) -> Result<(), PublishError> {
        std::thread::sleep(wait.min(Duration::from_millis(1)));
        Ok(())
    }
    fn in_flight(&self) -> usize {
        self.taken
    }
    fn acknowledged(&self) -> &super::super::Acknowledged {
        &self.acknowledged
    }
    fn largest(&self) -> usize {
        500
    }
    fn last_answer(&self) -> Option<String> {
        Some("not now".to_owned())
    }
}

#[test]
fn a_broker_that_acknowledges_nothing_is_waited_for_with_open_eyes() {
    let (stop, mut shown) = (Stop::new(), 0);
    let ending = stop.clone();
    let heartbeat = Some(Duration::from_millis(1));
    let drain = Duration::from_millis(300);
    let options = PublishOptions { in_flight: 5, heartbeat, drain, ..PublishOptions::default() };
    let mut watch = |_: &Summary| {
        shown += 1;
        if shown == 4 {
            ending.stop();
        }
    };
    let mut driver = Driver::new(Box::new(Deaf::default()), &options, &stop, &mut watch);
    while !stop.is_stopped() {
        driver.wait_for_turn(true).unwrap();
        if !stop.is_stopped() {
            driver.send(Message::of_line("x", Mode::Structured)).unwrap();
        }
    }
    assert_eq!(driver.publisher.in_flight(), 10, "heartbeats go on beyond what may be in flight, within bounds");
    // The last acknowledgements are waited for once, not each time.
    let clock = SystemClock::new();
    driver.settle().unwrap();
    assert!(clock.monotonic() >= drain);
    let clock = SystemClock::new();
    driver.settle().unwrap();
    assert!(clock.monotonic() < drain);
}

#[test]
fn long_silence_is_told_with_the_last_answer() {
    let (options, stop, mut watch) = (PublishOptions::default(), Stop::new(), |_: &Summary| {});
    let mut driver = Driver::new(Box::new(Deaf::default()), &options, &stop, &mut watch);
    let now = driver.now();
    assert_eq!(driver.complaint(now + LONG * 2), None, "nothing waits");
    driver.send(Message::of_line("x", Mode::Structured)).unwrap();
    assert_eq!(driver.complaint(now + LONG * 2 + LOOK), None);
    let said = driver.complaint(now + LONG * 3).unwrap();
    assert!(said.contains("30 s, 1 messages") && said.ends_with("not now"), "{said}");
    assert_eq!(driver.complaint(now + LONG * 3 + LOOK), None, "not all the time");
    driver.summary.acknowledged += 1;
    assert_eq!(driver.complaint(now + LONG * 4), None, "something came");
}

#[test]
fn a_last_line_without_an_end_gets_one() {
    let place = Place::new("unterminated");
    std::fs::create_dir_all(&place.0).unwrap();
    std::fs::write(place.0.join("feed.ndjson"), "{\"cut").unwrap();
    let feed = feed(1);
    let summary = publish(feed[..2].iter().cloned(), &place.target(), &PublishOptions::default(), &Stop::new());
    assert_eq!(place.lines(), ["{\"cut", feed[0].line.as_str(), &feed[1].line]);
    let bytes = 6 + feed[..2].iter().map(|emitted| emitted.line.len() as u64 + 1).sum::<u64>();
    assert_eq!(summary.unwrap().positions["feed.ndjson"], Position::Bytes(bytes));
}

#[test]
fn a_list_of_loans_that_is_too_long_stays_away() {
    let (options, stop, mut watch) = (PublishOptions::default(), Stop::new(), |_: &Summary| {});
    let driver = Driver::new(Box::new(Deaf::default()), &options, &stop, &mut watch);
    let line =
        |loans: &str| format!(r#"{{"specversion":"1.0","id":"1","data":{{"at":{{}},"events":1,"loans":[{loans}]}}}}"#);
    assert_eq!(driver.with_positions(&line("1")), line("1"));
    let long = driver.with_positions(&line(&["7"; 400].join(",")));
    assert_eq!(long, r#"{"specversion":"1.0","id":"1","data":{"at":{},"events":1}}"#);
}
