//! The conformance suite on a feed with a source behind it, and everything that can be wrong with either.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use continuity_base::SystemClock;
use continuity_events::record::Divergence;
use continuity_readmodel::ledger::partition;
use tempfile::TempDir;

use super::*;
use crate::conformance::{self, Subject};
use crate::source::Message;
use crate::testing::arrival;

/// A directory with a feed and a file that is followed.
struct Place(TempDir);

impl Place {
    fn new(feed: &[(&str, &str)], tail: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("export")).unwrap();
        let place = Self(dir);
        for (name, arrivals) in feed {
            place.write(&format!("export/{name}"), arrivals);
        }
        place.write("tail.ndjson", tail);
        place
    }

    fn write(&self, name: &str, arrivals: &str) {
        let lines: String = lines(arrivals).map(|line| line + "\n").collect();
        fs::write(self.path(name), lines).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn options(&self) -> BootstrapOptions {
        let files = self.path("export");
        let clock = Arc::new(SystemClock::new());
        BootstrapOptions { url: "file:export".to_owned(), files, max_line_bytes: 1 << 20, fetch: None, clock }
    }

    fn source(&self) -> Bootstrap {
        Bootstrap::new(self.options(), self.tail())
    }

    fn tail(&self) -> Box<dyn Source> {
        Box::new(FileSource::new(FileOptions::new(self.path("tail.ndjson"))))
    }
}

fn lines(arrivals: &str) -> impl Iterator<Item = String> {
    arrivals.split_whitespace().map(arrival)
}

/// What came until the end, or until the error; and what the log then knows.
fn read(source: &mut Bootstrap, known: &mut Known) -> (Vec<String>, Option<SourceError>) {
    let mut came = Vec::new();
    if let Err(error) = source.resume(known) {
        return (came, Some(error));
    }
    for _ in 0..1_000 {
        let batch = match source.next_batch(2, 1 << 20, &Stop::new()) {
            Ok(batch) => batch,
            Err(error) => return (came, Some(error)),
        };
        for message in batch.messages {
            came.push(log(known, message));
        }
        batch.passed.into_iter().for_each(|position| keep(&mut known.positions, position));
        if batch.at_end {
            return (came, None);
        }
    }
    panic!("no end came behind {came:?}");
}

/// Keeps of a message what the log knows then, and gives its line.
fn log(known: &mut Known, message: Message) -> String {
    count(&message.raw, &mut known.export);
    let Raw::Structured(bytes) = message.raw else { panic!("not structured") };
    keep(&mut known.positions, message.position);
    String::from_utf8(bytes).unwrap()
}

fn keep(known: &mut Vec<SourcePosition>, position: SourcePosition) {
    known.retain(|other| partition(other) != partition(&position));
    known.push(position);
}

#[track_caller]
fn came(got: (Vec<String>, Option<SourceError>), arrivals: &str) {
    let (got, error) = got;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(got, lines(arrivals).collect::<Vec<_>>());
}

const EXPORT: [(&str, &str); 2] = [("1.ndjson", "c:SnapshotStarted a@3 b@2"), ("2.ndjson", "d@1 c:SnapshotCompleted")];

#[test]
fn conforms() {
    struct Both(Place);
    impl Subject for Both {
        fn connect(&mut self) -> Box<dyn Source> {
            Box::new(self.0.source())
        }

        fn content(&self) -> Vec<Vec<u8>> {
            lines("c:SnapshotStarted a@3 b@2 d@1 c:SnapshotCompleted a3 a4 b3").map(String::into_bytes).collect()
        }
    }
    conformance::all(&mut Both(Place::new(&EXPORT, "a3 a4 b3")));
}

#[test]
fn once_read_the_feed_is_not_looked_at_any_more() {
    let place = Place::new(&EXPORT, "a4");
    let mut known = Known::default();
    came(read(&mut place.source(), &mut known), "c:SnapshotStarted a@3 b@2 d@1 c:SnapshotCompleted a4");
    fs::remove_dir_all(place.path("export")).unwrap();
    place.write("tail.ndjson", "a4 a5");
    came(read(&mut place.source(), &mut known), "a5");
    let mut without = place.tail();
    without.resume(&known).unwrap();
    assert!(without.next_batch(9, 1 << 20, &Stop::new()).unwrap().messages.is_empty(), "known without it too");
}

#[test]
fn files_may_go_once_the_export_is_complete_and_not_before() {
    for (taken, enough) in [(3, false), (5, true)] {
        let place = Place::new(&EXPORT, "a4");
        let mut source = place.source();
        source.resume(&Known::default()).unwrap();
        let mut known = Known::default();
        let mut came = 0;
        while came < taken {
            // One message at a time, so that nothing says yet that the feed has ended.
            let batch = source.next_batch(1, 1 << 20, &Stop::new()).unwrap();
            came += batch.messages.len();
            batch.messages.into_iter().for_each(|message| drop(log(&mut known, message)));
        }
        fs::remove_dir_all(place.path("export")).unwrap();
        let (got, error) = read(&mut place.source(), &mut known);
        assert_eq!((got.len(), error.is_none()), (usize::from(enough), enough), "{error:?}");
        if let Some(error) = error {
            assert!(error.to_string().contains("its bootstrap feed file:export"), "{error}");
        }
    }
}

#[test]
fn a_feed_without_its_end_is_refused_until_it_has_one() {
    let place = Place::new(&[("1.ndjson", "c:SnapshotStarted a@3")], "a4");
    let mut known = Known::default();
    let (got, error) = read(&mut place.source(), &mut known);
    assert_eq!(got.len(), 2, "what it has is taken");
    let Some(SourceError::Refused { detail, .. }) = error else { panic!("{error:?}") };
    assert!(detail.contains("ends without SnapshotCompleted (at 1.ndjson, byte "), "{detail}");
    place.write("export/2.ndjson", "c:SnapshotCompleted");
    came(read(&mut place.source(), &mut known), "c:SnapshotCompleted a4");
    // An export that began anew behind a complete one is not complete.
    let place = Place::new(&[("1.ndjson", "c:SnapshotCompleted c:SnapshotStarted a@3")], "a4");
    assert!(matches!(read(&mut place.source(), &mut Known::default()).1, Some(SourceError::Refused { .. })));
    let place = Place::new(&[], "a4");
    assert!(matches!(read(&mut place.source(), &mut Known::default()).1, Some(SourceError::Refused { .. })));
}

#[test]
fn another_feed_is_read_whatever_was_read_before() {
    let place = Place::new(&EXPORT, "a4");
    let mut known = Known::default();
    assert!(read(&mut place.source(), &mut known).1.is_none());
    place.write("export/1.ndjson", "c:SnapshotStarted a@9");
    let options = BootstrapOptions { url: "file:export-2".to_owned(), ..place.options() };
    let again = read(&mut Bootstrap::new(options, place.tail()), &mut known);
    came(again, "c:SnapshotStarted a@9 d@1 c:SnapshotCompleted");
}

#[test]
fn files_of_the_same_name_are_told_apart() {
    let place = Place::new(&[("tail.ndjson", "c:SnapshotStarted a@3 c:SnapshotCompleted")], "a3 a4");
    let mut known = Known::default();
    came(read(&mut place.source(), &mut known), "c:SnapshotStarted a@3 c:SnapshotCompleted a3 a4");
    place.write("tail.ndjson", "a3 a4 a5");
    came(read(&mut place.source(), &mut known), "a5");
}

#[test]
fn a_feed_that_was_written_anew_has_diverged() {
    let place = Place::new(&[("1.ndjson", "c:SnapshotStarted a@3")], "a4");
    let mut known = Known::default();
    assert!(read(&mut place.source(), &mut known).1.is_some());
    place.write("export/1.ndjson", "c:SnapshotStarted b@4 a@3");
    let (_, error) = read(&mut place.source(), &mut known);
    let Some(SourceError::Diverged { found, .. }) = error else { panic!("{error:?}") };
    assert_eq!(found.cause, Divergence::Rewritten);
    assert!(found.partition.starts_with("bootstrap:") && found.partition.ends_with("/1.ndjson"), "{found:?}");
    assert_eq!(found.present[0].partition, found.partition);
    assert!(found.detail.contains("its bootstrap feed file:export"), "{found:?}");
}

/// A source that cannot be reached while it is told so.
struct Absent(Box<dyn Source>, Arc<AtomicBool>);

impl Source for Absent {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn resume(&mut self, known: &Known) -> Result<Resumed, SourceError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(SourceError::Disconnected { source_name: "absent".to_owned(), detail: "nobody".to_owned() });
        }
        self.0.resume(known)
    }

    fn next_batch(&mut self, messages: usize, bytes: usize, stop: &Stop) -> Result<Batch, SourceError> {
        self.0.next_batch(messages, bytes, stop)
    }

    fn acknowledge(&mut self, position: &SourcePosition) -> Result<(), SourceError> {
        self.0.acknowledge(position)
    }
}

#[test]
fn the_feed_is_read_although_the_source_is_gone() {
    let place = Place::new(&EXPORT, "a4");
    let absent = Arc::new(AtomicBool::new(true));
    let mut source = Bootstrap::new(place.options(), Box::new(Absent(place.tail(), Arc::clone(&absent))));
    let warnings = source.resume(&Known::default()).unwrap().warnings;
    assert!(warnings[0].contains("the source cannot be reached now (nobody)"), "{warnings:?}");
    let mut known = Known::default();
    let (got, error) = read(&mut source, &mut known);
    assert_eq!(got.len(), 5);
    assert!(matches!(error, Some(SourceError::Disconnected { .. })), "{error:?}");
    absent.store(false, Ordering::SeqCst);
    came(read(&mut source, &mut known), "a4");
}

fn fetching(place: &Place, fetch: Fetch) -> Bootstrap {
    Bootstrap::new(BootstrapOptions { fetch: Some(fetch), ..place.options() }, place.tail())
}

fn bring(from: &Path, to: &Path) -> Result<(), String> {
    fs::rename(from, to).map_err(|error| error.to_string())
}

#[test]
fn files_are_fetched_first_and_the_fetch_shows_life() {
    let place = Place::new(&EXPORT, "a4");
    bring(&place.path("export"), &place.path("far")).unwrap();
    let (far, near) = (place.path("far"), place.path("export"));
    let go = Arc::new(AtomicBool::new(false));
    let (gone, seen) = (Arc::clone(&go), Arc::new(AtomicBool::new(false)));
    let mut source = fetching(
        &place,
        Arc::new(move |stop, progress| {
            progress.of.store(10, Ordering::Relaxed);
            progress.done.store(4, Ordering::Relaxed);
            while !gone.load(Ordering::SeqCst) && !stop.is_stopped() {
                thread::sleep(Duration::from_millis(1));
            }
            bring(&far, &near)
        }),
    );
    source.resume(&Known::default()).unwrap();
    for _ in 0..100 {
        let batch = source.next_batch(9, 1 << 20, &Stop::new()).unwrap();
        assert!(batch.messages.is_empty() && !batch.at_end);
        if let Some(head) = batch.head {
            assert_eq!(head.text, "fetching the bootstrap feed: 4 of 10 bytes");
            seen.store(true, Ordering::SeqCst);
            break;
        }
    }
    assert!(seen.load(Ordering::SeqCst));
    assert_eq!(source.next_batch(9, 1 << 20, &Stop::new()).unwrap().head, None, "nothing new, no life");
    go.store(true, Ordering::SeqCst);
    let mut came = Vec::new();
    for _ in 0..100 {
        let batch = source.next_batch(9, 1 << 20, &Stop::new()).unwrap();
        came.extend(batch.messages);
        if batch.at_end {
            break;
        }
    }
    assert_eq!(came.len(), 6);
}

#[test]
fn a_fetch_that_fails_is_tried_again_by_the_next_resume() {
    let place = Place::new(&EXPORT, "a4");
    let failed = AtomicBool::new(false);
    let mut source = fetching(
        &place,
        Arc::new(
            move |_, _| if failed.swap(true, Ordering::SeqCst) { Ok(()) } else { Err("no such bucket".to_owned()) },
        ),
    );
    let mut known = Known::default();
    let (_, error) = read(&mut source, &mut known);
    assert!(error.unwrap().to_string().contains("its bootstrap feed file:export: no such bucket"));
    came(read(&mut source, &mut known), "c:SnapshotStarted a@3 b@2 d@1 c:SnapshotCompleted a4");
}

#[test]
fn a_fetched_feed_needs_no_end_of_its_last_line() {
    let place = Place::new(&EXPORT, "a4");
    let last = place.path("export/2.ndjson");
    let whole = fs::read_to_string(&last).unwrap();
    fs::write(&last, whole.trim_end()).unwrap();
    let mut source = fetching(&place, Arc::new(|_, _| Ok(())));
    let mut known = Known::default();
    came(read(&mut source, &mut known), "c:SnapshotStarted a@3 b@2 d@1 c:SnapshotCompleted a4");
}

/// Three files of an export, and the whole of it.
const PARTS: [(&str, &str); 3] =
    [("1.ndjson", "c:SnapshotStarted*3 a@3 b@2"), ("2.ndjson", "d@1"), ("3.ndjson", "c:SnapshotCompleted*3")];

#[test]
fn an_export_that_lacks_loans_is_refused_until_they_are_there() {
    let place = Place::new(&[PARTS[0], PARTS[2]], "a4");
    let mut known = Known::default();
    let (got, error) = read(&mut place.source(), &mut known);
    assert_eq!(got.len(), 4);
    let Some(SourceError::Refused { detail, .. }) = error else { panic!("{error:?}") };
    assert!(detail.contains("brought 2 of the 3 loans that it announced"), "{detail}");
    // Whatever restarts in between.
    assert!(matches!(read(&mut place.source(), &mut known).1, Some(SourceError::Refused { .. })));
    place.write("export/2.ndjson", PARTS[1].1);
    came(read(&mut place.source(), &mut known), "d@1 a4");
    came(read(&mut place.source(), &mut known), "");
}

#[test]
fn a_completion_without_its_beginning_completes_nothing() {
    for feed in ["a@3 c:SnapshotCompleted", "c:SnapshotStarted a@3 c:SnapshotCompleted#other"] {
        let place = Place::new(&[("1.ndjson", feed)], "a4");
        let (_, error) = read(&mut place.source(), &mut Known::default());
        assert!(matches!(error, Some(SourceError::Refused { .. })), "{feed}: {error:?}");
    }
}

#[test]
fn what_is_whole_stays_whole_over_a_restart_before_its_end_was_seen() {
    let place = Place::new(&PARTS, "a4");
    let mut source = place.source();
    source.resume(&Known::default()).unwrap();
    let mut known = Known::default();
    for _ in 0..5 {
        let batch = source.next_batch(1, 1 << 20, &Stop::new()).unwrap();
        batch.messages.into_iter().for_each(|message| drop(log(&mut known, message)));
    }
    assert_eq!(known.export, None);
    came(read(&mut place.source(), &mut known), "a4");
}
