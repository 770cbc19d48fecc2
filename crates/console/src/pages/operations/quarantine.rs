//! `/console/operations/quarantine`: events that could not be accepted, and loans with one that cannot be folded.

use askama::Template;
use axum::response::Response;
use continuity_auth::Session;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::shell::{Shell, fine, under_way, wrong};
use super::{OPERATORS, WATCHERS, is_reason, sees_all_loans};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::orders::{self, Order, sentence};
use crate::pages::loans::{encoded, way};
use crate::reply::{Answer, see_other};
use crate::texts::{Texts, fill};
use crate::visit::{Posted, Visit};
use crate::when::When;
use crate::works::Kind;

pub(crate) const PATH: &str = "/console/operations/quarantine";

/// How many stand on a page.
const MANY: u64 = 50;

#[derive(Template)]
#[template(path = "operations/quarantine.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    trouble: Option<String>,
    /// Those that wait, of the whole list.
    waiting: u64,
    lines: Vec<Line>,
    next: Option<String>,
    parked: Vec<Parked>,
    parked_in_all: u64,
    parked_next: Option<String>,
    /// Whether loans may be named.
    names: bool,
    loan: String,
    reason: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Counts {
    quarantined: u64,
    parked_loans: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Entry {
    position: u64,
    arrived_at: String,
    state: String,
    reason: String,
    loan: String,
    event_type: Option<String>,
    bytes: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Standing {
    loan: String,
    sequence: u64,
    arrived_at: Option<String>,
    event_type: Option<String>,
    position: Option<u64>,
}

struct Line {
    position: u64,
    address: String,
    at: When,
    state: &'static str,
    waits: bool,
    reason: &'static str,
    kind: String,
    loan: String,
    bytes: u64,
}

struct Parked {
    loan: String,
    address: String,
    /// Where it is repaired.
    repair: String,
    sequence: u64,
    position: String,
    kind: String,
    since: Option<When>,
}

fn line(t: &Texts, names: bool, entry: Entry) -> Line {
    let o = t.operations;
    Line {
        address: format!("{PATH}/{}", entry.position),
        at: When::read(t, &entry.arrived_at),
        state: o.quarantine_state(&entry.state),
        waits: entry.state == super::quarantined::OPEN,
        reason: o.rejection(&entry.reason),
        kind: short(entry.event_type.as_deref()),
        loan: if names { entry.loan } else { String::new() },
        position: entry.position,
        bytes: entry.bytes,
    }
}

fn parked(t: &Texts, standing: Standing) -> Parked {
    Parked {
        address: way(&standing.loan, ""),
        repair: format!("{PATH}?loan={}#resync", encoded(&standing.loan)),
        sequence: standing.sequence,
        position: standing.position.map(|position| position.to_string()).unwrap_or_default(),
        kind: short(standing.event_type.as_deref()),
        since: standing.arrived_at.map(|at| When::read(t, &at)),
        loan: standing.loan,
    }
}

/// The end of an event's type, which tells it from others.
pub(super) fn short(kind: Option<&str>) -> String {
    kind.and_then(|kind| kind.rsplit('.').next()).unwrap_or_default().to_owned()
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    let loan = visit.query().get("loan").to_owned();
    Ok(render(&visit, session, [&loan, ""], fine()).await)
}

/// Everything that the page is about.
struct Found {
    counts: Counts,
    entries: Vec<Entry>,
    standing: Vec<Standing>,
}

async fn find(visit: &Visit, session: &Session, names: bool) -> Result<Found, String> {
    let query = visit.query();
    let after = query.get("after").parse().unwrap_or_default();
    let parked_after = query.given("parkedAfter").map(str::to_owned);
    let mut standing = Vec::new();
    if names {
        standing = visit.learn(session, Order::Parked { after: parked_after, limit: MANY + 1 }).await?;
    }
    Ok(Found {
        counts: visit.learn(session, Order::Status).await?,
        entries: visit.learn(session, Order::Quarantined { after, limit: MANY + 1 }).await?,
        standing,
    })
}

/// The first ones, and what the page behind them begins after.
fn cut<T, K>(all: &mut Vec<T>, key: impl Fn(&T) -> K) -> Option<K> {
    let many = usize::try_from(MANY).unwrap_or(usize::MAX);
    let more = all.len() > many;
    all.truncate(many);
    all.last().map(key).filter(|_| more)
}

async fn render(visit: &Visit, session: &Session, [loan, reason]: [&str; 2], wrong: (StatusCode, Faults)) -> Response {
    let t = visit.texts();
    let names = sees_all_loans(&session.account);
    let found = find(visit, session, names).await;
    let trouble = found.as_ref().err().map(|error| sentence(error));
    let mut found =
        found.unwrap_or_else(|_| Found { counts: Counts::default(), entries: Vec::new(), standing: Vec::new() });
    let next = cut(&mut found.entries, |entry| format!("{PATH}?after={}", entry.position));
    let parked_next = cut(&mut found.standing, |one| format!("{PATH}?parkedAfter={}#parked", encoded(&one.loan)));
    let mut shell = Shell::new(visit, session, PATH, wrong);
    if names {
        shell.show(visit, Kind::Resync, t.operations.resync_of, |value| resynced(t, value));
    }
    let page = Page {
        frame: visit.frame(t.operations.quarantine).with_faults(!shell.faults.is_empty()),
        shell,
        trouble,
        waiting: found.counts.quarantined,
        lines: found.entries.into_iter().map(|entry| line(t, names, entry)).collect(),
        next,
        parked: found.standing.into_iter().map(|one| parked(t, one)).collect(),
        parked_in_all: found.counts.parked_loans,
        parked_next,
        names,
        loan: loan.to_owned(),
        reason: reason.to_owned(),
    };
    page.shell.answer(visit, &page)
}

/// What the repair of a loan came to.
fn resynced(t: &Texts, value: &Value) -> (String, bool) {
    let o = t.operations;
    let after = &value["after"];
    let is_whole = after["complete"] == true;
    let last = after["lastSequence"].as_u64().unwrap_or_default().to_string();
    (fill(if is_whole { o.resynced } else { o.resynced_in_part }, &[&last]), is_whole)
}

/// Begins to repair a loan from its newest snapshot.
pub(crate) async fn resync(Posted { visit, fields }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    let (t, loan, reason) = (visit.texts(), fields.get("loan").trim(), fields.get("reason").trim());
    let fault = if loan.is_empty() {
        Some(wrong("loan", t.operations.loan_missing))
    } else if is_reason(reason) {
        None
    } else {
        Some(wrong("reason", t.operations.reason_missing))
    };
    if let Some(fault) = fault {
        return Ok(render(&visit, session, [loan, reason], fault).await);
    }
    if !sees_all_loans(&session.account) {
        return Ok(crate::pages::trouble::not_allowed(&visit));
    }
    let order = Order::SourceResync { loan: loan.to_owned(), reason: reason.to_owned() };
    match visit.console.works.begin(Kind::Resync, loan, &orders::by(session), order) {
        Ok(()) => Ok(see_other(PATH)),
        Err(work) => Ok(render(&visit, session, [loan, reason], under_way(t, &work)).await),
    }
}
