//! `/console/settings/applications`: what people register, to act for people who let it in.

pub(crate) mod create;
mod form;
pub(crate) mod one;

use askama::Template;
use continuity_auth::{Account, Client, Role};

use super::DEVELOPERS;
use crate::frame::Frame;
use crate::reply::Answer;
use crate::visit::Visit;
use crate::when::When;

pub(crate) const PATH: &str = "/console/settings/applications";

#[derive(Template)]
#[template(path = "settings/applications.html")]
struct Page {
    frame: Frame,
    done: Option<&'static str>,
    lines: Vec<Line>,
}

struct Line {
    address: String,
    name: String,
    id: String,
    scopes: String,
    is_enabled: bool,
    used: Option<When>,
    /// Who registered it, where that is of interest.
    owner: Option<String>,
}

/// Where the page of an application is.
fn address(id: &str) -> String {
    // Ids are safe in addresses.
    format!("{PATH}/{id}")
}

/// Who registered it, for administrators, who see those of everybody.
fn owner(visit: &Visit, of: &Account, client: &Client) -> Option<String> {
    let owner = client.settings.owner.as_ref().filter(|_| of.has_role(Role::Admin))?;
    Some(visit.console.auth.account(owner).map_or_else(|_| owner.clone(), |account| account.settings.email))
}

pub(crate) async fn list(visit: Visit) -> Answer {
    let account = &visit.with_role(DEVELOPERS)?.account;
    let t = visit.texts();
    let line = |client: Client| Line {
        address: address(&client.id),
        owner: owner(&visit, account, &client),
        scopes: client.settings.scopes.to_string(),
        name: client.settings.name,
        is_enabled: client.enabled,
        used: client.last_used_at.map(|at| When::new(t, at)),
        id: client.id,
    };
    let page = Page {
        frame: visit.frame(t.administration.applications),
        done: (visit.query().get("done") == "deleted").then_some(t.administration.application_deleted),
        lines: visit.console.auth.applications(account).into_iter().map(line).collect(),
    };
    Ok(visit.page(&page))
}
