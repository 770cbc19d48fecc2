//! `/console/work?list=messages`: channels in which a client waits for an answer.

use askama::Template;
use http::StatusCode;

use super::{DAYS, List, PATH, lists};
use crate::api::Told;
use crate::faults::Faults;
use crate::frame::Frame;
use crate::json::Node;
use crate::pages::loans::{self, guilds, with, words};
use crate::pages::trouble;
use crate::reply::Answer;
use crate::stamp::Stamp;
use crate::texts::Texts;
use crate::visit::Visit;
use crate::when::When;

pub(super) const LIST: &str = "messages";

#[derive(Template)]
#[template(path = "work/unanswered.html")]
struct Page {
    frame: Frame,
    path: &'static str,
    lists: Vec<List>,
    stamp: Option<Stamp>,
    faults: Faults,
    waiting: Option<Waiting>,
}

/// Who waits.
struct Waiting {
    sentence: &'static str,
    lines: Vec<Line>,
    next: Option<String>,
    first: Option<String>,
}

struct Line {
    /// Nothing where the platform does not tell.
    since: Option<When>,
    channel: String,
    channel_path: String,
    kind: String,
    is_archived: bool,
    client: String,
    path: String,
    reference: String,
    status: String,
    who: String,
    team: String,
}

pub(super) async fn show(visit: &Visit) -> Answer {
    let session = visit.member()?;
    let (t, query) = (visit.texts(), visit.query());
    let cursor = query.get("cursor");
    let path = with("/api/v1/unanswered-messages".to_owned(), &[("cursor", cursor)]);
    let told = visit.told(session, &path).await;
    let (mut status, mut faults, mut stamp, mut waiting) = (StatusCode::OK, Faults::default(), None, None);
    match told {
        Ok(told) => {
            stamp = Some(Stamp::new(t, &told, None));
            waiting = Some(found(t, &told, !cursor.is_empty()));
        }
        Err(refused) if refused.status == StatusCode::BAD_REQUEST => {
            (status, faults) = (refused.status, Faults::whole(t.loans.bad_cursor));
        }
        Err(refused) => return Err(trouble::refused(visit, &refused).into()),
    }
    let page = Page {
        frame: visit.frame(t.work.messages).with_faults(!faults.is_empty()),
        path: PATH,
        lists: lists(visit, session, LIST, DAYS),
        stamp,
        faults,
        waiting,
    };
    Ok(visit.page_of(status, &page, None))
}

/// The path of this page.
pub(super) fn own(cursor: &str) -> String {
    with(PATH.to_owned(), &[("list", LIST), ("cursor", cursor)])
}

fn found(t: &Texts, told: &Told, is_further: bool) -> Waiting {
    let node = told.node();
    let lines: Vec<Line> = node.at("unansweredMessages").list().iter().map(|entry| line(t, entry)).collect();
    let next = node.at("pagination").at("nextCursor").raw();
    let sentence = match (lines.is_empty(), next.is_empty(), is_further) {
        (true, false, _) => t.work.none_so_far,
        (true, true, false) => t.work.nobody_waits,
        (_, false, _) => t.work.part_waits,
        (_, true, true) => t.work.last_part_waits,
        (false, true, false) => t.work.all_wait,
    };
    Waiting { sentence, lines, next: (!next.is_empty()).then(|| own(next)), first: is_further.then(|| own("")) }
}

fn line(t: &Texts, entry: &Node) -> Line {
    let id = entry.at("loanRequestId").raw();
    let channel = entry.at("channel");
    let (name, reference) = (channel.text("name"), entry.text("reference"));
    Line {
        since: words::when(t, entry.at("waitingSince")),
        channel: if name.is_empty() { channel.text("id") } else { name },
        channel_path: loans::way(id, &guilds::end(entry.at("guildId").raw(), channel.at("id").raw())),
        kind: words::spoken(channel.at("kind").raw()),
        is_archived: !channel.at("archivedAt").is_nothing(),
        client: words::who(entry.at("message").at("author")),
        path: loans::way(id, ""),
        reference: if reference.is_empty() { entry.text("loanRequestId") } else { reference },
        status: loans::word(t, entry.at("status")),
        who: entry.at("assignedAgent").text("displayName"),
        team: entry.text("team"),
    }
}
