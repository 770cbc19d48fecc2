//! The file source: conformance, growth, rotation, damage.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use continuity_readmodel::ledger::partition;
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;
use crate::conformance::{self, Subject};
use crate::source::Raw;

fn lines(numbers: std::ops::RangeInclusive<u32>) -> Vec<String> {
    numbers.map(|number| format!(r#"{{"n":{number}}}"#)).collect()
}

fn text(lines: &[String]) -> String {
    lines.join("\n") + "\n"
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// A feed directory and a source that reads it.
struct Feed {
    dir: TempDir,
    source: FileSource,
    last: Vec<SourcePosition>,
}

impl Feed {
    fn of(path: impl FnOnce(&Path) -> PathBuf, follow: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = FileOptions { follow, max_line_bytes: 1_000, ..FileOptions::new(path(dir.path())) };
        Self { source: FileSource::new(options), dir, last: Vec::new() }
    }

    /// One followed file `feed.ndjson`.
    fn single() -> Self {
        Self::of(|dir| dir.join("feed.ndjson"), true)
    }

    /// A followed directory.
    fn directory() -> Self {
        Self::of(Path::to_path_buf, true)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        append(&self.path(name), text.as_bytes());
    }

    fn resume(&mut self) -> Result<(), SourceError> {
        let last = self.last.clone();
        self.source.resume(&SourceKnown::positions(&last)).map(drop)
    }

    /// A new source behind what was read so far.
    fn restart(&mut self) -> Result<(), SourceError> {
        self.source = FileSource::new(self.source.options.clone());
        self.resume()
    }

    fn remember(&mut self, position: SourcePosition) {
        self.last.retain(|known| partition(known) != partition(&position));
        self.last.push(position);
    }

    /// Everything up to the present end, and remembers how far that is.
    fn read(&mut self) -> Result<Vec<String>, SourceError> {
        let mut found = Vec::new();
        loop {
            let batch = self.source.next_batch(7, 1 << 20, &Stop::new())?;
            for message in batch.messages {
                self.remember(message.position);
                found.push(match message.raw {
                    Raw::Structured(bytes) => String::from_utf8(bytes).unwrap(),
                    other => format!("{other:?}").chars().take(8).collect(),
                });
            }
            batch.passed.into_iter().for_each(|position| self.remember(position));
            if batch.at_end {
                return Ok(found);
            }
        }
    }
}

fn is_diverged<T: std::fmt::Debug>(result: Result<T, SourceError>, what: &str) {
    let error = result.expect_err("diverged");
    assert!(matches!(error, SourceError::Diverged { .. }) && error.to_string().contains(what), "{error}");
}

struct Files {
    _dir: TempDir,
    path: PathBuf,
    follow: bool,
}

impl Subject for Files {
    fn connect(&mut self) -> Box<dyn Source> {
        Box::new(FileSource::new(FileOptions { follow: self.follow, ..FileOptions::new(&self.path) }))
    }

    fn content(&self) -> Vec<Vec<u8>> {
        lines(1..=9).into_iter().map(String::into_bytes).collect()
    }
}

#[test]
fn conforms_with_one_file_of_each_coding() {
    let whole = text(&lines(1..=9));
    let zstandard = zstd::encode_all(whole.as_bytes(), 1).unwrap();
    for (name, bytes) in [("f.ndjson", whole.clone().into_bytes()), ("f.gz", gzip(&whole)), ("f.zst", zstandard)] {
        for follow in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(name);
            fs::write(&path, &bytes).unwrap();
            conformance::all(&mut Files { _dir: dir, path, follow });
        }
    }
}

#[test]
fn conforms_with_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_path_buf();
    append(&path.join("a.ndjson"), text(&lines(1..=2)).as_bytes());
    append(&path.join("b.ndjson.gz"), &gzip(&text(&lines(3..=5))));
    append(&path.join("c.ndjson"), b"");
    append(&path.join("d.ndjson.zst"), &zstd::encode_all(text(&lines(6..=7)).as_bytes(), 1).unwrap());
    append(&path.join("e.ndjson"), text(&lines(8..=9)).as_bytes());
    conformance::all(&mut Files { _dir: dir, path, follow: true });
}

#[test]
fn a_file_grows_and_its_torn_last_line_waits() {
    let mut feed = Feed::single();
    feed.write("feed.ndjson", "{\"n\":1}\n{\"n\"");
    feed.resume().unwrap();
    assert_eq!(feed.read().unwrap(), lines(1..=1));
    feed.restart().unwrap();
    assert_eq!(feed.read().unwrap(), [""; 0]);
    feed.write("feed.ndjson", ":2}\n{\"n\":3}\n");
    assert_eq!(feed.read().unwrap(), lines(2..=3));
}

#[test]
fn a_torn_last_line_is_an_event_when_nothing_more_can_come() {
    let mut feed = Feed::of(|dir| dir.join("feed.ndjson"), false);
    feed.write("feed.ndjson", "{\"n\":1}\n{\"n\":2}");
    feed.resume().unwrap();
    assert_eq!(feed.read().unwrap(), lines(1..=2));
    feed.write("feed.ndjson", "\n{\"n\":3}\n");
    assert_eq!(feed.read().unwrap(), [""; 0]);
}

#[test]
fn a_compressed_file_grows_by_whole_and_by_torn_parts() {
    let (first, second) = (gzip(&text(&lines(1..=2))), gzip(&text(&lines(3..=400))));
    let mut feed = Feed::of(|dir| dir.join("feed.ndjson.gz"), true);
    let path = feed.path("feed.ndjson.gz");
    append(&path, &first);
    feed.resume().unwrap();
    assert_eq!(feed.read().unwrap(), lines(1..=2));
    append(&path, &second[..second.len() / 2]);
    let mut found = feed.read().unwrap();
    assert!(found.len() < 398);
    append(&path, &second[second.len() / 2..]);
    found.extend(feed.read().unwrap());
    assert_eq!(found, lines(3..=400));
    append(&path, &gzip(&text(&lines(401..=402))));
    feed.restart().unwrap();
    assert_eq!(feed.read().unwrap(), lines(401..=402));
}

#[test]
fn bytes_that_do_not_decompress_are_diverged() {
    let mut feed = Feed::of(|dir| dir.join("feed.ndjson.gz"), true);
    let mut bytes = gzip(&text(&lines(1..=2_000)));
    let middle = bytes.len() / 2;
    bytes[middle..middle + 40].fill(0xff);
    append(&feed.path("feed.ndjson.gz"), &bytes);
    feed.resume().unwrap();
    is_diverged(feed.read(), "cannot be decompressed");
}

#[test]
fn new_files_of_a_directory_come_in_name_order_and_old_ones_may_still_grow() {
    let mut feed = Feed::directory();
    feed.write("2.ndjson", &text(&lines(2..=2)));
    feed.write("1.ndjson", &text(&lines(1..=1)));
    feed.resume().unwrap();
    assert_eq!(feed.read().unwrap(), lines(1..=2));
    feed.write("4.ndjson", &text(&lines(5..=5)));
    feed.write("3.ndjson", &text(&lines(3..=3)));
    feed.write("3.ndjson", "{\"n\":");
    feed.write("2.ndjson", &text(&lines(99..=99)));
    assert_eq!(feed.read().unwrap(), [lines(99..=99), lines(3..=3), lines(5..=5)].concat());
    feed.write("3.ndjson", "4}\n");
    feed.restart().unwrap();
    assert_eq!(feed.read().unwrap(), lines(4..=4));
    fs::remove_file(feed.path("1.ndjson")).unwrap();
    feed.restart().unwrap();
    assert_eq!(feed.read().unwrap(), [""; 0]);
}

#[test]
fn a_renamed_and_begun_anew_file_is_followed_live_and_after_a_restart() {
    for (directory, restart) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut feed = if directory { Feed::directory() } else { Feed::single() };
        feed.write("feed.ndjson", &text(&lines(1..=2)));
        feed.resume().unwrap();
        assert_eq!(feed.read().unwrap(), lines(1..=2));
        feed.write("feed.ndjson", &text(&lines(3..=3)));
        fs::rename(feed.path("feed.ndjson"), feed.path("feed.1.ndjson")).unwrap();
        feed.write("feed.ndjson", &text(&lines(4..=5)));
        if restart {
            feed.restart().unwrap();
        }
        assert_eq!(feed.read().unwrap(), lines(3..=5), "{directory} {restart}");
        feed.write("feed.ndjson", &text(&lines(6..=6)));
        feed.restart().unwrap();
        assert_eq!(feed.read().unwrap(), lines(6..=6), "{directory} {restart}");
    }
}

#[test]
fn a_shorter_file_is_diverged_live_and_after_a_restart() {
    for restart in [false, true] {
        let mut feed = Feed::single();
        feed.write("feed.ndjson", &text(&lines(1..=2_000)));
        feed.resume().unwrap();
        feed.read().unwrap();
        File::options().write(true).open(feed.path("feed.ndjson")).unwrap().set_len(5_000).unwrap();
        let result = if restart { feed.restart() } else { feed.read().map(drop) };
        is_diverged(result, if restart { "has 5000 bytes" } else { "became shorter" });
    }
}

#[test]
fn a_file_that_begins_otherwise_is_diverged_live_and_after_a_restart() {
    for restart in [false, true] {
        let mut feed = Feed::single();
        feed.write("feed.ndjson", &text(&lines(1..=9)));
        feed.resume().unwrap();
        feed.read().unwrap();
        fs::write(feed.path("other"), text(&lines(11..=99))).unwrap();
        fs::rename(feed.path("other"), feed.path("feed.ndjson")).unwrap();
        let result = if restart { feed.restart() } else { feed.read().map(drop) };
        is_diverged(result, "begins with other bytes");
    }
}

#[test]
fn a_longer_copy_in_its_place_is_the_same_feed() {
    let mut feed = Feed::single();
    feed.write("feed.ndjson", &text(&lines(1..=9)));
    feed.resume().unwrap();
    feed.read().unwrap();
    fs::write(feed.path("copy"), text(&lines(1..=12))).unwrap();
    fs::rename(feed.path("copy"), feed.path("feed.ndjson")).unwrap();
    assert_eq!(feed.read().unwrap(), lines(10..=12));
    fs::write(feed.path("copy"), text(&lines(1..=13))).unwrap();
    fs::rename(feed.path("copy"), feed.path("feed.ndjson")).unwrap();
    feed.restart().unwrap();
    assert_eq!(feed.read().unwrap(), lines(13..=13));
}

#[test]
fn a_feed_that_is_not_there_is_disconnected() {
    let mut feed = Feed::single();
    assert!(matches!(feed.resume(), Err(SourceError::Disconnected { .. })));
    feed.write("feed.ndjson", &text(&lines(1..=1)));
    feed.resume().unwrap();
    assert_eq!(feed.read().unwrap(), lines(1..=1));
}

#[test]
fn a_line_over_the_limit_is_handed_over_cut() {
    let mut feed = Feed::single();
    feed.write("feed.ndjson", &format!("{{\"n\":1}}\n{}\n{{\"n\":2}}\n", "x".repeat(100_000)));
    feed.resume().unwrap();
    assert_eq!(feed.read().unwrap(), ["{\"n\":1}", "Oversize", "{\"n\":2}"]);
}
