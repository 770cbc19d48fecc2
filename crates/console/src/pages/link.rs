//! `/console/link/{token}`: a password is chosen by a one-time link, the first one or a new one.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use continuity_auth::{Account, SignInError};
use http::StatusCode;

use super::sign_in::{Said, left};
use super::{passwords, trouble};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::reply::Answer;
use crate::texts::fill;
use crate::visit::{Posted, Visit};

#[derive(Template)]
#[template(path = "link.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    intro: String,
    email: String,
    action: String,
}

pub(crate) async fn show(Path(token): Path<String>, visit: Visit) -> Answer {
    let account = visit.console.auth.link(&token).ok_or_else(|| trouble::no_link(&visit))?;
    Ok(render(&visit, &token, &account, Faults::default()))
}

fn render(visit: &Visit, token: &str, account: &Account, faults: Faults) -> Response {
    let t = visit.texts();
    let intro = if account.has_password { t.link_intro_again } else { t.link_intro };
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let token: String = form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let page = Page {
        frame: visit.frame(t.choose_password).with_faults(!faults.is_empty()),
        faults,
        intro: fill(intro, &[&account.settings.name]),
        email: account.settings.email.clone(),
        action: format!("/console/link/{token}"),
    };
    visit.page_of(status, &page, None)
}

/// Sets the password.
pub(crate) async fn take(Path(token): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let account = visit.console.auth.link(&token).ok_or_else(|| trouble::no_link(&visit))?;
    let faults = passwords::faults(visit.texts(), &fields);
    if !faults.is_empty() {
        return Ok(render(&visit, &token, &account, faults));
    }
    match visit.console.auth.use_link(&token, fields.get("new"), &visit.from).await {
        Ok(()) => Ok(left(&Said::PasswordSet.address(None))),
        Err(SignInError::Expired) => Err(trouble::no_link(&visit).into()),
        Err(error) => match passwords::refused(visit.texts(), &error) {
            Some(faults) => Ok(render(&visit, &token, &account, faults)),
            None => Err(trouble::failed(&visit, &error).into()),
        },
    }
}
