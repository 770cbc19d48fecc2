//! The one thread that appends to the control log.
//!
//! It takes whatever waits in its queue as one group: one fsync, one store transaction, then all answers. After the first
//! failure it takes nothing more, because nobody can say what the disk holds; so whatever needs a record is refused.

#[cfg(test)]
mod tests;

use std::sync::mpsc::{Receiver, Sender, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use continuity_base::Clock;
use continuity_log::{Head, Record, Writer};
use continuity_readmodel::{Batch, Checkpoint, Durability, Store};
use metrics::histogram;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::force::InForce;
use super::projection::{self, store_failed};
use super::shared;
use crate::AuthError;
use crate::metrics::{CONTROL_COMMIT, CONTROL_GROUP};

/// Records that may wait; one more is refused.
const QUEUE: usize = 1_024;
/// Records after which the store is made durable; the log replays what is lost of it.
const DURABLE_EVERY: u64 = 1_000;

type Answer = Result<(), AuthError>;

enum Reply {
    Blocking(Sender<Answer>),
    Async(oneshot::Sender<Answer>),
}

impl Reply {
    /// Whoever no longer waits needs no answer.
    fn send(self, answer: Answer) {
        match self {
            Self::Blocking(sender) => drop(sender.send(answer)),
            Self::Async(sender) => drop(sender.send(answer)),
        }
    }
}

enum Command {
    Append(Box<Record>, Reply),
    /// How far the control stream was followed.
    Bookmark(Vec<u8>),
    Close,
}

/// The way to the thread.
pub(super) struct Queue {
    commands: SyncSender<Command>,
    why_closed: Arc<OnceLock<String>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Queue {
    pub(super) fn start(appender: Appender) -> Result<Self, AuthError> {
        let (commands, waiting) = sync_channel(QUEUE);
        let why_closed = Arc::new(OnceLock::new());
        let reason = Arc::clone(&why_closed);
        let thread = std::thread::Builder::new().name("control-log".to_owned()).spawn(move || {
            let why = appender.run(&waiting).err().map_or_else(|| "it was closed".to_owned(), |e| e.to_string());
            drop(reason.set(why));
        });
        let thread = thread.map_err(|e| AuthError::ControlLog(format!("no thread could be started: {e}")))?;
        Ok(Self { commands, why_closed, thread: Mutex::new(Some(thread)) })
    }

    /// For changes that people make: waits for room in the queue.
    pub(super) fn append_blocking(&self, record: Record) -> Answer {
        let (reply, answer) = channel();
        let sent = self.commands.send(Command::Append(Box::new(record), Reply::Blocking(reply)));
        sent.map_err(|_| self.closed())?;
        answer.recv().map_err(|_| self.closed())?
    }

    /// As [`Queue::append_blocking`], for many at once: they wait for the disk together.
    pub(super) fn append_all(&self, records: Vec<Record>) -> Answer {
        let mut answers = Vec::with_capacity(records.len());
        for record in records {
            let (reply, answer) = channel();
            let sent = self.commands.send(Command::Append(Box::new(record), Reply::Blocking(reply)));
            sent.map_err(|_| self.closed())?;
            answers.push(answer);
        }
        answers.into_iter().try_for_each(|answer| answer.recv().map_err(|_| self.closed())?)
    }

    /// Puts it beside the rows. A crash may take it back to an earlier one.
    pub(super) fn bookmark(&self, bookmark: Vec<u8>) -> Answer {
        self.commands.send(Command::Bookmark(bookmark)).map_err(|_| self.closed())
    }

    /// For requests: a full queue is an error at once.
    pub(super) async fn append(&self, record: Record) -> Answer {
        let (reply, answer) = oneshot::channel();
        match self.commands.try_send(Command::Append(Box::new(record), Reply::Async(reply))) {
            Ok(()) => answer.await.map_err(|_| self.closed())?,
            Err(TrySendError::Full(_)) => Err(AuthError::Overloaded(QUEUE)),
            Err(TrySendError::Disconnected(_)) => Err(self.closed()),
        }
    }

    /// Returns once what waited is durable and the thread has ended.
    pub(super) fn close(&self) {
        drop(self.commands.send(Command::Close));
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the control log's thread panicked");
        }
    }

    /// Why the thread ended; `None` while it runs.
    pub(super) fn why_closed(&self) -> Option<&str> {
        self.why_closed.get().map(String::as_str)
    }

    fn closed(&self) -> AuthError {
        AuthError::Closed(self.why_closed().unwrap_or("its thread ended").to_owned())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the thread owns.
pub(super) struct Appender {
    pub(super) writer: Writer,
    pub(super) store: Arc<Store>,
    pub(super) force: InForce,
    pub(super) clock: Arc<dyn Clock>,
    /// Records applied since the store was last durable.
    pub(super) volatile: u64,
}

impl Appender {
    fn run(mut self, waiting: &Receiver<Command>) -> Result<(), AuthError> {
        let mut open = true;
        while open && let Ok(first) = waiting.recv() {
            let group = take_group(first, waiting);
            open = group.open;
            let outcome = self.commit(&group);
            for reply in group.replies {
                reply.send(outcome.as_ref().map_err(|error| AuthError::Closed(error.to_string())).copied());
            }
            if let Err(error) = &outcome {
                tracing::error!(%error, "the control log takes no more records; sensitive reads and changes are refused");
                return outcome;
            }
        }
        self.make_durable()
    }

    /// One group: durable in the log, then visible in the store, then in force.
    fn commit(&mut self, group: &Group) -> Result<(), AuthError> {
        if group.records.is_empty() {
            return self.mark(group);
        }
        let began = self.clock.monotonic();
        let count = group.records.len() as u64;
        let ticket = self.writer.append(group.records.clone()).map_err(log_failed)?;
        let first = ticket.first;
        let head = ticket.wait().map_err(log_failed)?;
        let mut batch = self.store.batch();
        let mut effects = Vec::new();
        for (position, record) in (first..).zip(&group.records) {
            effects.push(projection::apply(record, position, &mut batch.rows())?);
        }
        group.mark(&mut batch);
        self.volatile += count;
        let durability = if self.volatile >= DURABLE_EVERY { Durability::Durable } else { Durability::Visible };
        self.store.commit(batch, checkpoint(head), durability).map_err(store_failed)?;
        if durability == Durability::Durable {
            self.volatile = 0;
        }
        for (effect, record) in effects.into_iter().zip(&group.records) {
            if let Some(lost) = effect.lost {
                shared::tell_conflict(&record.subject, &lost);
            }
            effect.changed.into_iter().for_each(|changed| self.force.put(changed));
        }
        histogram!(CONTROL_COMMIT).record(self.clock.monotonic().saturating_sub(began));
        #[expect(clippy::cast_precision_loss, reason = "a group is at most as long as the queue")]
        histogram!(CONTROL_GROUP).record(count as f64);
        Ok(())
    }

    /// A bookmark alone needs no record.
    fn mark(&self, group: &Group) -> Result<(), AuthError> {
        if group.bookmark.is_none() {
            return Ok(());
        }
        let (mut batch, at) = (self.store.batch(), self.store.checkpoint());
        group.mark(&mut batch);
        self.store.commit(batch, at, Durability::Visible).map_err(store_failed)
    }

    fn make_durable(&self) -> Result<(), AuthError> {
        if self.volatile == 0 {
            return Ok(());
        }
        let (batch, at) = (self.store.batch(), self.store.checkpoint());
        self.store.commit(batch, at, Durability::Durable).map_err(store_failed)
    }
}

/// What is made durable together.
struct Group {
    records: Vec<Record>,
    replies: Vec<Reply>,
    bookmark: Option<Vec<u8>>,
    /// Whether the queue stays open.
    open: bool,
}

impl Group {
    fn mark(&self, batch: &mut Batch) {
        if let Some(bookmark) = &self.bookmark {
            shared::put_bookmark(bookmark.clone(), &mut batch.rows());
        }
    }
}

/// `first` and what waits behind it.
fn take_group(first: Command, waiting: &Receiver<Command>) -> Group {
    let mut group = Group { records: Vec::new(), replies: Vec::new(), bookmark: None, open: true };
    let mut next = Some(first);
    while let Some(command) = next {
        match command {
            Command::Append(record, reply) => {
                group.records.push(*record);
                group.replies.push(reply);
            }
            Command::Bookmark(bookmark) => group.bookmark = Some(bookmark),
            Command::Close => return Group { open: false, ..group },
        }
        next = if group.records.len() < QUEUE { waiting.try_recv().ok() } else { None };
    }
    group
}

pub(super) fn checkpoint(head: Head) -> Checkpoint {
    Checkpoint { position: head.position, hash: head.hash.0 }
}

pub(super) fn log_failed(error: impl std::fmt::Display) -> AuthError {
    AuthError::ControlLog(error.to_string())
}
