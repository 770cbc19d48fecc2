//! Pages that say what went wrong, and what to do now.

use askama::Template;
use axum::response::Response;
use continuity_auth::{AuthError, ProviderError, SignInError};
use http::StatusCode;

use super::{account, sign_in};
use crate::api::Refused;
use crate::frame::Frame;
use crate::reply::html;
use crate::texts::{ENGLISH, Texts, fill};
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "trouble.html")]
struct Page {
    frame: Frame,
    text: String,
    /// What to do now.
    advice: String,
    link: Option<(&'static str, &'static str)>,
    request_id: String,
}

fn page(visit: &Visit, status: StatusCode, title: &str, [text, advice]: [String; 2]) -> Response {
    let t = visit.texts();
    let link = if visit.session.is_some() { (account::PATH, t.to_account) } else { (sign_in::PATH, t.to_sign_in) };
    let request_id = if status.is_server_error() { visit.request_id.clone() } else { String::new() };
    visit.page_of(status, &Page { frame: visit.frame(title), text, advice, link: Some(link), request_id }, None)
}

/// A form that another site sent, or that was opened under another name of this server.
pub(crate) fn foreign(visit: &Visit) -> Response {
    let t = visit.texts();
    let advice = fill(t.foreign_advice, &[&visit.console.origin]);
    page(visit, StatusCode::FORBIDDEN, t.foreign, [t.foreign_text.to_owned(), advice])
}

/// A form of a page that was open too long: its session ended, or another began.
pub(crate) fn outdated(visit: &Visit) -> Response {
    let t = visit.texts();
    page(visit, StatusCode::FORBIDDEN, t.outdated, [t.outdated_text, t.outdated_advice].map(str::to_owned))
}

/// A page for which the person lacks the role.
pub(crate) fn not_allowed(visit: &Visit) -> Response {
    let t = visit.texts();
    page(visit, StatusCode::FORBIDDEN, t.not_allowed, [t.not_allowed_text, t.not_allowed_advice].map(str::to_owned))
}

/// Something that is not there, or not any more.
pub(crate) fn gone(visit: &Visit) -> Response {
    let t = visit.texts();
    page(visit, StatusCode::NOT_FOUND, t.gone, [t.gone_text, t.gone_advice].map(str::to_owned))
}

/// A form that cannot be read.
pub(crate) fn unreadable(visit: &Visit) -> Response {
    let t = visit.texts();
    page(visit, StatusCode::BAD_REQUEST, t.unreadable, [t.unreadable_text, t.try_again].map(str::to_owned))
}

/// A one-time link that is no good.
pub(crate) fn no_link(visit: &Visit) -> Response {
    let t = visit.texts();
    page(visit, StatusCode::NOT_FOUND, t.no_link, [t.no_link_text, t.no_link_advice].map(str::to_owned))
}

/// A request of an application that leads nowhere.
pub(crate) fn bad_application(visit: &Visit, why: &str) -> Response {
    let t = visit.texts();
    let advice = t.bad_application_advice.to_owned();
    page(visit, StatusCode::BAD_REQUEST, t.bad_application, [why.to_owned(), advice])
}

/// Nobody is signed in who came from the bank's provider. Nothing that it said is shown.
pub(crate) fn at_provider(visit: &Visit, name: &str, error: &ProviderError) -> Response {
    let t = visit.texts();
    let (status, text, advice) = match error {
        ProviderError::Lost => (StatusCode::BAD_REQUEST, t.provider_lost, t.provider_lost_advice),
        ProviderError::Denied(_) => (StatusCode::FORBIDDEN, t.provider_denied, t.provider_otherwise),
        ProviderError::Unreachable(_) => (StatusCode::SERVICE_UNAVAILABLE, t.provider_away, t.provider_away_advice),
        ProviderError::Invalid(_) => (StatusCode::BAD_GATEWAY, t.provider_invalid, t.provider_otherwise),
        ProviderError::NoEmail => (StatusCode::FORBIDDEN, t.provider_no_email, t.provider_group_advice),
        ProviderError::NoGroup => (StatusCode::FORBIDDEN, t.provider_no_group, t.provider_group_advice),
        ProviderError::NotLinked => (StatusCode::FORBIDDEN, t.provider_not_linked, t.provider_not_linked_advice),
        ProviderError::Disabled => (StatusCode::FORBIDDEN, t.provider_disabled, t.provider_group_advice),
        ProviderError::Busy | ProviderError::Failed(AuthError::Overloaded(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, t.busy, t.try_again)
        }
        ProviderError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, t.failed_text, t.try_again),
    };
    page(visit, status, &fill(t.provider_title, &[name]), [text, advice].map(str::to_owned))
}

/// A path below `/console/` that there is not.
pub(crate) async fn unknown(visit: Visit) -> Response {
    no_page(&visit)
}

pub(crate) fn no_page(visit: &Visit) -> Response {
    let t = visit.texts();
    page(visit, StatusCode::NOT_FOUND, t.unknown, [t.unknown_text, t.unknown_advice].map(str::to_owned))
}

/// What the API does not show, in its own words.
pub(crate) fn refused(visit: &Visit, refused: &Refused) -> Response {
    let t = visit.texts();
    let said = |text: &str, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { text.to_owned() };
    let advice = match refused.status {
        StatusCode::FORBIDDEN => t.not_allowed_advice,
        StatusCode::NOT_FOUND | StatusCode::GONE => t.gone_advice,
        _ => t.try_again,
    };
    let text = said(&refused.detail, t.failed_text);
    page(visit, refused.status, &said(&refused.title, t.failed), [text, advice.to_owned()])
}

/// Something that was asked for failed.
pub(crate) fn failed(visit: &Visit, error: &SignInError) -> Response {
    let t = visit.texts();
    let (status, text) = told(t, error, t.sign_in_refused);
    page(visit, status, t.failed, [text, t.try_again.to_owned()])
}

/// The status and what to say of an error; `refused` is said where what was given is not right.
pub(crate) fn told(t: &Texts, error: &SignInError, refused: &str) -> (StatusCode, String) {
    match error {
        SignInError::Refused => (StatusCode::UNPROCESSABLE_ENTITY, refused.to_owned()),
        SignInError::TooMany(wait) => {
            let minutes = wait.as_secs().div_ceil(60).max(1).to_string();
            (StatusCode::TOO_MANY_REQUESTS, fill(t.too_many, &[&minutes]))
        }
        SignInError::Expired => (StatusCode::UNPROCESSABLE_ENTITY, t.expired.to_owned()),
        SignInError::Busy | SignInError::Failed(AuthError::Overloaded(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, t.busy.to_owned())
        }
        SignInError::Failed(AuthError::ProofWanted) => (StatusCode::FORBIDDEN, t.confirm_first.to_owned()),
        SignInError::Failed(AuthError::UnknownClient(_) | AuthError::UnknownAccount(_) | AuthError::UnknownKey(_)) => {
            (StatusCode::NOT_FOUND, t.gone_text.to_owned())
        }
        SignInError::Failed(error @ AuthError::Conflict(_)) => (StatusCode::CONFLICT, error.sentence()),
        SignInError::Failed(error @ AuthError::Invalid(_)) => (StatusCode::UNPROCESSABLE_ENTITY, error.sentence()),
        SignInError::Failed(error) => {
            tracing::error!(%error, "a page failed");
            (StatusCode::INTERNAL_SERVER_ERROR, t.failed_text.to_owned())
        }
    }
}

/// Says to a person why a request was not looked at: for whoever serves the pages.
pub fn refusal(status: StatusCode, title: &str, detail: &str) -> Response {
    let frame = Frame::new(&ENGLISH, title, "", None);
    let (text, advice) = (detail.to_owned(), ENGLISH.try_again.to_owned());
    html(status, &Page { frame, text, advice, link: None, request_id: String::new() }, None)
}
