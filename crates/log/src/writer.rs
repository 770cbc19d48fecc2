//! Appending: the caller hands over groups, one thread packs them, the next writes and syncs them.
//!
//! So while a group is being made durable the next one is packed and the one after it is collected. Only the second
//! thread touches the disk.

use std::{
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use crate::{Head, LogError, MAX_PAYLOAD_BYTES, MAX_SUBJECT_BYTES, Options, Record, recovery::Ready, shared::Shared};

mod commit;
mod pack;

use commit::Committer;
use pack::Packer;

/// Groups that may wait for the packing thread, and packed groups that may wait for the writing thread: two in all.
const QUEUED_GROUPS: usize = 1;

/// The one writer of a log. Dropping it finishes what was handed over, and then closes the log for writing.
pub struct Writer {
    shared: Arc<Shared>,
    next: u64,
    groups: Option<SyncSender<Group>>,
    threads: Vec<JoinHandle<()>>,
}

/// Records on their way to the packing thread.
struct Group {
    first: u64,
    records: Vec<Record>,
}

impl Writer {
    pub(crate) fn start(shared: Arc<Shared>, ready: Ready, options: Options) -> Result<Writer, LogError> {
        let next = shared.head().position + 1;
        let (groups, to_pack) = sync_channel(QUEUED_GROUPS);
        let (packed, to_write) = sync_channel(QUEUED_GROUPS);
        let spawn = |role: &str, work: Box<dyn FnOnce() + Send>| {
            thread::Builder::new()
                .name(format!("log-{role}-{}", options.name))
                .spawn(work)
                .map_err(LogError::io("start the threads of", "writer"))
        };
        let packing = Packer::new(&options, Arc::clone(&shared), next)?;
        let writing = Committer::new(Arc::clone(&shared), ready, options.segment_bytes);
        let threads = vec![
            spawn("write", Box::new(move || writing.run(&to_write)))?,
            spawn("pack", Box::new(move || packing.run(&to_pack, &packed)))?,
        ];
        Ok(Writer { shared, next, groups: Some(groups), threads })
    }

    /// The position that the next record will get.
    pub fn next_position(&self) -> u64 {
        self.next
    }

    /// Hands a group to the writer's threads, and gives its records the next positions. Blocks while two groups wait.
    ///
    /// Nothing is durable before the ticket says so. A group with more than
    /// [`frame_bytes`](Options::frame_bytes) of payload becomes several frames: after a crash a first part of an
    /// unacknowledged group may be there.
    pub fn append(&mut self, records: Vec<Record>) -> Result<Ticket, LogError> {
        records.iter().try_for_each(check_size)?;
        let first = self.next;
        let last = first + records.len() as u64 - 1;
        if let Some(cause) = self.shared.stopped() {
            return Err(LogError::WriterStopped { cause });
        }
        let ticket = Ticket { first, last, shared: Arc::clone(&self.shared) };
        if records.is_empty() {
            return Ok(ticket);
        }
        let sent = self.groups.as_ref().is_some_and(|groups| groups.send(Group { first, records }).is_ok());
        if !sent {
            let cause = self.shared.stopped().unwrap_or_else(|| Arc::from("the writer's threads have ended"));
            return Err(LogError::WriterStopped { cause });
        }
        self.next = last + 1;
        Ok(ticket)
    }
}

fn check_size(record: &Record) -> Result<(), LogError> {
    let limit =
        |what, bytes, limit| if bytes > limit { Err(LogError::TooLarge { what, bytes, limit }) } else { Ok(()) };
    limit("payload", record.payload.len(), MAX_PAYLOAD_BYTES)?;
    limit("subject", record.subject.len(), MAX_SUBJECT_BYTES)
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.groups = None;
        // The packing thread ends first, and with it the writing thread's queue.
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                self.shared.stop("a writer thread panicked");
            }
        }
    }
}

/// A group on its way to the disk.
pub struct Ticket {
    /// Position of its first record.
    pub first: u64,
    /// Position of its last record; `first - 1` for an empty group.
    pub last: u64,
    shared: Arc<Shared>,
}

impl Ticket {
    /// Returns the durable head once the group is durable and the `head` file written.
    pub fn wait(self) -> Result<Head, LogError> {
        self.shared.wait_durable(self.last)
    }
}

/// Stops the log when a writer thread ends by panic, so that nobody waits for ever.
struct StopOnPanic(Arc<Shared>);

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop("a writer thread panicked");
        }
    }
}

#[cfg(test)]
mod tests;
