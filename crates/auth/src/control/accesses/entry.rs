//! A recorded read as auditors see it: in a loan's audit log, in the list of all, and in exports.

use std::time::Duration;

use continuity_base::Timestamp;
use serde::Serialize;

use super::{Access, Place};
use crate::control::event::{AccessRecorded, CountedRead, DocumentRead};
use crate::reader;

/// One entry: a read of sensitive data, or the count of a client's other reads of one loan (or of none) through one
/// operation in one period.
#[derive(Clone, Debug, PartialEq)]
pub struct AccessEntry {
    pub(super) place: Place,
    pub(super) access: Access,
}

impl AccessEntry {
    /// Unique, and the same in every replay.
    pub fn id(&self) -> String {
        match &self.access {
            Access::Task(read) => read.id.clone(),
            Access::Document(read) => read.id.clone(),
            Access::Counted { id, .. } => {
                format!("{}-{:04}", uuid::Builder::from_random_bytes(*id).into_uuid(), self.place.row)
            }
        }
    }

    /// When it was read; for counted reads, when their period began.
    pub fn occurred_at(&self) -> Timestamp {
        Timestamp::from_micros(self.place.at.saturating_mul(1_000))
    }

    /// The record's position in the control log: the order among the replica's own entries of one time.
    pub fn position(&self) -> u64 {
        self.place.position
    }

    /// The client that read.
    pub fn client_id(&self) -> &str {
        reader::split(self.reader()).0
    }

    fn reader(&self) -> &str {
        match &self.access {
            Access::Task(read) => &read.client_id,
            Access::Document(read) => &read.client_id,
            Access::Counted { read, .. } => &read.client_id,
        }
    }

    /// The loan that was read; `None` where it was a list, or a report of the replica.
    pub fn loan(&self) -> Option<&str> {
        self.access.loan()
    }

    /// What [`AccessLog::forward`](super::AccessLog::forward) goes on after.
    pub fn place(&self) -> Vec<u8> {
        self.place.after(continuity_readmodel::Key::new())
    }

    /// The audit entry as served, `origin` is `REPLICA`.
    pub fn json(&self) -> String {
        text(&match &self.access {
            Access::Task(read) => self.of_task(read),
            Access::Document(read) => self.of_document(read),
            Access::Counted { seconds, read, .. } => self.counted(*seconds, read),
        })
    }

    fn of_task<'a>(&'a self, read: &'a AccessRecorded) -> Shown<'a> {
        let (target, endpoint) = match &read.item {
            Some(item) => (Target { kind: "TASK_ITEM", id: item }, "downloadTaskItem"),
            None => (Target { kind: "TASK", id: &read.task }, "getTask"),
        };
        Shown {
            action: &read.action,
            actor: Actor::new(&read.client_id, read.client_name.as_deref()),
            target: Some(target),
            endpoint,
            scope: Some(&read.scope),
            request_id: Some(&read.request_id),
            ..self.shown()
        }
    }

    fn of_document<'a>(&'a self, read: &'a DocumentRead) -> Shown<'a> {
        Shown {
            action: "DOCUMENT_READ",
            actor: Actor::new(&read.client_id, read.client_name.as_deref()),
            target: Some(Target { kind: "DOCUMENT", id: &read.document }),
            version: read.version,
            endpoint: &read.endpoint,
            scope: Some(&read.scope),
            request_id: Some(&read.request_id),
            ..self.shown()
        }
    }

    fn counted<'a>(&'a self, seconds: u32, read: &'a CountedRead) -> Shown<'a> {
        Shown {
            until: Some(self.occurred_at().plus(Duration::from_secs(seconds.into())).to_string()),
            action: if read.loan.is_some() { "LOAN_REQUEST_READ" } else { "LIST_READ" },
            actor: Actor::new(&read.client_id, read.client_name.as_deref()),
            target: read.loan.as_deref().map(|id| Target { kind: "LOAN_REQUEST", id }),
            endpoint: &read.endpoint,
            count: read.count,
            ..self.shown()
        }
    }

    /// What every entry has.
    fn shown(&self) -> Shown<'_> {
        Shown {
            id: self.id(),
            occurred_at: self.occurred_at().to_string(),
            until: None,
            action: "",
            actor: Actor::new("", None),
            target: None,
            version: None,
            loan_request_id: self.access.loan(),
            endpoint: "",
            count: 1,
            scope: None,
            request_id: None,
            control_position: self.place.position,
            origin: "REPLICA",
        }
    }
}

fn text(shown: &Shown<'_>) -> String {
    serde_json::to_string(shown).expect("texts and numbers always serialise")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: String,
    occurred_at: String,
    /// The end of the period; the reads were before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    action: &'a str,
    actor: Actor<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Target<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loan_request_id: Option<&'a str>,
    endpoint: &'a str,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    control_position: u64,
    origin: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Actor<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    /// The person that the client read for.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<Box<Actor<'a>>>,
}

impl<'a> Actor<'a> {
    fn new(reader: &'a str, name: Option<&'a str>) -> Self {
        let (id, account) = reader::split(reader);
        let (display_name, email) = name.map(reader::split_name).unzip();
        let person = account.map(|id| Self { id, kind: "USER", display_name: email.flatten(), on_behalf_of: None });
        Self { id, kind: "API_CLIENT", display_name, on_behalf_of: person.map(Box::new) }
    }
}

#[derive(Serialize)]
struct Target<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
}
