//! What cannot be used is rebuilt, beside the engine, and the operator is told why.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use continuity_base::Stop;

use super::models::*;
use super::support::*;
use crate::engine::EngineError;
use crate::projection::{AppendedEvent, EntityChange, Projection, Spec};
use crate::store::{MemoryShelf, Rows, Shelf};
use crate::{Engine, EngineHandle, ModelState, StoreError};

pub(super) const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn filled(loans: u64) -> Ingest {
    let mut ingest = Ingest::default();
    for loan in 0..loans {
        let id = format!("L{loan}");
        ingest.arrive(&event(&id, 1, &after("loanRequest", &id, 1, "{}")));
        ingest.arrive(&event(&id, 2, &after("task", "t", 1, r#"{"a":1}"#)));
        ingest.arrive(&event(&id, 3, &patch("task", "t", 2, 1, r#"{"b":2}"#)));
        ingest.history.sync();
    }
    ingest
}

/// A shelf on which everything is folded, and the digests.
fn saved(ingest: &Ingest) -> (MemoryShelf, Vec<[u8; 32]>) {
    let shelf = MemoryShelf::new();
    let (handle, mut engine) = engine(&shelf, &ingest.history, 10).unwrap();
    drain(&mut engine).unwrap();
    engine.commit(crate::Durability::Durable).unwrap();
    (shelf, digests(&handle))
}

/// Runs the engine on a thread while `during` looks at it.
pub(super) fn running<R>((handle, engine): (EngineHandle, Engine), during: impl FnOnce(&EngineHandle) -> R) -> R {
    let stop = Stop::new();
    thread::scope(|scope| {
        let ask = stop.clone();
        let engine = scope.spawn(move || engine.run(ask));
        // The engine ends also when what looks at it fails: the scope waits for it.
        let result = catch_unwind(AssertUnwindSafe(|| during(&handle)));
        stop.stop();
        engine.join().unwrap().unwrap();
        result.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn serving(handle: &EngineHandle) -> bool {
    handle.statuses().iter().all(|model| model.state == ModelState::Serving)
}

pub(super) fn until(what: impl Fn() -> bool) {
    for _ in 0..100_000 {
        if what() {
            return;
        }
        thread::yield_now();
        thread::park_timeout(Duration::from_micros(100));
    }
    panic!("it did not happen");
}

#[test]
fn a_rebuild_replaces_the_file_and_agrees() {
    let mut ingest = filled(30);
    let (shelf, before) = saved(&ingest);
    let opened = engine(&shelf, &ingest.history, 10).unwrap();
    running(opened, |handle| {
        let report = handle.rebuild("entities").unwrap();
        assert_eq!((report.old_digest, report.new_digest), (Some(before[0]), before[0]));
        assert_eq!((report.position, report.rows, report.name.as_str()), (90, 60, "entities"));
        ingest.arrive(&event("L0", 4, &after("task", "t", 3, "{}")));
        ingest.history.sync();
        assert!(handle.wait_for(91, LIMIT));
        assert!(serving(handle));
        assert!(matches!(handle.rebuild("nothing"), Err(EngineError::UnknownModel(_))));
    });
    assert_eq!(shelf.list().unwrap(), ["entities-00000002.redb", "fold-00000001.redb", "trail-00000001.redb"]);
    let (handle, _engine) = engine(&shelf, &ingest.history, 10).unwrap();
    assert_eq!(handle.view().position, 91, "the last commit was durable");
    assert_eq!(digests(&handle), rebuilt(&ingest.history));
}

#[test]
fn while_it_is_rebuilt_a_model_is_not_served_and_the_others_are() {
    let ingest = filled(3);
    let (shelf, _) = saved(&ingest);
    shelf.remove("trail-00000001.redb").unwrap();
    let (handle, engine) = engine(&shelf, &ingest.history, 10).unwrap();
    let view = handle.view();
    assert!(view.model("entities").is_some() && view.model("trail").is_none());
    assert!(matches!(handle.statuses()[1].state, ModelState::Rebuilding { .. }));
    assert_eq!((handle.statuses()[0].position, handle.statuses()[1].position), (9, 0));
    running((handle, engine), |handle| {
        until(|| serving(handle));
        assert_eq!(digests(handle), rebuilt(&ingest.history));
    });
}

/// As [`Trail`], in a newer version.
struct Newer;

impl Projection for Newer {
    fn spec(&self) -> &'static Spec {
        &Spec { name: "trail", version: 2, tables: &["events", "told"], entities: &["auditEntry"] }
    }

    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        Trail.apply(change, rows)
    }

    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        Trail.clear(loan, rows)
    }

    fn appended(&self, event: &AppendedEvent<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        Trail.appended(event, rows)
    }
}

#[test]
fn a_newer_version_is_rebuilt_while_events_go_on() {
    let mut ingest = filled(20);
    let (shelf, _) = saved(&ingest);
    let newer: Vec<Arc<dyn Projection>> = vec![Arc::new(Entities), Arc::new(Newer)];
    let opened = engine_of(&shelf, &ingest.history, 5, newer, clock()).unwrap();
    running(opened, |handle| {
        for sequence in 4..50 {
            ingest.arrive(&event("L1", sequence, &after("task", "t", sequence - 1, "{}")));
            ingest.history.sync();
        }
        assert!(handle.wait_for(60 + 46, LIMIT));
        until(|| serving(handle));
        assert_eq!(handle.statuses()[1].version, 2);
        assert_eq!(digests(handle), rebuilt(&ingest.history));
    });
}

#[test]
fn an_older_log_rebuilds_everything_and_names_both_positions() {
    let ingest = filled(6);
    let (shelf, _) = saved(&ingest);
    let older = ingest.history.cut(4);
    let (handle, mut engine) = engine(&shelf, &older, 10).unwrap();
    let alarm = handle.statuses()[0].alarm.clone().unwrap();
    assert_eq!(
        alarm,
        "entities holds log position 18, but the log ends at 12: an older log was restored; it is rebuilt"
    );
    drain(&mut engine).unwrap();
    assert_eq!(digests(&handle), rebuilt(&older));
}

#[test]
fn another_log_rebuilds_everything() {
    let (shelf, _) = saved(&filled(6));
    let mut other = filled(2);
    for sequence in 4..20 {
        other.arrive(&event("L0", sequence, &after("task", "t", sequence - 1, "{}")));
    }
    other.history.sync();
    let (handle, mut engine) = engine(&shelf, &other.history, 10).unwrap();
    let alarm = handle.statuses()[1].alarm.clone().unwrap();
    assert_eq!(alarm, "trail holds log position 18 of another log than this one, which ends at 22; it is rebuilt");
    drain(&mut engine).unwrap();
    assert_eq!(digests(&handle), rebuilt(&other.history));
}

#[test]
fn without_the_fold_everything_is_folded_anew() {
    let ingest = filled(6);
    let (shelf, before) = saved(&ingest);
    shelf.remove("fold-00000001.redb").unwrap();
    let (handle, mut engine) = engine(&shelf, &ingest.history, 10).unwrap();
    assert_eq!((handle.view().position, handle.statuses()[0].rows), (0, 0));
    drain(&mut engine).unwrap();
    assert_eq!(digests(&handle), before);
}

#[test]
fn a_rebuild_without_a_running_engine_catches_up_first() {
    let mut ingest = filled(6);
    let (shelf, _) = saved(&ingest);
    ingest.arrive(&event("L0", 4, &after("task", "t", 3, "{}")));
    ingest.history.sync();
    shelf.remove("trail-00000001.redb").unwrap();
    let (handle, mut engine) = engine(&shelf, &ingest.history, 10).unwrap();
    let report = engine.rebuild_here("trail").unwrap();
    assert_eq!((report.position, report.old_digest, report.rows), (19, None, 19));
    assert_eq!(digests(&handle), rebuilt(&ingest.history));
    drop((handle, engine));
    let (handle, _engine) = super::support::engine(&shelf, &ingest.history, 10).unwrap();
    assert!(serving(&handle));
}

#[test]
fn the_checkpoints_of_a_directory_are_found() {
    let directory = tempfile::tempdir().unwrap();
    assert!(Engine::checkpoints(directory.path()).is_empty());
    let ingest = filled(2);
    let shelf = crate::store::DirectoryShelf::new(directory.path()).unwrap();
    let settings =
        super::super::run::Settings { clock: clock(), cache_bytes: 1 << 22, batch: crate::BatchLimits::default() };
    let (handle, mut engine) =
        Engine::open_on(Arc::new(shelf), Arc::new(ingest.history.clone()), projections(), settings).unwrap();
    drain(&mut engine).unwrap();
    engine.commit(crate::Durability::Durable).unwrap();
    drop((handle, engine));
    let mut found = Engine::checkpoints(directory.path());
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = found.iter().map(|checkpoint| (checkpoint.name.as_str(), checkpoint.position)).collect();
    assert_eq!(names, [("entities", 6), ("fold", 6), ("trail", 6)]);
}

#[test]
fn commands_to_an_engine_that_has_stopped_are_refused() {
    let ingest = filled(1);
    let (handle, engine) = engine(&MemoryShelf::new(), &ingest.history, 10).unwrap();
    running((handle.clone(), engine), |handle| assert!(handle.wait_for(3, LIMIT)));
    assert!(matches!(handle.rebuild("trail"), Err(EngineError::Stopped)));
    assert!(!handle.wait_for(99, Duration::from_millis(1)));
    assert_eq!(handle.counts().loans, 1, "it still serves");
}
