//! A rebuild that differs keeps what it replaces, and there is a way back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use continuity_base::ManualClock;
use continuity_events::json;
use proptest::prelude::*;

use super::flaky::{Fault, Flaky};
use super::models::*;
use super::rebuild::{LIMIT, filled, running, until};
use super::support::*;
use crate::engine::EngineError;
use crate::projection::{ChangeForm, EntityChange, Projection, Spec};
use crate::store::{MemoryShelf, Rows, Shelf};
use crate::{BatchLimits, Durability, Engine, EngineHandle, StoreError};

/// As [`Entities`], with one member too many in each row while `is_wrong`.
struct Moody {
    is_wrong: Arc<AtomicBool>,
    fails: Arc<AtomicBool>,
}

impl Projection for Moody {
    fn spec(&self) -> &'static Spec {
        Entities.spec()
    }

    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let key = crate::Key::new().text(change.loan).text(change.entity).text(change.id).finish();
        let was_wrong = rows.get("rows", &key)?.is_some_and(|row| String::from_utf8_lossy(&row).contains("wrong"));
        if was_wrong && self.fails.load(Ordering::SeqCst) {
            return Err(StoreError::corrupt("entities", "a row"));
        }
        let ChangeForm::After(after) = change.form else { return Entities.apply(change, rows) };
        let is_wrong = was_wrong || self.is_wrong.load(Ordering::SeqCst);
        let after = if is_wrong { json::merge_patch(after, r#"{"wrong":1}"#).unwrap() } else { after.to_owned() };
        Entities.apply(&EntityChange { form: ChangeForm::After(&after), ..*change }, rows)
    }

    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        Entities.clear(loan, rows)
    }
}

struct House {
    shelf: MemoryShelf,
    ingest: Ingest,
    is_wrong: Arc<AtomicBool>,
    fails: Arc<AtomicBool>,
}

impl House {
    /// What a faulty program left.
    fn wrongly_built() -> Self {
        let [is_wrong, fails] = [true, false].map(|flag| Arc::new(AtomicBool::new(flag)));
        let house = Self { shelf: MemoryShelf::new().with_fuse(u64::MAX), ingest: filled(5), is_wrong, fails };
        let (_handle, mut engine) = house.open();
        drain(&mut engine).unwrap();
        engine.commit(Durability::Durable).unwrap();
        house.is_wrong.store(false, Ordering::SeqCst);
        house
    }

    /// The same after a rebuild: build 1, which is wrong, is kept beside build 2.
    fn with_two() -> Self {
        let house = Self::wrongly_built();
        running(house.open(), |handle| drop(handle.rebuild("entities").unwrap()));
        assert_eq!(house.files(), ["1.kept", "2.redb"]);
        house
    }

    fn open(&self) -> (EngineHandle, Engine) {
        self.open_on(&self.shelf, &clock()).unwrap()
    }

    fn open_on<S: Shelf + Clone>(
        &self,
        shelf: &S,
        clock: &Arc<ManualClock>,
    ) -> Result<(EngineHandle, Engine), EngineError> {
        let moody = Moody { is_wrong: Arc::clone(&self.is_wrong), fails: Arc::clone(&self.fails) };
        let batch = BatchLimits { rows: 10, bytes: 1 << 20 };
        let settings = super::super::run::Settings { clock: clock.clone(), cache_bytes: 16 << 20, batch };
        let projections: Vec<Arc<dyn Projection>> = vec![Arc::new(moody), Arc::new(Trail)];
        Engine::open_on(Arc::new(shelf.clone()), Arc::new(self.ingest.history.clone()), projections, settings)
    }

    fn arrive(&mut self, sequence: u64) -> u64 {
        self.ingest.arrive(&event("L0", sequence, &after("task", "t", sequence - 1, r#"{"c":3}"#)));
        self.ingest.history.sync();
        15 + sequence - 3
    }

    /// The files of its builds, without its name.
    fn files(&self) -> Vec<String> {
        let files = self.shelf.list().unwrap().into_iter();
        files.filter_map(|file| file.strip_prefix("entities-0000000").map(str::to_owned)).collect()
    }
}

fn file(name: &str) -> String {
    format!("entities-0000000{name}")
}

fn entity(handle: &EngineHandle, loan: &str) -> String {
    let view = handle.view();
    entities(view.model("entities").unwrap(), loan).pop().unwrap().2
}

/// Numbers of the build that is served, and of the one that is kept.
fn builds(handle: &EngineHandle) -> (u64, Option<u64>) {
    let status = &handle.statuses()[0];
    (status.build, status.kept.map(|kept| kept.build))
}

const RIGHT: &str = r#"{"a":1,"b":2}"#;
const WRONG: &str = r#"{"a":1,"wrong":1,"b":2}"#;

#[test]
fn a_rebuild_that_differs_keeps_both_and_either_can_be_served() {
    let mut house = House::wrongly_built();
    running(house.open(), |handle| {
        let report = handle.rebuild("entities").unwrap();
        assert!(report.old_digest.is_some_and(|old| old != report.new_digest));
        assert_eq!((builds(handle), house.files()), ((2, Some(1)), vec!["1.kept".to_owned(), "2.redb".to_owned()]));
        let alarm = handle.statuses()[0].alarm.clone().unwrap();
        assert!(
            alarm.contains("build 2 is served, build 1 is kept") && alarm.contains("`projection rollback`"),
            "{alarm}"
        );
        assert_eq!(entity(handle, "L1"), RIGHT);

        let back = handle.roll_back("entities", 1).unwrap();
        assert_eq!((back.position, back.served.build, back.served.rows, back.other.build), (15, 1, 10, 2));
        assert_eq!((Some(back.served.digest), back.other.digest), (report.old_digest, report.new_digest));
        assert_eq!(entity(handle, "L1"), WRONG);
        assert_eq!((builds(handle), house.files()), ((1, Some(2)), vec!["1.redb".to_owned(), "2.kept".to_owned()]));
        for late in [handle.roll_back("entities", 1), handle.discard("entities", 1)] {
            assert!(matches!(late, Err(EngineError::OtherBuild { asked: 1, kept: 2, .. })), "{late:?}");
        }

        let position = house.arrive(4);
        assert!(handle.wait_for(position, LIMIT));
        assert_eq!(entity(handle, "L0"), r#"{"c":3,"wrong":1}"#);
        handle.roll_back("entities", 2).unwrap();
        assert_eq!(entity(handle, "L0"), r#"{"c":3}"#, "the kept build was told what came");
        assert_eq!(handle.statuses()[0].digest, rebuilt(&house.ingest.history)[0]);

        handle.discard("entities", 1).unwrap();
        assert_eq!((builds(handle), house.files()), ((2, None), vec!["2.redb".to_owned()]));
        assert_eq!(handle.statuses()[0].alarm, None);
        for nothing in [handle.discard("entities", 1), handle.roll_back("entities", 1), handle.roll_back("trail", 1)] {
            assert!(matches!(nothing, Err(EngineError::NothingKept(_))), "{nothing:?}");
        }
        assert!(matches!(handle.roll_back("nothing", 1), Err(EngineError::UnknownModel(_))));
    });
}

#[test]
fn both_builds_survive_a_restart_and_a_crash() {
    let mut house = House::with_two();
    running(house.open(), |handle| handle.roll_back("entities", 1).unwrap());
    for crash in [false, true] {
        if crash {
            house.shelf = house.shelf.survivors().with_fuse(u64::MAX);
        }
        let position = house.arrive(if crash { 5 } else { 4 });
        let (handle, mut engine) = house.open();
        drain(&mut engine).unwrap();
        assert_eq!(handle.view().position, position);
        assert_eq!(entity(&handle, "L0"), r#"{"c":3,"wrong":1}"#, "what was chosen stays chosen");
        assert_eq!(handle.statuses()[0].kept.unwrap().digest, rebuilt(&house.ingest.history)[0]);
    }
}

#[test]
fn another_rebuild_keeps_the_last_build_that_differs() {
    let house = House::with_two();
    running(house.open(), |handle| {
        let again = handle.rebuild("entities").unwrap();
        assert_eq!(again.old_digest, Some(again.new_digest));
        assert_eq!((builds(handle), house.files().len()), ((3, Some(1)), 2), "still a way back");
        handle.roll_back("entities", 1).unwrap();
        handle.rebuild("entities").unwrap();
        assert_eq!((builds(handle), house.files()), ((4, Some(1)), vec!["1.kept".to_owned(), "4.redb".to_owned()]));
    });
}

#[test]
fn builds_that_come_to_agree_are_no_longer_two() {
    let mut house = House::with_two();
    running(house.open(), |handle| {
        for loan in ["L0", "L1", "L2", "L3", "L4"] {
            let gone = format!(r#"{{"entity":"loanRequest","id":"{loan}","version":2,"after":null}}"#);
            house.ingest.arrive(&event(loan, 4, &gone));
        }
        house.ingest.history.sync();
        assert!(handle.wait_for(20, LIMIT));
        assert_eq!((builds(handle), house.files()), ((2, None), vec!["2.redb".to_owned()]));
    });
}

#[test]
fn what_a_crash_left_behind_after_the_switch_is_put_in_order() {
    // Killed after the rename of a build that differs, and of one that agrees.
    for (left, kept) in [("1.redb", Some(1)), ("2.redb", None)] {
        let house = House::with_two();
        house.shelf.copy(&house.shelf, &file("2.redb"), &file("3.redb"));
        for file_name in ["1.kept", "2.redb"] {
            let to = file(&file_name.replace("kept", "redb"));
            house.shelf.copy(&house.shelf, &file(file_name), &to);
            if to != file(left) {
                house.shelf.remove(&to).unwrap();
            }
        }
        house.shelf.remove(&file("1.kept")).unwrap();
        let (handle, _engine) = house.open();
        assert_eq!((builds(&handle), entity(&handle, "L1").as_str()), ((3, kept), RIGHT));
        let files: Vec<_> = kept.map(|_| "1.kept").into_iter().chain(["3.redb"]).collect();
        assert_eq!(house.files(), files);
    }
}

#[test]
fn a_kept_build_outlives_the_crash_of_a_rebuild_that_agrees() {
    let house = House::with_two();
    house.shelf.copy(&house.shelf, &file("2.redb"), &file("3.redb"));
    let (handle, _engine) = house.open();
    assert_eq!((builds(&handle), house.files()), ((3, Some(1)), vec!["1.kept".to_owned(), "3.redb".to_owned()]));
}

#[test]
fn a_kept_build_that_is_behind_the_fold_is_removed() {
    let mut house = House::with_two();
    let before = house.shelf.survivors();
    let position = house.arrive(4);
    let (handle, mut engine) = house.open();
    drain(&mut engine).unwrap();
    engine.commit(Durability::Durable).unwrap();
    assert!(builds(&handle).1.is_some());
    drop((handle, engine));
    house.shelf.copy(&before, &file("1.kept"), &file("1.kept"));
    let (handle, engine) = house.open();
    assert_eq!((handle.view().position, builds(&handle)), (position, (2, None)));
    assert_eq!(house.files(), ["2.redb"]);
    let alarm = handle.statuses()[0].alarm.clone().unwrap();
    assert!(alarm.starts_with("build 1, which was kept, is removed: "), "{alarm}");
    running((handle, engine), |handle| {
        handle.rebuild("entities").unwrap();
        assert_eq!(handle.statuses()[0].alarm, None, "what was told of former builds is over");
    });
}

#[test]
fn with_a_served_build_that_has_to_be_made_anew_the_kept_one_goes_and_that_is_said() {
    let house = House::with_two();
    house.shelf.remove(&file("2.redb")).unwrap();
    let (handle, engine) = house.open();
    assert!(handle.view().model("entities").is_none(), "a kept build is not served because nothing else is there");
    let alarm = handle.statuses()[0].alarm.clone().unwrap();
    assert!(alarm.contains("build 1, which was kept, is removed"), "{alarm}");
    running((handle, engine), |handle| {
        until(|| handle.view().serves_all());
        assert_eq!((entity(handle, "L1").as_str(), builds(handle).1), (RIGHT, None));
    });
}

/// A kept build that fails: the served one goes on, and the operator is told.
fn is_let_go_of(handle: &EngineHandle, house: &mut House, sequence: u64) {
    let position = house.arrive(sequence);
    assert!(handle.wait_for(position, LIMIT));
    until(|| builds(handle).1.is_none());
    assert_eq!(entity(handle, "L0"), r#"{"c":3}"#);
    let alarm = handle.statuses()[0].alarm.clone().unwrap();
    assert!(alarm.starts_with("build 1, which was kept, is removed, as it failed: "), "{alarm}");
    assert!(matches!(handle.roll_back("entities", 1), Err(EngineError::NothingKept(_))));
    assert!(handle.view().serves_all());
}

#[test]
fn a_kept_build_whose_rows_are_damaged_is_let_go_of() {
    let mut house = House::with_two();
    running(house.open(), |handle| {
        house.fails.store(true, Ordering::SeqCst);
        is_let_go_of(handle, &mut house, 4);
    });
    assert_eq!(house.files(), ["2.redb"]);
}

#[test]
fn a_kept_build_that_fails_while_all_are_brought_to_one_position_is_never_chosen() {
    let mut house = House::with_two();
    let before = house.shelf.survivors();
    house.arrive(4);
    let (handle, mut engine) = house.open();
    drain(&mut engine).unwrap();
    engine.commit(Durability::Durable).unwrap();
    drop((handle, engine));
    // As after a crash when only the served build had been saved.
    for name in [file("1.kept"), "fold-00000001.redb".to_owned(), "trail-00000001.redb".to_owned()] {
        house.shelf.copy(&before, &name, &name);
    }
    house.fails.store(true, Ordering::SeqCst);
    running(house.open(), |handle| is_let_go_of(handle, &mut house, 5));
}

#[test]
fn a_kept_build_that_cannot_be_saved_is_let_go_of() {
    for fault in [Fault::Sync, Fault::Panic] {
        let mut house = House::with_two();
        let (shelf, clock) = (Flaky::new(&house.shelf, &file("1.kept")), clock());
        running(house.open_on(&shelf, &clock).unwrap(), |handle| {
            shelf.set(fault);
            let position = house.arrive(4);
            assert!(handle.wait_for(position, LIMIT));
            clock.advance(Duration::from_secs(2));
            let position = house.arrive(5);
            assert!(handle.wait_for(position, LIMIT));
            // The save fails behind it, and nothing comes any more that would tell.
            until(|| builds(handle).1.is_none());
            is_let_go_of(handle, &mut house, 6);
        });
    }
}

#[test]
fn a_kept_build_that_cannot_be_opened_does_not_keep_the_replica_from_starting() {
    let house = House::with_two();
    let shelf = Flaky::new(&house.shelf, &file("1.kept"));
    shelf.set(Fault::Open);
    let (handle, engine) = house.open_on(&shelf, &clock()).unwrap();
    assert_eq!((builds(&handle), house.files().len()), ((2, None), 2), "it may be for now only");
    let alarm = handle.statuses()[0].alarm.clone().unwrap();
    assert!(alarm.starts_with("build 1, which was kept, cannot be opened: "), "{alarm}");
    drop((handle, engine));
    assert_eq!(builds(&house.open().0), (2, Some(1)));
}

#[test]
fn what_could_not_be_removed_does_not_count_after_a_choice() {
    let house = House::with_two();
    let shelf = Flaky::new(&house.shelf, &file("2.redb"));
    running(house.open_on(&shelf, &clock()).unwrap(), |handle| {
        shelf.set(Fault::Remove);
        handle.rebuild("entities").unwrap();
        assert_eq!(
            (builds(handle), house.files()),
            ((3, Some(1)), ["1.kept", "2.redb", "3.redb"].map(str::to_owned).into())
        );
        shelf.clear();
        handle.roll_back("entities", 1).unwrap();
    });
    let (handle, _engine) = house.open();
    assert_eq!((builds(&handle), entity(&handle, "L1").as_str()), ((1, Some(3)), WRONG));
    assert_eq!(house.files(), ["1.redb", "3.kept"]);
}

#[test]
fn a_kept_file_that_cannot_be_renamed_does_not_keep_the_replica_from_starting() {
    let house = House::with_two();
    house.shelf.copy(&house.shelf, &file("1.kept"), &file("1.redb"));
    house.shelf.remove(&file("1.kept")).unwrap();
    let shelf = Flaky::new(&house.shelf, "");
    shelf.set(Fault::Rename);
    let (handle, _engine) = house.open_on(&shelf, &clock()).unwrap();
    assert_eq!((builds(&handle), entity(&handle, "L1").as_str()), ((2, Some(1)), RIGHT));
}

#[test]
fn a_choice_that_cannot_be_written_ends_the_engine_and_the_next_start_knows_what_counts() {
    for fault in [Fault::Rename, Fault::Remove] {
        let house = House::with_two();
        let shelf = Flaky::new(&house.shelf, "");
        let (handle, engine) = house.open_on(&shelf, &clock()).unwrap();
        let thread = std::thread::spawn(move || engine.run(continuity_base::Stop::new()));
        shelf.set(fault);
        let choice =
            if fault == Fault::Rename { handle.roll_back("entities", 1) } else { handle.discard("entities", 1) };
        assert!(matches!(choice, Err(EngineError::Stopped)), "{choice:?}");
        assert!(matches!(thread.join().unwrap(), Err(EngineError::Store(_))));
        let (handle, _engine) = house.open();
        assert_eq!((builds(&handle), entity(&handle, "L1").as_str()), ((2, Some(1)), RIGHT), "nothing was chosen");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("CONTINUITY_SOAK").is_some() { 4_000 } else { 64 }, ..ProptestConfig::default() })]

    /// Rebuilds, choices and events; the power fails somewhere. What is served then is one of the two builds, whole.
    #[test]
    fn whenever_the_power_fails_one_of_the_builds_is_served_and_the_other_is_kept_or_chosen_away(
        steps in proptest::collection::vec(0..4_u8, 1..8),
        syncs in 0..60_u64,
    ) {
        let mut house = House::with_two();
        let shelf = house.shelf.survivors().with_fuse(syncs);
        let opened = house.open_on(&shelf, &clock());
        let mut sequence = 4;
        if let Ok((handle, mut engine)) = opened {
            for step in &steps {
                let kept = builds(&handle).1.unwrap_or_default();
                let failed = match step {
                    0 => engine.rebuild_here("entities").is_err(),
                    1 => engine.roll_back("entities", kept).is_err_and(|error| matches!(error, EngineError::Store(_))),
                    2 => engine.discard("entities", kept).is_err_and(|error| matches!(error, EngineError::Store(_))),
                    _ => {
                        house.arrive(sequence);
                        sequence += 1;
                        drain(&mut engine).is_err() || engine.commit(Durability::Durable).is_err()
                    }
                };
                if failed {
                    break;
                }
            }
        }
        house.shelf = shelf.survivors().with_fuse(u64::MAX);
        let (handle, mut engine) = house.open();
        drain(&mut engine).unwrap();
        let (right, status) = (rebuilt(&house.ingest.history)[0], handle.statuses()[0].clone());
        let served = entity(&handle, "L1");
        prop_assert!(status.digest == right && served == RIGHT || status.digest != right && served == WRONG);
        if let Some(kept) = status.kept {
            prop_assert!((kept.digest == right) != (status.digest == right), "one of the two is right");
        }
        prop_assert_eq!(house.files().len(), 1 + usize::from(status.kept.is_some()));
        prop_assert_eq!(status.position, 15 + sequence - 4);
    }
}
