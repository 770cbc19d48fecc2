//! The default orders of contract section 3.

use std::cmp::{Ordering, Reverse};

use crate::instant;
use crate::json::Json;

enum By {
    Time(&'static str),
    Number(&'static str),
    Text(&'static str),
}

#[derive(PartialEq, PartialOrd)]
enum SortKey {
    Missing,
    Time(instant::Instant),
    Number(f64),
    Text(String),
}

fn order_of(entity: &str) -> (Vec<By>, bool) {
    let (by, descending) = match entity {
        "loanRequest" | "guild" | "channel" | "comment" => (vec![By::Time("createdAt")], entity == "loanRequest"),
        "bidRequest" => (vec![By::Time("requestedAt")], true),
        "bidQuote" => (vec![By::Number("revision")], false),
        "task" => (vec![By::Time("assignedAt")], false),
        "taskItem" => (vec![By::Time("uploadedAt")], false),
        "analysis" => (vec![By::Time("runAt")], true),
        "space" => (vec![By::Number("order"), By::Text("name")], false),
        "document" => (vec![By::Time("uploadedAt")], true),
        "message" => (vec![By::Number("seq")], false),
        "view" => (vec![By::Number("order")], false),
        "worksheet" => (vec![By::Time("updatedAt")], true),
        _ => (vec![], false),
    };
    (by, descending)
}

fn key(by: &By, value: &Json) -> SortKey {
    match by {
        By::Time(member) => value.text(member).and_then(instant::parse).map_or(SortKey::Missing, SortKey::Time),
        By::Text(member) => value.text(member).map_or(SortKey::Missing, |text| SortKey::Text(text.to_owned())),
        By::Number(member) => match value.get(member) {
            Some(Json::Number(literal) | Json::Text(literal)) => {
                literal.parse().map_or(SortKey::Missing, SortKey::Number)
            }
            _ => SortKey::Missing,
        },
    }
}

/// The values in the entity's default order; ties by id in the same direction, missing members lowest.
pub(super) fn sorted(entity: &str, rows: Vec<(String, Json)>) -> Vec<Json> {
    let (by, descending) = order_of(entity);
    let mut keyed: Vec<(Vec<SortKey>, String, Json)> =
        rows.into_iter().map(|(id, row)| (by.iter().map(|by| key(by, &row)).collect(), id, row)).collect();
    keyed.sort_by(|a, b| a.0.partial_cmp(&b.0).unwrap_or(Ordering::Equal).then_with(|| a.1.cmp(&b.1)));
    if descending {
        keyed.reverse();
    }
    keyed.into_iter().map(|(_, _, row)| row).collect()
}

/// Audit entries, newest first: `occurredAt`, then sequence, then id, all descending.
pub(super) fn newest_first(mut entries: Vec<(u64, Json)>) -> Vec<Json> {
    entries.sort_by_cached_key(|(sequence, entry)| {
        let at = entry.text("occurredAt").and_then(instant::parse);
        Reverse((at, *sequence, entry.text("id").map(str::to_owned)))
    });
    entries.into_iter().map(|(_, entry)| entry).collect()
}
