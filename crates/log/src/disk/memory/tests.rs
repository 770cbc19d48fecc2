//! The faults, and the contract.

use super::*;
use crate::disk::conformance;

#[test]
fn conforms() {
    conformance::all(&mut || Arc::new(MemoryDisk::new()));
}

#[test]
fn a_crash_keeps_what_was_synced() {
    let disk = MemoryDisk::new();
    let file = disk.create("a").unwrap();
    file.write_at(b"durable", 0).unwrap();
    file.sync().unwrap();
    disk.sync_directory().unwrap();
    file.write_at(b"DURABLE and not", 0).unwrap();
    disk.create("b").unwrap();
    let lost = disk.crash(CrashPolicy::Lose);
    assert_eq!(lost.contents("a").unwrap(), b"durable");
    assert_eq!(lost.contents("b"), None);
    let kept = disk.crash(CrashPolicy::Keep);
    assert_eq!(kept.contents("a").unwrap(), b"DURABLE and not");
    assert_eq!(kept.contents("b").unwrap(), b"");
}

#[test]
fn random_crashes_differ_by_seed_only() {
    let disk = MemoryDisk::new();
    let file = disk.create("a").unwrap();
    disk.sync_directory().unwrap();
    for sector in 0..16 {
        file.write_at(&[1; 1024], sector * 1024).unwrap();
    }
    let after = |seed| disk.crash(CrashPolicy::Random(seed)).contents("a").unwrap();
    assert_eq!(after(1), after(1));
    let images: std::collections::BTreeSet<_> = (0..20).map(after).collect();
    assert!(images.len() > 10, "{}", images.len());
}

#[test]
fn faults_come_when_asked() {
    let disk = MemoryDisk::new();
    let file = disk.create("a").unwrap();
    disk.fail_write(1);
    file.write_at(b"good", 0).unwrap();
    file.write_at(b"half", 4).unwrap_err();
    assert_eq!(disk.contents("a").unwrap(), b"goodha");
    disk.fail_sync(0);
    file.sync().unwrap_err();
    assert_eq!(disk.crash(CrashPolicy::Lose).contents("a"), None, "the name was never synced");
    disk.limit(10);
    assert_eq!(file.write_at(b"too much", 6).unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(disk.flip("a", 0, 1) && !disk.flip("a", 100, 1) && !disk.flip("b", 0, 1));
    assert_eq!(disk.contents("a").unwrap()[0], b'g' ^ 1);
}

#[test]
fn nothing_works_after_the_power_is_cut() {
    let disk = MemoryDisk::new();
    let file = disk.create("a").unwrap();
    disk.cut_power(1);
    file.write_at(b"one", 0).unwrap();
    file.write_at(b"two", 3).unwrap_err();
    file.sync().unwrap_err();
    disk.create("b").map(drop).unwrap_err();
    assert_eq!(disk.contents("a").unwrap(), b"onetwo", "the last write had begun");
}
