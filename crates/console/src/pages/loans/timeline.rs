//! `/console/loans/{id}/timeline`: what happened to a loan, and who read it.

use askama::Template;
use axum::extract::Path;

use super::listed::{Filter, Way, list};
use super::shell::{Opened, Shell};
use super::words::{self, Line, spoken};
use crate::frame::Frame;
use crate::json::Node;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

const TAB: &str = "timeline";
const MANY: &str = "50";
/// The lines of one value that changed, at most.
const LINES: usize = 40;

#[derive(Template)]
#[template(path = "loans/timeline.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    entries: Vec<Entry>,
    way: Way,
}

struct Entry {
    at: Option<When>,
    who: String,
    role: String,
    what: String,
    /// The word of the platform, or what was asked of this replica.
    code: String,
    times: String,
    target: String,
    is_replica: bool,
    reason: String,
    changes: Vec<Change>,
}

/// Something that changed: its name, what it was and what it is.
struct Change {
    field: String,
    from: Vec<Line>,
    to: Vec<Line>,
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let t = visit.texts();
    let p = t.parts;
    let filters = vec![
        Filter::new(&visit, "action", p.action),
        Filter::new(&visit, "actorId", p.actor),
        Filter::new(&visit, "targetType", p.target),
        Filter::new(&visit, "from", p.since),
        Filter::new(&visit, "to", p.until),
    ];
    let listed = list(&mut opened, (&visit, TAB, "/audit-log"), filters, MANY).await?;
    let entries = listed.entries.iter().map(|node| entry(t, node)).collect();
    let frame = visit.frame(format!("{} · {}", p.timeline, opened.shell.reference));
    Ok(visit.page(&Page { frame, entries, way: listed.way, shell: opened.shell }))
}

fn entry(t: &Texts, node: &Node) -> Entry {
    let (target, count) = (node.at("target"), node.at("count"));
    let until = words::when(t, node.at("until")).map(|when| when.shown).unwrap_or_default();
    let label = if target.at("label").raw().is_empty() { target.text("id") } else { target.text("label") };
    let kind = spoken(target.at("type").raw());
    let endpoint = node.text("endpoint");
    Entry {
        at: words::when(t, node.at("occurredAt")),
        who: Some(words::who(node.at("actor"))).filter(|who| !who.is_empty()).unwrap_or(t.parts.nobody.into()),
        role: spoken(node.at("actor").at(if node.at("actor").at("role").is_nothing() { "type" } else { "role" }).raw()),
        what: spoken(node.at("action").raw()),
        code: if endpoint.is_empty() { node.text("action") } else { endpoint },
        times: if count.is_nothing() { String::new() } else { fill(t.parts.times, &[&node.text("count"), &until]) },
        target: [kind, label].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": "),
        is_replica: node.at("origin").raw() == "REPLICA",
        reason: node.text("reason"),
        changes: node.at("changes").list().iter().map(change).collect(),
    }
}

fn change(node: &Node) -> Change {
    let shown = |member: &str| match node.at(member) {
        Node::Nothing => Vec::new(),
        value => words::lines("", value, LINES),
    };
    Change { field: node.text("field"), from: shown("from"), to: shown("to") }
}
