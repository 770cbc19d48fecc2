//! `/console/sign-in/second`: what is proved beside the password.

use askama::Template;
use axum::response::Response;
use continuity_auth::{SecondFactorWanted, SignInError};
use http::StatusCode;
use http::header::RETRY_AFTER;

use super::sign_in::{Said, enter};
use super::trouble;
use crate::cookies::{Cookie, STEP};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::next;
use crate::reply::see_other;
use crate::visit::{Posted, Visit};

pub(crate) const PATH: &str = "/console/sign-in/second";

#[derive(Template)]
#[template(path = "second_factor.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    step: Step,
    next: String,
    /// The beginning of the sign-in.
    again: String,
}

/// A sign-in that waits, as its cookie says. What may be proved decides on what is shown, and on nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) handle: String,
    pub(crate) totp: bool,
    pub(crate) passkey: bool,
    pub(crate) recovery: bool,
}

impl Step {
    /// The step that the browser brought.
    pub(crate) fn of(visit: &Visit) -> Option<Self> {
        let (handle, what) = visit.step.as_deref()?.split_once('.')?;
        let may = |letter| what.contains(letter);
        Some(Self { handle: handle.to_owned(), totp: may('t'), passkey: may('p'), recovery: may('r') })
    }

    /// What the browser keeps of it.
    pub(crate) fn cookie(&self) -> String {
        let letters = [(self.totp, 't'), (self.passkey, 'p'), (self.recovery, 'r')];
        let letters: String = letters.iter().filter(|(may, _)| *may).map(|(_, letter)| *letter).collect();
        format!("{}.{letters}", self.handle)
    }
}

/// The password was good: leads here.
pub(crate) fn begin(wanted: &SecondFactorWanted, next: Option<&str>) -> Response {
    begin_with(STEP, wanted, next)
}

/// What came before was good: leads here, with that cookie.
pub(crate) fn begin_with(cookie: Cookie, wanted: &SecondFactorWanted, next: Option<&str>) -> Response {
    let SecondFactorWanted { handle, totp, passkey, recovery } = wanted.clone();
    let mut response = see_other(&next::with(PATH, next));
    cookie.set(response.headers_mut(), &Step { handle, totp, passkey, recovery }.cookie());
    response
}

pub(crate) async fn show(visit: Visit) -> Response {
    let next = visit.next();
    match Step::of(&visit) {
        Some(step) => render(&visit, step, (StatusCode::OK, Faults::default()), next.as_deref()),
        None => see_other(&Said::Expired.address(next.as_deref())),
    }
}

fn render(visit: &Visit, step: Step, (status, faults): (StatusCode, Faults), next: Option<&str>) -> Response {
    let page = Page {
        frame: visit.frame(visit.texts().second_factor).with_faults(!faults.is_empty()),
        faults,
        step,
        next: next.unwrap_or_default().to_owned(),
        again: next::with(super::sign_in::PATH, next),
    };
    let leads_to = visit.application(next).map(|application| application.sent_to());
    visit.page_of(status, &page, leads_to.as_deref())
}

/// Looks at a code.
pub(crate) async fn take(posted: Posted) -> Response {
    let next = posted.next();
    let Posted { visit, fields } = posted;
    let Some(mut step) = Step::of(&visit) else { return see_other(&Said::Expired.address(next.as_deref())) };
    step.passkey &= visit.console.auth.can_have_passkeys();
    let field = if fields.given("recovery").is_some() { "recovery" } else { "code" };
    let code = fields.get(field);
    if code.trim().is_empty() {
        let faults = Faults::at(field, visit.texts().code_missing);
        return render(&visit, step, (StatusCode::UNPROCESSABLE_ENTITY, faults), next.as_deref());
    }
    match visit.console.auth.sign_in_with_code(&step.handle, code, &visit.from).await {
        Ok(signed_in) => enter(&signed_in, next.as_deref()),
        Err(SignInError::Expired) => expired(next.as_deref()),
        Err(error) => {
            let (status, text) = trouble::told(visit.texts(), &error, visit.texts().code_refused);
            let at = if matches!(error, SignInError::Refused) { field } else { "" };
            let mut response = render(&visit, step, (status, Faults::at(at, text)), next.as_deref());
            if let SignInError::TooMany(wait) = error {
                response.headers_mut().insert(RETRY_AFTER, wait.as_secs().max(1).into());
            }
            response
        }
    }
}

/// Back to the beginning.
pub(crate) fn expired(next: Option<&str>) -> Response {
    let mut response = see_other(&Said::Expired.address(next));
    STEP.clear(response.headers_mut());
    response
}
