//! The simulator's history with hostile texts wherever the contract asks for no certain form.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use continuity_base::Timestamp;
use continuity_simulator::{Options, Simulator};
use continuity_tests::harness::Failure;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::texts;

/// 2026-01-05T08:00:00Z.
const START: Timestamp = Timestamp::from_micros(1_767_600_000_000_000);
/// Members that keep their meaning only as they are: what is changed and how, how bytes come, and what limits go by.
const KEPT: [&str; 12] = [
    "entity",
    "kind",
    "currency",
    "base64",
    "bucket",
    "key",
    "url",
    "blobId",
    "sha256",
    "mediaType",
    "required",
    "fetch",
];

/// The lines of a feed of so many loans.
pub(super) fn lines(loans: u64) -> Result<Vec<String>, Failure> {
    let mut hostile = Hostile { texts: texts::all(), next: 0 };
    let mut simulator = Simulator::new(Options { snapshots: true, ..Options::new(7, START, loans) });
    simulator.history().map(|emitted| hostile.line(&emitted.line)).collect()
}

struct Hostile {
    texts: Vec<String>,
    next: usize,
}

impl Hostile {
    /// One text after the other, so that all of them get everywhere.
    fn text(&mut self) -> String {
        self.next += 1;
        self.texts[self.next % self.texts.len()].clone()
    }

    fn line(&mut self, line: &str) -> Result<String, Failure> {
        let mut event: Value = serde_json::from_str(line)?;
        let envelope = event.as_object_mut().ok_or("an event is an object")?;
        for (name, value) in envelope.iter_mut() {
            match (name.as_str(), &value) {
                ("id" | "partitionkey", Value::String(id)) => *value = with_tail(id).into(),
                ("subject", Value::String(subject)) => {
                    let loan = subject.strip_prefix("loan-requests/").ok_or("no subject")?;
                    *value = format!("loan-requests/{}", with_tail(loan)).into();
                }
                ("actor", Value::String(actor)) => {
                    // JSON in a text, if all is as it should be; else it is shown as it stands.
                    let mut inner = serde_json::from_str(actor).unwrap_or_else(|_| Value::String(actor.clone()));
                    self.value("actor", &mut inner);
                    *value = inner.as_str().map_or_else(|| inner.to_string(), str::to_owned).into();
                }
                ("data", _) => self.value("data", value),
                _ => {}
            }
        }
        Ok(event.to_string())
    }

    fn value(&mut self, name: &str, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.replaced(name, text),
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.value(name, element)),
            Value::Object(members) => self.object(name, members),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn object(&mut self, name: &str, members: &mut Map<String, Value>) {
        if let Some(Value::String(digest)) = members.get("sha256") {
            let digest = digest.clone();
            other_bytes(&digest, members);
        }
        for (name, value) in members.iter_mut() {
            self.value(name, value);
        }
        // Names of members are shown too, where there are no words for them.
        if ["after", "formData", "result", "extra"].contains(&name) {
            members.insert(self.text(), self.text().into());
        }
    }

    fn replaced(&mut self, name: &str, text: &str) -> String {
        let is_id = ["id", "loanRequest"].contains(&name) || name.ends_with("Id") || name.ends_with("Ids");
        if KEPT.contains(&name) || is_formal(text) {
            return text.to_owned();
        }
        if is_id {
            return with_tail(text);
        }
        // Of the words of the vocabulary (of JSON Schema in forms, too), most have to stay, or nothing has a meaning.
        let is_word = |text: &str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        if (is_word(text) && !self.next.is_multiple_of(8))
            || (name == "type" && text.bytes().all(|b| b.is_ascii_lowercase()))
        {
            self.next += 1;
            return text.to_owned();
        }
        self.text()
    }
}

/// A time, a date, an amount, or nothing: what something is known to be by its form.
fn is_formal(text: &str) -> bool {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b".-+".contains(&byte));
    let is_date =
        text.len() >= 10 && text.is_char_boundary(10) && text[..10].bytes().all(|b| b.is_ascii_digit() || b == b'-');
    is_number || is_date
}

fn sum(text: &str) -> usize {
    text.bytes().map(usize::from).sum()
}

/// The same id wherever it stands; one in four has a tail that runs if it may.
fn with_tail(id: &str) -> String {
    let sum = sum(id);
    if sum % 4 == 1 { format!("{id}{}", texts::OF_IDS[sum % texts::OF_IDS.len()]) } else { id.to_owned() }
}

/// Every second file has other bytes: the same wherever it is told of.
fn other_bytes(digest: &str, members: &mut Map<String, Value>) {
    if sum(digest).is_multiple_of(2) {
        return;
    }
    let (kind, text) = texts::file(digest);
    members.insert("sha256".to_owned(), hex::encode(Sha256::digest(&text)).into());
    for (name, value) in [("sizeBytes", text.len().into()), ("mediaType", kind.into())] {
        if members.contains_key(name) {
            members.insert(name.to_owned(), value);
        }
    }
    if let Some(bytes) = members.get_mut("fetch").and_then(|fetch| fetch.get_mut("base64")) {
        *bytes = STANDARD.encode(text).into();
    }
}
