//! Topics that are not, or no longer hold, what was read from them.

use continuity_events::record::Divergence;
use continuity_ingest::{Source, SourceError};
use continuity_tests::brokers::KafkaBroker;
use continuity_tests::harness::skipped;
use tempfile::TempDir;

use super::support::{Replica, bytes, delete, drop_before, events, publish, source, topic, topic_with};

/// A broker with ten records, all of them read, and what was read.
fn followed() -> (KafkaBroker, Replica) {
    let broker = KafkaBroker::start().unwrap();
    topic(&broker, "changes", 1);
    publish(&broker, "changes", 0, &events(0..10));
    let mut replica = Replica::default();
    assert_eq!(replica.read(&mut source(&broker, &["changes"])).len(), 10);
    (broker, replica)
}

/// The same, and the broker lost the second ten that were read, too.
fn truncated() -> (KafkaBroker, Replica) {
    let (mut broker, mut replica) = followed();
    let copy = TempDir::new().unwrap();
    broker.copy_store(copy.path()).unwrap();
    publish(&broker, "changes", 0, &events(10..20));
    assert_eq!(replica.read(&mut source(&broker, &["changes"])).len(), 10);
    broker.start_on(copy.path()).unwrap();
    (broker, replica)
}

#[test]
fn a_topic_that_lost_its_newest_records_is_truncated() {
    let (broker, mut replica) = truncated();
    let found = replica.diverged(&mut source(&broker, &["changes"]));
    assert_eq!((found.cause, found.partition.as_str()), (Divergence::Truncated, "changes/0"), "{found:?}");
    assert_eq!(found.point, "offset 9");
    assert_eq!(found.present[0].partition, "changes/0");
    // It is said again as often as it is asked, and nothing is taken meanwhile.
    assert_eq!(replica.diverged(&mut source(&broker, &["changes"])).cause, Divergence::Truncated);
}

#[test]
fn a_topic_that_was_restored_and_written_on_is_rewritten() {
    let (broker, mut replica) = truncated();
    publish(&broker, "changes", 0, &events(100..120));
    let mut reader = source(&broker, &["changes"]);
    let found = replica.diverged(&mut reader);
    assert_eq!(found.cause, Divergence::Rewritten, "{found:?}");
    // Accepted: read from its beginning.
    replica.accept(&found);
    let expected: Vec<_> = events(0..10).into_iter().chain(events(100..120)).collect();
    assert_eq!(bytes(&replica.read(&mut reader)), expected);
}

#[test]
fn a_restore_under_a_connection_is_noticed_before_anything_is_taken() {
    let (mut broker, mut replica) = followed();
    let copy = TempDir::new().unwrap();
    broker.copy_store(copy.path()).unwrap();
    publish(&broker, "changes", 0, &events(10..20));
    let mut reader = source(&broker, &["changes"]);
    replica.read(&mut reader);
    broker.start_on(copy.path()).unwrap();
    publish(&broker, "changes", 0, &events(100..130));
    let before = replica.known.positions.clone();
    let mut error = replica.read_until_it_fails(&mut reader);
    if matches!(error, SourceError::Disconnected { .. }) {
        error = replica.resume(&mut reader).unwrap_err();
    }
    let SourceError::Diverged { found, .. } = error else { panic!("{error}") };
    assert_eq!(found.cause, Divergence::Rewritten, "{found:?}");
    assert_eq!(replica.known.positions, before, "nothing was taken from what was restored");
}

#[test]
fn a_topic_that_is_gone_is_missing_and_one_that_never_was_is_refused() {
    let (broker, mut replica) = followed();
    let mut reader = source(&broker, &["changes"]);
    replica.read(&mut reader);
    delete(&broker, "changes");
    let found = replica.diverged(&mut reader);
    assert_eq!((found.cause, found.point.as_str()), (Divergence::Missing, "offset 9 of changes/0"), "{found:?}");
    assert!(found.present.iter().all(|identity| identity.facts.is_empty()), "{found:?}");
    let error = source(&broker, &["never"]).resume(&continuity_ingest::Known::default()).unwrap_err();
    assert!(matches!(&error, SourceError::Refused { detail, .. } if detail.contains("never")), "{error}");
}

#[test]
fn a_topic_that_was_made_anew_is_recreated() {
    let (broker, mut replica) = followed();
    delete(&broker, "changes");
    topic(&broker, "changes", 1);
    publish(&broker, "changes", 0, &events(50..53));
    let found = replica.diverged(&mut source(&broker, &["changes"]));
    assert_eq!(found.cause, Divergence::Recreated, "shorter than before: {found:?}");
    publish(&broker, "changes", 0, &events(53..90));
    let found = replica.diverged(&mut source(&broker, &["changes"]));
    assert_eq!(found.cause, Divergence::Recreated, "longer than before: {found:?}");
}

#[test]
fn another_topic_in_the_configuration_is_renamed() {
    let (broker, mut replica) = followed();
    topic(&broker, "other", 1);
    publish(&broker, "other", 0, &events(0..3));
    let mut reader = source(&broker, &["other"]);
    let found = replica.diverged(&mut reader);
    assert_eq!(found.cause, Divergence::Renamed, "{found:?}");
    assert!(found.detail.contains("changes") && found.detail.contains("other"), "{}", found.detail);
    replica.accept(&found);
    assert_eq!(replica.read(&mut reader).len(), 3);
    // Beside a known one it is one more.
    let (broker, mut replica) = followed();
    topic(&broker, "other", 1);
    publish(&broker, "other", 0, &events(0..3));
    assert_eq!(replica.read(&mut source(&broker, &["changes", "other"])).len(), 3);
}

#[test]
fn records_that_were_dropped_unread_are_lost_or_purged() {
    let (broker, mut replica) = followed();
    publish(&broker, "changes", 0, &events(10..20));
    if !drop_before(&broker, "changes", 0, 10) {
        skipped(&format!("records that Kafka dropped unread: the broker {:?} drops none", broker.kind()));
        return;
    }
    // What is gone was read: nothing is wrong.
    assert_eq!(bytes(&replica.read(&mut source(&broker, &["changes"]))), events(10..20));
    publish(&broker, "changes", 0, &events(20..30));
    assert!(drop_before(&broker, "changes", 0, 25));
    let found = replica.diverged(&mut source(&broker, &["changes"]));
    assert_eq!((found.cause, found.point.as_str()), (Divergence::Lost, "offset 19"), "{found:?}");
    assert!(found.detail.contains("offsets 20 to 24"), "{}", found.detail);
    assert!(drop_before(&broker, "changes", 0, 30));
    let found = replica.diverged(&mut source(&broker, &["changes"]));
    assert_eq!(found.cause, Divergence::Purged, "{found:?}");
}

#[test]
fn a_compacted_topic_is_refused_and_short_retention_is_told() {
    let broker = KafkaBroker::start().unwrap();
    topic_with(&broker, "short", 1, &[("retention.ms", "3600000")]);
    let resumed = source(&broker, &["short"]).resume(&continuity_ingest::Known::default()).unwrap();
    let retention = resumed.retention.unwrap();
    assert_eq!((retention.max_age_seconds, retention.outage.seconds()), (Some(3_600.0), Some(3_600.0)));
    assert!(resumed.warnings.iter().any(|warning| warning.contains("60 minutes")), "{:?}", resumed.warnings);
    topic_with(&broker, "compacted", 1, &[("cleanup.policy", "compact")]);
    let error = source(&broker, &["compacted"]).resume(&continuity_ingest::Known::default()).unwrap_err();
    assert!(matches!(&error, SourceError::Refused { detail, .. } if detail.contains("compact")), "{error}");
}
