//! `/console/settings/clients/{id}`: one client, and what is done with it.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use continuity_auth::{AuthError, Client};
use http::StatusCode;

use super::super::ADMINISTRATORS;
use super::form::{self, Form};
use super::{PATH, address, secret};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::next;
use crate::pages::{confirm, trouble};
use crate::reply::{Answer, Away, see_other};
use crate::visit::{Posted, Visit};
use crate::when::When;

#[derive(Template)]
#[template(path = "settings/client.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    done: Option<&'static str>,
    /// Where a proof of who it is comes first, if it has to.
    proof: Option<String>,
    form: Form,
    action: String,
    client: Facts,
}

/// What is known of it beside its settings.
struct Facts {
    id: String,
    name: String,
    is_enabled: bool,
    has_secret: bool,
    created: When,
    created_by: String,
    used: Option<When>,
    secret_made: Option<When>,
    secret_used: Option<When>,
    previous_until: Option<When>,
    previous_used: Option<When>,
}

fn facts(visit: &Visit, client: &Client) -> Facts {
    let when = |at| When::new(visit.texts(), at);
    Facts {
        id: client.id.clone(),
        name: client.settings.name.clone(),
        is_enabled: client.enabled,
        has_secret: client.settings.authentication == continuity_auth::Authentication::ClientSecret,
        created: when(client.created_at),
        created_by: client.created_by.clone(),
        used: client.last_used_at.map(when),
        secret_made: client.secret_created_at.map(when),
        secret_used: client.secret_last_used_at.map(when),
        previous_until: client.previous_secret_until.map(when),
        previous_used: client.previous_secret_last_used_at.map(when),
    }
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    visit.with_role(ADMINISTRATORS)?;
    Ok(render(&visit, &id, None, (StatusCode::OK, Faults::default())))
}

/// The page, with the form as it was sent or as the client is.
fn render(visit: &Visit, id: &str, sent: Option<Form>, (status, faults): (StatusCode, Faults)) -> Response {
    let (t, auth) = (visit.texts(), &visit.console.auth);
    let found = auth.client(id).zip(auth.client_settings(id).ok());
    let Some((client, settings)) = found else { return trouble::gone(visit) };
    let done = match visit.query().get("done") {
        "changed" => Some(t.client_changed),
        "enabled" => Some(t.client_enabled),
        "disabled" => Some(t.client_disabled),
        _ => None,
    };
    let is_proved = visit.session.as_ref().is_some_and(|session| auth.is_proved(session));
    let page = Page {
        frame: visit.frame(&client.settings.name).with_faults(!faults.is_empty()),
        faults,
        done,
        proof: (!is_proved).then(|| next::with(confirm::PATH, Some(&address(id)))),
        form: sent.unwrap_or_else(|| Form::of(t, &settings)),
        action: address(id),
        client: facts(visit, &client),
    };
    visit.page_of(status, &page, None)
}

fn failed(visit: &Visit, error: AuthError) -> Away {
    trouble::failed(visit, &error.into()).into()
}

fn done(id: &str, what: &str) -> Response {
    see_other(&format!("{}?done={what}", address(id)))
}

/// Changes its settings.
pub(crate) async fn change(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, &address(&id))?;
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let (of, sent) = (id.clone(), fields);
    let form = Form::sent(visit.texts(), &sent);
    let changed =
        auth.off_thread(move |auth| auth.change_client_with(&of, |before| form::settings(&sent, before))).await;
    match changed {
        Ok(_) => Ok(done(&id, "changed")),
        Err(error @ (AuthError::Invalid(_) | AuthError::Conflict(_))) => {
            let (status, text) = trouble::told(visit.texts(), &error.into(), "");
            Ok(render(&visit, &id, Some(form), (status, Faults::whole(text))))
        }
        Err(error) => Err(failed(&visit, error)),
    }
}

/// A new secret, shown once.
pub(crate) async fn rotate(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, &address(&id))?;
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let overlap = secret::overlap(&visit, &fields)?;
    let rotated = auth.off_thread(move |auth| auth.rotate_secret(&id, overlap)).await;
    let rotated = rotated.map_err(|error| failed(&visit, error))?;
    Ok(secret::render(&visit, rotated, visit.texts().client_rotated, address))
}

/// Lets it in again. Switching it off asks for no proof: it may be urgent.
pub(crate) async fn set_enabled(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let enabled = fields.get("enabled") == "true";
    let session = if enabled {
        visit.proved_with_role(ADMINISTRATORS, &address(&id))?
    } else {
        visit.with_role(ADMINISTRATORS)?
    };
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let of = id.clone();
    let set = auth.off_thread(move |auth| auth.set_enabled(&of, enabled)).await;
    set.map_err(|error| failed(&visit, error))?;
    Ok(done(&id, if enabled { "enabled" } else { "disabled" }))
}

/// Deletes it for good, once its name was typed.
pub(crate) async fn delete(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, &address(&id))?;
    let auth = &visit.console.auth;
    let Some(client) = auth.client(&id) else { return Ok(trouble::gone(&visit)) };
    if fields.get("name").trim() != client.settings.name.trim() {
        let faults = Faults::at("confirm-name", visit.texts().name_not_typed);
        return Ok(render(&visit, &id, None, (StatusCode::UNPROCESSABLE_ENTITY, faults)));
    }
    let auth = auth.acting_for(session, fields.get("reason"));
    let deleted = auth.off_thread(move |auth| auth.delete_client(&id)).await;
    deleted.map_err(|error| failed(&visit, error))?;
    Ok(see_other(&format!("{PATH}?done=deleted")))
}
