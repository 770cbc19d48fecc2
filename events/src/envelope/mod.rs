//! The envelope: one `CloudEvents` 1.0 event, in structured and in binary mode.

mod binary;
mod draft;
mod structured;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::catalogue;
use crate::data;
use crate::instant::Instant;
use crate::json;
use crate::{CONTROL_SUBJECT, Change, LOAN_SUBJECT_PREFIX, Reason, Rejection, SnapshotData, TYPE_PREFIX};

/// Bounds on one event as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an event of any other type than those of `max_snapshot_bytes`; 4 MiB.
    pub max_event_bytes: usize,
    /// Bytes of a snapshot, an erasure or a manifest; 64 MiB.
    pub max_snapshot_bytes: usize,
    /// How deeply objects and arrays may nest, the event's own object counted as 1; 64.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_event_bytes: 4 << 20, max_snapshot_bytes: 64 << 20, max_depth: 64 }
    }
}

/// One event as received. Only the parsers make one from foreign bytes, so what is held here passed every check of form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CloudEvent {
    /// Unique within `source`; a redelivery repeats it.
    pub id: String,
    /// The producer.
    pub source: String,
    /// The full type, prefix included.
    pub event_type: String,
    /// `loan-requests/{loanRequestId}` or `control`.
    pub subject: String,
    /// When it happened in the cloud, RFC 3339 with any offset, as received. Never an order.
    pub time: String,
    /// The place in the loan's history, from 1; always there for events of a loan.
    pub sequence: Option<u64>,
    /// Who did it: JSON text of an actor reference, not checked further.
    pub actor: Option<String>,
    /// Every other attribute in the order received: its name and its value as raw JSON text.
    pub attributes: Vec<(String, String)>,
    /// The raw JSON text of `data`, exactly as it arrived, without white space around it; empty when a control event
    /// came without.
    pub data: String,
}

/// What an event is to the replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// One change of one entity of a loan.
    Loan,
    /// The whole loan as of a sequence (`LoanRequestSnapshot`).
    Snapshot,
    /// The whole loan, redacted, as of its own sequence (`DataSubjectErased`).
    Erasure,
    /// Anything about the feed itself: heartbeats, manifests, announcements, unknown types with subject `control`.
    Control,
}

impl CloudEvent {
    /// Parses one event in structured JSON mode and checks its form completely, `data` included.
    pub fn parse_structured(bytes: &[u8], limits: &Limits) -> Result<CloudEvent, Rejection> {
        structured::parse(bytes, limits)
    }

    /// Parses one event in binary mode: `attributes` are the message's headers that belong to the event (names in any
    /// case, with or without the prefix `ce-` or `ce_`, `content-type` too; values already decoded to text), `body` is
    /// `data`. Checks as [`Self::parse_structured`] does.
    pub fn parse_binary(attributes: &[(&str, &str)], body: &[u8], limits: &Limits) -> Result<CloudEvent, Rejection> {
        binary::parse(attributes, body, limits)
    }

    /// The event as one JSON object on one line's worth of text, `data` byte for byte; parses back to an equal event.
    pub fn to_structured(&self) -> String {
        structured::write(self)
    }

    /// The id and the full type of bytes that were refused, as far as they can be read; for quarantine.
    pub fn hints(bytes: &[u8]) -> (Option<String>, Option<String>) {
        structured::hints(bytes)
    }

    /// The loan that the event belongs to; `None` for control events.
    pub fn loan_id(&self) -> Option<&str> {
        loan_id(&self.subject)
    }

    /// The type without the platform's prefix.
    pub fn name(&self) -> &str {
        name(&self.event_type)
    }

    /// When a heartbeat was sent: its `at`, else its `time`; `None`: it does not say so legibly.
    pub fn heartbeat_at(&self) -> Option<Instant> {
        let said = json::member(&self.data, "at").and_then(json::text);
        said.and_then(|text| Instant::parse(&text)).or_else(|| Instant::parse(&self.time))
    }

    /// What the event is to the replica.
    pub fn role(&self) -> Role {
        match known_name(&self.event_type) {
            Some(catalogue::SNAPSHOT) => Role::Snapshot,
            Some(catalogue::ERASURE) => Role::Erasure,
            _ if self.subject == CONTROL_SUBJECT => Role::Control,
            _ => Role::Loan,
        }
    }

    /// The change that a [`Role::Loan`] event carries; an error on any other event, and on `data` out of form.
    pub fn change(&self) -> Result<Change<'_>, Rejection> {
        match self.role() {
            Role::Loan => data::change(&self.data, self.name() == catalogue::CORRECTION),
            _ => Err(Rejection::new(Reason::BadData, "not a change of one entity: ask for `snapshot` or nothing")),
        }
    }

    /// The loan's state that a [`Role::Snapshot`] or [`Role::Erasure`] event carries; an error on any other event.
    pub fn snapshot(&self) -> Result<SnapshotData<'_>, Rejection> {
        match self.role() {
            Role::Snapshot => data::snapshot(&self.data),
            Role::Erasure => data::erasure(&self.data, self.sequence.unwrap_or_default()),
            _ => Err(Rejection::new(Reason::BadData, "not the state of a whole loan")),
        }
    }

    /// SHA-256 of `data` as received: part of what tells a redelivery from a fork.
    pub fn data_sha256(&self) -> [u8; 32] {
        Sha256::digest(self.data.as_bytes()).into()
    }
}

/// The type without prefix; a type of another family keeps its whole name.
fn name(event_type: &str) -> &str {
    known_name(event_type).unwrap_or(event_type)
}

/// The type without prefix; `None` for a type of another family, whose names mean nothing here.
fn known_name(event_type: &str) -> Option<&str> {
    event_type.strip_prefix(TYPE_PREFIX)
}

fn loan_id(subject: &str) -> Option<&str> {
    subject.strip_prefix(LOAN_SUBJECT_PREFIX).filter(|id| !id.is_empty())
}

fn too_large(size: usize, limit: usize) -> Rejection {
    Rejection::new(Reason::TooLarge, format!("{size} bytes; the limit for its type is {limit}"))
}

#[cfg(test)]
mod tests;
