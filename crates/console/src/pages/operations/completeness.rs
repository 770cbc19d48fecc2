//! `/console/operations/completeness`: whether everything is here, and what is missing, by name.

use askama::Template;
use axum::response::Response;
use continuity_auth::Session;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::shell::{Shell, fine, under_way};
use super::{OPERATORS, WATCHERS};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::orders::{self, Order, read, sentence};
use crate::pages::loans::{encoded, way};
use crate::reply::{Answer, see_other};
use crate::texts::{Texts, fill};
use crate::visit::{Posted, Visit};
use crate::when::When;
use crate::works::Kind;

pub(crate) const PATH: &str = "/console/operations/completeness";

/// How many entries stand on a page.
const MANY: u64 = 50;

#[derive(Template)]
#[template(path = "operations/completeness.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    /// Why the report is not shown.
    trouble: Option<String>,
    /// When the newest event happened that is in it, and its log position.
    as_of: Option<When>,
    position: String,
    report: Report,
    next: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    status: String,
    counts: Counts,
    results: Vec<Value>,
    incomplete: Vec<Incomplete>,
    purged: Vec<Purged>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
struct Counts {
    results: u64,
    waiting: u64,
    incomplete: u64,
    purged: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Incomplete {
    loan_request_id: String,
    missing: Vec<Range>,
    parked_at: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Range {
    from: String,
    to: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Purged {
    loan_request_id: String,
    last_sequence: String,
}

/// What a manifest showed.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Evaluated {
    result: String,
    as_of: Option<String>,
    #[serde(rename = "evaluatedAt")]
    at: Option<String>,
    loan_requests: u64,
    events: u64,
    loans_missing: u64,
    events_missing: u64,
    loans_unlisted: u64,
    loans_ahead: u64,
    missing: Vec<Lacking>,
    note: String,
}

/// A loan that a manifest lists, and what of it is missing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Lacking {
    loan_request_id: String,
    ranges: Vec<Range>,
}

/// The report, for people.
#[derive(Default)]
struct Report {
    status: &'static str,
    is_whole: bool,
    counts: Counts,
    results: Vec<Line>,
    incomplete: Vec<Missing>,
    purged: Vec<(String, String)>,
}

struct Line {
    result: &'static str,
    is_whole: bool,
    as_of: Option<When>,
    at: Option<When>,
    figures: String,
    missing: Vec<Missing>,
    note: String,
}

/// A loan that lacks something.
struct Missing {
    loan: String,
    address: String,
    ranges: String,
    parked: Option<String>,
}

fn missing(t: &Texts, loan: String, gaps: &[Range], parked: Option<String>) -> Missing {
    let range = |range: &Range| {
        if range.from == range.to { range.from.clone() } else { format!("{}–{}", range.from, range.to) }
    };
    Missing {
        address: way(&loan, ""),
        ranges: gaps.iter().map(range).collect::<Vec<_>>().join(", "),
        parked: parked.map(|at| fill(t.operations.parked_at, &[&at])),
        loan,
    }
}

fn line(t: &Texts, value: Value) -> Option<Line> {
    let o = t.operations;
    let one: Evaluated = read(value)?;
    let figures =
        [one.loan_requests, one.events, one.loans_missing, one.events_missing, one.loans_unlisted, one.loans_ahead];
    let figures = figures.map(|figure| figure.to_string());
    Some(Line {
        result: o.result(&one.result),
        is_whole: one.result == COMPLETE,
        as_of: one.as_of.map(|at| When::read(t, &at)),
        at: one.at.map(|at| When::read(t, &at)),
        figures: fill(o.figures, &figures.each_ref().map(String::as_str)),
        missing: one.missing.into_iter().map(|loan| missing(t, loan.loan_request_id, &loan.ranges, None)).collect(),
        note: one.note,
    })
}

/// The word for a manifest of which everything is here.
const COMPLETE: &str = "complete";

fn report(t: &Texts, told: Told) -> Report {
    let incomplete = |loan: Incomplete| missing(t, loan.loan_request_id, &loan.missing, loan.parked_at);
    Report {
        status: t.operations.result(&told.status),
        is_whole: told.status == COMPLETE,
        counts: told.counts,
        results: told.results.into_iter().filter_map(|one| line(t, one)).collect(),
        incomplete: told.incomplete.into_iter().map(incomplete).collect(),
        purged: told.purged.into_iter().map(|loan| (loan.loan_request_id, loan.last_sequence)).collect(),
    }
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    Ok(render(&visit, session, fine()).await)
}

async fn render(visit: &Visit, session: &Session, wrong: (StatusCode, Faults)) -> Response {
    let t = visit.texts();
    let cursor = visit.query().given("cursor").map(encoded);
    let cursor = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
    let told = visit.told(session, &format!("/api/v1/replica/completeness?limit={MANY}{cursor}")).await;
    let mut page = Page {
        frame: visit.frame(t.operations.completeness).with_faults(!wrong.1.is_empty()),
        shell: Shell::new(visit, session, PATH, wrong),
        trouble: None,
        as_of: None,
        position: String::new(),
        report: Report::default(),
        next: None,
    };
    page.shell.show(visit, Kind::Evaluate, t.operations.evaluation, |value| evaluated(t, value));
    match told {
        Ok(told) => {
            let as_of = Some(told.header("x-replica-as-of")).filter(|text| !text.is_empty());
            page.as_of = as_of.map(|text| When::read(t, text));
            told.header("x-replica-position").clone_into(&mut page.position);
            let next = Some(told.header("x-next-cursor")).filter(|cursor| !cursor.is_empty());
            page.next = next.map(|cursor| format!("{PATH}?cursor={}", encoded(cursor)));
            match read(told.value()) {
                Some(told) => page.report = report(t, told),
                None => page.trouble = Some(t.failed_text.to_owned()),
            }
        }
        Err(refused) if refused.detail.is_empty() => page.trouble = Some(t.failed_text.to_owned()),
        Err(refused) => page.trouble = Some(refused.detail),
    }
    page.shell.answer(visit, &page)
}

/// What an evaluation came to.
fn evaluated(t: &Texts, value: &Value) -> (String, bool) {
    let line = line(t, value.clone());
    line.map_or_else(
        || (t.failed_text.to_owned(), false),
        |line| (sentence(&format!("{}: {}", line.result, line.figures)), line.is_whole),
    )
}

/// The newest manifest is evaluated once more.
pub(crate) async fn evaluate(Posted { visit, .. }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    let begun = visit.console.works.begin(Kind::Evaluate, "", &orders::by(session), Order::EvaluateCompleteness);
    match begun {
        Ok(()) => Ok(see_other(PATH)),
        Err(work) => Ok(render(&visit, session, under_way(visit.texts(), &work)).await),
    }
}
