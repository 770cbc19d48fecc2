//! What stands around every page of one loan: what it is, as of when, and the way to its other pages.

use continuity_auth::{Scope, Session};
use form_urlencoded::byte_serialize;
use http::StatusCode;

use super::point::{field, point, shown};
use super::{PATH, refused, words};
use crate::api::{Raw, Refused, Told};
use crate::json::Node;
use crate::pages::trouble;
use crate::reply::Away;
use crate::stamp::Stamp;
use crate::texts::Texts;
use crate::visit::Visit;
use crate::when::When;

/// A page of a loan: the end of its path, the scopes of which one is wanted, and its name.
type Row = (&'static str, &'static [Scope], fn(&Texts) -> &'static str);

const TABS: &[Row] = &[
    ("", &[Scope::LoansRead], |t| t.loans.overview),
    ("checklist", &[Scope::LoansRead], |t| t.loans.checklist),
    ("bids", &[Scope::BidsRead, Scope::LoansRead], |t| t.loans.bids),
    ("tasks", &[Scope::TasksRead, Scope::LoansRead], |t| t.loans.tasks),
    ("changes", &[Scope::LoansRead], |t| t.loans.changes),
    ("documents", &[Scope::DocumentsRead], |t| t.parts.documents),
    ("guilds", &[Scope::MessagesRead], |t| t.parts.messages),
    ("comments", &[Scope::MessagesRead], |t| t.parts.comments),
    ("views", &[Scope::ReportsRead], |t| t.parts.views),
    ("worksheets", &[Scope::AnalysisRead, Scope::ReportsRead], |t| t.parts.worksheets),
    ("analysis", &[Scope::AnalysisRead], |t| t.parts.analysis),
    ("timeline", &[Scope::AuditRead], |t| t.parts.timeline),
    ("dossier", &[Scope::LoansRead], |t| t.parts.dossier),
];

/// A way to another page of the loan.
pub(crate) struct Tab {
    pub(crate) name: &'static str,
    pub(crate) path: String,
    pub(crate) is_here: bool,
}

/// What stands around a page of a loan.
pub(crate) struct Shell {
    /// What people call it.
    pub(crate) reference: String,
    pub(crate) status: String,
    pub(crate) stamp: Stamp,
    pub(crate) tabs: Vec<Tab>,
    /// The page as it is now, where an earlier point is shown.
    pub(crate) now: String,
    /// What the field for another point has in it.
    pub(crate) moment: String,
    /// What changed since the earlier point that is shown.
    pub(crate) since: Option<String>,
    /// When it was deleted, though not for good.
    pub(crate) deleted: Option<When>,
}

/// A loan that was asked for, and may be read.
pub(crate) struct Opened<'a> {
    visit: &'a Visit,
    pub(crate) id: String,
    pub(crate) as_of: Option<String>,
    pub(crate) loan: Node,
    pub(crate) shell: Shell,
}

impl<'a> Opened<'a> {
    /// The loan of that id, as of the point that the address names (`asOf`), for its page `tab`.
    pub(crate) async fn new(visit: &'a Visit, id: &str, tab: &str) -> Result<Self, Away> {
        let session = visit.member()?;
        let as_of = point(visit.query().get("asOf"));
        let told = visit.told(session, &path(id, "", as_of.as_deref())).await;
        let told = told.map_err(|why| refused::page(visit, &why, as_of.as_ref().map(|_| own(id, tab, None))))?;
        let t = visit.texts();
        let place = |(end, _, name): &Row| Tab {
            name: name(t),
            path: own(id, end, as_of.as_deref()),
            is_here: *end == tab.split('/').next().unwrap_or_default(),
        };
        let loan = told.node();
        let text = |name: &str| loan.text(name);
        let shell = Shell {
            reference: if text("reference").is_empty() { id.to_owned() } else { text("reference") },
            status: words::word(t, loan.at("status")),
            stamp: Stamp::new(t, &told, as_of.as_deref().map(|point| shown(t, point)).as_deref()),
            tabs: TABS.iter().filter(|(_, scopes, _)| may(session, scopes)).map(place).collect(),
            now: own(id, tab, None),
            moment: as_of.as_deref().and_then(field).unwrap_or_default(),
            since: as_of.as_deref().map(|point| format!("{}?from={}", own(id, "changes", None), encoded(point))),
            deleted: Some(text("deletedAt")).filter(|at| !at.is_empty()).map(|at| When::read(t, &at)),
        };
        Ok(Self { visit, id: id.to_owned(), as_of, loan, shell })
    }

    /// What the API tells below the loan, as of the same point: `end` begins with a slash and has no query.
    pub(crate) async fn read(&self, end: &str) -> Result<Told, Away> {
        let session = self.visit.member()?;
        self.visit.read(session, &path(&self.id, end, self.as_of.as_deref())).await
    }

    /// The same as it is now, or why it is not told.
    pub(crate) async fn told_now(&self, end: &str) -> Result<Result<Told, Refused>, Away> {
        Ok(self.visit.told(self.visit.member()?, &path(&self.id, end, None)).await)
    }

    /// The page shows this answer, too.
    pub(crate) fn also(&mut self, told: &Told) {
        self.shell.stamp.also(self.visit.texts(), &told.headers);
    }
}

/// Whether the person has one of the scopes.
pub(crate) fn may(session: &Session, scopes: &[Scope]) -> bool {
    scopes.iter().any(|scope| session.account.settings.scopes.contains(*scope))
}

/// What a page needs beside the loan itself.
impl Opened<'_> {
    /// The path in the API, as of the same point, with more in its query.
    pub(crate) fn api(&self, end: &str, query: &[(&str, &str)]) -> String {
        with(path(&self.id, end, self.as_of.as_deref()), query)
    }

    /// The path of a page of the loan, as of the same point: `end` begins without a slash.
    pub(crate) fn page(&self, end: &str, query: &[(&str, &str)]) -> String {
        with(own(&self.id, end, self.as_of.as_deref()), query)
    }

    /// The point that is shown, where it is an earlier one.
    pub(crate) fn as_of(&self) -> Option<&str> {
        self.as_of.as_deref()
    }

    /// What the API tells below the loan, byte for byte. The stamp says so where that is not complete.
    pub(crate) async fn raw(&mut self, end: &str, query: &[(&str, &str)]) -> Result<Raw, Away> {
        let session = self.visit.member()?;
        let raw = self.visit.raw(session, &self.api(end, query)).await;
        let raw = raw.map_err(|refused| Away::from(trouble::refused(self.visit, &refused)))?;
        self.shell.stamp.also(self.visit.texts(), &raw.headers);
        Ok(raw)
    }

    /// As [`Opened::raw`], taken apart.
    pub(crate) async fn node(&mut self, end: &str, query: &[(&str, &str)]) -> Result<Node, Away> {
        let raw = self.raw(end, query).await?;
        Node::parse(&raw.bytes).ok_or_else(|| self.unreadable())
    }

    /// These members of a list as it is now, where an earlier point is shown; of a loan that is there no more, nothing.
    pub(crate) async fn now(&self, end: &str, fields: &str) -> Result<Node, Away> {
        if self.as_of.is_none() {
            return Ok(Node::Nothing);
        }
        let path = with(path(&self.id, end, None), &[("fields", fields)]);
        match self.visit.raw(self.visit.member()?, &path).await {
            Ok(raw) => Node::parse(&raw.bytes).ok_or_else(|| self.unreadable()),
            Err(refused) if refused.status == StatusCode::NOT_FOUND => Ok(Node::Nothing),
            Err(refused) => Err(trouble::refused(self.visit, &refused).into()),
        }
    }

    /// There was an answer that cannot be read: a page that says so, rather than one that there is nothing.
    pub(crate) fn unreadable(&self) -> Away {
        trouble::refused(self.visit, &Refused::unreadable()).into()
    }

    /// Names the page below a tab that this is, for the way to its present state.
    pub(crate) fn below(&mut self, end: &str) {
        self.shell.now = own(&self.id, end, None);
    }
}

/// An address with more in its query; what is empty is left out.
pub(crate) fn with(mut address: String, query: &[(&str, &str)]) -> String {
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(name);
        address.push('=');
        address.extend(byte_serialize(value.as_bytes()));
    }
    address
}

/// The path in the API.
pub(crate) fn path(id: &str, end: &str, as_of: Option<&str>) -> String {
    format!("/api/v1/loan-requests/{}{end}{}", encoded(id), query(as_of))
}

/// The path in the console.
pub(crate) fn own(id: &str, end: &str, as_of: Option<&str>) -> String {
    let slash = if end.is_empty() { "" } else { "/" };
    format!("{PATH}/{}{slash}{end}{}", encoded(id), query(as_of))
}

fn query(as_of: Option<&str>) -> String {
    as_of.map_or_else(String::new, |as_of| format!("?asOf={}", byte_serialize(as_of.as_bytes()).collect::<String>()))
}

/// One component of a path.
pub(crate) fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
