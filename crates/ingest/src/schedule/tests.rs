//! Windows and intervals against times that were looked up in a calendar.

use super::*;

/// 2026-11-23 was a Monday.
fn at(day: i64, hour: i64, minute: i64) -> Timestamp {
    const MONDAY: i64 = 1_795_392_000;
    Timestamp::from_micros((MONDAY + day * DAY + hour * 3_600 + minute * 60) * MICROS)
}

fn window(days: &str, from: u32, to: u32) -> Window {
    let mut on = [false; 7];
    for (day, letter) in days.chars().enumerate() {
        on[day] = letter != '.';
    }
    Window { days: on, from: from * 3_600, to: to * 3_600 }
}

fn schedule(windows: Vec<Window>) -> Schedule {
    Schedule { windows, ..Schedule::default() }
}

#[test]
fn the_calendar_is_right() {
    assert_eq!(at(0, 0, 0).to_string(), "2026-11-23T00:00:00.000Z");
}

#[test]
fn by_default_it_is_always_open() {
    let always = Schedule::default();
    assert!(always.is_always() && always.is_open(at(3, 4, 5)));
    assert_eq!(always.next_opening(at(3, 4, 5)), Some(at(3, 4, 5)));
    assert_eq!(always.describe(), "all the time");
}

#[test]
fn a_window_opens_on_its_days_and_may_pass_midnight() {
    let nights = schedule(vec![window("MTWTF..", 22, 4)]);
    assert!(!nights.is_open(at(0, 21, 59)) && nights.is_open(at(0, 22, 0)));
    assert!(nights.is_open(at(1, 3, 59)) && !nights.is_open(at(1, 4, 0)));
    // Friday's window ends on Saturday; Sunday has none, so Monday begins closed.
    assert!(nights.is_open(at(5, 3, 59)) && !nights.is_open(at(5, 22, 0)) && !nights.is_open(at(0, 1, 0)));
    assert_eq!(nights.next_opening(at(5, 4, 0)), Some(at(7, 22, 0)));
    assert_eq!(nights.next_opening(at(0, 3, 0)), Some(at(0, 22, 0)));
    assert_eq!(nights.next_opening(at(0, 23, 30)), Some(at(0, 23, 30)));
    assert_eq!(nights.describe(), "all the time, only Mon,Tue,Wed,Thu,Fri 22:00-04:00+00:00");
}

#[test]
fn a_window_over_sunday_night_reaches_into_monday() {
    let sunday = schedule(vec![window("......S", 23, 2)]);
    assert!(sunday.is_open(at(7, 1, 59)) && sunday.is_open(at(0, 1, 0)) && !sunday.is_open(at(0, 2, 0)));
}

#[test]
fn the_windows_clock_is_ahead_of_utc() {
    let east = Schedule { utc_offset_seconds: 3_600, ..schedule(vec![window("MTWTFSS", 6, 7)]) };
    assert!(east.is_open(at(2, 5, 0)) && !east.is_open(at(2, 6, 0)) && !east.is_open(at(2, 4, 59)));
    assert_eq!(east.next_opening(at(2, 6, 0)), Some(at(3, 5, 0)));
    let west = Schedule { utc_offset_seconds: -5 * 3_600, ..schedule(vec![window("M......", 20, 21)]) };
    assert!(west.is_open(at(1, 1, 30)));
    assert!(west.describe().ends_with("Mon 20:00-21:00-05:00"), "{}", west.describe());
}

#[test]
fn equal_ends_mean_a_whole_day_and_no_days_never() {
    let day = schedule(vec![window("T......", 6, 6)]);
    assert!(day.is_open(at(0, 6, 0)) && day.is_open(at(1, 5, 59)) && !day.is_open(at(1, 6, 0)));
    let never = schedule(vec![window(".......", 6, 7)]);
    assert_eq!((never.is_open(at(0, 6, 0)), never.next_opening(at(0, 6, 0))), (false, None));
}

#[test]
fn every_opening_is_open_and_nothing_before_it_is() {
    let busy = schedule(vec![window("M.W.F..", 22, 4), window("..W...S", 12, 13), window(".T.....", 0, 0)]);
    for minute in 0..7 * 24 * 4 {
        let now = at(0, 0, 15 * minute);
        let next = busy.next_opening(now).unwrap();
        assert!(busy.is_open(next), "{now}");
        for quarter in 15 * minute.. {
            let between = at(0, 0, quarter);
            if between >= next {
                break;
            }
            assert!(!busy.is_open(between), "{between} before {next}");
        }
    }
}

#[test]
fn at_intervals_a_round_ends_with_the_sources_end() {
    let hourly = Schedule { interval: Some(Duration::from_hours(1)), ..Schedule::default() };
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let mut rounds = Rounds::default();
    assert_eq!(rounds.closed(&hourly, at(0, 0, 0), minutes(0), None), None);
    assert_eq!(rounds.closed(&hourly, at(0, 2, 0), minutes(120), None), None, "the end was not reached yet");
    rounds.reached_end();
    assert_eq!(rounds.closed(&hourly, at(0, 2, 1), minutes(121), None), None, "the next round is due already");
    rounds.reached_end();
    let closed = rounds.closed(&hourly, at(0, 2, 5), minutes(125), None).unwrap();
    assert_eq!(closed.why, "next synchronisation at 2026-11-23T03:01:00.000Z");
    assert_eq!(closed.until, Some(at(0, 3, 1)));
    rounds.want();
    assert_eq!(rounds.closed(&hourly, at(0, 2, 6), minutes(126), None), None);
    rounds.reached_end();
    assert!(rounds.closed(&hourly, at(0, 2, 7), minutes(127), None).is_some());
    assert_eq!(rounds.closed(&hourly, at(0, 3, 1), minutes(181), None), None);
}

#[test]
fn an_interval_waits_for_its_window() {
    let nightly = Schedule { interval: Some(Duration::from_hours(2)), ..schedule(vec![window("MTWTFSS", 1, 5)]) };
    let mut rounds = Rounds::default();
    let closed = rounds.closed(&nightly, at(0, 0, 30), Duration::ZERO, None).unwrap();
    assert_eq!(closed.why, "outside its window until 2026-11-23T01:00:00.000Z");
    assert_eq!(rounds.closed(&nightly, at(0, 1, 0), Duration::from_mins(30), None), None);
    rounds.reached_end();
    assert_eq!(rounds.closed(&nightly, at(0, 1, 1), Duration::from_mins(31), None).unwrap().until, Some(at(0, 3, 0)));
    assert_eq!(rounds.closed(&nightly, at(0, 4, 0), Duration::from_mins(210), None), None);
    rounds.reached_end();
    assert_eq!(rounds.closed(&nightly, at(0, 4, 1), Duration::from_mins(211), None).unwrap().until, Some(at(1, 1, 0)));
}

#[test]
fn a_window_that_ended_too_early_was_missed() {
    let nightly = schedule(vec![window("MTWTFSS", 1, 5)]);
    assert_eq!(nightly.last_opening(at(0, 1, 0)), Some(at(0, 1, 0)));
    assert_eq!(nightly.last_opening(at(1, 0, 59)), Some(at(0, 1, 0)));
    let missed = |synchronised| {
        let closed = Rounds::default().closed(&nightly, at(1, 12, 0), Duration::ZERO, synchronised);
        closed.unwrap().missed
    };
    assert!(missed(None) && missed(Some(at(0, 3, 0))) && missed(Some(at(1, 0, 59))));
    assert!(!missed(Some(at(1, 1, 0))) && !missed(Some(at(1, 4, 0))) && !missed(Some(at(1, 9, 0))));
    // Within a window an interval rests only once it has read to the end.
    let hourly = Schedule { interval: Some(Duration::from_hours(1)), ..nightly };
    let mut rounds = Rounds::default();
    assert!(hourly.is_missed(at(0, 2, 0), None) && !Schedule::default().is_missed(at(0, 2, 0), None));
    assert_eq!(rounds.closed(&hourly, at(0, 2, 0), Duration::ZERO, None), None);
    rounds.reached_end();
    assert!(!rounds.closed(&hourly, at(0, 2, 1), Duration::from_mins(1), None).unwrap().missed);
}

#[test]
fn an_instant_that_is_read_twice_is_the_same() {
    let hourly = Schedule { interval: Some(Duration::from_hours(1)), ..Schedule::default() };
    let mut rounds = Rounds::default();
    assert_eq!(rounds.closed(&hourly, at(0, 0, 0), Duration::ZERO, None), None);
    rounds.reached_end();
    let first = rounds.closed(&hourly, at(0, 0, 1), Duration::from_mins(1), None);
    let later = Timestamp::from_micros(at(0, 0, 2).as_micros() + 300);
    assert_eq!(rounds.closed(&hourly, later, Duration::from_mins(2), None), first);
    // A clock that was stepped is another matter.
    assert_ne!(rounds.closed(&hourly, at(0, 5, 0), Duration::from_mins(3), None), first);
}
