//! The audit log of a loan, derived from its events (contract section 3).

use std::collections::BTreeMap;

use super::received::Event;
use super::{Folded, order};
use crate::json::Json;

/// All entries, newest first; access records of a replica are not among them.
pub(super) fn entries(folded: &Folded<'_>) -> Vec<Json> {
    let mut entries: BTreeMap<String, (u64, Json)> = BTreeMap::new();
    if let Some((_, data)) = &folded.loan.base {
        for listed in data.get("entities").map_or(&[][..], Json::elements) {
            if let (Some("auditEntry"), Some(after)) = (listed.text("entity"), listed.get("after")) {
                let sequence = after.text("sequence").and_then(|text| text.parse().ok()).unwrap_or(0);
                entries.insert(after.text("id").unwrap_or_default().to_owned(), (sequence, after.clone()));
            }
        }
    }
    for (&sequence, event) in folded.loan.events.range(..=folded.loan.last(folded.gaps)) {
        let entry = entry(sequence, event);
        entries.insert(entry.text("id").unwrap_or_default().to_owned(), (sequence, entry));
    }
    order::newest_first(entries.into_values().collect())
}

fn entry(sequence: u64, event: &Event) -> Json {
    let data = &event.data;
    let kind = data.text("entity").unwrap_or_default();
    let after = data.get("after").filter(|after| **after != Json::Null);
    if let ("auditEntry", Some(after)) = (kind, after) {
        return after.clone();
    }
    let mut target = Json::object([("type", Json::string(upper_snake(kind)))]);
    if let Some(id) = data.get("id") {
        target = target.with("id", id.clone());
    }
    let label = after.and_then(|after| ["name", "title", "reference", "fileName"].iter().find_map(|m| after.text(m)));
    if let Some(label) = label {
        target = target.with("label", Json::string(label));
    }
    let mut entry = Json::object([
        ("id", Json::string(&event.id)),
        ("sequence", Json::string(sequence.to_string())),
        ("occurredAt", Json::string(&event.time)),
        ("action", Json::string(upper_snake(&event.name))),
    ]);
    if let Some(actor) = &event.actor {
        entry = entry.with("actor", served_actor(actor));
    }
    entry = entry.with("target", target);
    for member in ["changes", "reason"] {
        if let Some(value) = data.get(member) {
            entry = entry.with(member, value.clone());
        }
    }
    entry.with("origin", Json::string("CLOUD"))
}

fn served_actor(text: &str) -> Json {
    match Json::parse(text) {
        Ok(actor @ Json::Object(_)) => actor,
        _ => Json::object([("id", Json::string(text)), ("type", Json::string("UNKNOWN"))]),
    }
}

fn upper_snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}
