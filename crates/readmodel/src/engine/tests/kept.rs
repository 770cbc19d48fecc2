//! A rebuild that differs keeps what it replaces, and there is a way back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use continuity_events::json;

use super::models::*;
use super::rebuild::{LIMIT, filled, running, until};
use super::support::*;
use crate::engine::{BuildsReport, EngineError};
use crate::projection::{ChangeForm, EntityChange, Projection, Spec};
use crate::store::{MemoryShelf, Rows, Shelf};
use crate::{Durability, Engine, EngineHandle, StoreError};

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

    fn open(&self) -> (EngineHandle, Engine) {
        let moody = Moody { is_wrong: Arc::clone(&self.is_wrong), fails: Arc::clone(&self.fails) };
        engine_of(&self.shelf, &self.ingest.history, 10, vec![Arc::new(moody), Arc::new(Trail)], clock()).unwrap()
    }

    fn arrive(&mut self, sequence: u64) -> u64 {
        self.ingest.arrive(&event("L0", sequence, &after("task", "t", sequence - 1, r#"{"c":3}"#)));
        self.ingest.history.sync();
        15 + sequence - 3
    }

    fn files(&self) -> Vec<String> {
        let files = self.shelf.list().unwrap().into_iter();
        files.filter(|file| file.starts_with("entities")).collect()
    }
}

fn entity(handle: &EngineHandle, loan: &str) -> String {
    let view = handle.view();
    entities(view.model("entities").unwrap(), loan).pop().unwrap().2
}

fn digest_and_kept(handle: &EngineHandle) -> ([u8; 32], Option<[u8; 32]>) {
    let status = &handle.statuses()[0];
    (status.digest, status.kept.map(|kept| kept.digest))
}

#[test]
fn a_rebuild_that_differs_keeps_both_and_either_can_be_served() {
    let mut house = House::wrongly_built();
    let (handle, engine) = house.open();
    running((handle, engine), |handle| {
        let report = handle.rebuild("entities").unwrap();
        let old = report.old_digest.unwrap();
        assert_ne!(old, report.new_digest);
        assert_eq!(digest_and_kept(handle), (report.new_digest, Some(old)));
        assert!(handle.statuses()[0].alarm.as_ref().unwrap().contains("`projection rollback`"));
        assert_eq!(house.files(), ["entities-00000001.redb", "entities-00000002.redb"]);
        assert_eq!(entity(handle, "L1"), r#"{"a":1,"b":2}"#);

        let back = handle.roll_back("entities").unwrap();
        assert_eq!(back, BuildsReport { position: 15, served: old, kept: report.new_digest, rows: 10 });
        assert_eq!(entity(handle, "L1"), r#"{"a":1,"wrong":1,"b":2}"#);
        assert_eq!(house.files(), ["entities-00000002.redb", "entities-00000003.redb"]);

        let position = house.arrive(4);
        assert!(handle.wait_for(position, LIMIT));
        assert_eq!(entity(handle, "L0"), r#"{"c":3,"wrong":1}"#);
        handle.roll_back("entities").unwrap();
        assert_eq!(entity(handle, "L0"), r#"{"c":3}"#, "the kept build was told what came");
        assert_eq!(digest_and_kept(handle).0, rebuilt(&house.ingest.history)[0]);

        handle.discard("entities").unwrap();
        assert_eq!((digest_and_kept(handle).1, house.files()), (None, vec!["entities-00000004.redb".to_owned()]));
        assert_eq!(handle.statuses()[0].alarm, None);
        for nothing in [handle.discard("entities"), handle.roll_back("entities"), handle.roll_back("trail")] {
            assert!(matches!(nothing, Err(EngineError::NothingKept(_))), "{nothing:?}");
        }
        assert!(matches!(handle.roll_back("nothing"), Err(EngineError::UnknownModel(_))));
    });
}

#[test]
fn both_builds_survive_a_restart_and_a_crash() {
    let mut house = House::wrongly_built();
    running(house.open(), |handle| {
        handle.rebuild("entities").unwrap();
        handle.roll_back("entities").unwrap();
    });
    for crash in [false, true] {
        if crash {
            house.shelf = house.shelf.survivors().with_fuse(u64::MAX);
        }
        let position = house.arrive(if crash { 5 } else { 4 });
        let (handle, mut engine) = house.open();
        drain(&mut engine).unwrap();
        assert_eq!(handle.view().position, position);
        assert_eq!(entity(&handle, "L0"), r#"{"c":3,"wrong":1}"#, "what was chosen stays chosen");
        assert_eq!(digest_and_kept(&handle).1, Some(rebuilt(&house.ingest.history)[0]));
    }
}

#[test]
fn another_rebuild_keeps_the_last_build_that_differs() {
    let house = House::wrongly_built();
    running(house.open(), |handle| {
        let first = handle.rebuild("entities").unwrap();
        let again = handle.rebuild("entities").unwrap();
        assert_eq!(again.old_digest, Some(again.new_digest));
        assert_eq!(digest_and_kept(handle), (again.new_digest, first.old_digest), "still a way back");
        handle.roll_back("entities").unwrap();
        handle.rebuild("entities").unwrap();
        assert_eq!(digest_and_kept(handle), (again.new_digest, first.old_digest));
        assert_eq!(house.files(), ["entities-00000004.redb", "entities-00000005.redb"]);
    });
}

#[test]
fn what_a_crash_left_of_a_build_that_agrees_is_removed() {
    let house = House::wrongly_built();
    house.shelf.copy(&house.shelf, "entities-00000001.redb", "entities-00000002.redb");
    let (handle, _engine) = house.open();
    assert_eq!(digest_and_kept(&handle).1, None);
    assert_eq!(house.files(), ["entities-00000002.redb"]);
}

#[test]
fn a_kept_build_that_cannot_be_gone_on_with_is_removed() {
    let mut house = House::wrongly_built();
    running(house.open(), |handle| drop(handle.rebuild("entities").unwrap()));
    let before = house.shelf.survivors();
    let position = house.arrive(4);
    let (handle, mut engine) = house.open();
    drain(&mut engine).unwrap();
    engine.commit(Durability::Durable).unwrap();
    assert!(digest_and_kept(&handle).1.is_some());
    drop((handle, engine));
    house.shelf.copy(&before, "entities-00000001.redb", "entities-00000001.redb");
    let (handle, _engine) = house.open();
    assert_eq!((handle.view().position, digest_and_kept(&handle).1), (position, None), "it was behind the fold");
    assert_eq!(house.files(), ["entities-00000002.redb"]);
}

#[test]
fn a_kept_build_that_fails_is_removed_and_the_served_one_goes_on() {
    let mut house = House::wrongly_built();
    running(house.open(), |handle| {
        handle.rebuild("entities").unwrap();
        house.fails.store(true, Ordering::SeqCst);
        let position = house.arrive(4);
        assert!(handle.wait_for(position, LIMIT));
        assert_eq!(entity(handle, "L0"), r#"{"c":3}"#);
        until(|| digest_and_kept(handle).1.is_none());
        assert_eq!(house.files(), ["entities-00000002.redb"]);
    });
}
