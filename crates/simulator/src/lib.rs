//! A stand-in cloud platform: believable loans over their whole life, seeded, with faults on demand.
//!
//! [`Simulator`] is an endless iterator of change events of the event contract, one `CloudEvents` JSON line each. The
//! same [`Options`] give the same bytes. [`Faults`] makes a well-behaved feed misbehave. Nothing here does I/O or reads a
//! clock; the bytes behind `OBJECT_STORE` references are handed out for the caller to write.

mod blob;
mod control;
mod faults;
mod json;
mod loan;
mod names;
mod pdf;
mod random;
mod scene;
mod simulator;
mod story;

pub use blob::{BlobFile, BlobMode};
pub use faults::{Faults, Faulty};
pub use simulator::{Emitted, Options, Simulator, Tempo};
