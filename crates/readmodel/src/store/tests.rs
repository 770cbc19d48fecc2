//! What a store promises: rows, checkpoint and digest together, whatever happens to the process or the file.

use std::collections::BTreeMap;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;

const TABLES: &[Table] = &["a", "b"];
const CACHE: usize = 1 << 20;

fn open(place: Place) -> Store {
    Store::open(place, "test", 1, TABLES, CACHE).unwrap()
}

fn at(position: u64) -> Checkpoint {
    Checkpoint { position, hash: [7; 32] }
}

fn put(store: &Store, position: u64, rows: &[(Table, &str, &str)], durability: Durability) {
    let mut batch = store.batch();
    for (table, key, value) in rows {
        batch.rows().put(table, key.as_bytes().to_vec(), value.as_bytes().to_vec());
    }
    store.commit(batch, at(position), durability).unwrap();
}

fn all(snapshot: &Snapshot, table: Table) -> Vec<(String, String)> {
    let text = |row: &Row| String::from_utf8(row.to_vec()).unwrap();
    let rows = snapshot.scan(table, .., Direction::Forward).unwrap();
    rows.map(|row| row.map(|(k, v)| (text(&k), text(&v))).unwrap()).collect()
}

#[test]
fn a_batch_reads_its_own_writes_and_readers_do_not() {
    let store = open(Place::memory());
    put(&store, 1, &[("a", "k1", "old"), ("a", "k2", "two"), ("a", "l", "x")], Durability::Visible);
    let mut batch = store.batch();
    let mut rows = batch.rows();
    rows.put("a", b"k1".to_vec(), b"new".to_vec());
    rows.put("a", b"k3".to_vec(), b"three".to_vec());
    rows.delete("a", b"k2");
    assert_eq!(rows.get("a", b"k1").unwrap().unwrap(), b"new");
    assert_eq!(rows.get("a", b"k2").unwrap(), None);
    let seen: Vec<_> = rows.scan_prefix("a", b"k").unwrap().into_iter().map(|(k, _)| k).collect();
    assert_eq!(seen, [b"k1".to_vec(), b"k3".to_vec()]);
    assert_eq!(store.snapshot().get("a", b"k1").unwrap().as_deref(), Some(b"old".as_slice()));
    let before = store.snapshot();
    store.commit(batch, at(2), Durability::Visible).unwrap();
    assert_eq!(all(&store.snapshot(), "a").len(), 3);
    assert_eq!(before.get("a", b"k2").unwrap().as_deref(), Some(b"two".as_slice()));
    assert_eq!((before.position(), store.snapshot().position()), (1, 2));
}

#[test]
fn the_last_row_before_a_key_stays_within_the_prefix() {
    let store = open(Place::memory());
    put(&store, 1, &[("a", "k1", ""), ("a", "k5", ""), ("a", "l", "")], Durability::Visible);
    let mut batch = store.batch();
    let mut rows = batch.rows();
    rows.put("a", b"k3".to_vec(), Vec::new());
    rows.delete("a", b"k5");
    let last = |key: &str| rows.last_at_or_before("a", b"k", key.as_bytes()).unwrap().map(|(k, _)| k);
    assert_eq!(last("k9"), Some(b"k3".to_vec()));
    assert_eq!(last("k2"), Some(b"k1".to_vec()));
    assert_eq!(last("k1"), Some(b"k1".to_vec()));
    assert_eq!(last("k0"), None);
    assert_eq!(last("z"), Some(b"k3".to_vec()));
    assert_eq!(last("a"), None);
}

#[test]
fn the_first_row_from_a_key_on_stays_within_the_prefix() {
    let store = open(Place::memory());
    put(&store, 1, &[("a", "j", ""), ("a", "k1", ""), ("a", "k5", ""), ("a", "l", "")], Durability::Visible);
    let mut batch = store.batch();
    let mut rows = batch.rows();
    rows.put("a", b"k3".to_vec(), Vec::new());
    rows.delete("a", b"k5");
    let first = |key: &str| rows.first_at_or_after("a", b"k", key.as_bytes()).unwrap().map(|(k, _)| k);
    assert_eq!(first("a"), Some(b"k1".to_vec()));
    assert_eq!(first("k1"), Some(b"k1".to_vec()));
    assert_eq!(first("k2"), Some(b"k3".to_vec()));
    assert_eq!(first("k4"), None);
    assert_eq!(first("z"), None);
}

#[test]
fn a_table_that_is_not_there_is_an_error() {
    let store = open(Place::memory());
    assert!(matches!(store.snapshot().get("c", b"k"), Err(StoreError::UnknownTable { .. })));
    let mut batch = store.batch();
    batch.rows().put("c", Vec::new(), Vec::new());
    let refused = store.commit(batch, at(1), Durability::Visible).unwrap_err();
    assert_eq!(refused.to_string(), "store test has no table c");
}

#[test]
fn scans_go_both_ways_and_an_empty_range_is_no_error() {
    let store = open(Place::memory());
    put(&store, 1, &[("b", "1", ""), ("b", "2", ""), ("b", "3", "")], Durability::Visible);
    let snapshot = store.snapshot();
    let keys = |range: (Bound<Vec<u8>>, Bound<Vec<u8>>), direction| {
        let rows = snapshot.scan("b", range, direction).unwrap();
        rows.map(|row| row.unwrap().0[0]).collect::<Vec<_>>()
    };
    assert_eq!(keys((Excluded(b"1".to_vec()), Unbounded), Direction::Forward), b"23");
    assert_eq!(keys((Unbounded, Included(b"2".to_vec())), Direction::Backward), b"21");
    assert_eq!(keys((Included(b"3".to_vec()), Excluded(b"1".to_vec())), Direction::Forward), b"");
    assert_eq!(snapshot.count("b").unwrap(), 3);
}

#[test]
fn reopening_finds_rows_checkpoint_and_digest() {
    let shelf = Arc::new(MemoryShelf::new());
    let store = open(Place::on(shelf.clone(), "f"));
    assert_eq!(store.opened(), &Opened::Created);
    put(&store, 3, &[("a", "k", "v")], Durability::Durable);
    let (digest, bytes) = (store.digest(), store.row_bytes());
    drop(store);
    let store = open(Place::on(shelf.clone(), "f"));
    assert_eq!(store.opened(), &Opened::Existing);
    assert_eq!((store.checkpoint(), store.digest(), store.rows(), store.row_bytes()), (at(3), digest, 1, bytes));
    drop(store);
    let newer = Store::open(Place::on(shelf, "f"), "test", 2, TABLES, CACHE).unwrap();
    let Opened::Replaced { why } = newer.opened() else { panic!("{:?}", newer.opened()) };
    assert_eq!(why, "it holds test version 1, wanted is test version 2");
    assert_eq!((newer.checkpoint(), newer.rows(), newer.digest()), (Checkpoint::default(), 0, [0; 32]));
}

#[test]
fn another_set_of_tables_is_replaced() {
    let shelf = Arc::new(MemoryShelf::new());
    put(&open(Place::on(shelf.clone(), "f")), 3, &[("a", "k", "v")], Durability::Durable);
    let store = Store::open(Place::on(shelf, "f"), "test", 1, &["a", "b", "c"], CACHE).unwrap();
    assert!(matches!(store.opened(), Opened::Replaced { .. }));
}

#[test]
fn a_damaged_file_is_replaced_and_a_locked_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.redb");
    std::fs::write(&path, vec![0x5a; 10_000]).unwrap();
    let store = open(Place::file(&path));
    assert!(matches!(store.opened(), Opened::Replaced { .. }));
    let refused = Store::open(Place::file(&path), "test", 1, TABLES, CACHE).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    put(&store, 1, &[("a", "k", "v")], Durability::Durable);
    drop(store);
    assert_eq!(open(Place::file(&path)).rows(), 1);
}

#[test]
fn a_file_of_zeros_or_cut_short_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.redb");
    put(&open(Place::file(&path)), 1, &[("a", "k", "v")], Durability::Durable);
    let whole = std::fs::read(&path).unwrap();
    for damaged in [vec![0; whole.len()], whole[..whole.len() / 3].to_vec(), whole[..100].to_vec()] {
        std::fs::write(&path, damaged).unwrap();
        let store = open(Place::file(&path));
        assert!(matches!(store.opened(), Opened::Replaced { .. }), "{:?}", store.opened());
    }
}

#[test]
fn whatever_sync_the_power_fails_at_rows_and_checkpoint_agree() {
    for syncs in 0..14 {
        let shelf = MemoryShelf::new();
        drop(open(Place::on(Arc::new(shelf.clone()), "f")));
        let fused = Arc::new(shelf.with_fuse(syncs));
        let mut durable = 0;
        let written = (|| -> Result<(), StoreError> {
            let store = Store::open(Place::on(fused.clone(), "f"), "test", 1, TABLES, CACHE)?;
            for position in 1..=6_u64 {
                let mut batch = store.batch();
                batch.rows().put("a", vec![u8::try_from(position % 4).unwrap()], position.to_be_bytes().to_vec());
                let durability = if position % 2 == 0 { Durability::Durable } else { Durability::Visible };
                store.commit(batch, at(position), durability)?;
                durable = if position % 2 == 0 { position } else { durable };
            }
            std::mem::forget(store);
            Ok(())
        })();
        let store = open(Place::on(Arc::new(fused.survivors()), "f"));
        let position = store.checkpoint().position;
        assert!(position >= durable && position.is_multiple_of(2), "{syncs}: {position} {durable} {written:?}");
        let expected: BTreeMap<u8, u64> = (1..=position).map(|p| (u8::try_from(p % 4).unwrap(), p)).collect();
        let snapshot = store.snapshot();
        let found = snapshot.scan("a", .., Direction::Forward).unwrap().map(Result::unwrap);
        let found: BTreeMap<u8, u64> =
            found.map(|(k, v)| (k[0], u64::from_be_bytes(v.as_ref().try_into().unwrap()))).collect();
        assert_eq!(found, expected);
        assert_eq!(store.rows(), expected.len() as u64);
    }
}

fn writes() -> impl Strategy<Value = Vec<Vec<(bool, u8, Option<u8>)>>> {
    let write = (any::<bool>(), 0..6_u8, proptest::option::of(0..3_u8));
    proptest::collection::vec(proptest::collection::vec(write, 0..8), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_digest_depends_on_the_rows_alone(batches in writes()) {
        let store = open(Place::memory());
        let mut expected = BTreeMap::new();
        for (position, writes) in batches.iter().enumerate() {
            let mut batch = store.batch();
            for &(first, key, value) in writes {
                let table = if first { "a" } else { "b" };
                if let Some(value) = value {
                    batch.rows().put(table, vec![key], vec![value]);
                    expected.insert((table, key), value);
                } else {
                    batch.rows().delete(table, &[key]);
                    expected.remove(&(table, key));
                }
            }
            store.commit(batch, at(position as u64), Durability::Visible).unwrap();
        }
        let fresh = open(Place::memory());
        let mut batch = fresh.batch();
        for (&(table, key), &value) in &expected {
            batch.rows().put(table, vec![key], vec![value]);
        }
        fresh.commit(batch, at(1), Durability::Visible).unwrap();
        prop_assert_eq!(fresh.digest(), store.digest());
        prop_assert_eq!((fresh.rows(), fresh.row_bytes()), (store.rows(), store.row_bytes()));
    }
}
