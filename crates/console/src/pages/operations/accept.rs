//! `/console/operations/source/accept`: a source that is no more what it was is taken as it is.

use askama::Template;
use axum::response::Response;
use continuity_auth::Session;
use http::StatusCode;

use super::shell::{Shell, fine, refused, wrong};
use super::source::{Part, Told};
use super::{OPERATORS, done, is_reason};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::orders::Order;
use crate::reply::Answer;
use crate::texts::fill;
use crate::visit::{Posted, Visit};

pub(crate) const PATH: &str = "/console/operations/source/accept";

#[derive(Template)]
#[template(path = "operations/accept.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    /// What diverged, and how.
    parts: Vec<(String, String)>,
    confirm: String,
    reason: String,
}

/// What of the source has diverged.
async fn diverged(visit: &Visit, session: &Session) -> Result<Vec<Part>, String> {
    let mut told = visit.learn::<Told>(session, Order::SourceStatus).await?;
    told.parts.retain(|part| part.divergence.is_some());
    Ok(told.parts)
}

/// What is typed to confirm: the part, or that it is all of them.
fn typed<'a>(visit: &Visit, parts: &'a [Part]) -> &'a str {
    let all = visit.texts().operations.accept_word;
    match parts {
        [one] => &one.name,
        _ => all,
    }
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.proved_with_role(OPERATORS, PATH)?;
    Ok(render(&visit, session, "", fine()).await)
}

async fn render(visit: &Visit, session: &Session, reason: &str, wrong: (StatusCode, Faults)) -> Response {
    let t = visit.texts();
    let (parts, wrong) = match diverged(visit, session).await {
        Ok(parts) => (parts, wrong),
        Err(error) => (Vec::new(), refused(&error)),
    };
    let confirm = fill(t.operations.type_to_accept, &[typed(visit, &parts)]);
    let how = |part: Part| {
        let found = part.divergence.unwrap_or_default();
        (part.name, format!("{}: {}", found.cause, found.detail))
    };
    let page = Page {
        frame: visit.frame(t.operations.accept).with_faults(!wrong.1.is_empty()),
        shell: Shell::new(visit, session, super::PATH, wrong),
        confirm,
        parts: parts.into_iter().map(how).collect(),
        reason: reason.to_owned(),
    };
    page.shell.answer(visit, &page)
}

/// Accepts it once it was typed what.
pub(crate) async fn take(Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(OPERATORS, PATH)?;
    let o = visit.texts().operations;
    let reason = fields.get("reason").trim();
    if !is_reason(reason) {
        return Ok(render(&visit, session, reason, wrong("reason", o.reason_missing)).await);
    }
    let parts = match diverged(&visit, session).await {
        Ok(parts) => parts,
        Err(error) => return Ok(render(&visit, session, reason, refused(&error)).await),
    };
    if fields.get("confirm").trim() != typed(&visit, &parts) {
        return Ok(render(&visit, session, reason, wrong("confirm", o.not_typed)).await);
    }
    match visit.give(session, Order::SourceAccept { reason: reason.to_owned() }).await {
        Ok(_) => Ok(done(super::PATH, "accepted")),
        Err(error) => Ok(render(&visit, session, reason, refused(&error)).await),
    }
}
