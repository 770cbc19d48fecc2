//! `/console/operations/read-models/{name}`: a read model of which two builds differ, and which of them is served.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use continuity_auth::Session;
use http::StatusCode;

use super::read_models::{Kept, Model, PATH};
use super::shell::{Shell, fine, refused, wrong};
use super::{OPERATORS, WATCHERS, done};
use crate::faults::Faults;
use crate::forms::Fields;
use crate::frame::Frame;
use crate::next;
use crate::orders::Order;
use crate::pages::loans::encoded;
use crate::pages::{confirm, trouble};
use crate::reply::{Answer, see_other};
use crate::texts::fill;
use crate::visit::{Posted, Visit};

#[derive(Template)]
#[template(path = "operations/builds.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    title: String,
    model: Model,
    kept: Option<Kept>,
    /// Where a proof of who it is comes first, if it has to.
    proof: Option<String>,
    confirm: String,
}

fn address(name: &str) -> String {
    format!("{PATH}/{}", encoded(name))
}

pub(crate) async fn show(Path(name): Path<String>, visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    Ok(render(&visit, session, &name, fine()).await)
}

async fn render(visit: &Visit, session: &Session, name: &str, wrong: (StatusCode, Faults)) -> Response {
    let o = visit.texts().operations;
    // Where they cannot be had, the page of all of them says so.
    let Ok(models) = visit.learn::<Vec<Model>>(session, Order::ReadModels).await else { return see_other(PATH) };
    let Some(mut model) = models.into_iter().find(|model| model.name == name) else { return trouble::gone(visit) };
    let kept = model.kept.take();
    let title = fill(if kept.is_some() { o.builds_of } else { o.build_of }, &[name]);
    let mut shell = Shell::new(visit, session, PATH, wrong);
    shell.may &= model.rebuild.is_none();
    let page = Page {
        frame: visit.frame(title.clone()).with_faults(!shell.faults.is_empty()),
        shell,
        title,
        kept,
        proof: (!visit.console.auth.is_proved(session)).then(|| next::with(confirm::PATH, Some(&address(name)))),
        confirm: fill(o.type_the_name, &[name]),
        model,
    };
    page.shell.answer(visit, &page)
}

/// Serves the build that is kept. It can be undone by the same.
pub(crate) async fn roll_back(Path(name): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(OPERATORS, &address(&name))?;
    let order = Order::RollBack { name: name.clone(), build: build(&fields) };
    match visit.give(session, order).await {
        Ok(_) => Ok(done(&address(&name), "rolled-back")),
        Err(error) => Ok(render(&visit, session, &name, refused(&error)).await),
    }
}

/// Removes the build that is kept, once the read model's name was typed.
pub(crate) async fn discard(Path(name): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(OPERATORS, &address(&name))?;
    if fields.get("confirm").trim() != name {
        let fault = wrong("confirm", visit.texts().operations.not_typed);
        return Ok(render(&visit, session, &name, fault).await);
    }
    let order = Order::Discard { name: name.clone(), build: build(&fields) };
    match visit.give(session, order).await {
        Ok(_) => Ok(done(PATH, "discarded")),
        Err(error) => Ok(render(&visit, session, &name, refused(&error)).await),
    }
}

/// The build that the page showed as the kept one; no build has the number 0.
fn build(fields: &Fields) -> u64 {
    fields.get("build").parse().unwrap_or_default()
}
