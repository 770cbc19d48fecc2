//! `/console/settings/clients/new`: a new client.

use askama::Template;
use axum::response::Response;
use continuity_auth::{ClientSettings, ScopeSet};
use http::StatusCode;

use super::super::ADMINISTRATORS;
use super::form::{self, Form};
use super::{address, secret};
use crate::faults::Faults;
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
    Ok(render(&visit, form, (StatusCode::OK, Faults::default())))
}

fn render(visit: &Visit, form: Form, (status, faults): (StatusCode, Faults)) -> Response {
    let frame = visit.frame(visit.texts().new_client).with_faults(!faults.is_empty());
    visit.page_of(status, &Page { frame, faults, form, action: PATH }, None)
}

/// Creates it, and shows its secret.
pub(crate) async fn take(Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, PATH)?;
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let settings = form::settings(&fields, &ClientSettings::named("", ScopeSet::EMPTY));
    let made = match settings {
        Ok(settings) => auth.off_thread(move |auth| auth.create_client(settings)).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(created) => Ok(secret::render(&visit, created, visit.texts().client_created, address)),
        Err(error) => {
            let (status, text) = trouble::told(visit.texts(), &error.into(), "");
            Ok(render(&visit, Form::sent(visit.texts(), &fields), (status, Faults::whole(text))))
        }
    }
}
