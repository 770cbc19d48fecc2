//! `/console/loans/{id}/views`: the reports that the platform made of a loan.

use askama::Template;
use axum::extract::Path;

use super::listed::{Filter, Way, list};
use super::shell::{Opened, Shell};
use super::words::{self, Line, spoken};
use crate::frame::Frame;
use crate::json::{Node, plain};
use crate::reply::Answer;
use crate::texts::Texts;
use crate::visit::Visit;
use crate::when::When;

const TAB: &str = "views";
const MANY: &str = "20";
/// The lines of one value that is no simple one, at most.
const LINES: usize = 200;

#[derive(Template)]
#[template(path = "loans/views.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    views: Vec<View>,
    way: Way,
}

struct View {
    name: String,
    version: String,
    status: String,
    is_there: bool,
    generated: Option<When>,
    sections: Vec<(String, Vec<Field>)>,
    error: Vec<Line>,
}

struct Field {
    label: String,
    value: Value,
    source: String,
}

/// A value by its type.
enum Value {
    Number(String),
    Time(When),
    Text(String),
    Whole(Vec<Line>),
}

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, TAB).await?;
    let t = visit.texts();
    let status = Filter::new(&visit, "status", t.parts.status).any(&["completed", "processing", "failed"]);
    let listed = list(&mut opened, (&visit, TAB, "/views/"), vec![status], MANY).await?;
    let views = listed.entries.iter().map(|node| view(t, node)).collect();
    let frame = visit.frame(format!("{} · {}", t.parts.views, opened.shell.reference));
    Ok(visit.page(&Page { frame, views, way: listed.way, shell: opened.shell }))
}

fn view(t: &Texts, node: &Node) -> View {
    let field = |field: &Node| Field {
        label: field.text("label"),
        value: value(t, field.at("valueType").raw(), field.at("value")),
        source: field.text("source"),
    };
    let section =
        |section: &Node| (section.text("title"), section.at("fields").list().iter().map(field).collect::<Vec<_>>());
    let error = node.at("error");
    View {
        name: node.at("definition").text("name"),
        version: node.at("definition").text("version"),
        status: spoken(node.at("status").raw()),
        is_there: node.at("status").raw() == "completed",
        generated: words::when(t, node.at("generatedAt")),
        sections: node.at("sections").list().iter().map(section).collect(),
        error: if error.is_nothing() { Vec::new() } else { words::lines("", error, LINES) },
    }
}

fn value(t: &Texts, kind: &str, value: &Node) -> Value {
    match value {
        Node::Nothing => Value::Text(t.parts.none.to_owned()),
        Node::Text(text) if kind.starts_with("DATE") => Value::Time(When::read(t, &plain(text))),
        Node::Text(text) | Node::Literal(text) => {
            let is_number = words::is_number(text) && !matches!(kind, "TEXT" | "STRING");
            if is_number { Value::Number(plain(text)) } else { Value::Text(plain(text)) }
        }
        other => Value::Whole(words::lines("", other, LINES)),
    }
}
