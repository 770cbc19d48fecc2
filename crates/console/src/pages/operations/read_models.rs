//! `/console/operations/read-models`: what is served, and folding one again.

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

pub(crate) const PATH: &str = "/console/operations/read-models";

#[derive(Template)]
#[template(path = "operations/read_models.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    trouble: Option<String>,
    models: Vec<Model>,
    /// Whether one is rebuilt, by whomever: then no other can be.
    is_busy: bool,
}

/// One of them, as the command tells it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Model {
    pub(crate) name: String,
    version: u32,
    pub(crate) build: u64,
    position: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) digest: String,
    alarm: Option<String>,
    pub(crate) rebuild: Option<Rebuild>,
    pub(crate) kept: Option<Kept>,
}

/// A build of it that is not served, because its rows are others.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Kept {
    pub(crate) build: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) digest: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Rebuild {
    done: u64,
    of: u64,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    Ok(render(&visit, session, fine()).await)
}

async fn render(visit: &Visit, session: &Session, wrong: (StatusCode, Faults)) -> Response {
    let t = visit.texts();
    let told = visit.learn::<Vec<Model>>(session, Order::ReadModels).await;
    let (models, trouble) = told.map_or_else(|error| (Vec::new(), Some(sentence(&error))), |models| (models, None));
    let mut shell = Shell::new(visit, session, PATH, wrong);
    shell.show(visit, Kind::Rebuild, t.operations.rebuild_of, |value| rebuilt(t, value));
    let page = Page {
        frame: visit.frame(t.operations.read_models).with_faults(!shell.faults.is_empty()),
        is_busy: models.iter().any(|model| model.rebuild.is_some()),
        shell,
        trouble,
        models,
    };
    page.shell.answer(visit, &page)
}

/// What a rebuild came to.
fn rebuilt(t: &Texts, value: &Value) -> (String, bool) {
    let o = t.operations;
    let number = |name: &str| value[name].as_u64().unwrap_or_default();
    let agrees = value["agrees"].as_bool();
    let text = match agrees {
        Some(true) => o.rebuilt_same,
        Some(false) => o.rebuilt_other,
        None => o.rebuilt_anew,
    };
    let digest = value["digest"].as_str().unwrap_or_default();
    (fill(text, &[&number("position").to_string(), &figure(t, number("rows")), digest]), agrees != Some(false))
}

/// Begins to fold one again.
pub(crate) async fn rebuild(Posted { visit, fields }: Posted) -> Answer {
    let session = visit.with_role(OPERATORS)?;
    let name = fields.get("name").to_owned();
    match visit.console.works.begin(Kind::Rebuild, &name.clone(), &orders::by(session), Order::Rebuild { name }) {
        Ok(()) => Ok(see_other(PATH)),
        Err(work) => Ok(render(&visit, session, under_way(visit.texts(), &work)).await),
    }
}
