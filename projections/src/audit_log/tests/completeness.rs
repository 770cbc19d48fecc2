//! Whether every event has its entry.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn check(steps: &[Step], last: u64, expected: Option<u64>) {
    assert_eq!(complete_from(&bench(steps).snapshot(), "L", last).unwrap(), expected, "{steps:?}");
}

#[test]
fn logged_events_have_their_entries() {
    check(&[], 0, None);
    check(&[at(1, 1), at(2, 2), recorded(3, "x", 1), erasure(4, 1)], 4, None);
}

#[test]
fn a_snapshot_without_entries_leaves_the_log_incomplete_before_it() {
    check(&[], 7, Some(8));
    check(&[at(8, 8), at(9, 9)], 9, Some(8));
    check(&[given("e1", 1, 1), given("e3", 3, 3), at(4, 4)], 4, Some(3));
    check(&[given("e1", 1, 1), given("e2", 2, 2), given("e3", 3, 3), at(4, 4)], 4, None);
    check(&[given("undated", 0, 1), at(2, 2)], 2, Some(2));
}

#[test]
fn late_events_and_snapshots_complete_it() {
    check(&[at(3, 3), at(1, 1), at(2, 2)], 3, None);
    check(&[at(3, 3), given("e1", 1, 1), given("e2", 2, 2)], 3, None);
    check(&[at(3, 3), given("e1", 1, 1), given("e2", 2, 2), Clear], 3, Some(3));
}

#[test]
fn a_recorded_entry_that_gave_way_is_not_missing() {
    check(&[recorded(1, "x", 1), recorded(2, "x", 2)], 2, None);
    check(&[recorded(2, "x", 2), recorded(1, "x", 1)], 2, None);
    check(&[recorded(1, "e2", 1), at(2, 2)], 2, None);
    check(&[at(2, 2), recorded(1, "e2", 1), Clear], 2, None);
}

#[test]
fn entries_above_the_last_event_say_nothing() {
    check(&[at(1, 1), given("future", 9, 1)], 2, Some(3));
    check(&[at(1, 1), given("future", u64::MAX, 1)], 1, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn it_is_the_longest_unbroken_end(
        logged in prop::collection::btree_set(1_u64..30, 0..30),
        listed in prop::collection::btree_set(1_u64..30, 0..30),
        again in prop::collection::btree_set(30_u64..40, 0..10),
        last in 0_u64..45,
    ) {
        let mut steps: Vec<_> = logged.iter().map(|sequence| at(*sequence, *sequence)).collect();
        steps.extend(listed.iter().map(|sequence| given(&format!("e{sequence}"), *sequence, 1)));
        steps.extend(again.iter().map(|sequence| recorded(*sequence, &format!("x{}", sequence % 3), 40)));
        let known: BTreeSet<_> = [&logged, &listed, &again].into_iter().flatten().copied().collect();
        let first = (1..=last + 1).find(|first| (*first..=last).all(|sequence| known.contains(&sequence))).unwrap();
        prop_assert_eq!(complete_from(&bench(&steps).snapshot(), "L", last).unwrap(), (first > 1).then_some(first));
    }
}
