//! What the rings hold, whatever the clock does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, ManualClock, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::ring::Ring;
use crate::{Counted, History, Range, Reading, Sample, Step};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn samples() -> impl Strategy<Value = Sample> {
    let counted = (0..5_000_u64, 0..9_u64, 0..9_u64).prop_map(|(millis, applied, errors)| Counted {
        millis,
        applied,
        errors,
        ..Counted::default()
    });
    let known = || proptest::option::of(0..1_000_u64);
    (known(), 0..1_000_u64, known(), proptest::option::of(counted)).prop_map(|(lag, backlog, behind, counted)| Sample {
        lag,
        backlog,
        behind,
        counted,
    })
}

/// The same by a map of every step there ever was.
fn model(looks: &[(i64, Sample)], length: i64) -> BTreeMap<i64, Step> {
    let mut steps = BTreeMap::<i64, Step>::new();
    for (second, sample) in looks {
        steps.entry(second.div_euclid(length)).or_default().take(sample);
    }
    steps
}

proptest! {
    /// With a clock that goes forward, exactly the newest steps are there, each with what was measured in it.
    #[test]
    fn the_newest_steps_are_whole(waits in vec((0..40_i64, samples()), 1..200), start in -1_000..1_000_000_i64) {
        let (length, many) = (10, 12);
        let mut ring = Ring::new(10, many);
        let mut now = start;
        let looks: Vec<_> = waits.into_iter().map(|(wait, sample)| { now += wait; (now, sample) }).collect();
        for (second, sample) in &looks {
            ring.take(at(*second), sample);
        }
        let (model, shown) = (model(&looks, length), ring.until(at(now)));
        prop_assert_eq!(shown.len(), many);
        for (begin, step) in &shown {
            prop_assert_eq!(step, &model.get(&begin.as_seconds().div_euclid(length)).copied());
        }
        prop_assert_eq!(shown.last().map(|(begin, _)| begin.as_seconds()), Some(now.div_euclid(length) * length));
    }

    /// Whatever the clock does, a step shows only what was measured at its time, and the space stays what it is.
    #[test]
    fn a_stepped_clock_corrupts_nothing(looks in vec((-500..500_i64, samples()), 1..200), now in -500..500_i64) {
        let mut ring = Ring::new(10, 12);
        for (second, sample) in &looks {
            ring.take(at(*second), sample);
        }
        let model = model(&looks, 10);
        prop_assert!(ring.slots().len() <= 12);
        for (begin, step) in ring.until(at(now)) {
            prop_assert!(begin <= at(now));
            let Some(step) = step else { continue };
            let known = model[&begin.as_seconds().div_euclid(10)];
            prop_assert!(step.looks <= known.looks && step.lag.most <= known.lag.most);
            prop_assert!(step.counted.applied <= known.counted.applied);
        }
    }

    /// What was kept and put back is the same.
    #[test]
    fn slots_come_back(looks in vec((-9_000..9_000_i64, samples()), 0..100)) {
        let mut ring = Ring::new(300, 288);
        for (second, sample) in &looks {
            ring.take(at(*second), sample);
        }
        let mut again = Ring::new(300, 288);
        again.restore(ring.slots());
        prop_assert_eq!(again, ring);
    }

    /// Steps put together say the same as one long step.
    #[test]
    fn rollups_lose_nothing(samples in vec(samples(), 0..50), cut in 0..50_usize) {
        let of = |samples: &[Sample]| samples.iter().fold(Step::default(), |mut step, sample| { step.take(sample); step });
        let (left, right) = samples.split_at(cut.min(samples.len()));
        let mut merged = of(left);
        merged.merge(&of(right));
        prop_assert_eq!(merged, of(&samples));
    }
}

#[test]
fn times_at_the_end_of_the_scale_do_no_harm() {
    let mut ring = Ring::new(10, 12);
    for micros in [i64::MIN, i64::MAX, 0] {
        ring.take(Timestamp::from_micros(micros), &Sample::default());
        assert_eq!(ring.until(Timestamp::from_micros(micros)).len(), 12);
    }
}

#[test]
fn the_worst_lag_stays_and_what_is_not_known_is_not_zero() {
    let mut step = Step::default();
    for lag in [Some(3), Some(900), Some(1)] {
        step.take(&Sample { lag, ..Sample::default() });
    }
    assert_eq!((step.lag.get(), step.lag_was_unknown()), (Some(900), false));
    step.take(&Sample::default());
    assert_eq!((step.lag.get(), step.lag_was_unknown()), (Some(900), true));
    let mut dark = Step::default();
    dark.take(&Sample::default());
    assert_eq!((dark.lag.get(), dark.behind.get(), dark.backlog.get()), (None, None, Some(0)));
    assert_eq!(dark.counted.rate(|counted| counted.reads), None, "no time was measured");
}

#[test]
fn a_process_that_is_down_leaves_a_gap_and_rates_count_the_time_that_was_measured() {
    let clock = Arc::new(ManualClock::at(at(1_000_000)));
    let history = History::in_memory(Arc::<ManualClock>::clone(&clock));
    let reading = Reading { logged: 100, applied: 90, lag: Some(Duration::from_millis(2_900)), ..Reading::default() };
    history.look(reading);
    clock.advance(Duration::from_secs(2));
    history.look(Reading { logged: 140, applied: 130, reads: 8, errors: 1, ..reading });
    clock.advance(Duration::from_secs(40));
    let steps = history.steps(Range::Hour);
    assert_eq!(steps.len(), Range::Hour.steps());
    let seen: Vec<_> = steps.iter().filter_map(|(_, step)| *step).collect();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].looks, seen[0].lag.get(), seen[0].backlog.get()), (2, Some(2), Some(10)));
    let rate = |of: fn(&Counted) -> u64| seen[0].counted.rate(of).unwrap().to_string();
    assert_eq!([rate(|c| c.applied), rate(|c| c.reads), rate(|c| c.errors)], ["20", "4", "0.5"]);
    assert!(steps[steps.len() - 4..].iter().all(|(_, step)| step.is_none()));
    clock.step_to(at(5));
    assert!(history.steps(Range::Month).iter().all(|(begin, step)| step.is_none() && *begin <= clock.now()));
}
