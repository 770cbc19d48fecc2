//! The seam between ingest and whatever delivers events.

use continuity_base::{Stop, Timestamp};
use continuity_events::record::SourcePosition;
use continuity_readmodel::Outage;
use continuity_readmodel::ledger::{Identity, SnapshotProgress};

use crate::SourceError;

/// Something that delivers events in an order of its own and can start again behind any position that it gave.
///
/// Contract, held by the `conformance` suite:
/// - **Resume.** [`resume`](Source::resume) is called before the first [`next_batch`](Source::next_batch) and again after
///   every error. It is given the newest durable position of each partition (file, stream, topic partition) as the
///   replica's own log has them, never what the source's cursor says, and the next message of a partition is the first
///   one behind its position; of a partition without a position, the first that it has. A source that cannot show that
///   its history still contains the position says [`SourceError::Diverged`]; it never starts somewhere else.
/// - **Identity.** What a partition shows of itself that stays the same as long as it is the same one goes out with
///   [`Resumed`], is kept in the replica's log, and comes back with the next [`Known`]. One that differs has diverged.
///   The same holds while it is connected: what can be looked at again is, and [`next_batch`](Source::next_batch) says so.
/// - **Order.** Within a partition messages come in the order of the source, each once per resume, none left out.
/// - **Batches.** [`next_batch`](Source::next_batch) blocks for at most about 100 ms when nothing is there and then
///   returns an empty batch. It returns at once when `stop` is asked for. A batch holds at least one message when one is
///   there, even one larger than `max_bytes`.
/// - **End.** `head` is an end that the source showed, by a look at the source itself and never from what was delivered;
///   it is a proof of life, stamped before the source was asked. `at_end` says: every message up to that head has been
///   handed over, in this batch or before. A source that cannot see its end never says so.
/// - **Acknowledge.** [`acknowledge`](Source::acknowledge) is called once everything of that partition up to the position
///   is durable in the replica's log. It is a favour to the source (a broker may forget or move its cursor); it may be
///   repeated, come late, name an older position or not come at all, without a change to what is delivered.
/// - **Cancellation.** Dropping the source at any moment loses nothing: what was not durable comes again after resume.
/// - **Bounds.** Memory is bounded by `max_messages`, `max_bytes` and the largest message, whatever the source sends: a
///   message beyond its own limit is cut to [`Raw::Oversize`].
pub trait Source: Send {
    /// What it is called in records, metrics and messages, e.g. `file:/feed`. Never changes.
    fn name(&self) -> &str;

    /// Connects and goes behind the known positions. Positions and identities of other kinds of source, or of partitions
    /// that are no longer there because they were finished, are not an error.
    fn resume(&mut self, known: &Known) -> Result<Resumed, SourceError>;

    /// The next messages.
    fn next_batch(&mut self, max_messages: usize, max_bytes: usize, stop: &Stop) -> Result<Batch, SourceError>;

    /// Everything of that partition up to `position` is durable here.
    fn acknowledge(&mut self, position: &SourcePosition) -> Result<(), SourceError>;

    /// Reading stops for a while: by an operator's order, or as the schedule says. The connection may be given up, and
    /// what was fetched ahead; the next call is [`resume`](Source::resume).
    fn release(&mut self) {}
}

/// What the replica's log holds of its sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The newest durable position of each partition, of every source that was ever read.
    pub positions: Vec<SourcePosition>,
    /// The identity of each partition, of every source that was ever read.
    pub identities: Vec<Identity>,
    /// The bootstrap export that has begun and is not whole.
    pub export: Option<SnapshotProgress>,
}

impl Known {
    /// Positions alone.
    pub fn positions(positions: &[SourcePosition]) -> Self {
        Self { positions: positions.to_vec(), ..Self::default() }
    }

    /// The identity of a partition.
    pub fn identity(&self, partition: &str) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.partition == partition)
    }
}

/// What a source found when it was connected.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resumed {
    /// Where delivery begins, in words.
    pub from: String,
    /// What an operator should know: the replica is ahead of the source, the source may drop unseen events, ...
    pub warnings: Vec<String>,
    /// The identity of each partition as it is now; kept in the log where it is new.
    pub identities: Vec<Identity>,
    /// What the source may drop before it was read, for the metrics; `None` when it does not say.
    pub retention: Option<Retention>,
}

/// How long the source keeps what was not read yet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Retention {
    /// Seconds after which messages go; `None`: never by age.
    pub max_age_seconds: Option<f64>,
    /// The longest outage of the replica that loses nothing.
    pub outage: Outage,
}

impl Retention {
    /// What holds for two parts of a source together.
    #[must_use]
    pub fn tighter(self, other: Self) -> Self {
        let max_age_seconds = match (self.max_age_seconds, other.max_age_seconds) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self { max_age_seconds, outage: self.outage.tighter(other.outage) }
    }
}

/// Some messages.
#[derive(Debug, Default, PartialEq)]
pub struct Batch {
    /// In order, per partition.
    pub messages: Vec<Message>,
    /// Positions reached without a message and worth recording, e.g. of a file that was renamed.
    pub passed: Vec<SourcePosition>,
    /// Everything up to `head` has been handed over, in this batch or before.
    pub at_end: bool,
    /// The newest end that the source showed, when it showed one during this call.
    pub head: Option<SourceHead>,
}

/// Where a source ends, as it showed it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceHead {
    /// In words, for people.
    pub text: String,
    /// As a number that only grows (stream sequence, sum of the partitions' offsets, event number), for the metrics.
    pub number: u64,
    /// Messages between what was handed over and this end.
    pub behind: u64,
    /// The local time just before the source was asked; `None`: the call in which it comes began then.
    pub asked_at: Option<Timestamp>,
    /// The source's own clock when it answered, where it tells it.
    pub source_clock: Option<Timestamp>,
    /// When the newest message at this end was published, by the source's clock, where it tells it.
    pub published_at: Option<Timestamp>,
    /// What the source may drop before it was read, where this look showed it; it replaces that of [`Resumed`].
    pub retention: Option<Retention>,
}

/// One message, not looked into yet.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Its bytes.
    pub raw: Raw,
    /// Where it ends: resume begins behind it.
    pub position: SourcePosition,
}

/// The bytes of one message.
#[derive(Debug, PartialEq, Eq)]
pub enum Raw {
    /// One JSON object (`CloudEvents` structured mode).
    Structured(Vec<u8>),
    /// Headers and body (`CloudEvents` binary mode).
    Binary {
        /// Header names and values.
        attributes: Vec<(String, String)>,
        /// The body: `data`.
        body: Vec<u8>,
    },
    /// Larger than any event may be: quarantined with what is kept of it.
    Oversize {
        /// The first bytes.
        prefix: Vec<u8>,
        /// How many bytes there were.
        length: u64,
        /// SHA-256 of all of them.
        sha256: [u8; 32],
    },
}

impl Raw {
    /// Bytes held in memory.
    pub fn len(&self) -> usize {
        match self {
            Self::Structured(bytes) => bytes.len(),
            Self::Binary { attributes, body } => {
                attributes.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() + body.len()
            }
            Self::Oversize { prefix, .. } => prefix.len(),
        }
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
