//! Brings the index up to what the read models refer to.

use std::collections::HashMap;
use std::sync::Arc;

use continuity_base::Timestamp;
use tracing::{debug, warn};

use super::BlobServiceError;
use super::core::Core;
use crate::index::{Fault, Row, State, Writer};
use crate::queue::part::blocking;
use crate::references::Referenced;
use crate::shelf::Digest;
use crate::{BlobError, Reference};

/// Loans of one transaction.
const BATCH: usize = 256;

/// What nobody refers to goes at once, not after a time: a purge or an erasure.
const AT_ONCE: Timestamp = Timestamp::from_micros(0);

pub(super) async fn run(core: &Arc<Core>) -> Result<(), BlobServiceError> {
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
    // Ahead of it only after an older log was restored: then everything is read anew.
    let cursor = core.index.tally().cursor.filter(|cursor| *cursor <= position);
    if cursor == Some(position) {
        return Ok(false);
    }
    let (next, loans) = match changes(core, cursor.unwrap_or(0), position) {
        Ok(changes) => changes,
        Err(cause) => {
            warn!(cause, "the references of blobs cannot be read; tried again");
            return Ok(false);
        }
    };
    let now = core.now();
    core.index.write(|writer| {
        loans.iter().try_for_each(|(loan, refers)| apply(writer, loan, refers, now))?;
        writer.set_cursor(next)
    })?;
    core.wake.notify_one();
    Ok(next < position)
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
    these: HashMap<Digest, (String, Option<u64>)>,
    /// Whether what it does not refer to any more must go at once.
    forgets: bool,
}

impl Refers {
    fn read(referenced: Referenced) -> Self {
        let Referenced::These(references) = referenced else {
            return Self { these: HashMap::new(), forgets: true };
        };
        let mut refers = Self { these: HashMap::new(), forgets: false };
        for json in references {
            match Reference::parse(&json) {
                Ok(reference) => drop(refers.these.insert(reference.sha256, (json, reference.size))),
                // It does not always say what was erased: whatever the loan lets go of with it is taken to be that.
                Err(BlobError::Erased) => refers.forgets = true,
                Err(error) => debug!(%error, "a reference names no blob"),
            }
        }
        refers
    }
}

fn apply(writer: &mut Writer<'_>, loan: &str, refers: &Refers, now: Timestamp) -> Result<(), Fault> {
    for digest in writer.of_loan(loan)? {
        if !refers.these.contains_key(&digest) && writer.release(loan, &digest)? {
            let since = if refers.forgets { AT_ONCE } else { now };
            writer.change(&digest, |row| row.unreferenced_since = Some(since))?;
        }
    }
    for (digest, (reference, size)) in &refers.these {
        writer.hold(loan, digest)?;
        let row = match writer.row(digest)? {
            Some(mut row) => {
                refer(&mut row, reference, *size, now);
                row
            }
            None => Row::new(reference.clone(), *size, now),
        };
        writer.put(digest, Some(&row))?;
    }
    Ok(())
}

/// The newest reference counts. A new one is new hope for what could not be fetched by the old one.
fn refer(row: &mut Row, reference: &str, size: Option<u64>, now: Timestamp) {
    let back = row.unreferenced_since.take().is_some();
    if back && row.state == State::Pending {
        row.first_wanted_at = now;
    }
    if row.reference == reference {
        return;
    }
    reference.clone_into(&mut row.reference);
    row.size = size.or(row.size);
    if row.state == State::Available {
        return;
    }
    if row.state == State::Failed {
        row.state = State::Pending;
        row.first_wanted_at = now;
    }
    (row.attempts, row.missing, row.others, row.next_due) = (0, 0, 0, now);
}
