//! Counting over the borders of periods, at the bounds, and from many threads.

use std::time::Duration;

use continuity_base::ManualClock;

use super::*;
use crate::testing::{NOW, manual_clock};

fn tally(clock: &Arc<ManualClock>) -> Tally {
    Tally::new(Arc::clone(clock) as Arc<dyn Clock>, 60)
}

/// What was taken, in one order: (period, client, loan, endpoint, count).
fn rows(periods: Periods) -> Vec<(i64, String, String, &'static str, u64)> {
    let flat = periods.into_iter().flat_map(|(from, rows)| rows.into_iter().map(move |row| (from, row)));
    let shown = flat.map(|(from, row)| {
        (from - NOW, row.client_id.to_string(), row.loan.map(String::from).unwrap_or_default(), row.endpoint, row.count)
    });
    let mut rows: Vec<_> = shown.collect();
    rows.sort();
    rows
}

fn row(
    from: i64,
    client: &str,
    loan: &str,
    endpoint: &'static str,
    count: u64,
) -> (i64, String, String, &'static str, u64) {
    (from, client.to_owned(), loan.to_owned(), endpoint, count)
}

#[test]
fn reads_count_by_client_loan_endpoint_and_minute() {
    let clock = manual_clock();
    let tally = tally(&clock);
    for _ in 0..3 {
        tally.count("a", Some("lr-1"), "getLoanRequest");
    }
    tally.count("a", Some("lr-1"), "listTasks");
    tally.count("b", Some("lr-1"), "getLoanRequest");
    tally.count("a", Some("lr-2"), "getLoanRequest");
    tally.count("a", None, "listLoanRequests");
    clock.advance(Duration::from_micros(59_999_999));
    tally.count("a", Some("lr-1"), "getLoanRequest");
    assert_eq!((tally.rows(), rows(tally.take(false))), (5, vec![]), "the minute is not over");
    clock.advance(Duration::from_micros(1));
    tally.count("a", Some("lr-1"), "getLoanRequest");
    let first = [
        row(0, "a", "", "listLoanRequests", 1),
        row(0, "a", "lr-1", "getLoanRequest", 4),
        row(0, "a", "lr-1", "listTasks", 1),
        row(0, "a", "lr-2", "getLoanRequest", 1),
        row(0, "b", "lr-1", "getLoanRequest", 1),
    ];
    assert_eq!(rows(tally.take(false)), first);
    assert_eq!((tally.rows(), rows(tally.take(false))), (1, vec![]));
    assert_eq!(rows(tally.take(true)), [row(60, "a", "lr-1", "getLoanRequest", 1)], "a clean stop takes everything");
    assert_eq!((tally.rows(), tally.unrecorded()), (0, 0));
}

#[test]
fn a_minute_that_nobody_took_waits_beside_the_next_ones() {
    let clock = manual_clock();
    let tally = tally(&clock);
    for _ in 0..3 {
        tally.count("a", Some("lr-1"), "listTasks");
        clock.advance(Duration::from_mins(1));
    }
    let of = |from| row(from, "a", "lr-1", "listTasks", 1);
    assert_eq!(rows(tally.take(false)), [of(0), of(60), of(120)]);
}

#[test]
fn a_clock_that_is_set_back_loses_no_count() {
    let clock = manual_clock();
    let tally = tally(&clock);
    for seconds in [0, 60, 0, -120, 0] {
        clock.step_to(Timestamp::from_micros((NOW + seconds) * 1_000_000));
        tally.count("a", Some("lr-1"), "listTasks");
    }
    let counts: Vec<(i64, u64)> = rows(tally.take(true)).iter().map(|row| (row.0, row.4)).collect();
    assert_eq!(counts, [(-120, 1), (0, 1), (0, 1), (0, 1), (60, 1)], "rows of one period may be several");
    assert_eq!(tally.rows(), 0);
}

#[test]
fn what_is_written_is_known_up_to_the_oldest_minute_in_memory_or_on_its_way() {
    let clock = manual_clock();
    let tally = tally(&clock);
    let until = || tally.written_until().as_seconds() - NOW;
    clock.advance(Duration::from_secs(90));
    assert_eq!(until(), 60, "the present minute is never over");
    tally.count("a", Some("lr-1"), "listTasks");
    clock.advance(Duration::from_mins(5));
    assert_eq!(until(), 60);
    let taken = tally.take(false);
    assert_eq!((taken.len(), until()), (1, 60), "taken is not yet written");
    tally.written();
    assert_eq!(until(), 360);
}

#[test]
fn many_rows_are_taken_before_their_minute_is_over_and_ever_more_are_not_kept() {
    let clock = manual_clock();
    let tally = Tally::bounded(Arc::clone(&clock) as Arc<dyn Clock>, 60, 10, 20);
    let loan = |n: usize| format!("lr-{n}");
    (0..9).for_each(|n| tally.count("a", Some(&loan(n)), "listTasks"));
    assert_eq!(rows(tally.take(false)).len(), 0);
    tally.count("a", Some(&loan(9)), "listTasks");
    assert_eq!((rows(tally.take(false)).len(), tally.rows()), (10, 0), "early");
    (0..25).for_each(|n| tally.count("a", Some(&loan(n)), "listTasks"));
    assert_eq!((tally.rows(), tally.unrecorded()), (20, 5));
    tally.count("a", Some(&loan(3)), "listTasks");
    assert_eq!(tally.unrecorded(), 5, "a row that is there still counts");
    let taken = rows(tally.take(false));
    assert_eq!((taken.len(), taken.iter().map(|row| row.4).sum::<u64>()), (20, 21));
}

#[tokio::test]
async fn a_full_tally_wakes_the_writer() {
    let clock = manual_clock();
    let tally = Tally::bounded(Arc::clone(&clock) as Arc<dyn Clock>, 60, 2, 4);
    tally.count("a", Some("lr-1"), "listTasks");
    tally.count("a", Some("lr-2"), "listTasks");
    tokio::time::timeout(Duration::from_secs(10), tally.full.notified()).await.unwrap();
}

#[test]
fn no_read_is_lost_while_threads_count_and_rows_are_taken() {
    const THREADS: u64 = 4;
    const EACH: u64 = 20_000;
    let clock = manual_clock();
    let tally = tally(&clock);
    let taken = std::thread::scope(|scope| {
        let (tally, clock) = (&tally, &clock);
        let counting: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    for n in 0..EACH {
                        let loan = format!("lr-{}", n % 7);
                        tally.count(if thread % 2 == 0 { "a" } else { "b" }, Some(&loan), "listTasks");
                    }
                })
            })
            .collect();
        let mut taken = 0;
        while counting.iter().any(|thread| !thread.is_finished()) {
            clock.advance(Duration::from_secs(7));
            taken += rows(tally.take(false)).iter().map(|row| row.4).sum::<u64>();
        }
        taken
    });
    let rest: u64 = rows(tally.take(true)).iter().map(|row| row.4).sum();
    assert_eq!((taken + rest, tally.unrecorded(), tally.rows()), (THREADS * EACH, 0, 0));
}
