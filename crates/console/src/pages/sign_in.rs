//! `/console/sign-in`: e-mail address and password, or a passkey; and out again.

use askama::Template;
use axum::response::Response;
use continuity_auth::{SignInError, SignedIn, Step};
use http::StatusCode;
use http::header::RETRY_AFTER;

use super::account::onward;
use super::{provider, second_factor, trouble};
use crate::cookies::{FORM, SESSION, STEP};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::next;
use crate::reply::{Answer, see_other};
use crate::texts::fill;
use crate::visit::{Posted, Visit};

pub(crate) const PATH: &str = "/console/sign-in";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    notice: Option<&'static str>,
    /// What is gone on with afterwards, in words.
    purpose: Option<String>,
    email: String,
    next: String,
    has_passkeys: bool,
    /// The way to the bank's provider: what it is called, and where it begins.
    provider: Option<(String, String)>,
}

/// What a page before this one has to say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Said {
    SignedOut,
    PasswordSet,
    Expired,
}

impl Said {
    const ALL: [Self; 3] = [Self::SignedOut, Self::PasswordSet, Self::Expired];

    const fn name(self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::PasswordSet => "password-set",
            Self::Expired => "expired",
        }
    }

    /// The address of this page with that said.
    pub(crate) fn address(self, next: Option<&str>) -> String {
        let path = next::with(PATH, next);
        format!("{path}{}said={}", if next.is_some() { '&' } else { '?' }, self.name())
    }
}

pub(crate) async fn show(visit: Visit) -> Response {
    let next = visit.next();
    if let Some(session) = &visit.session {
        // An application that wants its person to sign in again leads here with a session.
        if next.is_none() || !session.duties.is_empty() {
            return see_other(&onward(session, next.as_deref()));
        }
    }
    let asked = visit.query();
    let said = Said::ALL.into_iter().find(|said| said.name() == asked.get("said"));
    let notice = said.map(|said| match said {
        Said::SignedOut => visit.texts().said_signed_out,
        Said::PasswordSet => visit.texts().said_password_set,
        Said::Expired => visit.texts().said_expired,
    });
    render(&visit, (StatusCode::OK, Faults::default()), notice, None, next.as_deref())
}

fn render(
    visit: &Visit,
    (status, faults): (StatusCode, Faults),
    notice: Option<&'static str>,
    email: Option<&str>,
    next: Option<&str>,
) -> Response {
    let application = visit.application(next);
    let t = visit.texts();
    let hint = application.as_ref().and_then(|application| application.login_hint.as_deref());
    let page = Page {
        frame: visit.frame(t.sign_in).with_faults(!faults.is_empty()),
        notice,
        purpose: application.as_ref().map(|application| fill(t.sign_in_for, &[&application.client_name])),
        email: email.or(hint).unwrap_or_default().to_owned(),
        next: next.unwrap_or_default().to_owned(),
        has_passkeys: visit.console.auth.can_have_passkeys(),
        provider: visit.console.provider.as_ref().map(|to| (to.name().to_owned(), next::with(provider::PATH, next))),
        faults,
    };
    let leads_to = application.map(|application| application.sent_to());
    visit.page_of(status, &page, leads_to.as_deref())
}

/// Looks at address and password.
pub(crate) async fn take(posted: Posted) -> Response {
    let next = posted.next();
    let Posted { visit, fields } = posted;
    let (email, password, t) = (fields.get("email").trim(), fields.get("password"), visit.texts());
    let mut faults = Faults::default();
    if email.is_empty() {
        faults.add("email", t.email_missing);
    }
    if password.is_empty() {
        faults.add("password", t.password_missing);
    }
    if !faults.is_empty() {
        let wrong = (StatusCode::UNPROCESSABLE_ENTITY, faults);
        return render(&visit, wrong, None, Some(email), next.as_deref());
    }
    match visit.console.auth.sign_in(email, password, &visit.from).await {
        Ok(Step::SignedIn(signed_in)) => enter(&signed_in, next.as_deref()),
        Ok(Step::SecondFactor(wanted)) => second_factor::begin(&wanted, next.as_deref()),
        Err(error) => refused(&visit, &error, t.sign_in_refused, Some(email), next.as_deref()),
    }
}

/// The page once more, with why nobody is signed in.
pub(crate) fn refused(
    visit: &Visit,
    error: &SignInError,
    refused: &str,
    email: Option<&str>,
    next: Option<&str>,
) -> Response {
    let (status, text) = trouble::told(visit.texts(), error, refused);
    let mut response = render(visit, (status, Faults::whole(text)), None, email, next);
    if let SignInError::TooMany(wait) = error {
        response.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
    }
    response
}

/// Somebody is in: gives the browser its session, which is a new one each time, and leads on.
pub(crate) fn enter(signed_in: &SignedIn, next: Option<&str>) -> Response {
    let mut response = see_other(&onward(&signed_in.session, next));
    let headers = response.headers_mut();
    SESSION.set(headers, &signed_in.cookie);
    STEP.clear(headers);
    FORM.clear(headers);
    response
}

/// `POST /console/sign-out`.
pub(crate) async fn sign_out(Posted { visit, .. }: Posted) -> Answer {
    if let Some(session) = &visit.session {
        let ended = visit.console.auth.sign_out(session).await;
        ended.map_err(|error| trouble::failed(&visit, &error.into()))?;
    }
    Ok(left(&Said::SignedOut.address(None)))
}

/// Leads there without a session.
pub(crate) fn left(to: &str) -> Response {
    let mut response = see_other(to);
    SESSION.clear(response.headers_mut());
    STEP.clear(response.headers_mut());
    response
}
