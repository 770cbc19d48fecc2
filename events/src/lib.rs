//! The vocabulary of the replica: the `CloudEvents` envelope, the catalogue of event names and entities, and the
//! bodies of stored records.
//!
//! Everything here is a pure function over bytes: no I/O, no clock. An event is checked once, when it arrives
//! ([`CloudEvent::parse_structured`], [`CloudEvent::parse_binary`]); from then on its `data` travels as the raw JSON
//! text that was received, so that number literals, member order and unknown members reach the API's clients
//! unchanged. The contract that producers hold to is written down in `events/README.md`.

pub mod catalogue;
mod data;
mod envelope;
#[cfg(test)]
mod fixtures;
pub mod instant;
pub mod json;
pub mod manifest;
pub mod record;
mod rejection;
pub mod schema;
mod upcast;

pub use data::{Change, Form, Parent, SnapshotData, SnapshotEntity};
pub use envelope::{CloudEvent, Limits, Role};
pub use manifest::Manifest;
pub use rejection::{Reason, Rejection};

/// What every event type of the platform begins with.
pub const TYPE_PREFIX: &str = "com.banclo.";

/// What the subject of every event of a loan begins with; the loan's id follows.
pub const LOAN_SUBJECT_PREFIX: &str = "loan-requests/";

/// The subject of control events.
pub const CONTROL_SUBJECT: &str = "control";
