//! `/console/loans/{id}/tasks/{task}`: one task with what was filled in. A sensitive one is opened by a form, after the page
//! has said that the read is recorded.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::is_sensitive;
use crate::api::Told;
use crate::frame::Frame;
use crate::pages::loans::facts::{Fact, Kind, Known, Shown, Table, described};
use crate::pages::loans::form::{self, Field};
use crate::pages::loans::shell::{Opened, Shell, encoded, own};
use crate::pages::trouble;
use crate::reply::{Answer, Away};
use crate::texts::Texts;
use crate::tree::Tree;
use crate::visit::{Posted, Visit};

#[derive(Template)]
#[template(path = "loans/task.html")]
struct Page {
    frame: Frame,
    shell: Shell,
    back: String,
    title: String,
    status: String,
    facts: Vec<Fact>,
    /// The form with what was filled in.
    fields: Vec<Field>,
    /// Schema and data as they came.
    raw: Vec<(&'static str, String)>,
    files: Option<Table>,
    was_recorded: bool,
}

#[derive(Template)]
#[template(path = "loans/task_sensitive.html")]
struct Warning {
    frame: Frame,
    shell: Shell,
    back: String,
    title: String,
    action: String,
}

const TASK: Known = &[
    ("type", Kind::Word),
    ("assignee", Kind::Plain),
    ("assignedAt", Kind::Plain),
    ("dueAt", Kind::Plain),
    ("startedAt", Kind::Plain),
    ("submittedAt", Kind::Plain),
    ("completedAt", Kind::Plain),
    ("expiredAt", Kind::Plain),
    ("cancelledAt", Kind::Plain),
    ("visibleToClient", Kind::Plain),
    ("sensitive", Kind::Plain),
    ("review", Kind::Plain),
    ("title", Kind::Elsewhere),
    ("status", Kind::Elsewhere),
    ("formSchema", Kind::Elsewhere),
    ("formData", Kind::Elsewhere),
    ("items", Kind::Elsewhere),
];

const ITEM: Known = &[
    ("fileName", Kind::Plain),
    ("mediaType", Kind::Plain),
    ("sizeBytes", Kind::Plain),
    ("uploadedAt", Kind::Plain),
    ("status", Kind::Word),
    ("sha256", Kind::Plain),
    ("id", Kind::Elsewhere),
    // Where the platform keeps the bytes is for machines.
    ("blob", Kind::Elsewhere),
];

pub(crate) async fn show(Path((id, task)): Path<(String, String)>, visit: Visit) -> Answer {
    let opened = Opened::new(&visit, &id, &format!("tasks/{}", encoded(&task))).await?;
    let listed = find(&visit, &opened, &task).await?;
    if listed.is_sensitive {
        return Ok(warning(&visit, opened, &task, listed.title));
    }
    whole(&visit, opened, &task, false).await
}

/// Opens a sensitive one: the API records who read it before it answers.
pub(crate) async fn open(Path((id, task)): Path<(String, String)>, Posted { visit, .. }: Posted) -> Answer {
    let opened = Opened::new(&visit, &id, &format!("tasks/{}", encoded(&task))).await?;
    let is_recorded = find(&visit, &opened, &task).await?.is_sensitive;
    whole(&visit, opened, &task, is_recorded).await
}

/// What the list says of a task, which shows nothing that is recorded.
struct Listed {
    title: String,
    is_sensitive: bool,
}

/// Whether it is sensitive, then or now: what was open to all at an earlier point may not be today.
async fn find(visit: &Visit, opened: &Opened<'_>, task: &str) -> Result<Listed, Away> {
    let then = opened.read("/tasks").await?;
    let of = |told: &Told| told.tree().elements().iter().find(|one| one.get("id").text() == task).cloned();
    let Some(found) = of(&then) else { return Err(trouble::gone(visit).into()) };
    let mut is_sensitive = is_sensitive(&found);
    if opened.as_of.is_some() && !is_sensitive {
        let now = opened.read_now("/tasks").await?;
        is_sensitive = of(&now).is_some_and(|task| self::is_sensitive(&task));
    }
    Ok(Listed { title: found.get("title").text().to_owned(), is_sensitive })
}

fn warning(visit: &Visit, opened: Opened<'_>, task: &str, title: String) -> Response {
    let as_of = opened.as_of.as_deref();
    let page = Warning {
        frame: visit.frame(format!("{title} – {}", opened.shell.reference)),
        back: own(&opened.id, "tasks", as_of),
        action: own(&opened.id, &format!("tasks/{}", encoded(task)), as_of),
        title,
        shell: opened.shell,
    };
    visit.page(&page)
}

async fn whole(visit: &Visit, mut opened: Opened<'_>, task: &str, was_recorded: bool) -> Answer {
    let t = visit.texts();
    let told = opened.read(&format!("/tasks/{}", encoded(task))).await?;
    opened.also(&told);
    let task = told.tree();
    let title = task.get("title").text().to_owned();
    let page = Page {
        frame: visit.frame(format!("{title} – {}", opened.shell.reference)),
        back: own(&opened.id, "tasks", opened.as_of.as_deref()),
        status: t.loans.word(task.get("status").text()).to_owned(),
        facts: described(t, &task, TASK, opened.tree.get("currency").text()),
        fields: form::fields(t, task.get("formSchema"), task.get("formData")),
        raw: raw(t, &task),
        files: files(t, &task),
        was_recorded,
        title,
        shell: opened.shell,
    };
    Ok(visit.page(&page))
}

fn raw(t: &Texts, task: &Tree) -> Vec<(&'static str, String)> {
    let parts = [("formSchema", t.loans.form_schema), ("formData", t.loans.form_data)];
    let there = parts.into_iter().filter(|(name, _)| !task.get(name).is_nothing());
    there.map(|(name, title)| (title, task.get(name).to_string())).collect()
}

fn files(t: &Texts, task: &Tree) -> Option<Table> {
    let items = task.get("items");
    let mut table = (!items.elements().is_empty()).then(|| Table::new(t, items, ITEM, ""))?;
    table.columns.push(t.loans.bytes_here.to_owned());
    for (row, item) in table.rows.iter_mut().zip(items.elements()) {
        row.push(Shown::Text(t.loans.word(item.get("blob").get("state").text()).to_owned()));
    }
    Some(table)
}
