//! `/console/loans/{id}/comments`: what people noted on parts of a loan.

use askama::Template;
use axum::extract::Path;

use super::listed::{Filter, Way, list};
use super::shell::{Opened, Shell};
use super::words::{self, spoken};
use crate::frame::Frame;
use crate::json::Node;
use crate::reply::Answer;
use crate::texts::Texts;
use crate::visit::Visit;
use crate::when::When;

const TAB: &str = "comments";
const MANY: &str = "50";

#[derive(Template)]
#[template(path = "loans/comments.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    comments: Vec<Comment>,
    way: Way,
}

/// A comment, as it is shown; also in a dossier.
pub(crate) struct Comment {
    pub(crate) author: String,
    pub(crate) role: String,
    pub(crate) text: String,
    /// What sort of thing it is about, and which.
    pub(crate) about: (String, String),
    pub(crate) at: Option<When>,
    pub(crate) edited: Option<When>,
    pub(crate) resolved: Option<When>,
    pub(crate) visibility: String,
    pub(crate) is_reply: bool,
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let t = visit.texts();
    let filters =
        vec![Filter::new(&visit, "targetType", t.parts.about_type), Filter::new(&visit, "targetId", t.parts.about_id)];
    let listed = list(&mut opened, (&visit, TAB, "/comments"), filters, MANY).await?;
    let comments = listed.entries.iter().map(|node| comment(t, node)).collect();
    let frame = visit.frame(format!("{} · {}", t.parts.comments, opened.shell.reference));
    Ok(visit.page(&Page { frame, comments, way: listed.way, shell: opened.shell }))
}

/// A comment, as it is shown.
pub(crate) fn comment(t: &Texts, node: &Node) -> Comment {
    let target = node.at("target");
    Comment {
        author: Some(words::who(node.at("author"))).filter(|name| !name.is_empty()).unwrap_or(t.parts.nobody.into()),
        role: spoken(node.at("author").at("role").raw()),
        text: node.text("text"),
        about: (spoken(target.at("type").raw()), target.text("id")),
        at: words::when(t, node.at("createdAt")),
        edited: words::when(t, node.at("editedAt")),
        resolved: words::when(t, node.at("resolvedAt")),
        visibility: spoken(node.at("visibility").raw()),
        is_reply: !node.at("parentId").raw().is_empty(),
    }
}
