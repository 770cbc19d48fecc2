//! `/console/settings/people/new`: a new account.

use askama::Template;
use axum::response::Response;
use continuity_auth::AccountSettings;
use http::StatusCode;

use super::super::ADMINISTRATORS;
use super::form::{self, Form};
use super::link;
use crate::faults::Faults;
use crate::frame::Frame;
use crate::pages::trouble;
use crate::reply::Answer;
use crate::visit::{Posted, Visit};

pub(crate) const PATH: &str = "/console/settings/people/new";

#[derive(Template)]
#[template(path = "settings/person_new.html")]
struct Page {
    frame: Frame,
    faults: Faults,
    form: Form,
    action: &'static str,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    visit.proved_with_role(ADMINISTRATORS, PATH)?;
    let form = Form::of(visit.texts(), &AccountSettings::default());
    Ok(render(&visit, form, (StatusCode::OK, Faults::default())))
}

fn render(visit: &Visit, form: Form, (status, faults): (StatusCode, Faults)) -> Response {
    let frame = visit.frame(visit.texts().administration.new_person).with_faults(!faults.is_empty());
    visit.page_of(status, &Page { frame, faults, form, action: PATH }, None)
}

/// Creates it, and shows a link for its person.
pub(crate) async fn take(Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, PATH)?;
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let settings = form::settings(&fields, &AccountSettings::default());
    let made = match settings {
        Ok(settings) => auth.off_thread(move |auth| link::make(auth, &auth.create_account(settings)?.id)).await,
        Err(error) => Err(error),
    };
    match made {
        Ok(made) => Ok(link::render(&visit, &made, visit.texts().administration.person_created)),
        Err(error) => {
            let (status, text) = trouble::told(visit.texts(), &error.into(), "");
            Ok(render(&visit, Form::sent(visit.texts(), &fields), (status, Faults::whole(text))))
        }
    }
}
