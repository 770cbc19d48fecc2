//! What has to outlast the process: how far each subscription is, what is being tried, what was given up.
//!
//! One redb file. It cannot be derived from anything: without it every subscription begins anew at the present, and what
//! was not delivered by then is sent only when an operator replays its range of the log.

mod open;
pub(crate) mod row;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use redb::{
    AccessGuard, Database, Durability, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::WebhookError;
use crate::message::Message;
use row::{Dead, Made, Row};

type Bytes = &'static [u8];
/// An entry of [`DEAD`].
type Entry<'a> = (AccessGuard<'a, (&'static str, u64)>, AccessGuard<'a, Bytes>);

const META: TableDefinition<&str, u64> = TableDefinition::new("meta");
const SUBSCRIPTIONS: TableDefinition<&str, Bytes> = TableDefinition::new("subscriptions");
/// What is told and stands in no record of the log: a message of its own each.
const FACTS: TableDefinition<u64, Bytes> = TableDefinition::new("facts");
const DEAD: TableDefinition<(&str, u64), Bytes> = TableDefinition::new("dead");
/// Keys of [`DEAD`] that are to be sent once more.
const AGAIN: TableDefinition<(&str, u64), ()> = TableDefinition::new("again");
const MADE: TableDefinition<(&str, u64), Bytes> = TableDefinition::new("made");

/// Keys of [`META`].
const FORMAT_KEY: &str = "format";
const NEXT_FACT: &str = "next_fact";
const STALLED: &str = "stalled";
/// The layout of rows and tables.
const FORMAT: u64 = 2;

/// Facts that are kept for subscriptions that are behind.
const KEPT_FACTS: u64 = 1_000;
/// Attempts and dead letters that are kept of a subscription.
pub(crate) const KEPT_MADE: u64 = 1_000;
pub(crate) const KEPT_DEAD: u64 = 10_000;

/// The open file.
pub(crate) struct State {
    path: PathBuf,
    /// `None` only while it is opened again.
    database: RwLock<Option<Database>>,
    /// An operation failed: redb gives no further answers before the file was opened again.
    broken: AtomicBool,
    /// Something was committed that is not durable yet.
    unsaved: AtomicBool,
}

/// What a step of reading or writing says when it fails.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(error.into().to_string())
    }
}

impl State {
    /// Opens the file, or makes it. One that is damaged is put aside, loudly, and a new one made.
    pub(crate) fn open(path: &Path) -> Result<Self, WebhookError> {
        let database = open::database(path)?;
        Ok(Self {
            path: path.to_owned(),
            database: RwLock::new(Some(database)),
            broken: AtomicBool::new(false),
            unsaved: AtomicBool::new(false),
        })
    }

    /// Opens the file again after a failure, e.g. on a disk that was full.
    pub(crate) fn mend(&self) -> Result<(), WebhookError> {
        if self.broken.load(Ordering::SeqCst) {
            let mut database = self.database.write();
            *database = None;
            *database = Some(open::database(&self.path)?);
            self.broken.store(false, Ordering::SeqCst);
        }
        Ok(())
    }

    /// All of `change`, durable when this returns.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut Writer<'_>) -> Result<T, Fault>) -> Result<T, WebhookError> {
        self.transact(Durability::Immediate, change)
    }

    /// Like [`Self::write`], but durable only with the next durable write: for what may happen twice.
    pub(crate) fn touch<T>(&self, change: impl FnOnce(&mut Writer<'_>) -> Result<T, Fault>) -> Result<T, WebhookError> {
        self.transact(Durability::None, change)
    }

    /// Makes durable what is not.
    pub(crate) fn save(&self) -> Result<(), WebhookError> {
        if self.unsaved.load(Ordering::SeqCst) { self.write(|_| Ok(())) } else { Ok(()) }
    }

    fn transact<T>(
        &self,
        durability: Durability,
        change: impl FnOnce(&mut Writer<'_>) -> Result<T, Fault>,
    ) -> Result<T, WebhookError> {
        let attempt = || -> Result<T, Fault> {
            let database = self.database.read();
            let mut transaction = database.as_ref().ok_or_else(closed)?.begin_write()?;
            transaction.set_durability(durability)?;
            let result = change(&mut Writer::new(&transaction)?)?;
            // Before the commit, while no other one can be under way.
            self.unsaved.store(matches!(durability, Durability::None), Ordering::SeqCst);
            transaction.commit()?;
            Ok(result)
        };
        attempt().map_err(|fault| self.failed(fault))
    }

    fn read<T>(&self, read: impl FnOnce(&redb::ReadTransaction) -> Result<T, Fault>) -> Result<T, WebhookError> {
        let attempt = || -> Result<T, Fault> {
            let database = self.database.read();
            read(&database.as_ref().ok_or_else(closed)?.begin_read()?)
        };
        attempt().map_err(|fault| self.failed(fault))
    }

    fn failed(&self, fault: Fault) -> WebhookError {
        self.broken.store(true, Ordering::SeqCst);
        WebhookError::State { path: self.path.clone(), cause: fault.0 }
    }

    /// How far a subscription is; `None`: it has not begun.
    pub(crate) fn row(&self, id: &str) -> Result<Option<Row>, WebhookError> {
        self.read(|at| at.open_table(SUBSCRIPTIONS)?.get(id)?.map(|row| decode(row.value())).transpose())
    }

    /// Facts from `first` on, at most `limit`.
    pub(crate) fn facts(&self, first: u64, limit: usize) -> Result<Vec<(u64, Message)>, WebhookError> {
        self.read(|at| {
            let table = at.open_table(FACTS)?;
            let entries = table.range(first..)?.take(limit);
            entries
                .map(|entry| entry.map_err(Fault::from).and_then(|(n, m)| Ok((n.value(), decode(m.value())?))))
                .collect()
        })
    }

    /// Dead letters of a subscription, newest first, at most `limit`, and whether each is to be sent once more.
    pub(crate) fn dead(&self, id: &str, limit: usize) -> Result<Vec<(Dead, bool)>, WebhookError> {
        self.read(|at| {
            let (table, again) = (at.open_table(DEAD)?, at.open_table(AGAIN)?);
            let entries = table.range((id, 0)..=(id, u64::MAX))?.rev().take(limit);
            let one = |(key, dead): Entry<'_>| Ok((decode(dead.value())?, again.get(key.value())?.is_some()));
            entries.map(|entry| one(entry?)).collect()
        })
    }

    /// Dead letters that are to be sent once more, with their numbers, oldest first, at most `limit`.
    pub(crate) fn again(&self, id: &str, limit: usize) -> Result<Vec<(u64, Dead)>, WebhookError> {
        self.read(|at| {
            let (table, again) = (at.open_table(DEAD)?, at.open_table(AGAIN)?);
            let mut found = Vec::new();
            for entry in again.range((id, 0)..=(id, u64::MAX))?.take(limit) {
                let key = entry?.0;
                if let Some(dead) = table.get(key.value())? {
                    found.push((key.value().1, decode(dead.value())?));
                }
            }
            Ok(found)
        })
    }

    /// How many dead letters a subscription has.
    pub(crate) fn dead_letters(&self, id: &str) -> Result<u64, WebhookError> {
        self.read(|at| Ok(at.open_table(DEAD)?.range((id, 0)..=(id, u64::MAX))?.count() as u64))
    }

    /// Attempts of a subscription, newest first, at most `limit`.
    pub(crate) fn made(&self, id: &str, limit: usize) -> Result<Vec<Made>, WebhookError> {
        self.read(|at| {
            let table = at.open_table(MADE)?;
            let entries = table.range((id, 0)..=(id, u64::MAX))?.rev().take(limit);
            entries.map(|entry| decode(entry?.1.value())).collect()
        })
    }

    /// Whether the last fact about the source was that it stalled.
    pub(crate) fn is_stalled(&self) -> Result<bool, WebhookError> {
        self.read(|at| Ok(at.open_table(META)?.get(STALLED)?.is_some_and(|value| value.value() == 1)))
    }
}

/// A write transaction that has not been committed.
pub(crate) struct Writer<'a> {
    meta: Table<'a, &'static str, u64>,
    subscriptions: Table<'a, &'static str, Bytes>,
    facts: Table<'a, u64, Bytes>,
    dead: Table<'a, (&'static str, u64), Bytes>,
    again: Table<'a, (&'static str, u64), ()>,
    made: Table<'a, (&'static str, u64), Bytes>,
}

impl<'a> Writer<'a> {
    fn new(transaction: &'a WriteTransaction) -> Result<Self, Fault> {
        Ok(Self {
            meta: transaction.open_table(META)?,
            subscriptions: transaction.open_table(SUBSCRIPTIONS)?,
            facts: transaction.open_table(FACTS)?,
            dead: transaction.open_table(DEAD)?,
            again: transaction.open_table(AGAIN)?,
            made: transaction.open_table(MADE)?,
        })
    }

    /// Changes a subscription's row; one that has not begun has none.
    pub(crate) fn change(&mut self, id: &str, change: impl FnOnce(&mut Row)) -> Result<(), Fault> {
        let row: Option<Row> = self.subscriptions.get(id)?.map(|row| decode(row.value())).transpose()?;
        let Some(mut row) = row else { return Ok(()) };
        change(&mut row);
        self.put(id, &row)
    }

    pub(crate) fn put(&mut self, id: &str, row: &Row) -> Result<(), Fault> {
        self.subscriptions.insert(id, encode(row)?.as_slice())?;
        Ok(())
    }

    /// The number that the next fact gets.
    pub(crate) fn next_fact(&self) -> Result<u64, Fault> {
        Ok(self.meta.get(NEXT_FACT)?.map_or(0, |next| next.value()))
    }

    /// Something to tell everybody who wants it, and whether the source is stalled from then on.
    pub(crate) fn tell(&mut self, message: &Message, stalled: bool) -> Result<(), Fault> {
        let number = self.next_fact()?;
        self.facts.insert(number, encode(message)?.as_slice())?;
        self.meta.insert(NEXT_FACT, number + 1)?;
        self.meta.insert(STALLED, u64::from(stalled))?;
        if let Some(old) = number.checked_sub(KEPT_FACTS) {
            self.facts.remove(old)?;
        }
        Ok(())
    }

    /// Keeps a dead letter as `number`, and lets go of the oldest one where there are too many; whether it did.
    pub(crate) fn bury(&mut self, id: &str, number: u64, dead: &Dead) -> Result<bool, Fault> {
        self.dead.insert((id, number), encode(dead)?.as_slice())?;
        let range = || (id, 0)..=(id, u64::MAX);
        if self.dead.range(range())?.count() as u64 <= KEPT_DEAD {
            return Ok(false);
        }
        let oldest = self.dead.range(range())?.next().transpose()?.map(|(key, _)| key.value().1);
        if let Some(oldest) = oldest {
            self.raise(id, oldest)?;
        }
        Ok(oldest.is_some())
    }

    /// Lets go of a dead letter, e.g. because it arrived after all; it is not sent any more.
    pub(crate) fn raise(&mut self, id: &str, number: u64) -> Result<(), Fault> {
        self.dead.remove((id, number))?;
        self.again.remove((id, number))?;
        Ok(())
    }

    /// Has dead letters sent once more: the one with this message id, or all; how many that are not to be already.
    pub(crate) fn retry(&mut self, id: &str, message: Option<&str>) -> Result<u64, Fault> {
        let mut chosen = Vec::new();
        for entry in self.dead.range((id, 0)..=(id, u64::MAX))? {
            let (key, dead) = entry?;
            let dead: Dead = decode(dead.value())?;
            if message.is_none_or(|message| dead.message.id == message) {
                chosen.push(key.value().1);
            }
        }
        let mut count = 0;
        for number in chosen {
            count += u64::from(self.again.insert((id, number), ())?.is_none());
        }
        Ok(count)
    }

    /// Keeps an attempt as `number`, and the newest ones only.
    pub(crate) fn made(&mut self, id: &str, number: u64, made: &Made) -> Result<(), Fault> {
        self.made.insert((id, number), encode(made)?.as_slice())?;
        if let Some(old) = number.checked_sub(KEPT_MADE) {
            self.made.remove((id, old))?;
        }
        Ok(())
    }
}

fn closed() -> Fault {
    Fault("it is being opened again".to_owned())
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    postcard::to_stdvec(value).map_err(|error| Fault(error.to_string()))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Fault> {
    postcard::from_bytes(bytes).map_err(|error| Fault(format!("a row cannot be read: {error}")))
}

#[cfg(test)]
mod tests;
