//! Tasks for the client, the lawyer and the bank: uploads and forms, some of them sensitive.

use super::closing;
use crate::json::{Json, object};
use crate::scene::Scene;

const UPLOADS: &[&str] =
    &["Latest payslips", "Proof of address", "Promise of sale", "Pjanti tal-proprjetà", "Valuer's report"];
const FORMS: &[&str] = &["Income and expenses", "Source of funds", "Déclaration de santé", "Employment details"];

/// Somebody gets something to do.
pub(crate) fn assign(s: &mut Scene<'_>, _: usize) {
    if !closing::is_open(s) {
        return;
    }
    let id = s.id("tsk");
    let form = s.percent(45);
    let title = s.pick(if form { FORMS } else { UPLOADS });
    let kind = s.pick(&["CLIENT", "CLIENT", "LEGAL", "INTERNAL"]);
    let assignee = object! { "kind" => kind, "userId" => s.id("usr") };
    let visible = kind != "INTERNAL";
    let sensitive = s.percent(30);
    let mut state = object! {
        "id" => &id, "type" => if form { "FORM" } else { "UPLOAD" }, "title" => title, "status" => "ASSIGNED", "assignedAt" => &s.time,
        "assignee" => assignee, "dueAt" => s.in_hours(240), "visibleToClient" => visible, "sensitive" => sensitive,
    };
    if form {
        state.set("formSchema", Json::raw(FORM_SCHEMA));
        state.set("formData", object! {});
    }
    let task = s.create("TaskAssigned", "task", id, vec![], state);
    match s.loan.random.below(100) {
        0..=5 => s.later(10, 100, cancel, task),
        6..=10 => s.later(15, 70, expire, task),
        11..=17 => s.later(1, 10, reassign, task),
        18..=23 => s.later(1, 20, change_visibility, task),
        24..=29 => s.later(1, 20, change_sensitivity, task),
        _ => {}
    }
    s.later(1, 60, start, task);
}

const FORM_SCHEMA: &str = r#"{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"netIncome":{"type":"number","multipleOf":0.01},"note":{"type":"string","maxLength":500}},"required":["netIncome"]}"#;

fn is_active(s: &Scene<'_>, task: usize) -> bool {
    matches!(s.status(task).as_str(), "ASSIGNED" | "IN_PROGRESS" | "SUBMITTED")
}

fn set_status(s: &mut Scene<'_>, name: &str, task: usize, status: &'static str, at: &'static str) {
    let now = s.time.clone();
    s.change(name, task, |state| {
        state.set("status", status);
        state.set(at, now);
    });
}

fn cancel(s: &mut Scene<'_>, task: usize) {
    if !is_active(s, task) {
        return;
    }
    set_status(s, "TaskCancelled", task, "CANCELLED", "cancelledAt");
    if s.percent(40) {
        s.remove("TaskCancelled", task);
        s.later(5, 60, bring_back, task);
    }
}

/// A cancelled task that was gone comes back, and its items with it.
fn bring_back(s: &mut Scene<'_>, task: usize) {
    if s.state(task).is_some() {
        return;
    }
    let id = s.loan.entities[task].id.clone();
    let state = object! {
        "id" => id, "type" => "UPLOAD", "title" => "Once more: proof of address", "status" => "ASSIGNED", "assignedAt" => &s.time,
        "assignee" => object! { "kind" => "CLIENT" }, "visibleToClient" => true, "sensitive" => false,
    };
    s.put("TaskReopened", task, state);
    s.later(1, 20, start, task);
}

fn expire(s: &mut Scene<'_>, task: usize) {
    if is_active(s, task) {
        set_status(s, "TaskExpired", task, "EXPIRED", "expiredAt");
    }
}

fn reassign(s: &mut Scene<'_>, task: usize) {
    let user = s.id("usr");
    s.change("TaskReassigned", task, |state| state.set("assignee", object! { "kind" => "LEGAL", "userId" => user }));
}

fn change_visibility(s: &mut Scene<'_>, task: usize) {
    s.change("TaskVisibilityChanged", task, |state| {
        let visible = state.get("visibleToClient") == Some(&Json::Bool(true));
        state.set("visibleToClient", !visible);
    });
}

fn change_sensitivity(s: &mut Scene<'_>, task: usize) {
    s.change("TaskSensitivityChanged", task, |state| {
        let sensitive = state.get("sensitive") == Some(&Json::Bool(true));
        state.set("sensitive", !sensitive);
    });
}

fn start(s: &mut Scene<'_>, task: usize) {
    if !is_active(s, task) {
        return;
    }
    set_status(s, "TaskStarted", task, "IN_PROGRESS", "startedAt");
    if s.state(task).is_some_and(|state| state.text("type") == "FORM") {
        s.later(1, 20, submit_form, task);
    } else {
        for _ in 0..s.loan.random.between(1, 3) {
            s.later(1, 20, attach, task);
        }
        s.later(20, 40, complete, task);
    }
}

fn submit_form(s: &mut Scene<'_>, task: usize) {
    let (income, note) = (s.loan.random.between(900, 9_000), s.sentence());
    let literal = s.pick(&["1.10", "1e2", "0.30", "-0.0", "2.50E+3"]);
    let at = s.time.clone();
    s.change("TaskFormSubmitted", task, |state| {
        state.set("formData", object! {
            "netIncome" => Json::raw(&format!("{income}.50")), "ratio" => Json::raw(literal), "note" => note, "dependants" => 2_i64,
        });
        state.set("status", "SUBMITTED");
        state.set("submittedAt", at);
    });
    s.later(1, 30, complete, task);
}

fn attach(s: &mut Scene<'_>, task: usize) {
    let id = s.id("itm");
    let file = s.file("attachment");
    let state = object! {
        "id" => &id, "kind" => "FILE", "fileName" => file.file_name, "mediaType" => file.media_type, "sizeBytes" => file.size,
        "sha256" => file.sha256, "uploadedAt" => &s.time, "status" => "ACTIVE", "blob" => file.reference,
    };
    let parent = vec![("taskId", s.loan.entities[task].id.clone())];
    let item = s.create("TaskItemAttached", "taskItem", id, parent, state);
    match s.loan.random.below(100) {
        0..=9 => s.later(1, 20, replace, item),
        10..=17 => s.later(1, 40, detach, item),
        18..=20 => s.later(1, 40, move_item, item),
        _ => {}
    }
}

fn replace(s: &mut Scene<'_>, item: usize) {
    let file = s.file("replacement");
    let at = s.time.clone();
    s.change("TaskItemReplaced", item, |state| {
        state.set("fileName", file.file_name);
        if state.text("mediaType") != file.media_type {
            state.set("mediaType", file.media_type);
        }
        state.set("sizeBytes", file.size);
        state.set("sha256", file.sha256);
        state.set("uploadedAt", at);
        state.set("blob", file.reference);
    });
}

fn detach(s: &mut Scene<'_>, item: usize) {
    let Some(state) = s.remove("TaskItemDetached", item) else { return };
    if s.percent(40) {
        s.put("TaskItemAttached", item, state);
    }
}

/// The file was attached to the wrong task: it moves, by naming another parent.
fn move_item(s: &mut Scene<'_>, item: usize) {
    let tasks = s.loan.living("task");
    if tasks.is_empty() {
        return;
    }
    let to = tasks[s.loan.random.index(tasks.len())];
    let to = s.loan.entities[to].id.clone();
    s.loan.entities[item].parent = vec![("taskId", to)];
    s.loan.entities[item].tell_parent = true;
    s.change("TaskItemReplaced", item, |state| state.set("moved", true));
}

fn complete(s: &mut Scene<'_>, task: usize) {
    if !is_active(s, task) {
        return;
    }
    set_status(s, "TaskCompleted", task, "COMPLETED", "completedAt");
    if s.percent(50) {
        s.later(1, 40, review, task);
    }
}

fn review(s: &mut Scene<'_>, task: usize) {
    let reject = s.percent(20);
    let by = s.staff("bankLoanAgent");
    let at = s.time.clone();
    s.change("TaskReviewed", task, |state| {
        let decision = if reject { "REJECTED" } else { "APPROVED" };
        state.set("review", object! { "decision" => decision, "by" => by, "at" => at });
        if reject {
            state.set("status", "REJECTED");
        }
    });
    if reject {
        s.later(1, 20, reopen, task);
    }
}

fn reopen(s: &mut Scene<'_>, task: usize) {
    s.change("TaskReopened", task, |state| {
        state.set("status", "IN_PROGRESS");
        state.remove("completedAt");
    });
    s.later(10, 60, complete, task);
}
