//! A stand-in cloud platform: believable loans over their whole life, seeded, with faults on demand.
//!
//! [`Simulator`] is an endless iterator of change events of the event contract, one `CloudEvents` JSON line each. The
//! same [`Options`] give the same bytes. [`Faults`] makes a well-behaved feed misbehave, [`Manifests`] mixes in proofs that
//! nothing is missing. None of these does I/O or reads a clock; the bytes behind `OBJECT_STORE` references are handed out
//! for the caller to write. [`publish`] carries a feed to NATS `JetStream`, Kafka or a file; `objects` serves the files that
//! [`BlobMode::Served`] refers to.

mod blob;
mod content;
mod control;
mod envelope;
mod erasure;
mod export;
mod faults;
mod json;
mod loan;
mod manifest;
mod names;
#[cfg(feature = "objects")]
pub mod objects;
mod pdf;
pub mod publish;
mod random;
mod scene;
mod simulator;
mod story;

pub use blob::{BlobFile, BlobMode, Served, SigningKey};
pub use content::{BlobId, Content, FileKind, LARGEST, NoBlobId, Sizes};
pub use export::Exporting;
pub use faults::{FaultCounts, Faults, Faulty};
pub use manifest::{Every, Manifests};
pub use names::NASTY_FILE_NAMES;
pub use simulator::{Emitted, Kind, Options, Simulator, Tempo};
