//! Signing in with a passkey: alone, or beside a password. A script asks for what the browser is to be asked for, and sends
//! the browser's answer as a form.

use axum::response::Response;
use continuity_auth::SignInError;
use http::StatusCode;
use serde_json::{Value, json};

use super::second_factor::{Step, expired};
use super::sign_in::{enter, refused};
use super::trouble;
use crate::cookies::STEP;
use crate::reply::{self, see_other};
use crate::visit::{Posted, Visit};

/// `POST /console/sign-in/passkey/options`.
pub(crate) async fn sign_in_options(Posted { visit, .. }: Posted) -> Response {
    options(&visit, visit.console.auth.ask_for_passkey(None, &visit.from))
}

/// `POST /console/sign-in/passkey`.
pub(crate) async fn sign_in(posted: Posted) -> Response {
    let next = posted.next();
    let Posted { visit, fields } = posted;
    let (handle, answer) = (fields.get("handle"), fields.get("answer"));
    match visit.console.auth.sign_in_with_passkey(handle, answer, &visit.from).await {
        Ok(signed_in) => enter(&signed_in, next.as_deref()),
        Err(error) => refused(&visit, &error, visit.texts().passkey_refused, None, next.as_deref()),
    }
}

/// `POST /console/sign-in/second/passkey/options`. The step goes on under another handle.
pub(crate) async fn second_options(Posted { visit, .. }: Posted) -> Response {
    let Some(step) = Step::of(&visit) else { return options(&visit, Err(SignInError::Expired)) };
    let asked = visit.console.auth.ask_for_passkey(Some(&step.handle), &visit.from);
    let handle = asked.as_ref().map(|(handle, _)| handle.clone()).ok();
    let mut response = options(&visit, asked);
    if let Some(handle) = handle {
        STEP.set(response.headers_mut(), &Step { handle, ..step }.cookie());
    }
    response
}

/// `POST /console/sign-in/second/passkey`.
pub(crate) async fn second(posted: Posted) -> Response {
    let next = posted.next();
    let Posted { visit, fields } = posted;
    let Some(step) = Step::of(&visit) else { return expired(next.as_deref()) };
    match visit.console.auth.sign_in_with_passkey(&step.handle, fields.get("answer"), &visit.from).await {
        Ok(signed_in) => enter(&signed_in, next.as_deref()),
        Err(SignInError::Expired) => see_other(&super::sign_in::Said::Expired.address(next.as_deref())),
        // What was begun is used up: the password is asked for again.
        Err(error) => {
            let mut response = refused(&visit, &error, visit.texts().passkey_refused, None, next.as_deref());
            STEP.clear(response.headers_mut());
            response
        }
    }
}

/// What the script is told.
pub(crate) fn options(visit: &Visit, asked: Result<(String, Value), SignInError>) -> Response {
    match asked {
        Ok((handle, options)) => reply::json(StatusCode::OK, &json!({ "handle": handle, "options": options })),
        Err(error) => {
            let (status, text) = trouble::told(visit.texts(), &error, visit.texts().passkey_refused);
            reply::json(status, &json!({ "error": text }))
        }
    }
}
