//! `/console/settings/clients`: OAuth clients.

pub(crate) mod create;
mod form;
pub(crate) mod one;
pub(super) mod secret;

use askama::Template;
use continuity_auth::Client;

use super::ADMINISTRATORS;
use crate::frame::Frame;
use crate::reply::Answer;
use crate::visit::Visit;
use crate::when::When;

pub(crate) const PATH: &str = "/console/settings/clients";

#[derive(Template)]
#[template(path = "settings/clients.html")]
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
}

/// Where the page of a client is.
pub(super) fn address(id: &str) -> String {
    // Ids are safe in addresses.
    format!("{PATH}/{id}")
}

pub(crate) async fn list(visit: Visit) -> Answer {
    visit.with_role(ADMINISTRATORS)?;
    let t = visit.texts();
    let line = |client: Client| Line {
        address: address(&client.id),
        scopes: client.settings.scopes.to_string(),
        name: client.settings.name,
        is_enabled: client.enabled,
        used: client.last_used_at.map(|at| When::new(t, at)),
        id: client.id,
    };
    let page = Page {
        frame: visit.frame(t.clients),
        done: (visit.query().get("done") == "deleted").then_some(t.client_deleted),
        lines: visit.console.auth.list_clients().into_iter().map(line).collect(),
    };
    Ok(visit.page(&page))
}
