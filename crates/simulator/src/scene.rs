//! One moment in the life of one loan: what the steps of a story work with.

use continuity_base::Timestamp;

use crate::blob::{self, BlobFile, BlobMode, Stored};
use crate::json::{Json, object};
use crate::loan::{Entity, Form, Loan, Parent, Saying};
use crate::names::{FAMILY, GIVEN, NASTY, SENTENCES};
use crate::pdf;

/// A step of a story, with the index of the entity that it is about.
pub(crate) type Action = fn(&mut Scene<'_>, usize);

/// A step that was put on the agenda.
pub(crate) struct Planned {
    pub(crate) after_micros: i64,
    pub(crate) action: Action,
    pub(crate) entity: usize,
}

/// One moment: everything emitted in it shares its time, as the changes of one transaction do.
pub(crate) struct Scene<'a> {
    pub(crate) loan: &'a mut Loan,
    pub(crate) source: &'a str,
    pub(crate) blob_mode: &'a BlobMode,
    pub(crate) now: i64,
    pub(crate) time: String,
    pub(crate) actor: Option<String>,
    pub(crate) lines: Vec<String>,
    pub(crate) files: Vec<BlobFile>,
    pub(crate) planned: Vec<Planned>,
}

/// Members whose change an event names in `changes`.
const TOLD: &[&str] = &["status", "stage", "name", "title", "visibleToClient", "sensitive", "order"];

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

impl<'a> Scene<'a> {
    /// The moment `now` (microseconds since the epoch) in the life of `loan`.
    pub(crate) fn new(loan: &'a mut Loan, source: &'a str, blob_mode: &'a BlobMode, now: i64) -> Self {
        let time = written_time(now, loan);
        let actor = some_actor(loan);
        Self { loan, source, blob_mode, now, time, actor, lines: vec![], files: vec![], planned: vec![] }
    }

    /// Plans `action` on `entity` for some moment between `low` and `high` hours from now.
    pub(crate) fn later(&mut self, low: u64, high: u64, action: Action, entity: usize) {
        let minutes = self.loan.random.between(low * 60, high * 60);
        let after_micros = i64::try_from(minutes).unwrap_or(0) * 60_000_000 + 1;
        self.planned.push(Planned { after_micros, action, entity });
    }

    /// True in `percent` of a hundred cases.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.loan.random.percent(percent)
    }

    /// One of `choices`.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        self.loan.random.pick(choices)
    }

    /// A new id such as `tsk_4k2m9x0p`.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.loan.random.token(10))
    }

    /// The calendar date `days` from now.
    pub(crate) fn date(&self, days: i64) -> String {
        Timestamp::from_micros(self.now + days * DAY).to_string()[..10].to_owned()
    }

    /// The instant `hours` from now.
    pub(crate) fn in_hours(&self, hours: i64) -> String {
        Timestamp::from_micros(self.now + hours * HOUR).to_string()
    }

    /// The living state of an entity, if it has one.
    pub(crate) fn state(&self, entity: usize) -> Option<&Json> {
        self.loan.entities[entity].state.as_ref()
    }

    /// The `status` of an entity; empty while it is gone.
    pub(crate) fn status(&self, entity: usize) -> String {
        self.state(entity).map_or_else(String::new, |state| state.text("status").to_owned())
    }

    /// Creates an entity and tells of it.
    pub(crate) fn create(&mut self, name: &str, kind: &'static str, id: String, parent: Parent, state: Json) -> usize {
        self.loan.entities.push(Entity::new(kind, id, parent));
        let entity = self.loan.entities.len() - 1;
        self.put(name, entity, state);
        entity
    }

    /// Gives an entity a whole new state, as after-image: creation, and re-creation after it was gone.
    pub(crate) fn put(&mut self, name: &str, entity: usize, mut state: Json) {
        if self.percent(6) {
            let nasty = self.pick(NASTY);
            state.set("ext", Json::raw(nasty));
        }
        let kept = &mut self.loan.entities[entity];
        kept.version += 1;
        kept.tell_parent = true;
        state.set("version", kept.version);
        self.emit(name, entity, &Form::After(&state), None, vec![]);
        self.loan.entities[entity].state = Some(state);
    }

    /// Changes a living entity; told as after-image or as merge patch, whichever chance has it. Nothing while it is gone.
    pub(crate) fn change(&mut self, name: &str, entity: usize, edit: impl FnOnce(&mut Json)) {
        self.change_as(name, entity, 40, edit);
    }

    /// As [`Scene::change`], a patch in `patches` of a hundred cases.
    pub(crate) fn change_as(&mut self, name: &str, entity: usize, patches: u64, edit: impl FnOnce(&mut Json)) {
        let as_patch = self.percent(patches);
        let Some(old) = self.loan.entities[entity].state.take() else { return };
        let mut new = old.clone();
        edit(&mut new);
        let base = self.loan.entities[entity].version;
        self.loan.entities[entity].version += 1;
        new.set("version", base + 1);
        if new.get("updatedAt").is_some() {
            new.set("updatedAt", &self.time);
        }
        let changes = told_changes(&old, &new);
        let reason =
            self.percent(12).then(|| self.pick(&["customer request", "four-eyes check", "Korrektur: Tippfehler"]));
        match new.patch_from(&old).filter(|_| as_patch) {
            Some(patch) => self.emit(name, entity, &Form::Patch { base, patch: &patch }, reason, changes),
            None => self.emit(name, entity, &Form::After(&new), reason, changes),
        }
        self.loan.entities[entity].state = Some(new);
    }

    /// Removes a living entity (`after: null`) and gives its last state, so that it can come back.
    pub(crate) fn remove(&mut self, name: &str, entity: usize) -> Option<Json> {
        let state = self.loan.entities[entity].state.take()?;
        self.loan.entities[entity].version += 1;
        self.emit(name, entity, &Form::Gone, None, vec![]);
        Some(state)
    }

    /// Sends the state of a living entity again as a correction of its last event, after `edit`.
    pub(crate) fn correct(&mut self, entity: usize, edit: impl FnOnce(&mut Json)) {
        let Some(mut state) = self.loan.entities[entity].state.take() else { return };
        edit(&mut state);
        let kept = &mut self.loan.entities[entity];
        kept.version += 1;
        state.set("version", kept.version);
        let corrects = Some(kept.last_event.clone());
        let actor = self.actor.clone();
        let reason = Some("entered for the wrong file");
        let saying = Saying {
            name: "EventCorrected",
            time: &self.time,
            actor: actor.as_deref(),
            reason,
            corrects,
            changes: vec![],
        };
        let line = self.loan.event(self.source, entity, &Form::After(&state), &saying);
        self.lines.push(line);
        self.loan.entities[entity].state = Some(state);
    }

    fn emit(&mut self, name: &str, entity: usize, form: &Form<'_>, reason: Option<&'static str>, changes: Vec<Json>) {
        let actor = self.actor.clone();
        let saying = Saying { name, time: &self.time, actor: actor.as_deref(), reason, corrects: None, changes };
        let line = self.loan.event(self.source, entity, form, &saying);
        self.lines.push(line);
    }

    /// A fictional person's given and family name.
    pub(crate) fn person(&mut self) -> (&'static str, &'static str) {
        (self.pick(GIVEN), self.pick(FAMILY))
    }

    /// A member of the bank's staff.
    pub(crate) fn staff(&mut self, role: &'static str) -> Json {
        let (given, family) = self.person();
        object! { "id" => format!("usr_{}", self.loan.random.below(60)), "displayName" => format!("{given} {family}"), "role" => role }
    }

    /// Something that a person wrote.
    pub(crate) fn sentence(&mut self) -> &'static str {
        self.pick(SENTENCES)
    }

    /// Makes and keeps a file with a name of its own: a small PDF, unless the platform has a server for its files.
    pub(crate) fn file(&mut self, stem: &str) -> Stored {
        let count = self.loan.random.between(8, 30);
        let lines: Vec<String> = (1..=count)
            .map(|line| {
                let text = self.sentence().replace('\n', " ");
                format!("{line:02}  {}  {text}", self.time)
            })
            .collect();
        let suffix = self.pick(&["", " (signed)", " – copie", "_v2", " ħ"]);
        let blob_id = self.id("blb");
        // Chance was asked for the same things in every mode: what else happens does not depend on how bytes travel.
        let (name, now) = (format!("{stem}{suffix}.pdf"), Timestamp::from_micros(self.now));
        let make = || pdf::document(&format!("{stem} {blob_id}"), &lines);
        let mut stored = blob::store(self.blob_mode, &blob_id, name, now, make);
        self.files.extend(stored.file.take());
        stored
    }
}

fn told_changes(old: &Json, new: &Json) -> Vec<Json> {
    let mut changes = Vec::new();
    for field in TOLD {
        if let (Some(from), Some(to)) = (old.get(field), new.get(field))
            && from != to
        {
            changes.push(object! { "field" => *field, "from" => from.clone(), "to" => to.clone() });
        }
    }
    changes
}

/// RFC 3339 in UTC, of the precision that this producer happens to write; rarely a little behind, as clocks are.
fn written_time(now: i64, loan: &mut Loan) -> String {
    let skew = if loan.sequence > 0 && loan.random.percent(1) { 2_500_000 } else { 0 };
    let now = now - skew;
    let text = Timestamp::from_micros(now).to_string();
    match loan.random.below(20) {
        0..=1 => format!("{}Z", &text[..19]),
        2 => format!("{}{:03}Z", &text[..23], now.rem_euclid(1_000)),
        3 => format!("{}{:03}000Z", &text[..23], now.rem_euclid(1_000)),
        _ => text,
    }
}

fn some_actor(loan: &mut Loan) -> Option<String> {
    let number = loan.random.below(60);
    let (given, family) = (loan.random.pick(GIVEN), loan.random.pick(FAMILY));
    let (id, kind, role) = match loan.random.below(100) {
        0..=39 => (format!("usr_{number}"), "USER", Some("bankLoanAgent")),
        40..=64 => (format!("par_{number}"), "CLIENT", None),
        65..=74 => (format!("pro_{number}"), "PROFESSIONAL", Some("professional")),
        75..=92 => ("system".to_owned(), "SYSTEM", None),
        93..=95 => (format!("cli_{number}"), "API_CLIENT", None),
        96 => return Some("nightly batch \"eod\"".to_owned()),
        _ => return None,
    };
    let mut actor = object! { "id" => id, "type" => kind };
    if kind != "SYSTEM" {
        actor.set("displayName", format!("{given} {family}"));
    }
    if let Some(role) = role {
        actor.set("role", role);
    }
    Some(actor.to_text())
}
