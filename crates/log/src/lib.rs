//! The append-only, hash-chained log: the truth from which everything else can be rebuilt.
//!
//! A record gets the next position, from 1 on, without holes. Records are appended in groups; a group is one frame
//! (or several, when it is large), each frame carries a checksum and a hash over all that came before. One thread
//! writes; a group counts once it is durable, and readers never see more than that.
//!
//! - [`Log::open`] recovers: what was acknowledged is there, or opening fails and says what is missing.
//! - [`Writer::append`] returns a [`Ticket`]; wait for it, then acknowledge to whoever sent the records.
//! - [`Reader`] follows the head, [`Log::get`] reads at random, [`Log::verify`] and [`verify`] read everything,
//!   [`Log::copy_to`] makes a copy.
//!
//! `FORMAT.md` describes the files byte by byte. The log does not know what records mean, and it does not lock its
//! directory: the program that opens it does.

mod cache;
mod copy;
pub mod disk;
mod error;
#[cfg(test)]
mod fixtures;
mod format;
#[doc(hidden)]
pub mod fuzz;
mod head_file;
mod log;
pub mod metrics;
mod options;
mod reader;
mod record;
mod recovery;
mod segments;
mod shared;
#[cfg(test)]
mod testing;
mod verify;
mod walk;
mod writer;

pub use copy::Copied;
pub use disk::{CrashPolicy, Disk, DiskFile, MemoryDisk, RealDisk};
pub use error::LogError;
pub use log::{Frame, Log, Opened, Recovery, StaleCause, StaleCheckpoint};
pub use options::{Compression, Options};
pub use reader::Reader;
pub use record::{ChainHash, Checkpoint, Head, Kind, Record};
pub use segments::SegmentSize;
pub use verify::{Verified, verify};
pub use writer::{Ticket, Writer};

/// The largest payload of one record, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 128 << 20;
/// The longest subject of one record, in bytes.
pub const MAX_SUBJECT_BYTES: usize = 64 << 10;
