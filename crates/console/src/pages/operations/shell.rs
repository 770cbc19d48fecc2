//! What stands around every page of operations: the way to the others, what was done, and what is under way.

use axum::response::Response;
use continuity_auth::Session;
use http::header::REFRESH;
use http::{HeaderValue, StatusCode};

use super::{OPERATORS, PATH, backups, blobs, completeness, log, quarantine, read_models};
use crate::faults::Faults;
use crate::money::figure;
use crate::orders::sentence;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;
use crate::works::{Kind, Work};

/// A page: where it is, and its name.
type Row = (&'static str, fn(&Texts) -> &'static str);

const TABS: &[Row] = &[
    (PATH, |t| t.operations.source),
    (completeness::PATH, |t| t.operations.completeness),
    (read_models::PATH, |t| t.operations.read_models),
    (quarantine::PATH, |t| t.operations.quarantine),
    (blobs::PATH, |t| t.operations.blobs),
    (log::PATH, |t| t.operations.log),
    (backups::PATH, |t| t.operations.backups),
];

/// A way to another page.
pub(crate) struct Tab {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) is_here: bool,
}

/// What stands around a page.
pub(crate) struct Shell {
    pub(crate) tabs: Vec<Tab>,
    /// What was done.
    pub(crate) done: Option<&'static str>,
    pub(crate) faults: Faults,
    /// Whether the person may do something here.
    pub(crate) may: bool,
    /// What is under way or was done, of what the page is about.
    pub(crate) works: Vec<Shown>,
    status: StatusCode,
    t: &'static Texts,
}

/// Work, for people.
pub(crate) struct Shown {
    pub(crate) name: String,
    pub(crate) began: When,
    pub(crate) by: String,
    pub(crate) is_under_way: bool,
    pub(crate) done: u64,
    /// Nothing, where it is not known.
    pub(crate) of: u64,
    pub(crate) percent: String,
    /// When it ended, and what came of it; whether that is good.
    pub(crate) ended: Option<(When, String, bool)>,
}

impl Shown {
    /// `name`: what it is. `told`: what its result says, and whether that is good.
    pub(crate) fn new(
        t: &Texts,
        name: String,
        work: &Work,
        told: impl Fn(&serde_json::Value) -> (String, bool),
    ) -> Self {
        let ended = work.ended.as_ref().map(|(at, result)| {
            let (text, is_good) = match result {
                Ok(value) => told(value),
                Err(error) => (sentence(error), false),
            };
            (When::new(t, *at), text, is_good)
        });
        Self {
            name,
            began: When::new(t, work.began),
            by: work.by.clone(),
            is_under_way: work.is_under_way(),
            done: work.done.min(work.of),
            of: work.of,
            percent: (work.done.min(work.of) * 100).checked_div(work.of).unwrap_or_default().to_string(),
            ended,
        }
    }
}

impl Shell {
    /// Around the page at that path, with what a form of it was refused for.
    pub(crate) fn new(visit: &Visit, session: &Session, here: &str, (status, faults): (StatusCode, Faults)) -> Self {
        let t = visit.texts();
        let tab = |(path, name): &Row| Tab { name: name(t), path, is_here: *path == here };
        Self {
            tabs: TABS.iter().map(tab).collect(),
            done: t.operations.done(visit.query().get("done")),
            faults,
            may: may(session),
            works: Vec::new(),
            status,
            t,
        }
    }

    /// A size or a count. Log positions stay as they are typed elsewhere.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    pub(crate) fn grouped(&self, number: &u64) -> String {
        figure(self.t, *number)
    }

    /// Shows the last work of that kind, if there is one.
    pub(crate) fn show(
        &mut self,
        visit: &Visit,
        kind: Kind,
        name: &str,
        told: impl Fn(&serde_json::Value) -> (String, bool),
    ) {
        if let Some(work) = visit.console.works.last(kind) {
            self.works.push(Shown::new(visit.texts(), fill(name, &[&work.subject]), &work, told));
        }
    }

    /// The page; while something is under way, browsers look again by themselves.
    pub(crate) fn answer(&self, visit: &Visit, page: &impl askama::Template) -> Response {
        let mut response = visit.page_of(self.status, page, None);
        if self.status.is_success() && self.works.iter().any(|work| work.is_under_way) {
            response.headers_mut().insert(REFRESH, HeaderValue::from_static("3"));
        }
        response
    }
}

/// Whether the person may do something.
pub(crate) fn may(session: &Session) -> bool {
    OPERATORS.iter().any(|role| session.account.has_role(*role))
}

/// Nothing is wrong.
pub(crate) fn fine() -> (StatusCode, Faults) {
    (StatusCode::OK, Faults::default())
}

/// An order was refused, for that reason.
pub(crate) fn refused(error: &str) -> (StatusCode, Faults) {
    (StatusCode::CONFLICT, Faults::whole(sentence(error)))
}

/// A field is wrong.
pub(crate) fn wrong(field: &'static str, text: &str) -> (StatusCode, Faults) {
    (StatusCode::UNPROCESSABLE_ENTITY, Faults::at(field, text))
}

/// Somebody began it already.
pub(crate) fn under_way(t: &Texts, work: &Work) -> (StatusCode, Faults) {
    let began = When::new(t, work.began);
    (StatusCode::CONFLICT, Faults::whole(fill(t.operations.under_way, &[&work.by, &began.shown])))
}
