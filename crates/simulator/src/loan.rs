//! One loan as the platform keeps it: its entities, its sequence, and the events that changes to them make.

use std::fmt::Write;

use crate::json::{Json, object, write_text};
use crate::random::Random;

/// The ids of an entity's parents, by the contract's member names.
pub(crate) type Parent = Vec<(&'static str, String)>;

/// One entity: its present state, or `None` while it is gone.
#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) parent: Parent,
    pub(crate) version: u64,
    pub(crate) state: Option<Json>,
    pub(crate) last_event: String,
    /// The next event must name the parent: the entity is new, back, or moved.
    pub(crate) tell_parent: bool,
}

impl Entity {
    /// An entity that no event has told of yet.
    pub(crate) fn new(kind: &'static str, id: String, parent: Parent) -> Self {
        Self { kind, id, parent, version: 0, state: None, last_event: String::new(), tell_parent: true }
    }
}

/// One entry of a loan's audit log: its id and its JSON text.
#[derive(Debug)]
pub(crate) struct AuditEntry {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// One loan. `entities[0]` is its loan request.
#[derive(Debug)]
pub(crate) struct Loan {
    pub(crate) number: u64,
    pub(crate) id: String,
    pub(crate) sequence: u64,
    pub(crate) random: Random,
    pub(crate) entities: Vec<Entity>,
    /// The audit entries of the events so far, as the contract derives them; snapshots carry them.
    pub(crate) audit: Vec<AuditEntry>,
    pub(crate) purged: bool,
    /// The line of its purge, kept for exports.
    pub(crate) purge: Option<String>,
    pub(crate) pending: usize,
}

/// What an event says beside its entity.
pub(crate) struct Saying<'a> {
    pub(crate) name: &'a str,
    pub(crate) time: &'a str,
    pub(crate) actor: Option<&'a str>,
    pub(crate) reason: Option<&'static str>,
    pub(crate) corrects: Option<String>,
    pub(crate) changes: Vec<Json>,
}

/// The form that the data of an event takes.
pub(crate) enum Form<'a> {
    After(&'a Json),
    Gone,
    Patch { base: u64, patch: &'a Json },
}

impl Loan {
    /// A loan without any event yet.
    pub(crate) fn new(seed: u64, number: u64, micros: i64) -> Self {
        let mut random = Random::new(seed, number + 1);
        let id = match random.below(40) {
            0 => format!("LN.2026~{number:06}"),
            1 => format!("dossier {number} é+%25"),
            _ => random.uuid(micros),
        };
        Self {
            number,
            id,
            sequence: 0,
            random,
            entities: vec![],
            audit: vec![],
            purged: false,
            purge: None,
            pending: 0,
        }
    }

    /// Indices of the living entities of `kind`.
    pub(crate) fn living(&self, kind: &str) -> Vec<usize> {
        (0..self.entities.len())
            .filter(|&i| self.entities[i].kind == kind && self.entities[i].state.is_some())
            .collect()
    }

    /// The line of the next event: entity `index` in the form `form`.
    pub(crate) fn event(&mut self, source: &str, index: usize, form: &Form<'_>, saying: &Saying<'_>) -> String {
        self.sequence += 1;
        let id = self.random.uuid(i64::try_from(self.sequence).unwrap_or(0));
        self.note_audit(index, form, saying, &id);
        let entity = &mut self.entities[index];
        let with_parent = std::mem::take(&mut entity.tell_parent) || self.random.percent(50);
        entity.last_event.clone_from(&id);
        let mut line = String::with_capacity(1_024);
        self.write_head(&mut line, source, saying, &id);
        line.push_str("\"data\":{\"entity\":");
        let entity = &self.entities[index];
        write_text(entity.kind, &mut line);
        line.push_str(",\"id\":");
        write_text(&entity.id, &mut line);
        if with_parent && !entity.parent.is_empty() {
            let parent = entity.parent.iter().map(|(name, id)| ((*name).into(), id.into())).collect();
            line.push_str(",\"parent\":");
            Json::Object(parent).write(&mut line);
        }
        let _ = write!(line, ",\"version\":{}", entity.version);
        write_form(form, &mut line);
        write_saying(saying, &mut line);
        line.push_str("}}");
        line
    }

    /// The head of an envelope up to and without `data`.
    pub(crate) fn write_head(&mut self, line: &mut String, source: &str, saying: &Saying<'_>, id: &str) {
        let _ = write!(
            line,
            "{{\"specversion\":\"1.0\",\"id\":\"{id}\",\"source\":\"{source}\",\"type\":\"com.banclo.{}\"",
            saying.name
        );
        line.push_str(",\"subject\":");
        write_text(&format!("loan-requests/{}", self.id), line);
        let _ =
            write!(line, ",\"time\":\"{}\",\"datacontenttype\":\"application/json\",\"partitionkey\":", saying.time);
        write_text(&self.id, line);
        let _ = write!(line, ",\"sequence\":\"{}\",", self.sequence);
        if let Some(actor) = saying.actor {
            line.push_str("\"actor\":");
            write_text(actor, line);
            line.push(',');
        }
        if self.random.percent(10) {
            let (a, b) = (self.random.next(), self.random.next());
            let _ = write!(line, "\"traceparent\":\"00-{a:016x}{b:016x}-{:016x}-01\",\"shard\":7,", b | 1);
        }
    }

    fn note_audit(&mut self, index: usize, form: &Form<'_>, saying: &Saying<'_>, id: &str) {
        let entity = &self.entities[index];
        if let (true, Form::After(after)) = (entity.kind == "auditEntry", form) {
            let mut entry = (*after).clone();
            entry.set("sequence", self.sequence.to_string());
            self.audit.push(AuditEntry { id: entry.text("id").to_owned(), text: entry.to_text() });
            return;
        }
        let mut target = object! { "type" => upper_snake(entity.kind), "id" => &entity.id };
        let label = match form {
            Form::After(after) => ["name", "title", "reference", "fileName"].iter().find_map(|m| after.get(m)),
            _ => None,
        };
        if let Some(label) = label {
            target.set("label", label.clone());
        }
        let mut entry = object! {
            "id" => id.to_owned(), "sequence" => self.sequence.to_string(), "occurredAt" => saying.time.to_owned(),
            "action" => upper_snake(saying.name),
        };
        match saying.actor {
            Some(actor) if actor.starts_with('{') => entry.set("actor", Json::raw(actor)),
            Some(actor) => entry.set("actor", object! { "id" => actor.to_owned(), "type" => "UNKNOWN" }),
            None => {}
        }
        entry.set("target", target);
        if !saying.changes.is_empty() {
            entry.set("changes", saying.changes.clone());
        }
        if let Some(reason) = saying.reason {
            entry.set("reason", reason);
        }
        entry.set("origin", "CLOUD");
        self.audit.push(AuditEntry { id: id.to_owned(), text: entry.to_text() });
    }
}

fn write_form(form: &Form<'_>, line: &mut String) {
    match form {
        Form::After(after) => {
            line.push_str(",\"after\":");
            after.write(line);
        }
        Form::Gone => line.push_str(",\"after\":null"),
        Form::Patch { base, patch } => {
            let _ = write!(line, ",\"baseVersion\":{base},\"patch\":");
            patch.write(line);
        }
    }
}

fn write_saying(saying: &Saying<'_>, line: &mut String) {
    if !saying.changes.is_empty() {
        line.push_str(",\"changes\":");
        Json::List(saying.changes.clone()).write(line);
    }
    if let Some(reason) = saying.reason {
        line.push_str(",\"reason\":");
        write_text(reason, line);
    }
    if let Some(corrects) = &saying.corrects {
        line.push_str(",\"correctsEventId\":");
        write_text(corrects, line);
    }
}

/// `TaskAssigned` and `bidQuote` as `TASK_ASSIGNED` and `BID_QUOTE`.
pub(crate) fn upper_snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (i, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_upper_snake() {
        assert_eq!(upper_snake("TaskAssigned"), "TASK_ASSIGNED");
        assert_eq!(upper_snake("bidQuote"), "BID_QUOTE");
    }

    #[test]
    fn an_event_is_one_line_of_json_with_its_sequence() {
        let mut loan = Loan::new(1, 1, 0);
        let state = object! { "id" => "tsk_1", "title" => "é\n", "version" => 1_i64 };
        loan.entities.push(Entity::new("task", "tsk_1".into(), vec![]));
        let saying = Saying {
            name: "TaskAssigned",
            time: "2026-01-05T08:00:00Z",
            actor: None,
            reason: Some("why"),
            corrects: None,
            changes: vec![],
        };
        for sequence in 1..=3 {
            let line = loan.event("/banclo/test", 0, &Form::After(&state), &saying);
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert!(!line.contains('\n'));
            assert_eq!(value["sequence"], sequence.to_string());
            assert_eq!(value["data"]["after"]["title"], "é\n");
            assert_eq!((value["data"]["reason"].as_str(), value.get("actor")), (Some("why"), None));
        }
        assert_eq!(loan.audit.len(), 3);
        assert!(loan.audit[0].text.contains("\"label\":\"é\\n\"") && loan.audit[0].text.contains("TASK_ASSIGNED"));
    }
}
