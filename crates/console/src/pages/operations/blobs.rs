//! `/console/operations/blobs`: the bytes of documents and attachments.

use askama::Template;
use axum::response::Response;
use continuity_auth::Session;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::shell::{Shell, fine, refused, under_way, wrong};
use super::{OPERATORS, WATCHERS, done};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::money::figure;
use crate::orders::{self, Order, read, sentence};
use crate::pages::loans::way;
use crate::reply::{Answer, see_other};
use crate::texts::{Texts, fill};
use crate::visit::{Posted, Visit};
use crate::when::When;
use crate::works::Kind;

pub(crate) const PATH: &str = "/console/operations/blobs";

/// How many in trouble are named.
const MANY: u64 = 100;

#[derive(Template)]
#[template(path = "operations/blobs.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    trouble: Option<String>,
    amounts: Vec<(&'static str, String)>,
    oldest: Option<When>,
    failing: Option<String>,
    troubled: Vec<Line>,
    scrub: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Told {
    pending: Amount,
    available: Amount,
    failed: Amount,
    damaged: Amount,
    stuck: u64,
    oldest_pending_at: Option<String>,
    failing: Option<String>,
    troubled: Vec<Troubled>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Amount {
    count: u64,
    bytes: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Troubled {
    sha256: String,
    state: String,
    reason: String,
    loan_request_ids: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Configured {
    schedules: Schedules,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Schedules {
    scrub_days: u64,
}

struct Line {
    sha256: String,
    state: String,
    reason: String,
    /// Its loans: where they are, and their ids.
    loans: Vec<(String, String)>,
}

fn amounts(t: &Texts, told: &Told) -> Vec<(&'static str, String)> {
    let o = t.operations;
    let amount = |of: &Amount| fill(o.blob_amount, &[&figure(t, of.count), &figure(t, of.bytes)]);
    vec![
        (o.blob_available, amount(&told.available)),
        (o.blob_pending, amount(&told.pending)),
        (o.blob_failed, amount(&told.failed)),
        (o.blob_damaged, amount(&told.damaged)),
        (o.blob_stuck, figure(t, told.stuck)),
    ]
}

fn line(troubled: Troubled) -> Line {
    let loan = |id: String| (way(&id, ""), id);
    Line {
        sha256: troubled.sha256,
        state: troubled.state,
        reason: troubled.reason,
        loans: troubled.loan_request_ids.into_iter().map(loan).collect(),
    }
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    Ok(render(&visit, session, fine()).await)
}

async fn render(visit: &Visit, session: &Session, wrong: (StatusCode, Faults)) -> Response {
    let t = visit.texts();
    let told = visit.told(session, &format!("/api/v1/replica/blobs?limit={MANY}")).await;
    let told =
        told.map_err(|refused| refused.detail).and_then(|told| read::<Told>(told.value()).ok_or_else(String::new));
    let trouble =
        told.as_ref().err().map(|error| if error.is_empty() { t.failed_text.to_owned() } else { error.clone() });
    let told = told.unwrap_or_default();
    let scrub = visit.learn::<Configured>(session, Order::Configuration).await.ok();
    let scrub = scrub.map(|told| told.schedules.scrub_days).filter(|days| *days > 0);
    let mut shell = Shell::new(visit, session, PATH, wrong);
    shell.show(visit, Kind::Scrub, t.operations.scrub_of, |value| scrubbed(t, value));
    let page = Page {
        frame: visit.frame(t.operations.blobs).with_faults(!shell.faults.is_empty()),
        shell,
        trouble,
        amounts: amounts(t, &told),
        oldest: told.oldest_pending_at.map(|at| When::read(t, &at)),
        failing: told.failing.map(|text| sentence(&text)),
        troubled: told.troubled.into_iter().map(line).collect(),
        scrub: scrub.map(|days| fill(t.operations.blob_scrub, &[&days.to_string()])),
    };
    page.shell.answer(visit, &page)
}

/// What hashing all of them came to.
fn scrubbed(t: &Texts, value: &Value) -> (String, bool) {
    let o = t.operations;
    let number = |name: &str| value[name].as_u64().unwrap_or_default();
    let found = ["good", "damaged", "unreadable"].map(|name| figure(t, number(name)));
    let is_given_up = value["givenUp"] == true;
    let text = if is_given_up { o.scrub_given_up } else { o.scrub_done };
    let is_good = !is_given_up && number("damaged") + number("unreadable") == 0;
    (fill(text, &found.each_ref().map(String::as_str)), is_good)
}

/// Begins to hash all of them.
pub(crate) async fn scrub(Posted { visit, .. }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    match visit.console.works.begin(Kind::Scrub, "", &orders::by(session), Order::Scrub) {
        Ok(()) => Ok(see_other(PATH)),
        Err(work) => Ok(render(&visit, session, under_way(visit.texts(), &work)).await),
    }
}

pub(crate) async fn retry(posted: Posted) -> Answer {
    order(posted, |sha256| Order::BlobRetry { sha256 }, "fetching").await
}

pub(crate) async fn verify(posted: Posted) -> Answer {
    order(posted, |sha256| Order::BlobVerify { sha256 }, "hashing").await
}

async fn order(Posted { visit, fields }: Posted, order: fn(String) -> Order, what: &str) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    match visit.give(session, order(fields.get("sha256").trim().to_owned())).await {
        Ok(_) => Ok(done(PATH, what)),
        Err(error) if what == "hashing" => Ok(render(&visit, session, wrong("sha256", &sentence(&error))).await),
        Err(error) => Ok(render(&visit, session, refused(&error)).await),
    }
}
