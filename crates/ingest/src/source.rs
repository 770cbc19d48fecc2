//! The seam between ingest and whatever delivers events.

use continuity_base::Stop;
use continuity_events::record::SourcePosition;

use crate::SourceError;

/// Something that delivers events in an order of its own and can start again behind any position that it gave.
///
/// Contract, held by the `conformance` suite:
/// - **Resume.** [`resume`](Source::resume) is called before the first [`next_batch`](Source::next_batch) and again after
///   every error. It is given the newest durable position of each partition (file, stream, topic partition) as the
///   replica's own log has them, never what the source's cursor says, and the next message of a partition is the first
///   one behind its position. A source that cannot show that its history still contains the position says
///   [`SourceError::Diverged`]; it never starts somewhere else.
/// - **Order.** Within a partition messages come in the order of the source, each once per resume, none left out.
/// - **Batches.** [`next_batch`](Source::next_batch) blocks for at most about 100 ms when nothing is there and then
///   returns an empty batch. It returns at once when `stop` is asked for. A batch holds at least one message when one is
///   there, even one larger than `max_bytes`.
/// - **End.** `at_end` says: during this call the source showed where it ends, and every message up to there has been
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

    /// Connects and goes behind the given positions. Positions of other kinds of source, or of partitions that are no
    /// longer there because they were finished, are not an error.
    fn resume(&mut self, last: &[SourcePosition]) -> Result<Resumed, SourceError>;

    /// The next messages.
    fn next_batch(&mut self, max_messages: usize, max_bytes: usize, stop: &Stop) -> Result<Batch, SourceError>;

    /// Everything of that partition up to `position` is durable here.
    fn acknowledge(&mut self, position: &SourcePosition) -> Result<(), SourceError>;
}

/// What a source found when it was connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resumed {
    /// Where delivery begins, in words.
    pub from: String,
    /// What an operator should know: the replica is ahead of the source, the source may drop unseen events, ...
    pub warnings: Vec<String>,
}

/// Some messages.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// In order, per partition.
    pub messages: Vec<Message>,
    /// Positions reached without a message and worth recording, e.g. of a file that was renamed.
    pub passed: Vec<SourcePosition>,
    /// The source showed its end during this call, and everything before it has been handed over.
    pub at_end: bool,
    /// The source's end as shown, in words, when it has one.
    pub head: Option<String>,
    /// The source's end as a number that only grows (stream sequence, offset, event number), for the metrics.
    pub head_number: Option<u64>,
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
