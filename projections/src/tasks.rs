//! Tasks with their items nested. Form data, and the reference (or inline bytes) of an attachment, are left out of lists
//! where they must not show, and kept apart, so that a list never reads them.

use std::collections::BTreeSet;

use continuity_events::json;
use continuity_readmodel::{Projection, Snapshot, Spec, StoreError};

use crate::collection::{Collection, Stored, Variant};
use crate::kept::Kept;
use crate::order::Meaning;
use crate::page::{Page, Rowset, open_member};

static SPEC: Spec = Spec {
    name: "tasks",
    version: 1,
    tables: &["tasks", "task_ids", "tasks_whole", "items", "item_ids", "items_whole"],
    entities: &["task", "taskItem"],
};

static TASKS: Collection = Collection {
    sort: &[("assignedAt", Meaning::Instant)],
    added: &["items"],
    heavy: Some(("tasks_whole", &["formData"])),
    ..Collection::new("task", "tasks", "task_ids")
};

static ITEMS: Collection = Collection {
    parents: &["taskId"],
    sort: &[("uploadedAt", Meaning::Instant)],
    heavy: Some(("items_whole", &["blob"])),
    ..Collection::new("taskItem", "items", "item_ids")
};

/// Whether the tasks of a list come with their form data and the `blob` of their items. A sensitive task never does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormData {
    /// `tasks:read`.
    Shown,
    /// `loans:read` only.
    Hidden,
}

/// One task, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The task with form data and items, as served.
    pub json: Vec<u8>,
    /// Whether reading its form data or its items' bytes must be recorded first.
    pub sensitive: bool,
    /// Whether it has form data.
    pub has_form: bool,
}

/// One item of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The item as served; its `blob` leads to the bytes.
    pub json: Vec<u8>,
    /// Whether reading its bytes must be recorded first: the task or the item itself is sensitive.
    pub sensitive: bool,
}

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&TASKS, &ITEMS] })
}

/// The loan's tasks by `assignedAt`, each with its items. Those that `sensitive` names are so whatever they say.
pub fn list(
    snapshot: &Snapshot,
    loan: &str,
    page: &Page,
    form_data: FormData,
    sensitive: &BTreeSet<String>,
) -> Result<Rowset, StoreError> {
    TASKS.list(snapshot, loan, &[], page, |task, out| {
        let shown = form_data == FormData::Shown && !task.is_sensitive() && !sensitive.contains(&*task.id);
        let variant = if shown { Variant::Whole } else { Variant::Lean };
        write(snapshot, loan, task, variant, out)
    })
}

/// The ids of the loan's sensitive tasks.
pub fn sensitive(snapshot: &Snapshot, loan: &str) -> Result<BTreeSet<String>, StoreError> {
    let mut ids = BTreeSet::new();
    TASKS.list(snapshot, loan, &[], &Page::default(), |task, _| {
        if task.is_sensitive() {
            ids.insert(task.id.to_string());
        }
        Ok(())
    })?;
    Ok(ids)
}

/// Whether the loan has a task that somebody still has to do: one that is neither done nor called off.
pub fn has_open(snapshot: &Snapshot, loan: &str) -> Result<bool, StoreError> {
    const ENDED: [&str; 4] = ["COMPLETED", "REJECTED", "CANCELLED", "EXPIRED"];
    let mut open = false;
    TASKS.list(snapshot, loan, &[], &Page::default(), |task, _| {
        let row = std::str::from_utf8(task.lean()).unwrap_or_default();
        let status = json::member(row, "status").and_then(json::text);
        open |= status.is_none_or(|status| !ENDED.contains(&status.as_ref()));
        Ok(())
    })?;
    Ok(open)
}

/// One task with form data and items; `None` when the loan has no such task.
pub fn get(snapshot: &Snapshot, loan: &str, task: &str) -> Result<Option<Task>, StoreError> {
    let Some(stored) = TASKS.find(snapshot, loan, task)? else { return Ok(None) };
    let mut json = Vec::new();
    write(snapshot, loan, &stored, Variant::Whole, &mut json)?;
    Ok(Some(Task { json, sensitive: stored.is_sensitive(), has_form: stored.is_heavy() }))
}

/// One item; `None` when the task does not exist or has no such item.
pub fn item(snapshot: &Snapshot, loan: &str, task: &str, item: &str) -> Result<Option<Item>, StoreError> {
    let Some(of_task) = TASKS.find(snapshot, loan, task)? else { return Ok(None) };
    let Some(stored) = ITEMS.find(snapshot, loan, item)?.filter(|stored| stored.parents == [task]) else {
        return Ok(None);
    };
    let mut json = Vec::new();
    ITEMS.write(snapshot, loan, &stored, Variant::Whole, &mut json)?;
    Ok(Some(Item { json, sensitive: of_task.is_sensitive() || stored.is_sensitive() }))
}

fn write(
    snapshot: &Snapshot,
    loan: &str,
    task: &Stored<'_>,
    variant: Variant,
    out: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let mut object = Vec::new();
    TASKS.write(snapshot, loan, task, variant, &mut object)?;
    let items = ITEMS.list(snapshot, loan, &[&task.id], &Page::default(), |item, out| {
        ITEMS.write(snapshot, loan, item, variant, out)
    })?;
    open_member(out, &object, "items");
    out.extend_from_slice(&items.json);
    out.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests;
