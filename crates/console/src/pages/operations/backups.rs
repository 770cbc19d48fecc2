//! `/console/operations/backups`: the last backup, the last restore that was tried, and beginning either.

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
use crate::money::figure;
use crate::orders::{self, Order, sentence};
use crate::reply::{Answer, see_other};
use crate::texts::{Texts, fill};
use crate::visit::{Posted, Visit};
use crate::when::When;
use crate::works::Kind;

pub(crate) const PATH: &str = "/console/operations/backups";

/// What the form names a trial with.
const TRIAL: &str = "trial";

#[derive(Template)]
#[template(path = "operations/backups.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    trouble: Option<String>,
    /// Nothing, where none is configured.
    directory: Option<String>,
    made: Option<Made>,
    tried: Option<Tried>,
    /// Whether the backup was tried, and not one before it.
    is_tried: bool,
}

struct Made {
    at: When,
    told: Manifest,
}

struct Tried {
    at: When,
    is_good: bool,
    text: String,
    told: Verification,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Told {
    directory: Option<String>,
    backup: Option<Manifest>,
    verification: Option<Verification>,
    verification_is_of_this_backup: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Manifest {
    made_at: String,
    log: Log,
    control_log: Log,
    documents: Documents,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Log {
    position: u64,
    hash: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Documents {
    count: u64,
    bytes: u64,
    damaged: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Verification {
    verified_at: String,
    records: u64,
    control_records: u64,
    documents: u64,
    agree: Vec<String>,
    not_compared: Vec<String>,
    problems: Vec<String>,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    Ok(render(&visit, session, fine()).await)
}

async fn render(visit: &Visit, session: &Session, wrong: (StatusCode, Faults)) -> Response {
    let t = visit.texts();
    let told = visit.learn::<Told>(session, Order::Backups).await;
    let (told, trouble) = told.map_or_else(|error| (Told::default(), Some(sentence(&error))), |told| (told, None));
    let mut shell = Shell::new(visit, session, PATH, wrong);
    shell.show(visit, Kind::BackUp, t.operations.backup_of, |value| made(t, value));
    shell.show(visit, Kind::VerifyBackup, t.operations.trial_of, |value| {
        orders::read::<Verification>(value.clone())
            .map_or_else(|| (t.failed_text.to_owned(), false), |told| tried(t, &told))
    });
    let page = Page {
        frame: visit.frame(t.operations.backups).with_faults(!shell.faults.is_empty()),
        shell,
        trouble,
        directory: told.directory,
        made: told.backup.map(|told| Made { at: When::read(t, &told.made_at), told }),
        tried: told.verification.map(|told| {
            let (text, is_good) = tried(t, &told);
            Tried { at: When::read(t, &told.verified_at), is_good, text, told }
        }),
        is_tried: told.verification_is_of_this_backup,
    };
    page.shell.answer(visit, &page)
}

/// What making a backup came to; one that lacks files is not as good as it should be.
fn made(t: &Texts, value: &Value) -> (String, bool) {
    let (number, documents) = (|value: &Value| value.as_u64().unwrap_or_default(), &value["documents"]);
    let (count, written) = (figure(t, number(&documents["count"])), figure(t, number(&value["writtenBytes"])));
    let is_whole = documents["damaged"].as_array().is_none_or(Vec::is_empty);
    let position = number(&value["log"]["position"]).to_string();
    (fill(t.operations.backup_done, &[&position, &count, &written]), is_whole)
}

/// What trying to restore it came to.
fn tried(t: &Texts, told: &Verification) -> (String, bool) {
    if !told.problems.is_empty() {
        return (t.operations.trial_bad.to_owned(), false);
    }
    let figures = [told.records, told.control_records, told.documents, told.agree.len() as u64].map(|n| figure(t, n));
    (fill(t.operations.trial_good, &figures.each_ref().map(String::as_str)), true)
}

/// Begins to make a backup, or to try the one that there is.
pub(crate) async fn begin(Posted { visit, fields }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    let is_trial = fields.get("what") == TRIAL;
    let (kind, order) =
        if is_trial { (Kind::VerifyBackup, Order::VerifyBackup) } else { (Kind::BackUp, Order::BackUp) };
    match visit.console.works.begin(kind, "", &orders::by(session), order) {
        Ok(()) => Ok(see_other(PATH)),
        Err(work) => Ok(render(&visit, session, under_way(visit.texts(), &work)).await),
    }
}
