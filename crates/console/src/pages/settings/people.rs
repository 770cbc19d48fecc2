//! `/console/settings/people`: the accounts of people.

pub(crate) mod access;
pub(crate) mod create;
mod form;
pub(crate) mod link;
pub(crate) mod one;

use askama::Template;
use continuity_auth::{Account, AuthError};

use super::ADMINISTRATORS;
use crate::frame::Frame;
use crate::pages::trouble;
use crate::reply::{Answer, Away};
use crate::visit::Visit;
use crate::when::When;

pub(crate) const PATH: &str = "/console/settings/people";

#[derive(Template)]
#[template(path = "settings/people.html")]
struct Page {
    frame: Frame,
    done: Option<&'static str>,
    lines: Vec<Line>,
}

struct Line {
    address: String,
    name: String,
    email: String,
    roles: String,
    is_enabled: bool,
    has_factor: bool,
    signed_in: Option<When>,
}

/// Where the page of an account is.
fn address(id: &str) -> String {
    // Ids are safe in addresses.
    format!("{PATH}/{id}")
}

fn failed(visit: &Visit, error: AuthError) -> Away {
    trouble::failed(visit, &error.into()).into()
}

pub(crate) async fn list(visit: Visit) -> Answer {
    visit.with_role(ADMINISTRATORS)?;
    let t = visit.texts();
    let line = |account: Account| Line {
        address: address(&account.id),
        roles: account.settings.roles.iter().map(|role| t.role_title(role.name())).collect::<Vec<_>>().join(", "),
        is_enabled: account.enabled,
        has_factor: account.has_second_factor(),
        signed_in: account.last_sign_in_at.map(|at| When::new(t, at)),
        name: account.settings.name,
        email: account.settings.email,
    };
    let page = Page {
        frame: visit.frame(t.administration.people),
        done: (visit.query().get("done") == "deleted").then_some(t.administration.person_deleted),
        lines: visit.console.auth.accounts().into_iter().map(line).collect(),
    };
    Ok(visit.page(&page))
}
