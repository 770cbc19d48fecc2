//! `/console/settings/people/{id}/link`: a one-time link, with which a person chooses a password. The answer itself shows
//! it, as it is kept nowhere.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use continuity_auth::{Account, Auth, AuthError};

use super::super::ADMINISTRATORS;
use super::{address, failed};
use crate::frame::Frame;
use crate::reply::Answer;
use crate::texts::fill;
use crate::visit::{Posted, Visit};
use crate::when::When;

#[derive(Template)]
#[template(path = "settings/person_link.html")]
struct Page {
    frame: Frame,
    done: &'static str,
    email: String,
    link: String,
    until: Option<When>,
    onward: String,
}

/// A link, and whose it is.
pub(super) struct Made {
    account: Account,
    link: String,
}

/// Makes one. Blocks until it is durable.
pub(super) fn make(auth: &Auth, id: &str) -> Result<Made, AuthError> {
    let token = auth.make_link(id)?;
    let link = format!("{}/console/link/{}", auth.issuer(), *token);
    Ok(Made { account: auth.account(id)?, link })
}

/// Shows it, this once.
pub(super) fn render(visit: &Visit, made: &Made, done: &'static str) -> Response {
    let (t, Made { account, link }) = (visit.texts(), made);
    visit.page(&Page {
        frame: visit.frame(fill(t.administration.link_title, &[&account.settings.name])),
        done,
        email: account.settings.email.clone(),
        link: link.clone(),
        until: account.link_until.map(|at| When::new(t, at)),
        onward: address(&account.id),
    })
}

pub(crate) async fn renew(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.proved_with_role(ADMINISTRATORS, &address(&id))?;
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let made = auth.off_thread(move |auth| make(auth, &id)).await;
    let made = made.map_err(|error| failed(&visit, error))?;
    Ok(render(&visit, &made, visit.texts().administration.link_made))
}
