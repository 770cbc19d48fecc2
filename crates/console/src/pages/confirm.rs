//! `/console/confirm`: whoever is signed in proves once more who it is, before what only that person may do.

use askama::Template;
use axum::response::Response;
use continuity_auth::{Means, Session, SignInError};
use http::StatusCode;
use http::header::RETRY_AFTER;

use super::{account, passkey, provider, trouble};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::next;
use crate::reply::{Answer, see_other};
use crate::visit::{Posted, Visit};

pub(crate) const PATH: &str = "/console/confirm";

#[derive(Template)]
#[template(path = "confirm.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    with: Fields,
    /// The way to the bank's provider, for whom it knows: what it is called, and where it begins.
    provider: Option<(String, String)>,
    email: String,
    next: String,
    back: String,
}

/// What it can be proved with.
#[expect(clippy::struct_excessive_bools, reason = "any of them may be there beside the others")]
struct Fields {
    totp: bool,
    passkey: bool,
    recovery: bool,
    is_password: bool,
}

impl Fields {
    fn is_nothing(&self) -> bool {
        !(self.totp || self.passkey || self.recovery || self.is_password)
    }
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let (session, next) = (visit.member_on_duty()?, visit.next());
    if visit.console.auth.is_proved(session) {
        return Ok(onward(next.as_deref()));
    }
    Ok(render(&visit, session, (StatusCode::OK, Faults::default()), next.as_deref()))
}

fn onward(next: Option<&str>) -> Response {
    see_other(next.unwrap_or(account::PATH))
}

fn render(visit: &Visit, session: &Session, (status, faults): (StatusCode, Faults), next: Option<&str>) -> Response {
    let proof = visit.console.auth.proof(session);
    let (totp, passkey, recovery) = match proof {
        Means::SecondFactor { totp, passkey, recovery } => (totp, passkey, recovery),
        Means::Password | Means::SignIn => (false, false, false),
    };
    let page = Page {
        frame: visit.frame(visit.texts().confirm_title).with_faults(!faults.is_empty()),
        faults,
        with: Fields { totp, passkey, recovery, is_password: proof == Means::Password },
        provider: visit
            .console
            .provider
            .as_ref()
            .filter(|_| session.account.linked.is_some())
            .map(|to| (to.name().to_owned(), next::with(provider::PATH, next))),
        email: session.account.settings.email.clone(),
        next: next.unwrap_or_default().to_owned(),
        back: account::PATH.to_owned(),
    };
    visit.page_of(status, &page, None)
}

/// Looks at a code or a password.
pub(crate) async fn take(posted: Posted) -> Answer {
    let next = posted.next();
    let Posted { visit, fields } = posted;
    let (session, t, auth) = (visit.member_on_duty()?, visit.texts(), &visit.console.auth);
    let field = ["password", "recovery"].into_iter().find(|name| fields.given(name).is_some()).unwrap_or("code");
    let given = fields.get(field);
    if given.trim().is_empty() {
        let (field, missing) = match auth.proof(session) {
            Means::Password => ("password", t.password_missing),
            Means::SecondFactor { .. } | Means::SignIn => ("code", t.code_missing),
        };
        let faults = (StatusCode::UNPROCESSABLE_ENTITY, Faults::at(field, missing));
        return Ok(render(&visit, session, faults, next.as_deref()));
    }
    let (proved, refused) = if field == "password" {
        (auth.prove_with_password(session, given).await, t.password_wrong)
    } else {
        (auth.prove_with_code(session, given).await, t.code_refused)
    };
    Ok(answer(&visit, session, proved, (field, refused), next.as_deref()))
}

fn answer(
    visit: &Visit,
    session: &Session,
    proved: Result<(), SignInError>,
    (field, refused): (&'static str, &'static str),
    next: Option<&str>,
) -> Response {
    let Err(error) = proved else { return onward(next) };
    let (status, text) = trouble::told(visit.texts(), &error, refused);
    let at = if matches!(error, SignInError::Refused) { field } else { "" };
    let mut response = render(visit, session, (status, Faults::at(at, text)), next);
    if let SignInError::TooMany(wait) = error {
        response.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
    }
    response
}

/// `POST /console/confirm/passkey/options`.
pub(crate) async fn passkey_options(Posted { visit, .. }: Posted) -> Answer {
    let session = visit.member_on_duty()?;
    Ok(passkey::options(&visit, visit.console.auth.ask_to_prove_with_passkey(session)))
}

/// `POST /console/confirm/passkey`.
pub(crate) async fn take_passkey(posted: Posted) -> Answer {
    let next = posted.next();
    let Posted { visit, fields } = posted;
    let session = visit.member_on_duty()?;
    let (handle, answered) = (fields.get("handle"), fields.get("answer"));
    let proved = visit.console.auth.prove_with_passkey(session, handle, answered).await;
    Ok(answer(&visit, session, proved, ("", visit.texts().passkey_refused), next.as_deref()))
}
