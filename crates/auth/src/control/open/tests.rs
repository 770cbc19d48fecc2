//! Opening after a crash, over an older log, and over what does not belong there.

use continuity_log::{CrashPolicy, MemoryDisk};
use continuity_readmodel::Opened as StoreOpened;

use super::*;
use crate::control::event::{By, Change, ClientCreated, Entry};
use crate::keys::secret::SecretDigest;
use crate::testing::{manual_clock, ring};

struct Bench {
    disk: MemoryDisk,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { disk: MemoryDisk::new(), dir: tempfile::tempdir().unwrap() }
    }

    fn opening(&self) -> Result<Opening, AuthError> {
        Opening::new(Arc::new(self.disk.clone()), &self.dir.path().join("store.redb"))
    }

    fn open(&self) -> Control {
        self.opening().unwrap().finish(manual_clock(), ring(), "test").unwrap()
    }
}

fn create(control: &Control, id: &str) {
    let created = Change::ClientCreated(ClientCreated {
        id: id.to_owned(),
        name: id.to_owned(),
        description: String::new(),
        scopes: vec!["loans:read".to_owned()],
        token_seconds: None,
        secret: SecretDigest::from_bytes([7; 32]),
    });
    control.change(&By::actor("test"), |_, _| Ok(Some(created))).unwrap();
}

fn ids(control: &Control) -> Vec<String> {
    control.in_force().clients.views(60).into_iter().map(|client| client.id).collect()
}

#[test]
fn clients_outlive_a_restart_with_or_without_the_store() {
    let bench = Bench::new();
    assert!(bench.opening().unwrap().is_empty());
    let control = bench.open();
    create(&control, "a");
    create(&control, "b");
    drop(control);
    let control = bench.open();
    assert_eq!(control.store.opened(), &StoreOpened::Existing);
    assert_eq!(ids(&control), ["a", "b"]);
    let digest = control.store.digest();
    drop(control);
    fs::remove_file(bench.dir.path().join("store.redb")).unwrap();
    let control = bench.open();
    assert_eq!(ids(&control), ["a", "b"]);
    assert_eq!(control.store.digest(), digest, "replayed is what was live");
}

#[test]
fn what_was_acknowledged_outlives_a_power_cut() {
    for policy in [CrashPolicy::Lose, CrashPolicy::Keep, CrashPolicy::Random(7)] {
        let bench = Bench::new();
        let control = bench.open();
        create(&control, "a");
        let after = bench.disk.crash(policy);
        drop(control);
        let dir = tempfile::tempdir().unwrap();
        let opening = Opening::new(Arc::new(after), &dir.path().join("store.redb")).unwrap();
        assert!(!opening.is_empty());
        assert_eq!(ids(&opening.finish(manual_clock(), ring(), "test").unwrap()), ["a"], "{policy:?}");
    }
}

#[test]
fn over_an_older_log_the_store_is_rebuilt() {
    let bench = Bench::new();
    let control = bench.open();
    create(&control, "a");
    let older = bench.disk.crash(CrashPolicy::Keep);
    create(&control, "b");
    drop(control);
    let bench = Bench { disk: older, ..bench };
    let control = bench.open();
    assert_eq!(ids(&control), ["a"]);
    assert_eq!(control.store.checkpoint().position, 1);
}

#[test]
fn many_records_are_replayed_in_several_transactions() {
    let bench = Bench::new();
    let opened = Log::open(Arc::new(bench.disk.clone()), Options::default(), &[]).unwrap();
    let mut writer = opened.writer;
    let count = BATCH + 10;
    let record = |number: u64| {
        let change = Change::ClientCreated(ClientCreated {
            id: format!("client-{number}"),
            name: "x".to_owned(),
            description: String::new(),
            scopes: Vec::new(),
            token_seconds: None,
            secret: SecretDigest::from_bytes([7; 32]),
        });
        let entry = Entry { by: By::actor("test"), origin: None, change };
        super::super::record(&entry, continuity_base::Timestamp::default())
    };
    for group in [0..BATCH / 2, BATCH / 2..BATCH, BATCH..count] {
        writer.append(group.map(record).collect()).unwrap().wait().unwrap();
    }
    drop(writer);
    let control = bench.open();
    assert_eq!(ids(&control).len() as u64, count);
    assert_eq!(control.store.checkpoint().position, count);
}

#[test]
fn the_replicated_log_is_not_taken_for_the_control_log() {
    let bench = Bench::new();
    let mut opened = Log::open(Arc::new(bench.disk.clone()), Options::default(), &[]).unwrap();
    let event = Record { kind: Kind::Event, subject: String::new(), sequence: 1, arrived_at: 0, payload: vec![1] };
    opened.writer.append(vec![event]).unwrap().wait().unwrap();
    drop(opened);
    let error = bench.opening().unwrap().finish(manual_clock(), ring(), "test").err().unwrap();
    assert!(error.to_string().contains("kind Event"), "{error}");
}
