//! `/console/loans/{id}/tasks`: what has to be done, by whom, until when.

pub(crate) mod one;

use askama::Template;
use axum::extract::Path;
use continuity_auth::Scope;

use super::shell::{Opened, Shell, may, own};
use super::words;
use crate::frame::Frame;
use crate::json::Node;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

#[derive(Template)]
#[template(path = "loans/tasks.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    open: Vec<Line>,
    ended: Vec<Line>,
}

/// One task in the list.
struct Line {
    title: String,
    /// Its own page, for whoever may read it.
    path: Option<String>,
    kind: String,
    status: String,
    who: String,
    is_sensitive: bool,
    files: String,
    times: Vec<(&'static str, When)>,
}

/// The states in which nobody has to do anything any more.
const ENDED: [&str; 4] = ["COMPLETED", "REJECTED", "CANCELLED", "EXPIRED"];

/// The times of a task that a list shows, with their names.
const TIMES: [&str; 4] = ["dueAt", "assignedAt", "submittedAt", "completedAt"];

pub(crate) async fn list(Path(id): Path<String>, visit: Visit) -> Answer {
    let mut opened = Opened::new(&visit, &id, "tasks").await?;
    let t = visit.texts();
    let told = opened.read("/tasks").await?;
    opened.also(&told);
    let reads = may(visit.member()?, &[Scope::TasksRead]);
    let lines = told.node();
    let lines = lines.list().iter().map(|task| {
        let path = own(&id, &format!("tasks/{}", super::shell::encoded(task.at("id").raw())), opened.as_of.as_deref());
        (ENDED.contains(&task.at("status").raw()), line(t, task, reads.then_some(path)))
    });
    let (ended, open): (Vec<_>, Vec<_>) = lines.partition(|(ended, _)| *ended);
    let lines = |list: Vec<(bool, Line)>| list.into_iter().map(|(_, line)| line).collect();
    let frame = visit.frame(format!("{} – {}", t.loans.tasks, opened.shell.reference));
    Ok(visit.page(&Page { frame, open: lines(open), ended: lines(ended), shell: opened.shell }))
}

fn line(t: &Texts, task: &Node, path: Option<String>) -> Line {
    let word = |name: &str| words::word(t, task.at(name));
    let times = TIMES.into_iter().filter(|name| !task.at(name).is_blank());
    let assignee = task.at("assignee");
    let files = task.at("items").list().len();
    Line {
        title: task.text("title"),
        path,
        kind: word("type"),
        status: word("status"),
        who: words::word(t, assignee.at("kind")),
        is_sensitive: is_sensitive(task),
        files: match files {
            0 => String::new(),
            1 => t.loans.one_file.to_owned(),
            many => fill(t.loans.files, &[&many.to_string()]),
        },
        times: times.map(|name| (t.loans.member(name), When::read(t, &task.text(name)))).collect(),
    }
}

/// Whether reading the task whole is recorded: it is sensitive, or something that was handed in for it is. As in the API,
/// anything but absent, `null` and `false` means that: a doubt must not be read unawares.
fn is_sensitive(task: &Node) -> bool {
    let says = |one: &Node| one.at("sensitive").is_set();
    says(task) || task.at("items").list().iter().any(says)
}
