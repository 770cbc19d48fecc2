//! Why a loan, or an earlier point of it, is not shown: in words that a loan officer can act by.

use askama::Template;

use super::PATH;
use crate::api::Refused;
use crate::frame::Frame;
use crate::pages::trouble;
use crate::reply::Away;
use crate::visit::Visit;

#[derive(Template)]
#[template(path = "loans/refused.html")]
struct Page {
    frame: Frame,
    text: &'static str,
    /// What the API says, for whoever is asked for help.
    detail: String,
    /// The page as it is now, where an earlier point was asked for.
    now: Option<String>,
    loans: &'static str,
}

/// The page that says so; `now` leads to the present, where an earlier point was asked for.
pub(crate) fn page(visit: &Visit, why: &Refused, now: Option<String>) -> Away {
    let t = visit.texts();
    let code = match (why.code(), &now) {
        ("not-found", Some(_)) => "not-yet",
        ("bad-parameter", Some(_)) => "bad-point",
        (code, _) => code,
    };
    let Some((title, text)) = t.loans.refusal(code) else { return trouble::refused(visit, why).into() };
    let now = now.filter(|_| code != "loan-purged");
    let page = Page { frame: visit.frame(title), text, detail: why.detail.clone(), now, loans: PATH };
    visit.page_of(why.status, &page, None).into()
}
