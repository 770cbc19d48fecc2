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
    },
    /// In a Kafka topic.
    Topic {
        /// Name of the topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// Offset.
        offset: i64,
    },
    /// From the built-in simulator.
    Simulator {
        /// Its seed.
        seed: u64,
        /// How many events it had given, this one included.
        number: u64,
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

/// The replica has once had everything that its source showed.
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

macro_rules! stored {
    ($($name:ident),+) => { $(impl Stored for $name { const KIND: &'static str = stringify!($name); })+ };
}
stored!(Received, Released, GapOpened, GapClosed, Quarantined, Synchronised, SourceProgress, Operator);

#[cfg(test)]
mod tests;
