//! The bodies of the log's records: one version byte, then postcard.
//!
//! A body that was ever written decodes forever. A changed shape gets a new version: the old shape moves into
//! [`Stored::upcast`], and a regression file per version (`fixtures/records/vN`) holds it there.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::CloudEvent;

/// The version that [`encode`] writes.
pub const VERSION: u8 = 1;

/// Why a stored body could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Nothing there.
    #[error("a stored {kind} record is empty; run `log verify`")]
    Empty {
        /// What was to be read.
        kind: &'static str,
    },
    /// Written by another version of this program.
    #[error(
        "a stored {kind} record has format {version}; this program reads up to {VERSION}: use the newer program that wrote it"
    )]
    UnknownVersion {
        /// What was to be read.
        kind: &'static str,
        /// The version byte found.
        version: u8,
    },
    /// The bytes do not hold what they should.
    #[error("a stored {kind} record of format {version} cannot be read ({cause}); run `log verify`")]
    Damaged {
        /// What was to be read.
        kind: &'static str,
        /// The version byte found.
        version: u8,
        /// What the decoder said.
        cause: String,
    },
}

/// Something that the log stores.
pub trait Stored: Serialize + DeserializeOwned {
    /// What it is called in errors and regression files.
    const KIND: &'static str;

    /// Reads a body of an older version: decode the old shape, convert it. The current version never comes here.
    fn upcast(version: u8, body: &[u8]) -> Result<Self, DecodeError> {
        let _ = body;
        Err(DecodeError::UnknownVersion { kind: Self::KIND, version })
    }
}

/// The stored form of a record's body.
///
/// # Panics
/// When a type's own `Serialize` fails, which a derived one over sized fields never does.
pub fn encode<T: Stored>(body: &T) -> Vec<u8> {
    postcard::to_extend(body, vec![VERSION]).expect("writing to memory; every stored type has a fixed shape")
}

/// Reads a stored body of this or an older version.
pub fn decode<T: Stored>(bytes: &[u8]) -> Result<T, DecodeError> {
    match bytes.split_first() {
        None => Err(DecodeError::Empty { kind: T::KIND }),
        Some((&VERSION, body)) => decode_exactly(VERSION, body),
        Some((&version, body)) => T::upcast(version, body),
    }
}

fn decode_exactly<T: Stored>(version: u8, body: &[u8]) -> Result<T, DecodeError> {
    let damaged = |cause: String| DecodeError::Damaged { kind: T::KIND, version, cause };
    let (value, rest) = postcard::take_from_bytes(body).map_err(|e| damaged(e.to_string()))?;
    if rest.is_empty() { Ok(value) } else { Err(damaged(format!("{} bytes left over", rest.len()))) }
}

/// Where in its source an event was; resume begins after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourcePosition {
    /// In a file feed.
    File {
        /// File name within the feed.
        name: String,
        /// Device number of the file.
        device: u64,
        /// Inode number of the file.
        inode: u64,
        /// How many bytes at the start of the file were digested: at most 4,096.
        head_len: u32,
        /// Their SHA-256.
        head_sha256: [u8; 32],
        /// Uncompressed bytes up to and including the event's line.
        offset: u64,
    },
    /// In a `JetStream` stream.
    Stream {
        /// Name of the stream.
        stream: String,
        /// Stream sequence.
        sequence: u64,
        /// XXH3-64 of the message there, by which it is recognised again; 0: not known.
        mark: u64,
    },
    /// In a Kafka topic.
    Topic {
        /// Name of the topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Offset.
        offset: i64,
        /// XXH3-64 of the record there, by which it is recognised again; 0: not known.
        mark: u64,
    },
    /// From the built-in simulator.
    Simulator {
        /// Its seed.
        seed: u64,
        /// How many events it had given, this one included.
        number: u64,
    },
    /// Handed in by an operator, outside any source: the repair of one loan.
    Operator {
        /// When, microseconds since the epoch.
        at: i64,
    },
}

/// An event and where it came from: records of kind Event, Held, Control and Snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Received {
    /// The event as received.
    pub event: CloudEvent,
    /// Its position in the source.
    pub position: SourcePosition,
}

/// Held events of one loan that became visible; the loan is the record's subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// First sequence released.
    pub from: u64,
    /// Last sequence released.
    pub to: u64,
}

/// Sequences of one loan that did not come in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapOpened {
    /// First and last of each missing range.
    pub ranges: Vec<(u64, u64)>,
    /// When the first event behind the gap arrived, microseconds since the epoch.
    pub held_since: i64,
}

/// Missing sequences of one loan that are known after all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapClosed {
    /// First and last of each range.
    pub ranges: Vec<(u64, u64)>,
    /// How.
    pub by: ClosedBy,
}

/// What closed a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClosedBy {
    /// The missing events themselves.
    Late,
    /// A snapshot or erasure that covers them.
    Snapshot,
}

/// Bytes that could not be accepted, kept whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// Code of the [`crate::Reason`].
    pub reason: String,
    /// What is wrong, for the operator.
    pub detail: String,
    /// The bytes as received.
    pub raw: Vec<u8>,
    /// Their position in the source.
    pub position: SourcePosition,
    /// The event's id, when that much could be read.
    pub event_id: Option<String>,
    /// The event's full type, when that much could be read.
    pub event_type: Option<String>,
}

/// The replica has had everything that its source showed: said the first time, and once in each window of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Synchronised {
    /// The source.
    pub source: String,
    /// What showed it: the end of a file, a head, a completed snapshot.
    pub how: String,
}

/// How far the source was read, when no other record says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceProgress {
    /// The source.
    pub source: String,
    /// Everything up to here is dealt with.
    pub position: SourcePosition,
    /// Duplicates dropped so far.
    pub duplicates: u64,
}

/// Something that a person did to the replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Who.
    pub actor: String,
    /// What, e.g. `quarantine-dismiss`.
    pub action: String,
    /// Why.
    pub reason: String,
    /// To what.
    pub detail: String,
}

/// What became of a part of the source that has an identity of its own: a stream, a topic's partition, a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceEvent {
    /// The source, as it is called in metrics and messages.
    pub source: String,
    /// The part of it, e.g. `BANCLO_CHANGES` or `banclo.changes/3`.
    pub partition: String,
    /// What became of it.
    pub change: SourceChange,
}

/// See [`SourceEvent`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SourceChange {
    /// It was seen for the first time, or again after it had diverged, with these facts (name and value) that stay the
    /// same for as long as it is the same one: when it was created, the cluster that holds it.
    Identified {
        /// Name and value of each.
        facts: Vec<(String, String)>,
    },
    /// It is not, or no longer holds, what was read from it. Nothing further is taken from it.
    Diverged {
        /// In what way.
        cause: Divergence,
        /// The last point that both are known to share, in words.
        point: String,
        /// What was found, in words.
        detail: String,
    },
    /// An operator takes it as it now is: it is read from its beginning again, and what is known is recognised.
    Accepted {
        /// The facts that it has now; empty when it is no longer read from.
        facts: Vec<(String, String)>,
        /// Which divergence was accepted.
        cause: Divergence,
        /// Who.
        actor: String,
        /// Why.
        reason: String,
    },
}

/// How a source can turn out to be another one than the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Divergence {
    /// It was deleted and made anew under the same name, or another one was put in its place.
    Recreated,
    /// It was emptied before everything in it was read.
    Purged,
    /// It ends before the point up to which it was read: it lost its newest messages, or was restored from an older copy.
    Truncated,
    /// It has another message at the point up to which it was read: restored from an older copy, then written on.
    Rewritten,
    /// Its oldest messages were dropped before they were read.
    Lost,
    /// It is not there any more.
    Missing,
    /// The configuration names another one than the log holds.
    Renamed,
    /// It began again with what it had delivered already.
    Rewound,
}

impl Divergence {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Recreated,
        Self::Purged,
        Self::Truncated,
        Self::Rewritten,
        Self::Lost,
        Self::Missing,
        Self::Renamed,
        Self::Rewound,
    ];

    /// Its name in replies, metrics and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Recreated => "recreated",
            Self::Purged => "purged",
            Self::Truncated => "truncated",
            Self::Rewritten => "rewritten",
            Self::Lost => "lost",
            Self::Missing => "missing",
            Self::Renamed => "renamed",
            Self::Rewound => "rewound",
        }
    }
}

/// What the evaluation of one `CompletenessManifest` showed (contract, section 5).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is an answer of its own, and the shape is stored")]
pub struct Completeness {
    /// Log position of the manifest.
    pub manifest: u64,
    /// Its event id.
    pub manifest_id: String,
    /// `asOf` of the manifest; empty when it has none.
    pub as_of: String,
    /// Log position up to which records count as here.
    pub through: u64,
    /// It was evaluated again on request, over everything that had come by then.
    pub again: bool,
    /// Manifest and replica agree in everything that could be compared.
    pub complete: bool,
    /// Whether the manifest's list of loans could be read; without it what misses whole loans or their last events has no
    /// names.
    pub listed: bool,
    /// Loans that the manifest counts.
    pub loans: u64,
    /// Sum of their last sequences, as the manifest has it.
    pub events: u64,
    /// Loans that miss some.
    pub loans_missing: u64,
    /// Events that are missing.
    pub events_missing: u64,
    /// Loans that are known here and not in the manifest, although they had events by then.
    pub loans_unlisted: u64,
    /// Loans in the manifest that had more events here by then than it lists.
    pub loans_ahead: u64,
    /// Whether the digests of presence, and the counts, agree.
    pub presence: bool,
    /// Whether the digests of content agree; `None` when the manifest has none, or content cannot be compared.
    pub content: Option<bool>,
    /// The first loans that miss something, with their missing ranges of sequences; at most 1,000.
    pub missing: Vec<(String, Vec<(u64, u64)>)>,
    /// The first loans that are not in the manifest; at most 1,000.
    pub unlisted: Vec<String>,
    /// The first loans that have more events here, with the last sequence listed and the last one here; at most 1,000.
    pub ahead: Vec<(String, u64, u64)>,
    /// What else is to be said, e.g. why content could not be compared.
    pub note: String,
    /// A log position and the XOR over the content of all loan events logged up to there: where the next comparison of
    /// content can begin.
    pub content_through: Option<(u64, [u8; 32])>,
}

impl Completeness {
    /// The word for it: everything agrees, something is missing, or nothing is missing and yet something differs.
    pub fn word(&self) -> &'static str {
        match (self.complete, self.events_missing) {
            (true, _) => "complete",
            (false, 1..) => "incomplete",
            (false, 0) => "different",
        }
    }
}

macro_rules! stored {
    ($($name:ident),+) => { $(impl Stored for $name { const KIND: &'static str = stringify!($name); })+ };
}
stored!(
    Received,
    Released,
    GapOpened,
    GapClosed,
    Quarantined,
    Synchronised,
    SourceProgress,
    Operator,
    SourceEvent,
    Completeness
);

#[cfg(test)]
mod tests;
