//! `/console/operations/quarantine/{position}`: one event that could not be accepted.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use continuity_auth::Session;
use http::StatusCode;
use serde::Deserialize;

use super::quarantine::{PATH, short};
use super::shell::{Shell, fine, refused, wrong};
use super::{OPERATORS, WATCHERS, done, is_reason, raw, reads_everything, sees_all_loans};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::money::figure;
use crate::next;
use crate::orders::{Order, sentence};
use crate::pages::{confirm, trouble};
use crate::reply::Answer;
use crate::texts::fill;
use crate::visit::{Posted, Visit};
use crate::when::When;

/// The state of one that waits.
pub(super) const OPEN: &str = "open";
/// As what a look into one is on record.
const READ_AS: &str = "getQuarantinedEvent";

#[derive(Template)]
#[template(path = "operations/quarantined.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    title: String,
    position: u64,
    state: &'static str,
    waits: bool,
    facts: Vec<(&'static str, String)>,
    at: When,
    /// Its bytes, to whoever may read everything.
    raw: Option<Raw>,
    /// Where a proof of who it is comes first, if it has to.
    proof: Option<String>,
    confirm: String,
    reason: String,
}

struct Raw {
    text: String,
    dump: String,
    /// What is not shown of it, in words.
    cut: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Told {
    arrived_at: String,
    state: String,
    reason: String,
    detail: String,
    loan: String,
    sequence: u64,
    event_id: Option<String>,
    event_type: Option<String>,
    source: String,
    bytes: u64,
    raw: String,
    text: bool,
    hex: String,
}

fn address(position: u64) -> String {
    format!("{PATH}/{position}")
}

pub(crate) async fn show(Path(position): Path<String>, visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    let Ok(position) = position.parse() else { return Ok(trouble::gone(&visit)) };
    Ok(render(&visit, session, position, "", fine()).await)
}

async fn render(
    visit: &Visit,
    session: &Session,
    position: u64,
    reason: &str,
    wrong: (StatusCode, Faults),
) -> Response {
    let t = visit.texts();
    let Ok(told) = visit.learn::<Told>(session, Order::QuarantinedOne { position }).await else {
        return trouble::gone(visit);
    };
    let title = fill(t.operations.quarantined, &[&position.to_string()]);
    let page = Page {
        frame: visit.frame(title.clone()).with_faults(!wrong.1.is_empty()),
        shell: Shell::new(visit, session, PATH, wrong),
        title,
        position,
        state: t.operations.quarantine_state(&told.state),
        waits: told.state == OPEN,
        at: When::read(t, &told.arrived_at),
        raw: looked_into(visit, session, &told),
        facts: facts(visit, session, told),
        proof: (!visit.console.auth.is_proved(session)).then(|| next::with(confirm::PATH, Some(&address(position)))),
        confirm: fill(t.operations.type_the_position, &[&position.to_string()]),
        reason: reason.to_owned(),
    };
    page.shell.answer(visit, &page)
}

fn facts(visit: &Visit, session: &Session, told: Told) -> Vec<(&'static str, String)> {
    let o = visit.texts().operations;
    let names = sees_all_loans(&session.account);
    let mut facts = vec![
        (o.why, o.rejection(&told.reason).to_owned()),
        (o.code, told.reason),
        (o.event, short(told.event_type.as_deref())),
        (o.event_id, told.event_id.unwrap_or_default()),
        (o.from_where, told.source),
        (o.bytes, figure(visit.texts(), told.bytes)),
    ];
    if names {
        facts.insert(1, (o.detail, sentence(&told.detail)));
        facts.push((o.loan, told.loan));
        facts.push((o.sequence, Some(told.sequence).filter(|at| *at > 0).map(|at| at.to_string()).unwrap_or_default()));
    }
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// Its bytes may hold anything: only who may read everything sees them, and that is on record.
fn looked_into(visit: &Visit, session: &Session, told: &Told) -> Option<Raw> {
    if !reads_everything(&session.account) {
        return None;
    }
    let loan = Some(told.loan.as_str()).filter(|loan| !loan.is_empty());
    let reader = session.reader();
    visit.console.auth.count_read(reader.reader(), loan, READ_AS);
    let (text, is_whole) = raw::text(&told.raw);
    let (dump, shown) = raw::dump(&told.hex);
    let is_whole = is_whole && told.text || shown as u64 == told.bytes;
    let cut = fill(visit.texts().operations.raw_cut, &[&figure(visit.texts(), told.bytes)]);
    Some(Raw { text, dump, cut: (!is_whole).then_some(cut) })
}

pub(crate) async fn retry(Path(position): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    let Ok(position) = position.parse() else { return Ok(trouble::gone(&visit)) };
    let reason = fields.get("reason").trim();
    if !is_reason(reason) {
        let missing = wrong("reason", visit.texts().operations.reason_missing);
        return Ok(render(&visit, session, position, reason, missing).await);
    }
    match visit.give(session, Order::QuarantineRetry { position, reason: reason.to_owned() }).await {
        Ok(told) => Ok(done(&address(position), if told["known"] == true { "known" } else { "taken" })),
        Err(error) => Ok(render(&visit, session, position, reason, refused(&error)).await),
    }
}

/// Lets it rest, once its position was typed.
pub(crate) async fn dismiss(Path(position): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let Ok(position) = position.parse() else {
        visit.with_role(OPERATORS)?;
        return Ok(trouble::gone(&visit));
    };
    let session = visit.proved_with_role(OPERATORS, &address(position))?;
    let (o, reason) = (visit.texts().operations, fields.get("reason").trim());
    let is_typed = fields.get("confirm").trim() == position.to_string();
    let fault = match (is_reason(reason), is_typed) {
        (false, _) => Some(wrong("reason", o.reason_missing)),
        (true, false) => Some(wrong("confirm", o.not_typed)),
        (true, true) => None,
    };
    if let Some(fault) = fault {
        return Ok(render(&visit, session, position, reason, fault).await);
    }
    match visit.give(session, Order::QuarantineDismiss { position, reason: reason.to_owned() }).await {
        Ok(_) => Ok(done(&address(position), "dismissed")),
        Err(error) => Ok(render(&visit, session, position, reason, refused(&error)).await),
    }
}
