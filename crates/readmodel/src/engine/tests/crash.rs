//! The power fails at any sync: what is found at the next start ends in the same rows as if nothing had happened.

use std::time::Duration;

use proptest::prelude::*;

use super::source::{Arrival, Step, arrivals, steps};
use super::support::{self, *};
use crate::EngineError;
use crate::store::{Durability, MemoryShelf};

/// Feeds everything that arrives to ingest; one frame per sync.
pub(super) fn history(steps: &[Step]) -> TestHistory {
    let mut ingest = Ingest::default();
    for arrival in arrivals(steps) {
        match arrival {
            Arrival::Event(event) => ingest.arrive(&event),
            Arrival::GiveUp(loan) => ingest.give_up(loan),
            Arrival::Sync => ingest.history.sync(),
        }
    }
    ingest.history
}

fn reopened(shelf: &MemoryShelf, history: &TestHistory) -> Vec<[u8; 32]> {
    let (handle, mut engine) = engine(shelf, history, 7).unwrap();
    assert!(handle.view().models.iter().all(|model| model.alarm.is_none()));
    drain(&mut engine).unwrap();
    digests(&handle)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("CONTINUITY_SOAK").is_some() { 4_000 } else { 32 }, ..ProptestConfig::default() })]

    #[test]
    fn at_whatever_sync_the_power_fails_nothing_is_lost_or_twice(steps in steps(), rows in 1..40_usize, syncs in 0..60_u64) {
        let history = history(&steps);
        let shelf = MemoryShelf::new().with_fuse(syncs);
        let _ = one_process(&shelf, &history, rows);
        prop_assert_eq!(reopened(&shelf.survivors(), &history), rebuilt(&history));
    }

    #[test]
    fn killed_after_each_frame_it_ends_in_the_same_rows(steps in steps(), rows in 1..40_usize) {
        let history = history(&steps);
        let mut shelf = MemoryShelf::new();
        for frames in 1..=history.frame_count() {
            let part = history.cut(frames);
            let fused = shelf.with_fuse(u64::MAX);
            let (handle, mut engine) = engine(&fused, &part, rows).unwrap();
            engine.step().unwrap();
            if frames % 3 == 0 {
                engine.commit(Durability::Durable).unwrap();
            }
            drain(&mut engine).unwrap();
            shelf = fused.survivors();
            drop((handle, engine));
        }
        prop_assert_eq!(reopened(&shelf, &history), rebuilt(&history));
    }
}

#[test]
fn a_read_model_without_changes_is_saved_at_the_same_position() {
    let mut ingest = Ingest::default();
    ingest.arrive(&event("L", 1, &after("loanRequest", "L", 1, "{}")));
    ingest.history.sync();
    let shelf = MemoryShelf::new().with_fuse(u64::MAX);
    let clock = clock();
    let (handle, mut engine) = engine_of(&shelf, &ingest.history, 9, projections(), clock.clone()).unwrap();
    drain(&mut engine).unwrap();
    ingest.arrive(&event("L", 2, &after("starship", "s", 1, "{}")));
    ingest.history.sync();
    drain(&mut engine).unwrap();
    clock.advance(Duration::from_secs(2));
    drain(&mut engine).unwrap();
    drop(engine);
    let (reopened, _engine) = support::engine(&shelf.survivors(), &ingest.history, 9).unwrap();
    assert_eq!(reopened.view().position, 2);
    assert_eq!(digests(&reopened), digests(&handle));
}

/// One process that folds the whole history, with a durable commit after every third batch.
fn one_process(shelf: &MemoryShelf, history: &TestHistory, rows: usize) -> Result<(), EngineError> {
    let clock = clock();
    let (_handle, mut engine) = engine_of(shelf, history, rows, projections(), clock.clone())?;
    let mut batches = 0;
    while engine.step()? {
        batches += 1;
        if batches % 3 == 0 {
            clock.advance(Duration::from_secs(2));
        }
    }
    engine.commit(Durability::Durable)
}
