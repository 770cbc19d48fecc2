//! `/console/account/password`: another password.

use askama::Template;
use axum::response::Response;
use continuity_auth::{Duty, Session, SignInError};
use http::StatusCode;

use super::Done;
use crate::faults::Faults;
use crate::frame::Frame;
use crate::pages::{passwords, trouble};
use crate::reply::Answer;
use crate::visit::{Posted, Visit};

pub(crate) const PATH: &str = "/console/account/password";

#[derive(Template)]
#[template(path = "password.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    /// The present one was given by somebody else.
    is_duty: bool,
    email: String,
    next: String,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.member_on_duty()?;
    Ok(render(&visit, session, (StatusCode::OK, Faults::default()), visit.next().as_deref()))
}

fn render(visit: &Visit, session: &Session, (status, faults): (StatusCode, Faults), next: Option<&str>) -> Response {
    let page = Page {
        frame: visit.frame(visit.texts().change_password).with_faults(!faults.is_empty()),
        faults,
        is_duty: session.duties.contains(&Duty::ChangePassword),
        email: session.account.settings.email.clone(),
        next: next.unwrap_or_default().to_owned(),
    };
    let leads_to = visit.application(next).map(|application| application.sent_to());
    visit.page_of(status, &page, leads_to.as_deref())
}

/// Changes it.
pub(crate) async fn take(posted: Posted) -> Answer {
    let next = posted.next();
    let Posted { visit, fields } = posted;
    let (session, t) = (visit.member_on_duty()?, visit.texts());
    let (present, new) = (fields.get("present"), fields.get("new"));
    let mut faults = passwords::faults(t, &fields);
    if present.is_empty() {
        faults.add("present", t.password_missing);
    } else if present == new {
        faults.add("new", t.password_same);
    }
    if !faults.is_empty() {
        return Ok(render(&visit, session, (StatusCode::UNPROCESSABLE_ENTITY, faults), next.as_deref()));
    }
    let wrong = match visit.console.auth.change_password(session, present, new).await {
        Ok(()) => return Ok(super::done(&visit, next.as_deref(), Done::PasswordChanged)),
        Err(SignInError::Refused) => (StatusCode::UNPROCESSABLE_ENTITY, Faults::at("present", t.password_wrong)),
        Err(error) => {
            let (status, text) = trouble::told(t, &error, t.password_wrong);
            let weak = passwords::refused(t, &error);
            (status, weak.unwrap_or_else(|| Faults::whole(text)))
        }
    };
    Ok(render(&visit, session, wrong, next.as_deref()))
}
