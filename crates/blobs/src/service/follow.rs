//! Brings the index up to what the read models refer to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use continuity_base::Timestamp;
use tracing::{debug, warn};
use xxhash_rust::xxh3::xxh3_64;

use super::BlobServiceError;
use super::core::Core;
use crate::disk::blocking;
use crate::index::{Fault, Row, State, Writer};
use crate::queue::part::remove_those;
use crate::references::Referenced;
use crate::shelf::Digest;
use crate::{BlobError, Reference};

/// The part of the troubles that references are.
const REFERENCES: &str = "references";
/// Loans of one transaction.
const BATCH: usize = 256;

/// What nobody refers to goes at once, not after a time: a purge or an erasure.
const AT_ONCE: Timestamp = Timestamp::from_micros(0);

pub(super) async fn run(core: &Arc<Core>) -> Result<Infallible, BlobServiceError> {
    loop {
        let shared = Arc::clone(core);
        if !blocking(move || step(&shared)).await? {
            tokio::time::sleep(core.options.tick).await;
        }
    }
}

/// One batch; whether there may be more.
fn step(core: &Core) -> Result<bool, BlobServiceError> {
    // Asked before the changes are: they contain all up to it.
    let Some(position) = core.places.references.position() else { return Ok(false) };
    let cursor = core.index.tally().cursor;
    if cursor.is_some_and(|cursor| cursor >= position) {
        return Ok(false);
    }
    let (next, loans) = match changes(core, cursor.unwrap_or(0), position) {
        Ok(changes) => changes,
        Err(cause) => {
            warn!(cause, "the references of blobs cannot be read; tried again");
            core.troubles.tell(REFERENCES, Some(format!("references cannot be read: {cause}")));
            return Ok(false);
        }
    };
    core.troubles.tell(REFERENCES, None);
    let now = core.now();
    core.index.write(|writer| {
        loans.iter().try_for_each(|(loan, refers)| apply(writer, loan, refers, now))?;
        writer.set_cursor(next)
    })?;
    core.wake.notify_one();
    if next >= position && core.anew.load(Ordering::SeqCst) {
        settle(core)?;
        core.anew.store(false, Ordering::SeqCst);
    }
    Ok(next < position)
}

/// All references were read from the beginning: what nobody refers to is known to be such from now on, and nothing else is
/// kept of it.
fn settle(core: &Core) -> Result<(), BlobServiceError> {
    let now = core.now();
    core.index.write(|writer| writer.begin_unreferenced(now))?;
    let unneeded = |digest: &Digest| -> Result<bool, BlobServiceError> {
        Ok(core.index.row(digest)?.is_none_or(|row| !row.referenced()))
    };
    for digest in core.quarantine.digests()? {
        if unneeded(&digest)? {
            core.quarantine.purge(&digest)?;
        }
    }
    remove_those(&core.incoming, unneeded)
}

/// The next loans with what they refer to, and the position that is reached with them.
fn changes(core: &Core, after: u64, position: u64) -> Result<(u64, Vec<(String, Refers)>), String> {
    let references = &core.places.references;
    let changed = references.changed(after, BATCH)?;
    let last = changed.last().map_or(position, |(last, _)| *last);
    let next = if changed.len() < BATCH { position.max(last) } else { last };
    let loans = changed.into_iter().map(|(_, loan)| {
        let refers = Refers::read(references.of_loan(&loan)?);
        Ok((loan, refers))
    });
    Ok((next, loans.collect::<Result<_, String>>()?))
}

/// What a loan refers to, read.
struct Refers {
    these: HashMap<Digest, Refer>,
    /// Whether what it does not refer to any more must go at once.
    forgets: bool,
    /// Whether that is so of what it did not refer to before, too.
    gone: bool,
}

struct Refer {
    json: String,
    size: Option<u64>,
    /// Tells another reference to the same bytes from this one.
    mark: u64,
}

impl Refers {
    fn read(referenced: Referenced) -> Self {
        let (references, forgets) = match referenced {
            Referenced::Gone => return Self { these: HashMap::new(), forgets: true, gone: true },
            Referenced::These(references) => (references, false),
            Referenced::Erased(references) => (references, true),
        };
        let mut refers = Self { these: HashMap::new(), forgets, gone: forgets };
        for json in references {
            match Reference::parse(&json) {
                Ok(reference) => refers.insert(reference.sha256, json, reference.size),
                // It does not always say what was erased: whatever the loan lets go of with it is taken to be that.
                Err(BlobError::Erased) => refers.forgets = true,
                Err(error) => refers.unreadable(json, &error),
            }
        }
        refers
    }

    fn insert(&mut self, digest: Digest, json: String, size: Option<u64>) {
        let mark = xxh3_64(json.as_bytes());
        self.these.insert(digest, Refer { json, size, mark });
    }

    /// One that names bytes counts as a blob all the same, so that it is told to be wrong.
    fn unreadable(&mut self, json: String, error: &BlobError) {
        let mut digest = [0; 32];
        let named =
            matches!(error, BlobError::Damaged { sha256, .. } if hex::decode_to_slice(sha256, &mut digest).is_ok());
        if !named {
            debug!(%error, "a reference names no blob");
        } else if !self.these.contains_key(&digest) {
            self.insert(digest, json, None);
        }
    }
}

fn apply(writer: &mut Writer<'_>, loan: &str, refers: &Refers, now: Timestamp) -> Result<(), Fault> {
    for digest in writer.of_loan(loan)? {
        if !refers.these.contains_key(&digest) && writer.release(loan, &digest)? {
            let since = if refers.forgets { AT_ONCE } else { now };
            writer.change(&digest, |row| row.unreferenced_since = Some(since))?;
        }
    }
    if refers.gone {
        for digest in writer.forget_former(loan)? {
            writer.change(&digest, |row| row.unreferenced_since = row.unreferenced_since.map(|_| AT_ONCE))?;
        }
    }
    for (digest, Refer { json, size, mark }) in &refers.these {
        let is_new = writer.hold(loan, digest, *mark)?;
        let row = match writer.row(digest)? {
            Some(mut row) => {
                refer(&mut row, now);
                if is_new {
                    use_reference(&mut row, json, *size, now);
                }
                row
            }
            None => Row::new(json.clone(), *size, now),
        };
        writer.put(digest, Some(&row))?;
    }
    Ok(())
}

/// Somebody refers to it.
fn refer(row: &mut Row, now: Timestamp) {
    let back = row.unreferenced_since.take().is_some();
    if back && row.state == State::Pending {
        row.first_wanted_at = now;
    }
}

/// The newest reference counts. A new one is new hope for what could not be fetched by the old one.
fn use_reference(row: &mut Row, reference: &str, size: Option<u64>, now: Timestamp) {
    if row.reference == reference {
        return;
    }
    reference.clone_into(&mut row.reference);
    (row.size, row.renewed) = (size.or(row.size), None);
    if row.state == State::Available {
        return;
    }
    if row.state == State::Failed {
        row.state = State::Pending;
        row.first_wanted_at = now;
    }
    (row.attempts, row.missing, row.others, row.next_due) = (0, 0, 0, now);
}
