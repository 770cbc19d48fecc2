//! `/console/account/recovery-codes`: new recovery codes, shown once.

use askama::Template;
use axum::response::Response;

use crate::frame::Frame;
use crate::pages::{account, trouble};
use crate::reply::Answer;
use crate::visit::{Posted, Visit};

#[derive(Template)]
#[template(path = "recovery.html")]
struct Page {
    frame: Frame,
    done: &'static str,
    codes: Vec<String>,
    onward: String,
}

/// The codes: they are kept nowhere, so they are the answer itself and not a page to be led to.
pub(crate) fn render(visit: &Visit, codes: Vec<String>, done: &'static str, next: Option<&str>) -> Response {
    let onward = next.unwrap_or(account::PATH).to_owned();
    visit.page(&Page { frame: visit.frame(visit.texts().recovery_title), done, codes, onward })
}

/// `POST /console/account/recovery-codes`.
pub(crate) async fn make(Posted { visit, .. }: Posted) -> Answer {
    visit.member()?;
    let made = visit.console.auth.make_recovery_codes(visit.proved(account::PATH)?).await;
    let codes = made.map_err(|error| trouble::failed(&visit, &error))?;
    Ok(render(&visit, codes, visit.texts().done_recovery_made, None))
}
