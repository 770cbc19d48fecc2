//! `/console/loans/{id}/analysis`: what the platform calculated of a loan.

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

const TAB: &str = "analysis";
const MANY: &str = "20";
const TYPES: [&str; 6] = ["AFFORDABILITY", "CREDIT", "COLLATERAL", "COMPLIANCE", "AUTOMATED_ASSESSMENT", "CUSTOM"];
const SCOPES: [&str; 2] = ["LOAN_REQUEST", "PARTICIPANT"];
/// The lines of one part of an analysis, at most.
const LINES: usize = 200;

#[derive(Template)]
#[template(path = "loans/analysis.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    analyses: Vec<Analysis>,
    way: Way,
}

/// An analysis, as it is shown; also in a dossier.
pub(crate) struct Analysis {
    pub(crate) kind: String,
    pub(crate) scope: String,
    pub(crate) participant: String,
    pub(crate) status: String,
    pub(crate) outcome: String,
    pub(crate) is_good: bool,
    pub(crate) run: Option<When>,
    pub(crate) overridden: Option<String>,
    /// Formula, inputs, result, thresholds and error, by their names.
    pub(crate) parts: Vec<(&'static str, Vec<Line>)>,
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let t = visit.texts();
    let filters = vec![
        Filter::new(&visit, "type", t.parts.kind).any(&TYPES),
        Filter::new(&visit, "scope", t.parts.scope).any(&SCOPES),
        Filter::new(&visit, "status", t.parts.status),
        Filter::new(&visit, "participantId", t.parts.participant),
    ];
    let listed = list(&mut opened, (&visit, TAB, "/analysis"), filters, MANY).await?;
    let analyses = listed.entries.iter().map(|node| analysis(t, node)).collect();
    let frame = visit.frame(format!("{} · {}", t.parts.analysis, opened.shell.reference));
    Ok(visit.page(&Page { frame, analyses, way: listed.way, shell: opened.shell }))
}

/// An analysis, as it is shown.
pub(crate) fn analysis(t: &Texts, node: &Node) -> Analysis {
    let p = t.parts;
    let names = [
        ("result", p.result),
        ("thresholds", p.thresholds),
        ("formula", p.formula),
        ("inputs", p.inputs),
        ("error", p.error),
    ];
    let parts = names.into_iter().filter(|(member, _)| !node.at(member).is_nothing());
    let by = node.at("overriddenBy");
    let outcome = node.at("outcome").raw();
    Analysis {
        kind: spoken(node.at("type").raw()),
        scope: spoken(node.at("scope").raw()),
        participant: node.text("participantId"),
        status: spoken(node.at("status").raw()),
        outcome: spoken(outcome),
        is_good: outcome == "PASS",
        run: words::when(t, node.at("runAt")),
        overridden: (!by.is_nothing()).then(|| fill(p.overridden, &[&words::who(by)])),
        parts: parts.map(|(member, name)| (name, words::lines("", node.at(member), LINES))).collect(),
    }
}
