//! Counted reads on their way into the control log: restarts, power cuts, and a disk that fails.

use std::sync::Arc;

use continuity_base::ManualClock;
use continuity_log::{CrashPolicy, MemoryDisk};
use serde_json::Value;

use super::*;
use crate::keys::private_file;
use crate::testing::{manual_clock, options};
use crate::{Access, AccessRange, Accessed};

struct Bench {
    dir: tempfile::TempDir,
    disk: MemoryDisk,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, disk: MemoryDisk::new(), clock: manual_clock() }
    }

    fn open(&self) -> Auth {
        Auth::open_on(Arc::new(self.disk.clone()), options(self.dir.path(), &self.clock)).unwrap()
    }

    /// The same keys and disk after the power was cut: what was not synced is gone, and so are the rows.
    fn after_a_power_cut(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (self.dir.path().join("keys"), dir.path().join("keys"));
        private_file::create_dir(&to).unwrap();
        private_file::create(&to.join("fleet-key"), &std::fs::read(from.join("fleet-key")).unwrap()).unwrap();
        Self { dir, disk: self.disk.crash(CrashPolicy::Lose), clock: Arc::clone(&self.clock) }
    }
}

/// (endpoint, count) of each entry, oldest first.
fn recorded(auth: &Auth) -> Vec<(String, u64)> {
    let entries = auth.access_log().forward(&AccessRange::default(), None).unwrap();
    entries
        .map(|entry| {
            let entry: Value = serde_json::from_str(&entry.unwrap().json()).unwrap();
            (entry["endpoint"].as_str().unwrap().to_owned(), entry["count"].as_u64().unwrap())
        })
        .collect()
}

fn of(endpoint: &str, count: u64) -> (String, u64) {
    (endpoint.to_owned(), count)
}

fn form_data() -> Access {
    let what = Accessed::FormData { task: "t1".to_owned() };
    Access { loan: "lr-1".to_owned(), what, client_id: "c".to_owned(), request_id: "r".to_owned() }
}

#[test]
fn a_clean_stop_writes_the_present_minute_too() {
    let bench = Bench::new();
    let auth = bench.open();
    auth.count_read("c", Some("lr-1"), "listTasks");
    auth.count_read("c", Some("lr-1"), "listTasks");
    auth.count_read("c", None, "listLoanRequests");
    auth.write_reads(false);
    assert_eq!((recorded(&auth).len(), auth.read_recording().pending), (0, 2));
    auth.close();
    drop(auth);
    let auth = bench.open();
    let mut entries = recorded(&auth);
    entries.sort();
    assert_eq!(entries, [of("listLoanRequests", 1), of("listTasks", 2)]);
}

#[tokio::test]
async fn a_power_cut_loses_the_present_minute_and_no_sensitive_read() {
    let bench = Bench::new();
    let auth = bench.open();
    auth.count_read("c", Some("lr-1"), "listTasks");
    bench.clock.advance(Duration::from_mins(1));
    auth.write_reads(false);
    auth.count_read("c", Some("lr-1"), "getLoanRequest");
    auth.record_access(form_data()).await.unwrap();
    let after = bench.after_a_power_cut();
    assert_eq!(recorded(&after.open()), [of("listTasks", 1), of("getTask", 1)]);
}

#[test]
fn many_rows_are_several_records() {
    let auth = Bench::new().open();
    let (before, count) = (auth.control_log().head().position, MAX_READS + 1);
    for n in 0..count {
        auth.count_read("c", Some(&format!("lr-{n}")), "listTasks");
    }
    auth.write_reads(true);
    assert_eq!((recorded(&auth).len(), auth.control_log().head().position), (count, before + 2));
}

#[tokio::test]
async fn what_the_log_does_not_take_is_counted_and_reads_go_on() {
    let bench = Bench::new();
    let auth = bench.open();
    auth.count_read("c", Some("lr-1"), "listTasks");
    auth.count_read("c", Some("lr-1"), "listTasks");
    bench.disk.fail_sync(0);
    auth.write_reads(true);
    assert_eq!((auth.read_recording().unrecorded, auth.read_recording().pending), (2, 0));
    let ended = async {
        // Its thread answers first and then ends.
        while auth.control_log_failure().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap();
    auth.count_read("c", Some("lr-1"), "listTasks");
    auth.write_reads(true);
    assert_eq!(auth.read_recording().unrecorded, 3);
    assert!(auth.record_access(form_data()).await.is_err(), "a sensitive read is refused");
    assert!(recorded(&auth).is_empty());
}

#[tokio::test]
async fn minutes_are_written_by_themselves_until_it_is_stopped() {
    let bench = Bench::new();
    let (auth, stop) = (bench.open(), Stop::new());
    auth.count_read("c", Some("lr-1"), "listTasks");
    bench.clock.advance(Duration::from_mins(1));
    let until_written = async {
        while recorded(&auth).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.stop();
    };
    let both = async { tokio::join!(auth.keep_reads(stop.clone()), until_written) };
    tokio::time::timeout(Duration::from_secs(20), both).await.unwrap().0.unwrap();
    assert_eq!(recorded(&auth), [of("listTasks", 1)]);
}
