//! `/console/settings/applications/{id}`: one application, and what is done with it.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use continuity_auth::{Account, AuthError, Authentication, Client, Role};
use http::StatusCode;

use super::super::DEVELOPERS;
use super::super::clients::{self, secret};
use super::form::{self, About, Form};
use super::{PATH, address, owner};
use crate::faults::Faults;
use crate::forms::Fields;
use crate::frame::Frame;
use crate::next;
use crate::pages::{confirm, trouble};
use crate::reply::{Answer, Away, see_other};
use crate::visit::{Posted, Visit};
use crate::when::When;

#[derive(Template)]
#[template(path = "settings/application.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    done: Option<&'static str>,
    /// Where a proof of who it is comes first, if it has to.
    proof: Option<String>,
    form: Form,
    action: String,
    application: Facts,
}

/// What is known of it beside its settings.
struct Facts {
    id: String,
    name: String,
    is_enabled: bool,
    has_secret: bool,
    created: When,
    used: Option<When>,
    owner: Option<String>,
    /// Its page among the clients, for whom that is.
    as_client: Option<String>,
}

fn facts(visit: &Visit, of: &Account, client: &Client) -> Facts {
    let when = |at| When::new(visit.texts(), at);
    Facts {
        id: client.id.clone(),
        name: client.settings.name.clone(),
        is_enabled: client.enabled,
        has_secret: client.settings.authentication == Authentication::ClientSecret,
        created: when(client.created_at),
        used: client.last_used_at.map(when),
        owner: owner(visit, of, client),
        as_client: of.has_role(Role::Admin).then(|| clients::address(&client.id)),
    }
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let of = &visit.with_role(DEVELOPERS)?.account;
    Ok(render(&visit, of, &id, None, (StatusCode::OK, Faults::default())))
}

/// The page, with the form as it was sent or as the application is.
fn render(
    visit: &Visit,
    of: &Account,
    id: &str,
    sent: Option<&Fields>,
    (status, faults): (StatusCode, Faults),
) -> Response {
    let (t, auth) = (visit.texts(), &visit.console.auth);
    let Ok(client) = auth.application(of, id) else { return trouble::gone(visit) };
    let is_proved = visit.session.as_ref().is_some_and(|session| auth.is_proved(session));
    let about = About { t, of, before: Some(&client.settings) };
    let page = Page {
        frame: visit.frame(&client.settings.name).with_faults(!faults.is_empty()),
        faults,
        done: (visit.query().get("done") == "changed").then_some(t.administration.application_changed),
        proof: (!is_proved).then(|| next::with(confirm::PATH, Some(&address(id)))),
        form: sent.map_or_else(|| about.form(), |fields| about.sent(fields)),
        action: address(id),
        application: facts(visit, of, &client),
    };
    visit.page_of(status, &page, None)
}

fn failed(visit: &Visit, error: AuthError) -> Away {
    trouble::failed(visit, &error.into()).into()
}

/// Changes its settings.
pub(crate) async fn change(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(DEVELOPERS, &address(&id))?;
    let (t, of, named) = (visit.texts(), session.account.clone(), id.clone());
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let changed = match form::patch(t, &fields) {
        Ok(patch) => {
            let change = move |auth: &continuity_auth::Auth| {
                auth.change_application(&of, &named, |before| before.merged(&patch))
            };
            auth.off_thread(change).await
        }
        Err(error) => Err(error),
    };
    match changed {
        Ok(_) => Ok(see_other(&format!("{}?done=changed", address(&id)))),
        Err(error @ (AuthError::Invalid(_) | AuthError::Conflict(_))) => {
            let (status, text) = trouble::told(t, &error.into(), "");
            Ok(render(&visit, &session.account, &id, Some(&fields), (status, Faults::whole(text))))
        }
        Err(error) => Err(failed(&visit, error)),
    }
}

/// A new secret, shown once.
pub(crate) async fn rotate(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(DEVELOPERS, &address(&id))?;
    let of = session.account.clone();
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let overlap = secret::overlap(&visit, &fields)?;
    let rotated = auth.off_thread(move |auth| auth.rotate_application(&of, &id, overlap)).await;
    let rotated = rotated.map_err(|error| failed(&visit, error))?;
    Ok(secret::render(&visit, rotated, visit.texts().administration.application_rotated, address))
}

/// Deletes it for good, once its name was typed.
pub(crate) async fn delete(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(DEVELOPERS, &address(&id))?;
    let of = session.account.clone();
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let Ok(client) = auth.application(&of, &id) else { return Ok(trouble::gone(&visit)) };
    if fields.get("name").trim() != client.settings.name.trim() {
        let faults = Faults::at("confirm-name", visit.texts().name_not_typed);
        return Ok(render(&visit, &of, &id, None, (StatusCode::UNPROCESSABLE_ENTITY, faults)));
    }
    let deleted = auth.off_thread(move |auth| auth.delete_application(&of, &id)).await;
    deleted.map_err(|error| failed(&visit, error))?;
    Ok(see_other(&format!("{PATH}?done=deleted")))
}
