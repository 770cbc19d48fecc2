//! A feed file that was written anew in place: the same inode, other bytes.

use std::fs;
use std::path::Path;

use super::*;

fn lines(what: &str, count: usize) -> String {
    (0..count).map(|number| format!("{{\"{what}\":{number}}}\n")).collect::<Vec<_>>().concat()
}

/// Reads to the present end; the newest position.
fn read(source: &mut FileSource) -> Result<Option<SourcePosition>, SourceError> {
    let mut last = None;
    loop {
        let batch = source.next_batch(100, 1 << 20, &Stop::new())?;
        last = batch.messages.into_iter().last().map(|message| message.position).or(last);
        if batch.at_end {
            return Ok(last);
        }
    }
}

#[track_caller]
fn check(before: &str, after: &str, live: bool) {
    let dir = tempfile::tempdir().unwrap();
    let path: &Path = &dir.path().join("feed.ndjson");
    fs::write(path, before).unwrap();
    let mut source = FileSource::new(FileOptions::new(path));
    source.resume(&SourceKnown::default()).unwrap();
    let last = read(&mut source).unwrap();
    fs::write(path, after).unwrap();
    if live {
        let error = read(&mut source).expect_err("diverged live");
        assert!(matches!(error, SourceError::Diverged { .. }), "{error}");
    }
    let mut again = FileSource::new(FileOptions::new(path));
    let error = again.resume(&SourceKnown::positions(last.as_slice())).expect_err("diverged after a restart");
    assert!(matches!(error, SourceError::Diverged { .. }) && error.to_string().contains(OTHER_HEAD), "{error}");
}

#[test]
fn a_file_that_has_grown_past_what_was_read_is_diverged() {
    check(&lines("a", 3), &lines("b", 9), true);
    check(&lines("a", 2_000), &lines("b", 3_000), true);
}

#[test]
fn a_file_of_the_size_that_was_read_is_diverged_after_a_restart() {
    check(&lines("a", 3), &lines("b", 3), false);
    check(&lines("a", 2_000), &lines("b", 2_000), false);
}
