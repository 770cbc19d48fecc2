//! `/console/settings/clients/new`: a new client.

use askama::Template;
use axum::response::Response;
use continuity_auth::{Auth, AuthError, ClientSettings, Created, ScopeSet};
use http::StatusCode;

use super::super::ADMINISTRATORS;
use super::form::{self, Form};
use super::{address, secret};
use crate::faults::Faults;
use crate::forms::Fields;
use crate::frame::Frame;
use crate::pages::trouble;
use crate::reply::Answer;
use crate::visit::{Posted, Visit};

pub(crate) const PATH: &str = "/console/settings/clients/new";

#[derive(Template)]
#[template(path = "settings/client_new.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    form: Form,
    action: &'static str,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    visit.proved_with_role(ADMINISTRATORS, PATH)?;
    let form = Form::of(visit.texts(), &ClientSettings::named("", ScopeSet::EMPTY));
    let form = form.with_state(visit.texts(), &Fields::parse(b""));
    Ok(render(&visit, form, (StatusCode::OK, Faults::default())))
}

fn render(visit: &Visit, form: Form, (status, faults): (StatusCode, Faults)) -> Response {
    let frame = visit.frame(visit.texts().new_client).with_faults(!faults.is_empty());
    visit.page_of(status, &Page { frame, faults, form, action: PATH }, None)
}

fn create(auth: &Auth, settings: ClientSettings, is_enabled: bool) -> Result<Created, AuthError> {
    let created = auth.create_client(settings)?;
    if is_enabled {
        return Ok(created);
    }
    Ok(Created { client: auth.set_enabled(&created.client.id, false)?, ..created })
}

/// Creates it, and shows its secret.
pub(crate) async fn take(Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, PATH)?;
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let settings = form::settings(&fields, &ClientSettings::named("", ScopeSet::EMPTY));
    let is_enabled = form::is_enabled(&fields);
    let made = match settings {
        Ok(settings) => auth.off_thread(move |auth| create(auth, settings, is_enabled)).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(created) => Ok(secret::render(&visit, created, visit.texts().client_created, address)),
        Err(error) => {
            let (status, text) = trouble::told(visit.texts(), &error.into(), "");
            let form = Form::sent(visit.texts(), &fields).with_state(visit.texts(), &fields);
            Ok(render(&visit, form, (status, Faults::whole(text))))
        }
    }
}
