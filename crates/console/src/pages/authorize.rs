//! `/oauth/authorize`: an application asks a person to be let in (RFC 6749 section 4.1.1).

use askama::Template;
use axum::response::Response;
use continuity_auth::{Authorization, AuthorizationError, ConsentWanted, Decision};

use super::{sign_in, trouble};
use crate::frame::Frame;
use crate::next;
use crate::reply::{Answer, Away, see_other};
use crate::texts::fill;
use crate::visit::{Posted, Visit};

const PATH: &str = "/oauth/authorize";

#[derive(Template)]
#[template(path = "authorize.html")]
struct Page {
    frame: Frame,
    wanted: ConsentWanted,
    /// What it wants, in words, with the scope's name.
    wants: Vec<(&'static str, &'static str)>,
    not_given: Vec<(&'static str, &'static str)>,
    signed_in_as: String,
    afterwards: String,
    query: String,
    again: String,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let query = visit.uri.query().unwrap_or_default().to_owned();
    let request = checked(&visit, &query)?;
    let decision = visit.console.auth.decide(&request, visit.session.as_ref());
    match decision.map_err(|error| trouble::failed(&visit, &error.into()))? {
        Decision::Redirect(to) => Ok(see_other(&to)),
        Decision::SignIn => {
            let here = format!("{PATH}?{query}");
            match next::local(&here) {
                Some(here) => Ok(see_other(&next::with(sign_in::PATH, Some(here)))),
                None => Ok(trouble::bad_application(&visit, visit.texts().bad_query)),
            }
        }
        Decision::Ask(wanted) => Ok(ask(&visit, &request, wanted, &query)),
    }
}

fn ask(visit: &Visit, request: &Authorization, wanted: ConsentWanted, query: &str) -> Response {
    let t = visit.texts();
    let person = visit.session.as_ref().map(|session| &session.account.settings);
    let (name, email) = person.map(|person| (&*person.name, &*person.email)).unwrap_or_default();
    let wants = wanted.wants.iter().map(|(words, scope)| (t.scope(scope).unwrap_or(words), *scope));
    let not_given = wanted.not_given.iter().map(|scope| (t.scope(scope).unwrap_or(scope), *scope));
    let page = Page {
        frame: visit.frame(fill(t.consent_title, &[&wanted.client_name])),
        wants: wants.collect(),
        not_given: not_given.collect(),
        signed_in_as: fill(t.signed_in_as, &[name, email]),
        afterwards: fill(t.consent_afterwards, &[&wanted.sent_to]),
        query: query.to_owned(),
        again: next::with(sign_in::PATH, next::local(&format!("{PATH}?{query}"))),
        wanted,
    };
    visit.page_of(http::StatusCode::OK, &page, Some(&request.sent_to()))
}

/// The person decided. The request is looked at once more, as it may have changed since.
pub(crate) async fn take(Posted { visit, fields }: Posted) -> Answer {
    let request = checked(&visit, fields.get("query"))?;
    let session = visit.member()?;
    let to = match fields.get("answer") {
        "allow" => visit.console.auth.agree(&request, session).await,
        _ => Ok(visit.console.auth.disagree(&request)),
    };
    Ok(see_other(&to.map_err(|error| trouble::failed(&visit, &error.into()))?))
}

fn checked(visit: &Visit, query: &str) -> Result<Authorization, Away> {
    visit.console.auth.authorization(query).map_err(|error| match error {
        AuthorizationError::Page(why) => trouble::bad_application(visit, why).into(),
        AuthorizationError::Redirect(to) => see_other(&to).into(),
    })
}
