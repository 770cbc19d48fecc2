//! One entry: what it says and where it stands (event contract, section 3).

use std::borrow::Cow;

use continuity_events::{Change, Form, json};
use continuity_readmodel::{AppendedEvent, KeyReader};

use super::block::{Packed, Source};
use super::sort_key;

/// Members of an after-image that can name it for people, best first.
const LABELS: [&str; 4] = ["name", "title", "reference", "fileName"];

/// An actor nested deeper is served as text.
const MAX_ACTOR_DEPTH: usize = 64;

/// An entry to be stored.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) source: Source,
    /// [`sort_key`].
    pub(super) key: Vec<u8>,
    pub(super) id: String,
    pub(super) json: String,
}

impl Entry {
    /// The entry of an event, whatever its entity and name.
    pub(super) fn derived(event: &AppendedEvent<'_>) -> Self {
        let envelope = event.event;
        let mut json = String::with_capacity(512);
        push_text(&mut json, "id", &envelope.id);
        push_text(&mut json, "sequence", &event.sequence.to_string());
        push_text(&mut json, "occurredAt", &envelope.time);
        push_text(&mut json, "action", &upper_snake(envelope.name()));
        if let Some(actor) = &envelope.actor {
            push(&mut json, "actor", &actor_json(actor));
        }
        match event.change {
            Some(change) => push_change(&mut json, change),
            None => push_data(&mut json, &envelope.data),
        }
        push_text(&mut json, "origin", "CLOUD");
        json.push('}');
        let key = sort_key(&envelope.time, event.sequence, &envelope.id);
        Self { source: Source::Event, key, id: envelope.id.clone(), json }
    }

    /// The entry that `AuditEntryRecorded` brings: its after-image as it is, ordered by its own `occurredAt`.
    pub(super) fn recorded(entity_id: &str, after: &str, sequence: u64) -> Self {
        Self::given(Source::Recorded, entity_id, after, Some(sequence))
    }

    /// An entry that a snapshot lists.
    pub(super) fn of_snapshot(entity_id: &str, after: &str) -> Self {
        Self::given(Source::Snapshot, entity_id, after, None)
    }

    fn given(source: Source, entity_id: &str, after: &str, sequence: Option<u64>) -> Self {
        let text = |name| json::member(after, name).and_then(json::text);
        let id = text("id").unwrap_or(Cow::Borrowed(entity_id)).into_owned();
        let own = || text("sequence").or_else(|| json::member(after, "sequence").map(Cow::Borrowed));
        let sequence = sequence.or_else(|| own()?.parse().ok()).unwrap_or(0);
        let key = sort_key(&text("occurredAt").unwrap_or_default(), sequence, &id);
        Self { source, key, id, json: after.to_owned() }
    }

    pub(super) fn packed(&self) -> Packed<'_> {
        Packed { source: self.source, key: &self.key, json: self.json.as_bytes() }
    }
}

/// The sequence within an entry's key; 0 when the entry told none.
pub(super) fn sequence_of(key: &[u8]) -> u64 {
    let mut reader = KeyReader::new(key);
    reader.bytes().and_then(|_| reader.u64()).unwrap_or_default()
}

/// `target`, `changes` and `reason` of one change.
fn push_change(json: &mut String, change: &Change<'_>) {
    let label = match change.form {
        Form::After(after) => label(after),
        Form::Gone | Form::Patch { .. } => None,
    };
    push(json, "target", &target(Some(&change.entity), Some(&change.id), label));
    if let Some(changes) = change.changes {
        push(json, "changes", changes.get());
    }
    if let Some(reason) = &change.reason {
        push_text(json, "reason", reason);
    }
}

/// The same of data that is not one change, such as an erasure's.
fn push_data(json: &mut String, data: &str) {
    let raw = |name| json::member(data, name).filter(|raw| *raw != "null");
    let text = |name| raw(name).and_then(json::text);
    push(json, "target", &target(text("entity").as_deref(), text("id").as_deref(), None));
    if let Some(changes) = raw("changes") {
        push(json, "changes", changes);
    }
    if let Some(reason) = text("reason") {
        push_text(json, "reason", &reason);
    }
}

/// `label` is a raw JSON string.
fn target(entity: Option<&str>, id: Option<&str>, label: Option<&str>) -> String {
    let mut json = String::with_capacity(128);
    if let Some(entity) = entity {
        push_text(&mut json, "type", &upper_snake(entity));
    }
    if let Some(id) = id {
        push_text(&mut json, "id", id);
    }
    if let Some(label) = label {
        push(&mut json, "label", label);
    }
    json.push_str(if json.is_empty() { "{}" } else { "}" });
    json
}

/// The raw JSON string that names the entity for people.
fn label(after: &str) -> Option<&str> {
    let members = json::members(after).ok()?;
    let named = |label: &str| members.iter().find(|(name, raw)| name == label && raw.starts_with('"'));
    LABELS.into_iter().find_map(named).map(|(_, raw)| *raw)
}

/// The `actor` attribute: a JSON object as it is, anything else by its text.
fn actor_json(actor: &str) -> Cow<'_, str> {
    if actor.trim_start().starts_with('{') && json::check(actor, MAX_ACTOR_DEPTH).is_ok() {
        return Cow::Borrowed(actor.trim());
    }
    let mut json = String::new();
    push_text(&mut json, "id", actor);
    push_text(&mut json, "type", "UNKNOWN");
    json.push('}');
    Cow::Owned(json)
}

/// `TaskAssigned` and `taskItem` as `TASK_ASSIGNED` and `TASK_ITEM`; `HTTPCallMade` as `HTTP_CALL_MADE`.
fn upper_snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 8);
    let mut characters = name.chars().peekable();
    let mut previous = '_';
    while let Some(character) = characters.next() {
        let next_is_lower = characters.peek().is_some_and(|next| next.is_lowercase());
        let begins_word =
            previous.is_lowercase() || previous.is_numeric() || (previous.is_uppercase() && next_is_lower);
        if character.is_uppercase() && begins_word {
            snake.push('_');
        }
        if character.is_alphanumeric() {
            snake.extend(character.to_uppercase());
        } else {
            snake.push('_');
        }
        previous = character;
    }
    snake
}

/// Appends a member to an object that is still open.
pub(super) fn push(object: &mut String, name: &str, raw: &str) {
    begin_member(object, name);
    object.push_str(raw);
}

fn push_text(object: &mut String, name: &str, text: &str) {
    begin_member(object, name);
    json::push_string(object, text);
}

fn begin_member(object: &mut String, name: &str) {
    object.push(if object.is_empty() { '{' } else { ',' });
    object.push('"');
    object.push_str(name);
    object.push_str("\":");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_upper_snake() {
        let cases = [
            ("TaskAssigned", "TASK_ASSIGNED"),
            ("taskItem", "TASK_ITEM"),
            ("loanRequest", "LOAN_REQUEST"),
            ("HTTPCallMade", "HTTP_CALL_MADE"),
            ("PhaseA2Done", "PHASE_A2_DONE"),
            ("credit-check.run", "CREDIT_CHECK_RUN"),
            ("ALREADY_SNAKE", "ALREADY_SNAKE"),
            ("ÄußerungGetan", "ÄUSSERUNG_GETAN"),
            ("", ""),
        ];
        for (name, expected) in cases {
            assert_eq!(upper_snake(name), expected, "{name}");
        }
    }

    #[test]
    fn actors_are_objects() {
        let cases = [
            (r#"{"id":"u1","type":"USER","n":1.50}"#, r#"{"id":"u1","type":"USER","n":1.50}"#),
            ("u1", r#"{"id":"u1","type":"UNKNOWN"}"#),
            (r#""u1""#, r#"{"id":"\"u1\"","type":"UNKNOWN"}"#),
            ("[1]", r#"{"id":"[1]","type":"UNKNOWN"}"#),
            (r#"{"id":"\ud800"}"#, r#"{"id":"{\"id\":\"\\ud800\"}","type":"UNKNOWN"}"#),
            ("", r#"{"id":"","type":"UNKNOWN"}"#),
        ];
        for (actor, expected) in cases {
            assert_eq!(actor_json(actor), expected, "{actor}");
        }
    }

    #[test]
    fn labels_are_names_titles_references_or_file_names() {
        assert_eq!(label(r#"{"reference":"R","name":"N"}"#), Some("\"N\""));
        assert_eq!(label(r#"{"fileName":"f\u0041","title":null}"#), Some("\"f\\u0041\""));
        assert_eq!(label(r#"{"name":7,"id":"x"}"#), None);
    }
}
