//! `/console/settings/applications/new`: an application is registered.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use super::super::DEVELOPERS;
use super::super::clients::secret;
use super::address;
use super::form::{self, About, Form};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::pages::trouble;
use crate::reply::Answer;
use crate::visit::{Posted, Visit};

pub(crate) const PATH: &str = "/console/settings/applications/new";

#[derive(Template)]
#[template(path = "settings/application_new.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    form: Form,
    action: &'static str,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let of = &visit.proved_with_role(DEVELOPERS, PATH)?.account;
    let form = About { t: visit.texts(), of, before: None }.form();
    Ok(render(&visit, form, (StatusCode::OK, Faults::default())))
}

fn render(visit: &Visit, form: Form, (status, faults): (StatusCode, Faults)) -> Response {
    let frame = visit.frame(visit.texts().administration.new_application).with_faults(!faults.is_empty());
    visit.page_of(status, &Page { frame, faults, form, action: PATH }, None)
}

/// Registers it, and shows its secret.
pub(crate) async fn take(Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(DEVELOPERS, PATH)?;
    let (t, of) = (visit.texts(), session.account.clone());
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let made = match form::settings(t, &fields) {
        Ok(settings) => auth.off_thread(move |auth| auth.register_application(&of, settings)).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(created) => Ok(secret::render(&visit, created, t.administration.application_registered, address)),
        Err(error) => {
            let (status, text) = trouble::told(t, &error.into(), "");
            let form = About { t, of: &session.account, before: None }.sent(&fields);
            Ok(render(&visit, form, (status, Faults::whole(text))))
        }
    }
}
