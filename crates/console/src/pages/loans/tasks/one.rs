//! `/console/loans/{id}/tasks/{task}`: one task with what was filled in. A sensitive one is opened by a form, after the page
//! has said that the read is recorded.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::is_sensitive;
use crate::api::Told;
use crate::frame::Frame;
use crate::json::{Node, plain};
use crate::pages::loans::facts::{Fact, Kind, Known, Shown, Table, Way, described};
use crate::pages::loans::file::{is_shown, media_type};
use crate::pages::loans::form::{self, Field};
use crate::pages::loans::shell::{Opened, Shell, encoded, own};
use crate::pages::loans::words::word;
use crate::pages::trouble;
use crate::reply::{Answer, Away};
use crate::texts::Texts;
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
    /// Reading a file is recorded, too.
    is_recorded: bool,
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
    let of = |told: &Told| told.node().list().iter().find(|one| one.at("id").raw() == task).cloned();
    let Some(found) = of(&then) else { return Err(trouble::gone(visit).into()) };
    let mut is_sensitive = is_sensitive(&found);
    if opened.as_of.is_some() && !is_sensitive {
        // Of a loan that is gone by now nobody can say any more: then it counts as sensitive.
        is_sensitive = match opened.told_now("/tasks").await? {
            Ok(now) => of(&now).is_some_and(|task| self::is_sensitive(&task)),
            Err(refused) if refused.is_gone() => true,
            Err(refused) => return Err(trouble::refused(visit, &refused).into()),
        };
    }
    Ok(Listed { title: found.text("title"), is_sensitive })
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
    let (id, task) = (task, told.node());
    let title = task.text("title");
    let page = Page {
        frame: visit.frame(format!("{title} – {}", opened.shell.reference)),
        back: own(&opened.id, "tasks", opened.as_of.as_deref()),
        status: word(t, task.at("status")),
        facts: described(t, &task, TASK, opened.loan.at("currency").raw()),
        fields: form::fields(t, task.at("formSchema"), task.at("formData")),
        raw: raw(t, &task),
        files: files(&opened, t, id, &task),
        is_recorded: was_recorded || is_sensitive(&task),
        was_recorded,
        title,
        shell: opened.shell,
    };
    Ok(visit.page(&page))
}

fn raw(t: &Texts, task: &Node) -> Vec<(&'static str, String)> {
    let parts = [("formSchema", t.loans.form_schema), ("formData", t.loans.form_data)];
    let there = parts.into_iter().filter(|(name, _)| !task.at(name).is_blank());
    there.map(|(name, title)| (title, plain(&task.at(name).to_string()))).collect()
}

/// The files that were handed in, with the ways to those whose bytes are here.
fn files(opened: &Opened<'_>, t: &Texts, task_id: &str, task: &Node) -> Option<Table> {
    let items = task.at("items");
    let mut table = (!items.list().is_empty()).then(|| Table::new(t, items, ITEM, ""))?;
    table.columns.push(t.loans.bytes_here.to_owned());
    let is_here = |item: &Node| item.at("blob").at("state").raw() == "AVAILABLE";
    let has_ways = items.list().iter().any(is_here);
    table.columns.extend(has_ways.then(|| t.loans.file_column.to_owned()));
    for (row, item) in table.rows.iter_mut().zip(items.list()) {
        row.push(Shown::Text(word(t, item.at("blob").at("state"))));
        let ways = if is_here(item) { ways(opened, t, task_id, item) } else { Vec::new() };
        row.extend(has_ways.then_some(Shown::Ways(ways)));
    }
    Some(table)
}

/// The ways to a file: to see it, where it can be shown, and to have it.
fn ways(opened: &Opened<'_>, t: &Texts, task: &str, item: &Node) -> Vec<Way> {
    let place = format!("tasks/{}/items/{}", encoded(task), encoded(item.at("id").raw()));
    let way = |name: &'static str, end: &str| Way {
        path: opened.page(&format!("{place}/{end}"), &[]),
        name,
        label: format!("{name}: {}", item.text("fileName")),
    };
    let view = is_shown(media_type(item)).then(|| way(t.parts.preview, "view"));
    view.into_iter().chain([way(t.parts.download, "file")]).collect()
}
