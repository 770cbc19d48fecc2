//! `/console/loans/{id}/changes`: the history of a loan as points, and what differs between two of them.

mod diff;
mod points;

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use continuity_auth::Session;

use super::point::{field, point, shown};
use super::shell::{Opened, Shell, own, path};
use crate::api::{Refused, Told};
use crate::faults::Faults;
use crate::frame::Frame;
use crate::json::Node;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;

use diff::Difference;
use points::Points;

#[derive(Template)]
#[template(path = "loans/changes.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    faults: Faults,
    here: String,
    points: Points,
    /// What the fields have in them.
    fields: [String; 2],
    compared: Option<Compared>,
}

/// Two points, and what differs.
struct Compared {
    sentence: String,
    /// The loan as of each of them.
    from: String,
    to: String,
    parts: Vec<Part>,
}

/// What differs in the loan, its bids or its tasks.
struct Part {
    title: &'static str,
    rows: Vec<Difference>,
    /// How many more there are.
    more: usize,
}

/// Rows of one part at most.
const MOST: usize = 500;

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, "changes").await?;
    let (session, t, query) = (visit.member()?, visit.texts(), visit.query());
    // What led here as of an earlier point is compared with now.
    let from = point(query.get("from")).or_else(|| opened.as_of.clone());
    let to = point(query.get("to"));
    // The script that moves the slider has the points already.
    let points = match query.get("only") {
        "differences" => Points::default(),
        _ => points::of(&visit, session, &id, [from.as_deref(), to.as_deref()]).await,
    };
    let (mut faults, mut compared) = (Faults::default(), None);
    if let Some(from) = from.as_deref() {
        match between(&visit, session, &id, from, to.as_deref()).await {
            Ok((found, told)) => {
                for told in &told {
                    opened.also(told);
                }
                compared = Some(found);
            }
            Err((which, why)) => faults.add(which, because(t, &why)),
        }
    }
    let value = |point: Option<&str>| point.and_then(field).unwrap_or_default();
    let page = Page {
        frame: visit.frame(format!("{} – {}", t.loans.changes, opened.shell.reference)).with_faults(!faults.is_empty()),
        here: own(&id, "changes", None),
        fields: [value(from.as_deref()), value(to.as_deref())],
        faults,
        points,
        compared,
        shell: opened.shell,
    };
    Ok(visit.page(&page))
}

/// Why there is nothing as of a point, in words.
fn because(t: &Texts, why: &Refused) -> String {
    let code = match why.code() {
        "not-found" => "not-yet",
        "bad-parameter" => "bad-point",
        code => code,
    };
    t.loans.refusal(code).map_or_else(|| why.detail.clone(), |(title, text)| format!("{title}. {text}"))
}

/// What is compared: the end of a path in the API, and its title.
type Compare = (&'static str, fn(&Texts) -> &'static str);

const PARTS: [Compare; 3] =
    [("", |t| t.loans.the_loan), ("/bid-requests", |t| t.loans.bids), ("/tasks", |t| t.loans.tasks)];

type Failed = (&'static str, Refused);

/// What differs between a point and another, or now.
async fn between(
    visit: &Visit,
    session: &Session,
    id: &str,
    from: &str,
    to: Option<&str>,
) -> Result<(Compared, Vec<Told>), Failed> {
    let t = visit.texts();
    let (mut parts, mut all) = (Vec::new(), Vec::new());
    for (end, title) in PARTS {
        let old = visit.told(session, &path(id, end, Some(from))).await.map_err(|why| ("from", why))?;
        let new = visit.told(session, &path(id, end, to)).await.map_err(|why| ("to", why))?;
        let mut rows = diff::between(&old.node(), &new.node());
        let more = rows.len().saturating_sub(MOST);
        rows.truncate(MOST);
        if !rows.is_empty() {
            parts.push(Part { title: title(t), rows, more });
        }
        all.extend([old, new]);
    }
    let name = |point: Option<&str>| point.map_or_else(|| t.loans.now.to_owned(), |point| shown(t, point));
    let compared = Compared {
        sentence: fill(t.loans.between, &[&name(Some(from)), &name(to)]),
        from: own(id, "", Some(from)),
        to: own(id, "", to),
        parts,
    };
    Ok((compared, all))
}

/// What elements of a list are known by, where all of them are: then their order does not matter.
fn keyed(list: &[Node]) -> Option<BTreeMap<&str, &Node>> {
    let key = |one: &Node| ["id", "key"].into_iter().find(|name| !one.at(name).raw().is_empty());
    let name = key(list.first()?)?;
    let keyed: BTreeMap<&str, &Node> = list.iter().map(|one| (one.at(name).raw(), one)).collect();
    (keyed.len() == list.len() && !keyed.contains_key("")).then_some(keyed)
}
