//! `/console/settings/keys/{id}/retire`: what a key signed is refused from now on.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use continuity_auth::{AuthError, KeyState, SigningKey};
use http::StatusCode;

use super::super::ADMINISTRATORS;
use super::{PATH, state};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::pages::trouble;
use crate::reply::{Answer, see_other};
use crate::texts::fill;
use crate::visit::{Posted, Visit};

/// How much of its id is typed to confirm.
const TYPED: usize = 8;

#[derive(Template)]
#[template(path = "settings/key_retire.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    action: String,
    id: String,
    algorithm: String,
    state: &'static str,
    reason: String,
    confirm: String,
}

/// Where a key is retired.
pub(super) fn address(id: &str) -> String {
    // Ids are safe in addresses.
    format!("{PATH}/{id}/retire")
}

/// What is typed to confirm.
fn typed(key: &SigningKey) -> &str {
    key.id.get(..TYPED).unwrap_or(&key.id)
}

/// A key that can be retired.
fn find(visit: &Visit, id: &str) -> Option<SigningKey> {
    let mut keys = visit.console.auth.signing_keys().into_iter();
    keys.find(|key| key.id == id && key.state != KeyState::Retired)
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    visit.proved_with_role(ADMINISTRATORS, &address(&id))?;
    let Some(key) = find(&visit, &id) else { return Ok(trouble::gone(&visit)) };
    Ok(render(&visit, key, "", (StatusCode::OK, Faults::default())))
}

fn render(visit: &Visit, key: SigningKey, reason: &str, (status, faults): (StatusCode, Faults)) -> Response {
    let t = visit.texts();
    let page = Page {
        frame: visit.frame(t.administration.retire_key).with_faults(!faults.is_empty()),
        faults,
        action: address(&key.id),
        state: state(t, key.state),
        reason: reason.to_owned(),
        confirm: fill(t.administration.type_the_key, &[typed(&key)]),
        algorithm: key.algorithm,
        id: key.id,
    };
    visit.page_of(status, &page, None)
}

/// Retires it, once the beginning of its id was typed.
pub(crate) async fn take(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, &address(&id))?;
    let Some(key) = find(&visit, &id) else { return Ok(trouble::gone(&visit)) };
    let reason = fields.get("reason").trim();
    let confirmed = fields.get("confirm").trim();
    if confirmed != typed(&key) && confirmed != key.id {
        let faults = Faults::at("confirm", visit.texts().administration.key_not_typed);
        return Ok(render(&visit, key, reason, (StatusCode::UNPROCESSABLE_ENTITY, faults)));
    }
    let auth = visit.console.auth.acting_for(session, reason);
    let why = reason.to_owned();
    match auth.off_thread(move |auth| auth.retire_key(&id, &why)).await {
        Ok(_) => Ok(see_other(&format!("{PATH}?done=retired"))),
        Err(error) => {
            let field = if matches!(error, AuthError::Invalid(_)) { "reason" } else { "" };
            let (status, text) = trouble::told(visit.texts(), &error.into(), "");
            Ok(render(&visit, key, reason, (status, Faults::at(field, text))))
        }
    }
}
