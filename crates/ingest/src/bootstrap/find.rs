//! One loan's newest snapshot out of a feed.

use std::path::Path;

use continuity_base::Stop;
use continuity_events::{CloudEvent, Limits, Role};

use crate::file::plain_bytes;
use crate::source::{Known, Raw, Source};
use crate::{FileOptions, FileSource, SourceError};

const BATCH_MESSAGES: usize = 256;
const BATCH_BYTES: usize = 1 << 20;
const SNAPSHOT: &[u8] = b"LoanRequestSnapshot";

/// A snapshot that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundSnapshot {
    /// The event, as the feed has it.
    pub event: Vec<u8>,
    /// Its id.
    pub id: String,
    /// The sequence as of which it tells the loan.
    pub as_of: u64,
    /// How many snapshots of the loan the feed has.
    pub of: usize,
}

/// Reads the feed at `files` to its end for the snapshot of `loan` with the highest `asOfSequence`; of several the last.
/// `None` when it has none, or when it was stopped. `told` hears now and then how many of how many bytes were looked at; of 0
/// where a file is compressed.
pub fn find_snapshot(
    files: &Path,
    loan: &str,
    limits: &Limits,
    stop: &Stop,
    told: &mut dyn FnMut(u64, u64),
) -> Result<Option<FoundSnapshot>, SourceError> {
    let max_line_bytes = limits.max_snapshot_bytes;
    let mut source = FileSource::new(FileOptions { follow: false, max_line_bytes, ..FileOptions::new(files) });
    source.resume(&Known::default())?;
    let mut found: Option<FoundSnapshot> = None;
    let (mut read, of) = (0, plain_bytes(files).unwrap_or_default());
    loop {
        let batch = source.next_batch(BATCH_MESSAGES, BATCH_BYTES, stop)?;
        for message in batch.messages {
            read += message.raw.len() as u64 + 1;
            let Raw::Structured(event) = message.raw else { continue };
            let Some((id, as_of)) = snapshot_of(&event, loan, limits) else { continue };
            let of = found.as_ref().map_or(0, |found| found.of) + 1;
            match &mut found {
                Some(found) if found.as_of > as_of => found.of = of,
                _ => found = Some(FoundSnapshot { event, id, as_of, of }),
            }
        }
        told(read, of);
        if batch.at_end || stop.is_stopped() {
            return Ok(found.filter(|_| !stop.is_stopped()));
        }
    }
}

/// Id and sequence when the event is a snapshot of `loan`.
fn snapshot_of(event: &[u8], loan: &str, limits: &Limits) -> Option<(String, u64)> {
    // Most lines are ruled out without parsing them. JSON may write other characters than these in several ways.
    let plain = loan.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !holds(event, SNAPSHOT) || plain && !holds(event, loan.as_bytes()) {
        return None;
    }
    let event = CloudEvent::parse_structured(event, limits).ok()?;
    if event.role() != Role::Snapshot || event.loan_id() != Some(loan) {
        return None;
    }
    let as_of = event.snapshot().ok()?.as_of_sequence;
    Some((event.id, as_of))
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::arrival;

    fn find(lines: &[String], loan: &str) -> Option<(String, u64, usize)> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("1.ndjson"), lines.join("\n")).unwrap();
        let found = find_snapshot(dir.path(), loan, &Limits::default(), &Stop::new(), &mut |_, _| {}).unwrap();
        found.map(|found| (found.id, found.as_of, found.of))
    }

    #[test]
    fn the_newest_of_the_loan_is_found() {
        let lines: Vec<_> = ["a1", "a@3", "b@9", "a@7", "junk", "a@5", "a9"].into_iter().map(arrival).collect();
        assert_eq!(find(&lines, "a"), Some(("snap-a-7".to_owned(), 7, 3)));
        assert_eq!(find(&lines, "b"), Some(("snap-b-9".to_owned(), 9, 1)));
        assert_eq!(find(&lines, "c"), None);
        assert_eq!(find(&lines[..1], "a"), None, "an event is no snapshot");
    }

    #[test]
    fn ids_that_json_writes_otherwise_are_found() {
        let line = arrival("a@3").replace("loan-requests/a", "loan-requests/\\u00e9\\/1");
        assert_eq!(find(&[line], "é/1").map(|found| found.1), Some(3));
    }

    #[test]
    fn a_feed_that_is_not_there_is_an_error() {
        assert!(find_snapshot(Path::new("/nowhere"), "a", &Limits::default(), &Stop::new(), &mut |_, _| {}).is_err());
    }
}
