//! `/oauth/logout`: an application sends a person here to sign out (OpenID Connect RP-Initiated Logout 1.0).

use askama::Template;
use axum::response::Response;
use continuity_auth::{Logout, LogoutRequest};
use http::StatusCode;
use url::Url;

use super::sign_in::{Said, left};
use super::trouble;
use crate::forms::Fields;
use crate::frame::Frame;
use crate::reply::{Answer, see_other};
use crate::texts::fill;
use crate::visit::{Posted, Unguarded, Visit};

const PATH: &str = "/oauth/logout";
const FIELDS: [&str; 4] = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];

#[derive(Template)]
#[template(path = "logout.html")]
struct Page {
    frame: Frame,
    question: String,
    kept: Vec<(&'static str, String)>,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let fields = visit.query();
    let Logout { ask, then } = visit.console.auth.logout(&asked(&fields), visit.session.as_ref());
    match &visit.session {
        Some(session) if ask => {
            let t = visit.texts();
            let kept = FIELDS.into_iter().filter_map(|name| Some((name, fields.given(name)?.to_owned())));
            let question = fill(t.logout_question, &[&session.account.settings.name]);
            let page = Page { frame: visit.frame(t.sign_out), question, kept: kept.collect() };
            Ok(visit.page_of(StatusCode::OK, &page, then.as_deref().and_then(place).as_deref()))
        }
        _ => end(&visit, then).await,
    }
}

/// The person agreed, or an application sent a form: that is looked at as if it had stood in the address.
pub(crate) async fn take(form: Unguarded) -> Answer {
    match form.guarded() {
        Ok(Posted { visit, fields }) => {
            let then = visit.console.auth.logout(&asked(&fields), visit.session.as_ref()).then;
            end(&visit, then).await
        }
        Err(form) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(FIELDS.into_iter().filter_map(|name| Some((name, form.fields.given(name)?))));
            Ok(see_other(&format!("{PATH}?{}", query.finish())))
        }
    }
}

async fn end(visit: &Visit, then: Option<String>) -> Answer {
    if let Some(session) = &visit.session {
        let ended = visit.console.auth.sign_out(session).await;
        ended.map_err(|error| trouble::failed(visit, &error.into()))?;
    }
    Ok(gone(then))
}

fn gone(then: Option<String>) -> Response {
    left(&then.unwrap_or_else(|| Said::SignedOut.address(None)))
}

fn asked(fields: &Fields) -> LogoutRequest {
    let [id_token_hint, client_id, post_logout_redirect_uri, state] =
        FIELDS.map(|name| fields.given(name).map(str::to_owned));
    LogoutRequest { id_token_hint, client_id, post_logout_redirect_uri, state }
}

/// Scheme, host and port of an address.
fn place(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let origin = url.origin();
    Some(if origin.is_tuple() { origin.ascii_serialization() } else { format!("{}:", url.scheme()) })
}
