//! `/console/operations`: how the source is, and whether it is read from.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::Response;
use continuity_auth::Session;
use http::StatusCode;
use serde::Deserialize;

use super::shell::{Shell, fine, refused, wrong};
use super::{OPERATORS, PATH, WATCHERS, done, is_reason};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::orders::{Order, sentence};
use crate::prose;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::{Posted, Visit};
use crate::when::When;

#[derive(Template)]
#[template(path = "operations/source.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    /// Why it is not known how the source is.
    trouble: Option<String>,
    source: Source,
    reason: String,
}

/// What is known of it, as the command tells it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Told {
    source: Option<String>,
    pub(super) state: String,
    since: Option<String>,
    cause: Option<String>,
    reason: Option<String>,
    detail: Option<String>,
    way_out: Option<String>,
    head: Option<Head>,
    last_proof_of_life: Option<String>,
    lag_seconds: Option<f64>,
    broken: Option<String>,
    bootstrap_seconds_left: Option<u64>,
    pause: Option<Pause>,
    paused_by: Option<PausedBy>,
    schedule: Option<Schedule>,
    synchronised: bool,
    log_position: u64,
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Head {
    text: String,
    behind: Option<u64>,
    seen_at: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pause {
    detail: String,
    until: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PausedBy {
    actor: String,
    reason: String,
    since: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Schedule {
    text: String,
    next_opening: Option<String>,
}

/// A part of the source: who it is, and how far it was read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    #[serde(rename = "part")]
    pub(super) name: String,
    identity: BTreeMap<String, String>,
    position: String,
    pub(super) divergence: Option<Divergence>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Divergence {
    pub(super) cause: String,
    pub(super) detail: String,
    since: String,
}

/// The same, for people.
#[derive(Default)]
struct Source {
    name: String,
    state: &'static str,
    since: Option<When>,
    why: Vec<String>,
    /// Each part, and whether it is a command.
    way_out: Vec<(String, bool)>,
    head: String,
    head_at: Option<When>,
    behind: String,
    proof: Option<When>,
    lag: String,
    bootstrap: String,
    schedule: String,
    next: Option<When>,
    until: Option<When>,
    /// Who paused it and why, and since when.
    paused: Option<(String, String, When)>,
    synchronised: &'static str,
    position: u64,
    has_diverged: bool,
    parts: Vec<ShownPart>,
}

struct ShownPart {
    name: String,
    position: String,
    facts: Vec<(String, String)>,
    divergence: Option<(String, When)>,
}

fn part(t: &Texts, part: Part) -> ShownPart {
    let divergence = part.divergence.map(|found| {
        let text = format!("{}: {}", found.cause, found.detail);
        (text, When::read(t, &found.since))
    });
    ShownPart { name: part.name, position: part.position, facts: part.identity.into_iter().collect(), divergence }
}

fn shown(t: &Texts, told: Told) -> Source {
    let o = t.operations;
    let when = |text: Option<String>| text.map(|text| When::read(t, &text));
    let said = |text: Option<String>| text.filter(|text| !text.is_empty()).map(|text| sentence(&text));
    let head = told.head.unwrap_or_default();
    let pause = told.pause.unwrap_or_default();
    let schedule = told.schedule.unwrap_or_default();
    let seconds = |lag: f64| fill(o.seconds, &[&format!("{lag:.0}")]);
    let why = [told.broken, told.reason.or(told.cause), told.detail, Some(pause.detail)];
    let mut why: Vec<String> = why.into_iter().filter_map(said).collect();
    why.dedup();
    Source {
        name: told.source.unwrap_or_default(),
        state: o.state(&told.state),
        since: when(told.since),
        why,
        way_out: prose::parts(&said(told.way_out).unwrap_or_default()),
        head: head.text,
        head_at: when(head.seen_at),
        behind: head.behind.map(|behind| behind.to_string()).unwrap_or_default(),
        proof: when(told.last_proof_of_life),
        lag: told.lag_seconds.map_or_else(|| o.not_known.to_owned(), seconds),
        bootstrap: told.bootstrap_seconds_left.map(|left| fill(o.seconds, &[&left.to_string()])).unwrap_or_default(),
        schedule: sentence_or_none(&schedule.text),
        next: when(schedule.next_opening),
        until: when(pause.until),
        paused: told.paused_by.map(|by| (by.actor, by.reason, When::read(t, &by.since))),
        synchronised: if told.synchronised { o.yes } else { o.not_yet },
        position: told.log_position,
        has_diverged: told.parts.iter().any(|part| part.divergence.is_some()),
        parts: told.parts.into_iter().map(|one| part(t, one)).collect(),
    }
}

fn sentence_or_none(text: &str) -> String {
    if text.is_empty() { String::new() } else { sentence(text) }
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    Ok(render(&visit, session, "", fine()).await)
}

async fn render(visit: &Visit, session: &Session, reason: &str, wrong: (StatusCode, Faults)) -> Response {
    let t = visit.texts();
    let told = visit.learn::<Told>(session, Order::SourceStatus).await;
    let (told, trouble) = told.map_or_else(|error| (None, Some(sentence(&error))), |told| (Some(told), None));
    let page = Page {
        frame: visit.frame(t.operations.source).with_faults(!wrong.1.is_empty()),
        shell: Shell::new(visit, session, PATH, wrong),
        trouble,
        source: told.map(|told| shown(t, told)).unwrap_or_default(),
        reason: reason.to_owned(),
    };
    page.shell.answer(visit, &page)
}

pub(crate) async fn pause(posted: Posted) -> Answer {
    because(posted, |reason| Order::SourcePause { reason }, "paused").await
}

pub(crate) async fn resume(posted: Posted) -> Answer {
    because(posted, |reason| Order::SourceResume { reason }, "resumed").await
}

/// Gives an order that stands in the log with its reason.
async fn because(Posted { visit, fields }: Posted, order: fn(String) -> Order, what: &str) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    let reason = fields.get("reason").trim();
    if !is_reason(reason) {
        let missing = wrong("reason", visit.texts().operations.reason_missing);
        return Ok(render(&visit, session, reason, missing).await);
    }
    match visit.give(session, order(reason.to_owned())).await {
        Ok(_) => Ok(done(PATH, what)),
        Err(error) => Ok(render(&visit, session, reason, refused(&error)).await),
    }
}

pub(crate) async fn sync(Posted { visit, .. }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    match visit.give(session, Order::SourceSync).await {
        Ok(_) => Ok(done(PATH, "syncing")),
        Err(error) => Ok(render(&visit, session, "", refused(&error)).await),
    }
}
