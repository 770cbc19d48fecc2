//! What the log holds: records, their kinds, and places in the log.

use std::fmt;

/// What a record is. The number is stored; it never changes its meaning.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A loan event, in order.
    Event = 1,
    /// A control event of the source, unknown types too; of heartbeats one a minute.
    Control = 2,
    /// The source was caught up with for the first time.
    Synchronised = 3,
    /// A loan event held back by a gap; invisible to folds until released.
    Held = 4,
    /// Held events of a range became visible.
    Released = 5,
    /// Sequences are missing and are waited for no longer.
    GapOpened = 6,
    /// Missing sequences came after all, or a snapshot covers them.
    GapClosed = 7,
    /// Bytes that could not be taken as an event, with the reason.
    Quarantined = 8,
    /// The whole state of a loan as the source sent it.
    Snapshot = 9,
    /// How far the source has been read where no record says so.
    SourceProgress = 10,
    /// Something an operator did.
    Operator = 11,
    /// What became of a part of the source: identified, diverged, accepted.
    Source = 12,
    /// What the evaluation of a completeness manifest showed.
    Completeness = 13,
}

impl Kind {
    /// Every kind of format v1.
    pub const ALL: [Kind; 13] = [
        Kind::Event,
        Kind::Control,
        Kind::Synchronised,
        Kind::Held,
        Kind::Released,
        Kind::GapOpened,
        Kind::GapClosed,
        Kind::Quarantined,
        Kind::Snapshot,
        Kind::SourceProgress,
        Kind::Operator,
        Kind::Source,
        Kind::Completeness,
    ];

    /// The kind's name as shown to operators.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Event => "Event",
            Kind::Control => "Control",
            Kind::Synchronised => "Synchronised",
            Kind::Held => "Held",
            Kind::Released => "Released",
            Kind::GapOpened => "GapOpened",
            Kind::GapClosed => "GapClosed",
            Kind::Quarantined => "Quarantined",
            Kind::Snapshot => "Snapshot",
            Kind::SourceProgress => "SourceProgress",
            Kind::Operator => "Operator",
            Kind::Source => "Source",
            Kind::Completeness => "Completeness",
        }
    }

    /// The kind stored as `code`, or `None` for one that this version does not know.
    pub fn from_code(code: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u8 == code)
    }
}

/// One record. The log gives it the next position and does not look into `payload`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: Kind,
    /// The loan or other subject it belongs to; empty when none. Stays clear when payloads are sealed.
    pub subject: String,
    /// The source's sequence number within the subject; 0 when none.
    pub sequence: u64,
    /// When it arrived, in microseconds since the Unix epoch.
    pub arrived_at: i64,
    /// The bytes, at most [`MAX_PAYLOAD_BYTES`](crate::MAX_PAYLOAD_BYTES).
    pub payload: Vec<u8>,
}

/// The hash of a frame, which covers the hash of the frame before it, and so everything before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// What the first frame names as its previous hash.
    pub const START: ChainHash = ChainHash([0; 32]);
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A durable end of the log: the last position and the hash of the frame that ends there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 when the log is empty.
    pub position: u64,
    /// The hash of the frame that holds it.
    pub hash: ChainHash,
}

/// How far a reader of the log had come when it last stored its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose checkpoint, for messages.
    pub name: String,
    /// The last position applied; 0 for none.
    pub position: u64,
    /// The hash of the frame that holds the position.
    pub hash: ChainHash,
}
