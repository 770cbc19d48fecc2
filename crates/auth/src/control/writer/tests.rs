//! The control log's thread: group commit, and what happens when the disk fails.

use std::sync::Barrier;

use continuity_log::MemoryDisk;

use crate::control::event::{AccessRecorded, By, Change, Entry};
use crate::control::{Control, Opening};
use crate::testing::{manual_clock, ring};

use super::*;

fn access(loan: &str) -> Change {
    Change::AccessRecorded(AccessRecorded {
        id: String::new(),
        loan: loan.to_owned(),
        task: String::new(),
        item: None,
        action: String::new(),
        client_id: String::new(),
        client_name: None,
        scope: String::new(),
        request_id: String::new(),
    })
}

fn record() -> Record {
    let entry = Entry { by: By::actor("c"), origin: None, change: access("lr-1") };
    super::super::record(&entry, continuity_base::Timestamp::default())
}

struct Bench {
    disk: MemoryDisk,
    dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self { disk: MemoryDisk::new(), dir: tempfile::tempdir().unwrap() }
    }

    fn open(&self) -> Arc<Control> {
        let opening = Opening::new(Arc::new(self.disk.clone()), &self.dir.path().join("store.redb")).unwrap();
        Arc::new(opening.finish(manual_clock(), ring(), "test").unwrap())
    }
}

#[tokio::test]
async fn an_access_is_there_when_it_is_acknowledged() {
    let control = Bench::new().open();
    control.append(By::actor("c"), access("lr-1")).await.unwrap();
    assert_eq!(control.accesses().count("lr-1").unwrap(), 1);
    assert_eq!(control.log().head().position, 1);
}

#[test]
fn appends_at_the_same_time_share_an_fsync() {
    const THREADS: usize = 16;
    const EACH: usize = 20;
    let bench = Bench::new();
    let control = bench.open();
    let start = Arc::new(Barrier::new(THREADS));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (control, start) = (Arc::clone(&control), Arc::clone(&start));
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                start.wait();
                for _ in 0..EACH {
                    runtime.block_on(control.append(By::actor("c"), access("lr-1"))).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(control.accesses().count("lr-1").unwrap(), (THREADS * EACH) as u64);
    let mut groups = 0;
    let mut reader = control.log().reader(1);
    while reader.next_frame().unwrap().is_some() {
        groups += 1;
    }
    assert!(groups < THREADS * EACH, "{groups} groups");
}

#[tokio::test]
async fn after_a_failed_sync_everything_is_refused_and_nothing_is_visible() {
    let bench = Bench::new();
    let control = bench.open();
    control.append(By::actor("c"), access("lr-1")).await.unwrap();
    bench.disk.fail_sync(0);
    let error = control.append(By::actor("c"), access("lr-1")).await.unwrap_err();
    assert!(matches!(error, AuthError::Closed(_)), "{error}");
    for _ in 0..3 {
        let error = control.append(By::actor("c"), access("lr-1")).await.unwrap_err();
        assert!(matches!(error, AuthError::Closed(_)), "{error}");
        let change = Change::ClientDisabled { id: "x".to_owned() };
        assert!(matches!(control.change(&By::actor("cli"), |_, _| Ok(Some(change))), Err(AuthError::Closed(_))));
    }
    assert_eq!(control.accesses().count("lr-1").unwrap(), 1);
}

#[tokio::test]
async fn after_closing_everything_is_refused() {
    let bench = Bench::new();
    let control = bench.open();
    control.append(By::actor("c"), access("lr-1")).await.unwrap();
    control.close();
    control.close();
    let error = control.append(By::actor("c"), access("lr-1")).await.unwrap_err();
    assert!(error.to_string().contains("it was closed"), "{error}");
    drop(control);
    assert_eq!(bench.open().accesses().count("lr-1").unwrap(), 1);
}

#[test]
fn a_full_queue_refuses_requests_at_once() {
    let (commands, waiting) = sync_channel(1);
    let queue = Queue { commands, why_closed: Arc::new(OnceLock::new()), thread: Mutex::new(None) };
    let (reply, _answer) = channel();
    queue.commands.send(Command::Append(Box::new(record()), Reply::Blocking(reply))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(matches!(runtime.block_on(queue.append(record())), Err(AuthError::Overloaded(QUEUE))));
    drop(waiting);
}

#[test]
fn a_group_is_what_waits_up_to_a_close() {
    let (commands, waiting) = sync_channel(8);
    let append = || Command::Append(Box::new(record()), Reply::Blocking(channel().0));
    commands.send(append()).unwrap();
    commands.send(Command::Close).unwrap();
    commands.send(append()).unwrap();
    let Group { records, replies, open, .. } = take_group(append(), &waiting);
    assert_eq!((records.len(), replies.len(), open), (2, 2, false));
    commands.send(Command::Bookmark(vec![1])).unwrap();
    let Group { records, bookmark, open, .. } = take_group(append(), &waiting);
    assert_eq!((records.len(), bookmark, open), (2, Some(vec![1]), true));
}

#[test]
fn changes_are_decided_one_after_the_other() {
    let bench = Bench::new();
    let control = bench.open();
    let digest = crate::keys::secret::SecretDigest::from_bytes([1; 32]);
    let created = Change::ClientCreated(crate::control::event::ClientCreated {
        id: "one".to_owned(),
        name: "One".to_owned(),
        description: String::new(),
        scopes: vec!["loans:read".to_owned()],
        token_seconds: None,
        secret: digest,
    });
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (control, created) = (Arc::clone(&control), created.clone());
            std::thread::spawn(move || {
                control
                    .change(&By::actor("cli"), |force, _| Ok(force.clients.enabled("one").is_err().then_some(created)))
                    .unwrap();
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(control.log().head().position, 1);
    let entry = Entry::decode(&control.log().get(1).unwrap().payload).unwrap();
    assert_eq!((entry.by.actor.as_str(), &entry.change), ("cli", &created));
}
