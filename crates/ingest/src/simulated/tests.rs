//! The simulated source: conformance and pace.

use continuity_base::{ManualClock, Timestamp};

use super::*;
use crate::conformance::{self, Subject};

fn line(number: u64) -> String {
    format!(r#"{{"n":{number}}}"#)
}

fn source(seed: u64, initial: u64, rate: f64, clock: &Arc<ManualClock>) -> Simulated {
    let make = || Box::new((1..).map(line)) as Lines;
    Simulated::new(SimulatedOptions { seed, initial, rate }, Box::new(make), Arc::clone(clock) as Arc<dyn Clock>)
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_micros(0)))
}

struct Nine;

impl Subject for Nine {
    fn connect(&mut self) -> Box<dyn Source> {
        Box::new(source(1, 9, 0.0, &clock()))
    }

    fn content(&self) -> Vec<Vec<u8>> {
        (1..=9).map(|number| line(number).into_bytes()).collect()
    }
}

#[test]
fn conforms() {
    conformance::all(&mut Nine);
}

fn take(source: &mut Simulated) -> (usize, bool) {
    let batch = source.next_batch(1_000, 1 << 20, &Stop::new()).unwrap();
    (batch.messages.len(), batch.at_end)
}

#[test]
fn events_behind_the_first_ones_come_at_the_rate() {
    let clock = clock();
    let mut source = source(1, 3, 2.0, &clock);
    source.resume(&Known::default()).unwrap();
    assert_eq!(take(&mut source), (3, true));
    clock.advance(Duration::from_millis(2_600));
    assert_eq!(take(&mut source), (5, true));
    source.resume(&Known::positions(&[SourcePosition::Simulator { seed: 1, number: 8 }])).unwrap();
    clock.advance(Duration::from_millis(500));
    assert_eq!(take(&mut source), (1, true));
}

#[test]
fn another_seed_is_another_history() {
    let mut source = source(1, 3, 0.0, &clock());
    let error = source.resume(&Known::positions(&[SourcePosition::Simulator { seed: 2, number: 8 }])).unwrap_err();
    assert!(error.to_string().contains("seed 2"), "{error}");
}

#[test]
fn a_shorter_history_is_diverged() {
    let make = || Box::new((1..=3).map(line)) as Lines;
    let options = SimulatedOptions { seed: 1, initial: 3, rate: 0.0 };
    let mut source = Simulated::new(options, Box::new(make), clock());
    assert!(source.resume(&Known::positions(&[SourcePosition::Simulator { seed: 1, number: 3 }])).is_ok());
    let error = source.resume(&Known::positions(&[SourcePosition::Simulator { seed: 1, number: 4 }])).unwrap_err();
    assert!(error.to_string().contains("fewer events"), "{error}");
}
