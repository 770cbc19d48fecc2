//! `/console/work`: saved work lists for an outage: what has to be done by when, and which clients wait for an answer, over all
//! loan requests.

mod unanswered;

use askama::Template;
use continuity_auth::{Scope, Session};
use form_urlencoded::Serializer;
use http::StatusCode;

use super::{loans, trouble};
use crate::api::Told;
use crate::faults::Faults;
use crate::frame::Frame;
use crate::json::Node;
use crate::reply::Answer;
use crate::stamp::Stamp;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

pub(crate) const PATH: &str = "/console/work";

#[derive(Template)]
#[template(path = "work/due.html")]
struct Page {
    frame: Frame,
    path: &'static str,
    lists: Vec<List>,
    stamp: Option<Stamp>,
    /// The list that is shown.
    list: &'static str,
    title: &'static str,
    text: &'static str,
    within: String,
    faults: Faults,
    due: Option<Due>,
}

/// A way to one of the lists.
struct List {
    name: &'static str,
    path: String,
    is_here: bool,
}

/// What is due.
struct Due {
    sentence: String,
    lines: Vec<Line>,
    next: Option<String>,
    first: Option<String>,
}

struct Line {
    due: When,
    is_overdue: bool,
    path: String,
    reference: String,
    status: String,
    what: String,
    who: String,
    team: String,
}

/// The name in the API, the title, and what stands in it.
type Row = (&'static str, fn(&Texts) -> &'static str, fn(&Texts) -> &'static str);

const LISTS: &[Row] = &[
    ("tasks", |t| t.work.tasks, |t| t.work.tasks_text),
    ("deeds", |t| t.work.deeds, |t| t.work.deeds_text),
    ("sanctions", |t| t.work.sanctions, |t| t.work.sanctions_text),
    ("promises", |t| t.work.promises, |t| t.work.promises_text),
];

/// How many days ahead, unless the address says.
const DAYS: &str = "14";

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.member()?;
    let (t, query) = (visit.texts(), visit.query());
    if query.get("list") == unanswered::LIST {
        return unanswered::show(&visit).await;
    }
    let (list, title, text) = LISTS.iter().find(|(name, ..)| *name == query.get("list")).unwrap_or(&LISTS[0]);
    let within = query.given("within").unwrap_or(DAYS).trim().to_owned();
    let cursor = query.get("cursor");
    let told = visit.told(session, &format!("/api/v1/work-list?{}", asked(list, &within, cursor))).await;
    let (mut status, mut faults, mut stamp, mut due) = (StatusCode::OK, Faults::default(), None, None);
    match told {
        Ok(told) => {
            stamp = Some(Stamp::new(t, &told, None));
            due = Some(found(t, &told, list, &within, !cursor.is_empty()));
        }
        Err(refused) if refused.status == StatusCode::BAD_REQUEST => {
            status = refused.status;
            let is_place = refused.code().contains("cursor");
            faults = if is_place { Faults::whole(t.loans.bad_cursor) } else { Faults::at("within", t.work.bad_days) };
        }
        Err(refused) => return Err(trouble::refused(&visit, &refused).into()),
    }
    let page = Page {
        frame: visit.frame(title(t)).with_faults(!faults.is_empty()),
        path: PATH,
        lists: lists(&visit, session, list, &within),
        stamp,
        list,
        title: title(t),
        text: text(t),
        within,
        faults,
        due,
    };
    Ok(visit.page_of(status, &page, None))
}

/// The ways to the lists that somebody may see.
fn lists(visit: &Visit, session: &Session, here: &str, within: &str) -> Vec<List> {
    let t = visit.texts();
    let due = LISTS.iter().map(|(name, title, _)| (*name, title(t), format!("{PATH}?{}", asked(name, within, ""))));
    let reads_messages = session.account.settings.scopes.contains(Scope::MessagesRead);
    let messages = reads_messages.then(|| (unanswered::LIST, t.work.messages, unanswered::own("")));
    let list = |(name, title, path)| List { name: title, path, is_here: name == here };
    due.chain(messages).map(list).collect()
}

/// The query, which is the same here and in the API.
fn asked(list: &str, within: &str, cursor: &str) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("list", list).append_pair("within", within);
    if !cursor.is_empty() {
        query.append_pair("cursor", cursor);
    }
    query.finish()
}

fn found(t: &Texts, told: &Told, list: &str, within: &str, is_further: bool) -> Due {
    let node = told.node();
    let lines: Vec<Line> = node.at("workItems").list().iter().map(|item| line(t, item)).collect();
    let next = node.at("pagination").at("nextCursor").raw();
    let until = When::read(t, &node.text("until")).shown;
    let sentence = match (lines.is_empty(), next.is_empty(), is_further) {
        (true, false, _) => t.work.none_so_far,
        (true, true, false) => t.work.none,
        (_, false, _) => t.work.part,
        (_, true, true) => t.work.last_part,
        (false, true, false) => t.work.all,
    };
    Due {
        sentence: fill(sentence, &[&until]),
        lines,
        next: (!next.is_empty()).then(|| format!("{PATH}?{}", asked(list, within, next))),
        first: is_further.then(|| format!("{PATH}?{}", asked(list, within, ""))),
    }
}

fn line(t: &Texts, item: &Node) -> Line {
    let text = |name: &str| item.text(name);
    let id = item.at("loanRequestId").raw();
    let task = item.at("task");
    let agent = item.at("assignedAgent").text("displayName");
    let assignee = loans::word(t, task.at("assignee").at("kind"));
    Line {
        due: When::read(t, &text("dueAt")),
        is_overdue: item.at("overdue").is_true(),
        path: loans::way(id, if task.members().is_empty() { "" } else { "tasks" }),
        reference: if text("reference").is_empty() { text("loanRequestId") } else { text("reference") },
        status: loans::word(t, item.at("status")),
        what: task.text("title"),
        who: if assignee.is_empty() { agent } else { assignee },
        team: text("team"),
    }
}
