//! Counts of reads that are not sensitive, in memory until their period is over.
//!
//! A row is one client, one loan (or none) and one operation of the API in one period. Finding a row that exists takes a
//! lock on a sixteenth of them and two lookups, and allocates nothing. The time is taken under that lock: once a period
//! is seen to be over, no read of it can come behind.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use continuity_base::{Clock, Timestamp};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Rows of one record of the control log.
pub(crate) const MAX_READS: usize = 1_000;
/// Rows in memory at which they are written before their period is over.
pub(crate) const EARLY: usize = 20_000;
/// The most rows in memory, some 200 bytes each: reads that would need one more are counted as not recorded. It is
/// reached only while the disk does not take what is written early.
pub(crate) const MOST: usize = 200_000;

const SHARDS: usize = 16;

/// One row, taken out to be written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Counted {
    pub(crate) client_id: Arc<str>,
    pub(crate) loan: Option<Box<str>>,
    pub(crate) endpoint: &'static str,
    pub(crate) count: u64,
}

/// Rows by the second since 1970 at which their period began.
pub(crate) type Periods = BTreeMap<i64, Vec<Counted>>;

pub(crate) struct Tally {
    clock: Arc<dyn Clock>,
    /// Length of a period.
    seconds: u32,
    early: usize,
    most: usize,
    hasher: RandomState,
    shards: [Mutex<Shard>; SHARDS],
    rows: AtomicUsize,
    unrecorded: AtomicU64,
    /// Begin of the oldest period that is being written; `i64::MAX` for none.
    writing: AtomicI64,
    /// Tells the writer that there are [`EARLY`] rows.
    pub(crate) full: Notify,
}

impl Tally {
    /// Counts by periods of so many seconds, at least one.
    pub(crate) fn new(clock: Arc<dyn Clock>, seconds: u32) -> Self {
        Self::bounded(clock, seconds, EARLY, MOST)
    }

    fn bounded(clock: Arc<dyn Clock>, seconds: u32, early: usize, most: usize) -> Self {
        Self {
            clock,
            seconds: seconds.max(1),
            early,
            most,
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
            rows: AtomicUsize::new(0),
            unrecorded: AtomicU64::new(0),
            writing: AtomicI64::new(i64::MAX),
            full: Notify::new(),
        }
    }

    /// Counts one read.
    pub(crate) fn count(&self, client_id: &str, loan: Option<&str>, endpoint: &'static str) {
        let hash = self.hasher.hash_one(loan.unwrap_or(client_id));
        let mut shard = self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or_default()].lock();
        shard.turn(self.period());
        if let Some(count) = shard.reads.find(client_id, loan, endpoint) {
            *count += 1;
            return;
        }
        if self.rows.load(Ordering::Relaxed) >= self.most {
            self.lose(1);
            return;
        }
        shard.reads.insert(client_id, loan, endpoint);
        let rows = self.rows.fetch_add(1, Ordering::Relaxed) + 1;
        drop(shard);
        if rows >= self.early {
            self.full.notify_one();
        }
    }

    /// Takes out the rows of periods that are over; of the present one too when asked, or when there are many.
    pub(crate) fn take(&self, all: bool) -> Periods {
        self.writing.store(self.oldest(), Ordering::SeqCst);
        let all = all || self.rows.load(Ordering::Relaxed) >= self.early;
        let mut periods = Periods::new();
        for shard in &self.shards {
            let mut shard = shard.lock();
            shard.turn(self.period());
            let mut over = std::mem::take(&mut shard.over);
            if all {
                over.push((shard.from, std::mem::take(&mut shard.reads)));
            }
            drop(shard);
            for (from, reads) in over.into_iter().filter(|(_, reads)| !reads.is_empty()) {
                let rows = periods.entry(from).or_default();
                let before = rows.len();
                reads.into_rows(rows);
                // Every row was added to the count under its shard's lock, so this is never more than there are.
                self.rows.fetch_sub(rows.len() - before, Ordering::Relaxed);
            }
        }
        periods
    }

    /// What was taken out is written, or lost.
    pub(crate) fn written(&self) {
        self.writing.store(i64::MAX, Ordering::SeqCst);
    }

    /// So many reads will be in no record.
    pub(crate) fn lose(&self, reads: u64) {
        self.unrecorded.fetch_add(reads, Ordering::Relaxed);
    }

    /// Reads that are in no record, since the start.
    pub(crate) fn unrecorded(&self) -> u64 {
        self.unrecorded.load(Ordering::Relaxed)
    }

    /// Rows in memory.
    pub(crate) fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Length of a period in seconds.
    pub(crate) fn seconds(&self) -> u32 {
        self.seconds
    }

    /// Every read before this instant is written (or lost), unless the clock was set back. Look at it before reading.
    pub(crate) fn written_until(&self) -> Timestamp {
        let oldest = self.oldest();
        Timestamp::from_micros(oldest.min(self.writing.load(Ordering::SeqCst)).saturating_mul(1_000_000))
    }

    /// Begin of the oldest period with rows in memory, else of the present one.
    fn oldest(&self) -> i64 {
        let present = self.period();
        self.shards.iter().fold(present, |oldest, shard| shard.lock().oldest().map_or(oldest, |from| from.min(oldest)))
    }

    /// Begin of the present period.
    fn period(&self) -> i64 {
        let (now, seconds) = (self.clock.now().as_seconds(), i64::from(self.seconds));
        now.div_euclid(seconds) * seconds
    }
}

#[derive(Default)]
struct Shard {
    /// Begin of the period of `reads`.
    from: i64,
    reads: Reads,
    over: Vec<(i64, Reads)>,
}

impl Shard {
    /// Goes on with the period that begins at `from`: mostly the one that it is in.
    fn turn(&mut self, from: i64) {
        if self.from != from {
            let reads = std::mem::take(&mut self.reads);
            if !reads.is_empty() {
                self.over.push((self.from, reads));
            }
            self.from = from;
        }
    }

    fn oldest(&self) -> Option<i64> {
        let present = (!self.reads.is_empty()).then_some(self.from);
        self.over.iter().map(|(from, _)| *from).chain(present).min()
    }
}

/// Counts by client.
#[derive(Default)]
struct Reads(HashMap<Arc<str>, OfClient>);

#[derive(Default)]
struct OfClient {
    lists: Counts,
    loans: HashMap<Box<str>, Counts>,
}

/// There are some two dozen operations, and a client uses few of them.
type Counts = Vec<(&'static str, u64)>;

impl Reads {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&mut self, client_id: &str, loan: Option<&str>, endpoint: &'static str) -> Option<&mut u64> {
        let client = self.0.get_mut(client_id)?;
        let counts = match loan {
            Some(loan) => client.loans.get_mut(loan)?,
            None => &mut client.lists,
        };
        counts.iter_mut().find(|(name, _)| *name == endpoint).map(|(_, count)| count)
    }

    /// A row that is not there, with one read.
    fn insert(&mut self, client_id: &str, loan: Option<&str>, endpoint: &'static str) {
        let client = self.0.entry(Arc::from(client_id)).or_default();
        let counts = match loan {
            Some(loan) => client.loans.entry(Box::from(loan)).or_default(),
            None => &mut client.lists,
        };
        counts.push((endpoint, 1));
    }

    fn into_rows(self, rows: &mut Vec<Counted>) {
        for (client_id, client) in self.0 {
            let of = |loan: Option<Box<str>>, counts: Counts| {
                let client_id = Arc::clone(&client_id);
                counts.into_iter().map(move |(endpoint, count)| Counted {
                    client_id: Arc::clone(&client_id),
                    loan: loan.clone(),
                    endpoint,
                    count,
                })
            };
            rows.extend(of(None, client.lists));
            rows.extend(client.loans.into_iter().flat_map(|(loan, counts)| of(Some(loan), counts)));
        }
    }
}
