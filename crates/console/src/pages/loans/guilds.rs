//! `/console/loans/{id}/guilds`: who talks about a loan, where, and what was said.

use askama::Template;
use axum::extract::Path;

use super::listed::{Way, list};
use super::shell::{Opened, Shell, encoded};
use super::words::{self, spoken};
use crate::frame::Frame;
use crate::json::Node;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

const TAB: &str = "guilds";
/// How many guilds, and how many messages, stand on a page.
const MANY: &str = "50";
/// Behind every message: the biggest number that the API takes.
pub(crate) const BEHIND_ALL: &str = "9007199254740991";

#[derive(Template)]
#[template(path = "loans/guilds.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    guilds: Vec<Guild>,
    way: Way,
}

struct Guild {
    name: String,
    created: Option<When>,
    archived: Option<When>,
    members: Vec<String>,
    channels: Vec<Channel>,
}

struct Channel {
    name: String,
    kind: String,
    archived: Option<When>,
    path: String,
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let t = visit.texts();
    let listed = list(&mut opened, (&visit, TAB, "/guilds"), Vec::new(), MANY).await?;
    let guilds = listed.entries.iter().map(|node| guild(&opened, t, node)).collect();
    let frame = visit.frame(format!("{} · {}", t.parts.messages, opened.shell.reference));
    Ok(visit.page(&Page { frame, guilds, way: listed.way, shell: opened.shell }))
}

/// How the path of a channel's page ends, behind that of its loan.
pub(crate) fn end(guild: &str, channel: &str) -> String {
    format!("{TAB}/{}/channels/{}", encoded(guild), encoded(channel))
}

fn guild(opened: &Opened<'_>, t: &Texts, node: &Node) -> Guild {
    let id = node.at("id").raw();
    let channel = |channel: &Node| Channel {
        name: channel.text("name"),
        kind: spoken(channel.at("kind").raw()),
        archived: words::when(t, channel.at("archivedAt")),
        path: opened.page(&end(id, channel.at("id").raw()), &[]),
    };
    let member = |person: &Node| {
        let (name, role) = (words::who(person), spoken(person.at("role").raw()));
        if role.is_empty() { name } else { format!("{name} ({role})") }
    };
    Guild {
        name: node.text("name"),
        created: words::when(t, node.at("createdAt")),
        archived: words::when(t, node.at("archivedAt")),
        members: node.at("members").list().iter().map(member).collect(),
        channels: node.at("channels").list().iter().map(channel).collect(),
    }
}

#[derive(Template)]
#[template(path = "loans/channel.html")]
struct ChannelPage {
    frame: Frame,
    shell: Shell,
    name: String,
    kind: String,
    archived: Option<When>,
    messages: Vec<Message>,
    older: Option<String>,
    newer: Option<String>,
    /// Whether other messages of the channel stand on other pages.
    is_part: bool,
    back: String,
}

/// A message, as it is shown; also in a dossier.
pub(crate) struct Message {
    pub(crate) seq: String,
    pub(crate) author: String,
    pub(crate) role: String,
    pub(crate) at: Option<When>,
    pub(crate) edited: Option<When>,
    pub(crate) text: String,
    /// Who deleted it and when, where it was deleted.
    pub(crate) deleted: Option<(String, Option<When>)>,
    pub(crate) answers: Option<Answered>,
    pub(crate) attachments: Vec<String>,
}

/// What a message answers.
pub(crate) struct Answered {
    /// Its number, where it is on the same page.
    pub(crate) seq: Option<String>,
    pub(crate) text: String,
}

pub(crate) async fn channel(Path((id, guild, channel)): Path<(String, String, String)>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let (t, query) = (visit.texts(), visit.query());
    let own = end(&guild, &channel);
    let (before, after) = (query.get("before"), query.get("after"));
    let from = if after.is_empty() {
        ("before", if before.is_empty() { BEHIND_ALL } else { before })
    } else {
        ("after", after)
    };
    let node = opened.node(&format!("/{own}"), &[from, ("limit", MANY)]).await?;
    let nodes = node.at("messages").list();
    let seq = |message: Option<&Node>| message.map(|message| message.at("seq").raw().to_owned());
    let (first, last) = (seq(nodes.first()), seq(nodes.last()));
    let has_older = first.as_deref().is_some_and(|first| first.parse().is_ok_and(|seq: u64| seq > 1));
    let has_newer = if after.is_empty() { !before.is_empty() } else { !node.at("nextCursor").is_nothing() };
    let older = first.filter(|_| has_older).map(|seq| opened.page(&own, &[("before", &seq)]));
    let newer = last.filter(|_| has_newer).map(|seq| opened.page(&own, &[("after", &seq)]));
    let back = opened.page(TAB, &[]);
    opened.below(&own);
    let page = ChannelPage {
        frame: visit.frame(format!("{} · {}", node.text("name"), opened.shell.reference)),
        name: node.text("name"),
        kind: spoken(node.at("kind").raw()),
        archived: words::when(t, node.at("archivedAt")),
        messages: messages(t, nodes),
        is_part: older.is_some() || newer.is_some() || !before.is_empty() || !after.is_empty(),
        older,
        newer,
        back,
        shell: opened.shell,
    };
    Ok(visit.page(&page))
}

/// Messages, as they are shown.
pub(crate) fn messages(t: &Texts, nodes: &[Node]) -> Vec<Message> {
    let answered = |id: &str| {
        let found = nodes.iter().find(|node| node.at("id").raw() == id);
        let text = found.map_or_else(|| t.parts.another_message.to_owned(), excerpt);
        Answered { seq: found.map(|node| node.text("seq")), text }
    };
    nodes
        .iter()
        .map(|node| Message {
            seq: node.text("seq"),
            author: author(t, node),
            role: spoken(node.at("author").at("role").raw()),
            at: words::when(t, node.at("postedAt")),
            edited: words::when(t, node.at("editedAt")),
            text: node.at("body").text("text"),
            deleted: words::when(t, node.at("deletedAt")).map(|at| (deleted_by(t, node), Some(at))),
            answers: Some(node.at("replyToId").raw()).filter(|id| !id.is_empty()).map(answered),
            attachments: node.at("attachments").list().iter().map(|file| attachment(t, file)).collect(),
        })
        .collect()
}

/// A message on one line: who says what, or who deleted it.
pub(crate) fn told(t: &Texts, node: &Node) -> String {
    if !node.at("deletedAt").is_nothing() {
        return deleted_by(t, node);
    }
    let files = node.at("attachments").list().iter().map(|file| format!(" [{}]", attachment(t, file)));
    format!("{}: {}{}", author(t, node), node.at("body").text("text"), files.collect::<String>())
}

fn author(t: &Texts, node: &Node) -> String {
    Some(words::who(node.at("author"))).filter(|name| !name.is_empty()).unwrap_or(t.parts.nobody.into())
}

fn deleted_by(t: &Texts, node: &Node) -> String {
    let who = words::who(node.at("deletedBy"));
    if who.is_empty() { t.parts.deleted.to_owned() } else { fill(t.parts.deleted_by, &[&who]) }
}

/// The beginning of what a message says.
fn excerpt(node: &Node) -> String {
    let text = node.at("body").text("text");
    let mut beginning: String = text.chars().take(120).collect();
    if beginning.len() < text.len() {
        beginning.push('…');
    }
    beginning
}

fn attachment(t: &Texts, node: &Node) -> String {
    let file = if node.at("blob").is_nothing() { node } else { node.at("blob") };
    let name = Some(file.text("fileName")).filter(|name| !name.is_empty()).unwrap_or(t.parts.unnamed.to_owned());
    let size = words::size(file.at("sizeBytes").raw());
    let more: Vec<String> = [file.text("mediaType"), size].into_iter().filter(|text| !text.is_empty()).collect();
    if more.is_empty() { name } else { format!("{name} ({})", more.join(", ")) }
}
