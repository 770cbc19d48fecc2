//! The append-only, hash-chained log

pub mod disk;
mod error;
mod log;
mod options;
mod record;

pub use disk::{Disk, DiskFile, MemoryDisk, RealDisk};
pub use error::LogError;
pub use log::{Frame, Log, Opened, Reader, Recovery, StaleCause, StaleCheckpoint, Ticket, Verified, Writer};
pub use options::{Compression, Options};
pub use record::{ChainHash, Checkpoint, Head, Kind, Record};

/// The largest payload of one record, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 128 << 20;
