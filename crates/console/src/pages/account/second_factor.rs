//! `/console/account/second-factor`: which second factor to set up, where there has to be one.

use askama::Template;

use super::authenticator;
use crate::frame::Frame;
use crate::next;
use crate::reply::Answer;
use crate::visit::Visit;

pub(crate) const PATH: &str = "/console/account/second-factor";

#[derive(Template)]
#[template(path = "set_up.html")]
struct Page {
    frame: Frame,
    authenticator: String,
    can_have_passkeys: bool,
    next: String,
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let next = visit.next();
    visit.proved(&next::with(PATH, next.as_deref()))?;
    let page = Page {
        frame: visit.frame(visit.texts().set_up_title),
        authenticator: next::with(authenticator::PATH, next.as_deref()),
        can_have_passkeys: visit.console.auth.can_have_passkeys(),
        next: next.clone().unwrap_or_default(),
    };
    let leads_to = visit.application(next.as_deref()).map(|application| application.sent_to());
    Ok(visit.page_of(http::StatusCode::OK, &page, leads_to.as_deref()))
}
