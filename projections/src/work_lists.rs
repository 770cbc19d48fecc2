//! What has to be done by when, over all loan requests: deeds that are to be signed, sanction letters and promises of sale
//! that run out, and tasks that are due. One scan in the order of time answers what is due until then. Beside it: in which
//! channels a client waits for an answer ([`unanswered`]).
//!
//! Only what is still to be done has a row in `due`: nothing of a loan request that has ended or was deleted. A task's row
//! hangs on its loan's state too, so `due_kept` keeps what decides about rows, and a loan that ends or is opened again takes
//! the rows of its tasks and channels along.

mod unanswered;

use std::borrow::Cow;
use std::ops::Bound;

use continuity_events::json::{self, JsonError};
use continuity_readmodel::{
    ChangeForm, Direction, EntityChange, Found, Key, KeyReader, Projection, Rows, Snapshot, Spec, StoreError, Table,
    prefix_end,
};

use crate::filter::Limit;
use crate::order;
use unanswered::{MESSAGE, TURNS, WAITING};

pub use unanswered::{Unanswered, unanswered};

/// (list, due, loan, id) -> [`Item::json`].
const DUE: Table = "due";
/// (loan, entity, id) -> the members that decide, a JSON object.
const KEPT: Table = "due_kept";

const LOAN: &str = "loanRequest";
const TASK: &str = "task";

static SPEC: Spec =
    Spec { name: "work-lists", version: 2, tables: &[DUE, KEPT, WAITING, TURNS], entities: &[LOAN, TASK, MESSAGE] };

const OF_LOAN: &[&str] = &["id", "status", "deletedAt", "deed", "sanction", "promiseOfSaleExpiryDate"];
const OF_TASK: &[&str] = &["id", "title", "type", "status", "dueAt", "assignee", "sensitive"];
/// What a list shows of a task.
const SHOWN: &[&str] = &["id", "title", "type", "status", "assignee", "sensitive"];

/// The states in which nobody has to do anything any more.
const ENDED_LOAN: [&str; 5] = ["CLOSED", "REJECTED", "WITHDRAWN", "EXPIRED", "CANCELLED"];
const ENDED_TASK: [&str; 4] = ["COMPLETED", "REJECTED", "CANCELLED", "EXPIRED"];

/// One of the lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum WorkList {
    /// Deeds that are scheduled and not signed.
    Deeds = 1,
    /// Sanction letters that expire and are not accepted.
    Sanctions = 2,
    /// Promises of sale that expire before the deed is signed.
    Promises = 3,
    /// Tasks that are neither done nor called off.
    Tasks = 4,
}

/// Something that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Id of the loan.
    pub loan: String,
    /// A JSON object: `dueAt` as the platform wrote it, and of a task `task`.
    pub json: String,
    /// To go on after it.
    pub key: Vec<u8>,
}

impl Item {
    /// Whether it was due before that time; not where it does not say a time.
    pub fn is_due_before(&self, time: &Limit) -> bool {
        let mut reader = KeyReader::new(&self.key);
        let due = reader.u8().and_then(|_| reader.bytes());
        due.is_some_and(|due| *due != order::lowest() && due.as_ref() < time.sort_bytes())
    }
}

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(WorkLists)
}

/// What is due at `until` or earlier, the earliest first, behind the item with the key `after`. A date is due at its end; what
/// is no time stands before everything else.
pub fn due(
    snapshot: &Snapshot,
    list: WorkList,
    until: &Limit,
    after: Option<&[u8]>,
) -> Result<impl Iterator<Item = Result<Item, StoreError>> + use<>, StoreError> {
    let prefix = Key::new().u8(list as u8);
    let start = match after {
        Some(key) => Bound::Excluded(key.to_vec()),
        None => Bound::Included(prefix.clone().finish()),
    };
    let end = prefix_end(&prefix.bytes(until.sort_bytes()).finish()).map_or(Bound::Unbounded, Bound::Excluded);
    let rows = snapshot.scan(DUE, (start, end), Direction::Forward)?;
    Ok(rows.map(|row| {
        let (key, value) = row?;
        item(&key, &value).ok_or_else(|| StoreError::corrupt(DUE, "a row"))
    }))
}

fn item(key: &[u8], value: &[u8]) -> Option<Item> {
    let mut reader = KeyReader::new(key);
    reader.u8()?;
    reader.bytes()?;
    let loan = reader.text()?.into_owned();
    Some(Item { loan, json: std::str::from_utf8(value).ok()?.to_owned(), key: key.to_vec() })
}

struct WorkLists;

impl Projection for WorkLists {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        if change.entity == LOAN && change.id != change.loan {
            return Ok(()); // Parked by the engine; nothing of it may show.
        }
        let loan_key = kept_key(change.loan, LOAN, change.loan);
        if change.entity == MESSAGE {
            return unanswered::apply(change, is_open(&kept(rows, &loan_key)?), rows);
        }
        let key = kept_key(change.loan, change.entity, change.id);
        let old = kept(rows, &key)?;
        let names = if change.entity == LOAN { OF_LOAN } else { OF_TASK };
        let new = folded(&old, &change.form, names).map_err(|error| {
            StoreError::Other(format!("what is due of a {} cannot be read: {error}", change.entity))
        })?;
        if new == old {
            return Ok(());
        }
        if change.entity == LOAN {
            replace(DUE, &of_loan(change.loan, &old), of_loan(change.loan, &new), rows);
            tasks_follow(change.loan, is_open(&old), is_open(&new), rows)?;
            unanswered::follow(change.loan, is_open(&old), is_open(&new), rows)?;
        } else if is_open(&kept(rows, &loan_key)?) {
            replace(DUE, &of_task(change.loan, change.id, &old), of_task(change.loan, change.id, &new), rows);
        }
        if new == "{}" {
            rows.delete(KEPT, &key);
        } else {
            rows.put(KEPT, key, new.into_bytes());
        }
        Ok(())
    }

    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let of_loan_kept = kept(rows, &kept_key(loan, LOAN, loan))?;
        tasks_follow(loan, is_open(&of_loan_kept), false, rows)?;
        unanswered::follow(loan, is_open(&of_loan_kept), false, rows)?;
        replace(DUE, &of_loan(loan, &of_loan_kept), Vec::new(), rows);
        rows.delete_prefix(TURNS, &Key::new().text(loan).finish())?;
        rows.delete_prefix(KEPT, &Key::new().text(loan).finish())
    }
}

/// Rows with their keys.
type Placed = Vec<Found>;

fn replace(table: Table, old: &Placed, new: Placed, rows: &mut Rows<'_>) {
    for (key, _) in old.iter().filter(|(key, _)| !new.iter().any(|(kept, _)| kept == key)) {
        rows.delete(table, key);
    }
    for row in new.into_iter().filter(|row| !old.contains(row)) {
        rows.put(table, row.0, row.1);
    }
}

/// Tasks are due as long as their loan goes on.
fn tasks_follow(loan: &str, was_open: bool, is_open: bool, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    if was_open == is_open {
        return Ok(());
    }
    for (key, task) in rows.scan_prefix(KEPT, &Key::new().text(loan).text(TASK).finish())? {
        let task = std::str::from_utf8(&task).map_err(|_| StoreError::corrupt(KEPT, "a row"))?;
        let due = of_task(loan, &id_in(&key).ok_or_else(|| StoreError::corrupt(KEPT, "a key"))?, task);
        if is_open { replace(DUE, &Vec::new(), due, rows) } else { replace(DUE, &due, Vec::new(), rows) }
    }
    Ok(())
}

fn kept_key(loan: &str, entity: &str, id: &str) -> Vec<u8> {
    Key::new().text(loan).text(entity).text(id).finish()
}

/// The id of the entity in a key of `due_kept`.
fn id_in(key: &[u8]) -> Option<String> {
    let mut reader = KeyReader::new(key);
    reader.text()?;
    reader.text()?;
    Some(reader.text()?.into_owned())
}

fn kept(rows: &Rows<'_>, key: &[u8]) -> Result<String, StoreError> {
    let kept = rows.get(KEPT, key)?.map(String::from_utf8).transpose();
    Ok(kept.map_err(|_| StoreError::corrupt(KEPT, "a row"))?.unwrap_or_else(|| "{}".to_owned()))
}

/// The kept members after the change.
fn folded(old: &str, form: &ChangeForm<'_>, names: &[&str]) -> Result<String, JsonError> {
    match form {
        ChangeForm::Gone => Ok("{}".to_owned()),
        ChangeForm::After(after) => only(after, names, false),
        ChangeForm::Patch(patch) => only(&json::merge_patch(old, &only(patch, names, true)?)?, names, false),
    }
}

/// The object of those members. `null` says nothing, except in a patch.
fn only(object: &str, names: &[&str], nulls: bool) -> Result<String, JsonError> {
    let mut kept = "{}".to_owned();
    for (name, raw) in json::members(object)? {
        if names.contains(&name.as_ref()) && (nulls || raw != "null") {
            json::push_member(&mut kept, &name, raw);
        }
    }
    Ok(kept)
}

/// A member that says something.
fn said<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    json::member(object, name).filter(|raw| *raw != "null")
}

fn is_one_of(object: &str, words: &[&str]) -> bool {
    let status = said(object, "status").and_then(json::text);
    status.is_some_and(|status| words.contains(&status.as_ref()))
}

/// Whether there is such a loan, and it goes on.
fn is_open(loan: &str) -> bool {
    loan != "{}" && said(loan, "deletedAt").is_none() && !is_one_of(loan, &ENDED_LOAN)
}

/// What is due of a loan itself.
fn of_loan(id: &str, loan: &str) -> Placed {
    if !is_open(loan) {
        return Vec::new();
    }
    let (deed, sanction) = (said(loan, "deed").unwrap_or("{}"), said(loan, "sanction").unwrap_or("{}"));
    let unsigned = said(deed, "signedAt").is_none();
    let not_accepted = said(sanction, "acceptedAt").is_none();
    let lists = [
        (WorkList::Deeds, said(deed, "scheduledAt").filter(|_| unsigned)),
        (WorkList::Sanctions, said(sanction, "expiresAt").filter(|_| not_accepted)),
        (WorkList::Promises, said(loan, "promiseOfSaleExpiryDate").filter(|_| unsigned)),
    ];
    let due = lists.into_iter().filter_map(|(list, raw)| raw.map(|raw| (list, raw)));
    due.map(|(list, raw)| (due_key(list, raw, id, ""), format!("{{\"dueAt\":{raw}}}").into_bytes())).collect()
}

fn of_task(loan: &str, id: &str, task: &str) -> Placed {
    let Some(raw) = said(task, "dueAt").filter(|_| !is_one_of(task, &ENDED_TASK)) else { return Vec::new() };
    let value = format!("{{\"dueAt\":{raw},\"task\":{}}}", json::only(task, SHOWN));
    vec![(due_key(WorkList::Tasks, raw, loan, id), value.into_bytes())]
}

fn due_key(list: WorkList, raw: &str, loan: &str, id: &str) -> Vec<u8> {
    let text = json::text(raw).unwrap_or(Cow::Borrowed(""));
    let end = if text.len() == "2026-01-31".len() { "T23:59:59.999999999Z" } else { "" };
    Key::new().u8(list as u8).bytes(&order::of_instant(&format!("{text}{end}"))).text(loan).text(id).finish()
}

#[cfg(test)]
mod tests;
