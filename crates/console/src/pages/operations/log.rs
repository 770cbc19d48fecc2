//! `/console/operations/log`: the two logs, and whether they are whole.

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
use crate::works::Kind;

pub(crate) const PATH: &str = "/console/operations/log";

/// How many segments are shown.
const MANY: usize = 10;

#[derive(Template)]
#[template(path = "operations/log.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    logs: Vec<Log>,
}

/// One of the two.
struct Log {
    name: &'static str,
    lead: &'static str,
    /// What the form names it with.
    which: &'static str,
    trouble: Option<String>,
    told: Told,
    /// How many segments there are.
    segments: usize,
    /// Whether it was verified, or is.
    is_known: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    position: u64,
    hash: String,
    bytes: u64,
    stopped: Option<String>,
    segments: Vec<Segment>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Segment {
    first: u64,
    last: u64,
    bytes: u64,
}

/// What a form names the control log with.
const CONTROL: &str = "control";

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    Ok(render(&visit, session, fine()).await)
}

async fn render(visit: &Visit, session: &Session, wrong: (StatusCode, Faults)) -> Response {
    let o = visit.texts().operations;
    let mut shell = Shell::new(visit, session, PATH, wrong);
    shell.show(visit, Kind::Verify, o.verify_of, |value| verified(visit.texts(), value));
    shell.show(visit, Kind::VerifyControl, o.verify_of_control, |value| verified(visit.texts(), value));
    let page = Page {
        frame: visit.frame(o.log).with_faults(!shell.faults.is_empty()),
        shell,
        logs: vec![
            one(visit, session, [o.log_replica, o.log_replica_lead, "replica"]).await,
            one(visit, session, [o.log_control, o.log_control_lead, CONTROL]).await,
        ],
    };
    page.shell.answer(visit, &page)
}

async fn one(visit: &Visit, session: &Session, [name, lead, which]: [&'static str; 3]) -> Log {
    let told = visit.learn::<Told>(session, Order::LogSegments { control: which == CONTROL }).await;
    let (mut told, trouble) = told.map_or_else(|error| (Told::default(), Some(sentence(&error))), |told| (told, None));
    let segments = told.segments.len();
    told.segments.reverse();
    told.segments.truncate(MANY);
    let is_known = visit.console.works.last(kind(which)).is_some();
    Log { name, lead, which, trouble, told, segments, is_known }
}

fn kind(which: &str) -> Kind {
    if which == CONTROL { Kind::VerifyControl } else { Kind::Verify }
}

/// What a verification came to.
fn verified(t: &Texts, value: &Value) -> (String, bool) {
    let [records, segments, bytes] =
        ["records", "segments", "bytes"].map(|name| figure(t, value[name].as_u64().unwrap_or_default()));
    let hash = value["hash"].as_str().unwrap_or_default();
    (fill(t.operations.verified, &[&records, &segments, &bytes, hash]), true)
}

/// Begins to verify one of them.
pub(crate) async fn verify(Posted { visit, fields }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    let which = fields.get("log");
    let order = Order::LogVerify { control: which == CONTROL };
    match visit.console.works.begin(kind(which), "", &orders::by(session), order) {
        Ok(()) => Ok(see_other(PATH)),
        Err(work) => Ok(render(&visit, session, under_way(visit.texts(), &work)).await),
    }
}
