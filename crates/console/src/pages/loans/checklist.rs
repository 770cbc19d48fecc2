//! `/console/loans/{id}/checklist`: what has to be done before each stage ends, and what of it is missing.

use askama::Template;
use axum::extract::Path;

use super::facts::{Fact, Kind, Known, Shown, described};
use super::shell::{Opened, Shell};
use super::words::{self, when};
use crate::frame::Frame;
use crate::json::{Node, plain};
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

#[derive(Template)]
#[template(path = "loans/checklist.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    sentence: String,
    stages: Vec<Stage>,
    /// What the platform sent instead of a list.
    odd: Vec<Fact>,
}

/// The items of one stage.
struct Stage {
    name: String,
    is_now: bool,
    items: Vec<Item>,
}

struct Item {
    label: String,
    done: Option<When>,
    required: bool,
    more: Vec<Fact>,
}

const ITEM: Known = &[
    ("key", Kind::Elsewhere),
    ("label", Kind::Elsewhere),
    ("stage", Kind::Elsewhere),
    ("required", Kind::Elsewhere),
    ("completedAt", Kind::Elsewhere),
    ("completedBy", Kind::Named),
];

pub(crate) async fn show(Path(id): Path<String>, visit: Visit) -> Answer {
    let opened = Opened::new(&visit, &id, "checklist").await?;
    let (t, list) = (visit.texts(), opened.loan.at("checklist"));
    let page = Page {
        frame: visit.frame(format!("{} – {}", t.loans.checklist, opened.shell.reference)),
        sentence: sentence(t, list),
        stages: stages(t, list, opened.loan.at("stage").raw()),
        odd: if matches!(list, Node::List(_)) || list.is_blank() {
            Vec::new()
        } else {
            vec![Fact::new(t.loans.checklist, Shown::Code(list.to_string()))]
        },
        shell: opened.shell,
    };
    Ok(visit.page(&page))
}

fn is_done(item: &Node) -> bool {
    !item.at("completedAt").is_blank()
}

fn sentence(t: &Texts, list: &Node) -> String {
    let items = list.list();
    if items.is_empty() {
        return t.loans.no_checklist.to_owned();
    }
    let done = items.iter().filter(|item| is_done(item)).count();
    let missing = items.iter().filter(|item| item.at("required").is_true() && !is_done(item)).count();
    let done = fill(t.loans.items_done, &[&done.to_string(), &items.len().to_string()]);
    let missing = if missing == 0 {
        t.loans.none_missing.to_owned()
    } else {
        fill(t.loans.items_missing, &[&missing.to_string()])
    };
    format!("{done} {missing}")
}

/// By stage, in the order in which the platform names them.
fn stages(t: &Texts, list: &Node, now: &str) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for item in list.list() {
        let stage = item.at("stage").raw();
        let name = if stage.is_empty() { t.loans.no_stage.to_owned() } else { words::word(t, item.at("stage")) };
        let place = stages.iter().position(|stage| stage.name == name).unwrap_or_else(|| {
            stages.push(Stage { name, is_now: stage == now && !now.is_empty(), items: Vec::new() });
            stages.len() - 1
        });
        stages[place].items.push(of(t, item));
    }
    stages
}

fn of(t: &Texts, item: &Node) -> Item {
    let first = ["label", "key"].iter().map(|name| item.text(name)).find(|text| !text.is_empty());
    Item {
        label: first.unwrap_or_else(|| plain(&item.to_string())),
        done: if is_done(item) { when(t, item.at("completedAt")) } else { None },
        required: item.at("required").is_true(),
        more: described(t, item, ITEM, ""),
    }
}
