//! One loan's history: events in the order of their sequence, with a snapshot here and there.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::chance::Chance;

const KINDS: &[&str] = &[
    "loanRequest",
    "bidRequest",
    "bidQuote",
    "task",
    "taskItem",
    "analysis",
    "space",
    "document",
    "guild",
    "channel",
    "message",
    "comment",
    "view",
    "worksheet",
    "insurancePolicy",
];

/// Few ids, shared by all kinds, so that everything collides.
const IDS: &[&str] = &["x1", "x2", "x/3 é?#", "X1"];

const TIMES: &[&str] = &[
    r#""2026-03-01T10:00:00Z""#,
    r#""2026-03-01T10:00:00.000Z""#,
    r#""2026-03-01T11:00:00+01:00""#,
    r#""2026-03-01T10:00:00.0000001Z""#,
    r#""2026-02-28T23:59:59.999999999Z""#,
    r#""2025-12-31T23:30:00-00:30""#,
    r#""1969-07-20T20:17:40Z""#,
    r#""not a time""#,
    "null",
    "17",
];

const NUMBERS: &[&str] = &["1", "1.0", "10e-1", "2", "10", "0.5", "-0", "-3", "9007199254740993", r#""2""#, "null"];

const NAMES: &[&str] =
    &[r#""a""#, r#""A""#, r#""é""#, r#""e\u0301""#, r#""\ud83c\udfe0""#, r#""""#, r#""\uffff""#, "null", "[]"];

#[derive(Clone, Default)]
struct Entity {
    version: u64,
    /// The present state as members, while it lives.
    state: Option<BTreeMap<&'static str, String>>,
    parent: Option<String>,
}

struct History<'a> {
    loan: String,
    sequence: u64,
    entities: BTreeMap<(&'static str, &'static str), Entity>,
    lines: Vec<String>,
    chance: &'a mut Chance,
}

/// The lines of loan `number`, up to 60 events.
pub(super) fn of(number: u64, chance: &mut Chance) -> Vec<String> {
    let loan = match number % 5 {
        0 => format!("h/{number} ü?"),
        1 => format!("h.{number}%2F"),
        _ => format!("h{number}"),
    };
    let mut history = History { loan, sequence: 0, entities: BTreeMap::new(), lines: vec![], chance };
    if !history.chance.one_in(6) {
        history.after("loanRequest", "");
    }
    let length = 5 + history.chance.number(55);
    while history.sequence < length {
        history.step();
        if history.chance.one_in(40) {
            history.snapshot();
        }
    }
    if history.chance.one_in(12) {
        history.gone("loanRequest", "");
        history.after("comment", "x1");
    }
    history.lines
}

impl History<'_> {
    fn step(&mut self) {
        let kind = self.chance.pick(KINDS);
        let id = if kind == "loanRequest" { "" } else { self.chance.pick(IDS) };
        let lives = self.entities.get(&(kind, id)).is_some_and(|entity| entity.state.is_some());
        match self.chance.number(10) {
            0..=2 if lives => self.patch(kind, id),
            3..=4 if lives && kind != "loanRequest" => self.gone(kind, id),
            _ if self.chance.one_in(25) => self.audit_entry(),
            _ => self.after(kind, id),
        }
    }

    fn after(&mut self, kind: &'static str, id: &'static str) {
        let mut state = BTreeMap::from([("z", format!("\"{kind}\""))]);
        for (member, choices) in members(kind) {
            if !self.chance.one_in(6) {
                state.insert(member, self.chance.pick(choices).to_owned());
            }
        }
        let text = self.object(id, &state);
        self.entity(kind, id).state = Some(state);
        self.tell(kind, id, &format!("\"after\":{text}"));
    }

    fn patch(&mut self, kind: &'static str, id: &'static str) {
        let Some(mut state) = self.entity(kind, id).state.clone() else { return };
        let mut patch = String::new();
        for (member, choices) in members(kind) {
            let value = self.chance.pick(choices);
            if self.chance.one_in(2) || patch.contains(member) {
                continue;
            }
            let comma = if patch.is_empty() { "" } else { "," };
            write!(patch, "{comma}\"{member}\":{value}").unwrap();
            if value == "null" {
                state.remove(member);
            } else {
                state.insert(member, value.to_owned());
            }
        }
        self.entity(kind, id).state = Some(state);
        let mut base = self.entity(kind, id).version;
        if self.chance.one_in(80) {
            base += 1;
        }
        self.tell(kind, id, &format!("\"baseVersion\":{base},\"patch\":{{{patch}}}"));
    }

    fn gone(&mut self, kind: &'static str, id: &'static str) {
        self.entity(kind, id).state = None;
        self.tell(kind, id, "\"after\":null");
    }

    fn audit_entry(&mut self) {
        let number = self.sequence + 1;
        let at = self.chance.pick(&TIMES[..7]);
        let data = format!(
            r#"{{"entity":"auditEntry","id":"aud{number}","version":1,"after":{{"id":"aud{number}","occurredAt":{at},"n":1.50}}}}"#
        );
        self.line("AuditEntryRecorded", &data);
    }

    fn entity(&mut self, kind: &'static str, id: &'static str) -> &mut Entity {
        self.entities.entry((kind, id)).or_default()
    }

    fn object(&self, id: &str, state: &BTreeMap<&'static str, String>) -> String {
        let id = if id.is_empty() { &self.loan } else { id };
        let mut object = format!("{{\"id\":\"{id}\"");
        for (member, value) in state {
            write!(object, ",\"{member}\":{value}").unwrap();
        }
        object + "}"
    }

    /// The event of an entity whose new state is set.
    fn tell(&mut self, kind: &'static str, id: &'static str, form: &str) {
        let parent = self.new_parent(kind);
        let entity = self.entity(kind, id);
        entity.version += 1;
        if let Some(parent) = &parent {
            entity.parent = Some(parent.clone());
        }
        let mut version = entity.version;
        if self.chance.one_in(300) {
            version += 1;
        }
        let parent = parent.map(|parent| format!("\"parent\":{parent},")).unwrap_or_default();
        let id = if id.is_empty() { self.loan.clone() } else { id.to_owned() };
        let changes =
            if self.chance.one_in(5) { r#","changes":[{"field":"z","to":1.0}],"reason":"why \u00e9""# } else { "" };
        let name = self.chance.pick(&["TaskAssigned", "SomethingNew", "LoanRequestPurged", "ViewWithdrawn"]);
        self.line(name, &format!(r#"{{"entity":"{kind}","id":"{id}",{parent}"version":{version},{form}{changes}}}"#));
    }

    fn new_parent(&mut self, kind: &str) -> Option<String> {
        let (a, b) = (self.chance.pick(IDS), self.chance.pick(&IDS[..2]));
        let parent = match kind {
            "bidQuote" => format!(r#"{{"bidRequestId":"{a}"}}"#),
            "taskItem" => format!(r#"{{"taskId":"{a}"}}"#),
            "channel" => format!(r#"{{"guildId":"{b}"}}"#),
            "message" => format!(r#"{{"guildId":"{b}","channelId":"{a}"}}"#),
            "document" => format!(r#"{{"spaceId":"{a}"}}"#),
            _ => return None,
        };
        (!self.chance.one_in(3)).then_some(parent)
    }

    fn line(&mut self, name: &str, data: &str) {
        self.sequence += 1;
        let (loan, sequence) = (&self.loan, self.sequence);
        let time = self.chance.pick(&TIMES[..7]);
        let actor = self.chance.pick(&[
            "",
            r#","actor":"{\"id\":\"u\",\"type\":\"USER\"}""#,
            r#","actor":"[1]""#,
            r#","actor":"""#,
        ]);
        self.lines.push(format!(
            r#"{{"specversion":"1.0","id":"{loan}-{sequence}","source":"/h","type":"com.banclo.{name}","subject":"loan-requests/{loan}","time":{time},"sequence":"{sequence}"{actor},"data": {data} }}"#
        ));
    }

    /// The whole loan as of now, a little older, or something that was never told.
    fn snapshot(&mut self) {
        let mut entities = Vec::new();
        for ((kind, id), entity) in &self.entities {
            let Some(state) = &entity.state else { continue };
            let parent = entity.parent.as_ref().map(|parent| format!("\"parent\":{parent},")).unwrap_or_default();
            let (text, version) = (self.object(id, state), entity.version);
            let id = if id.is_empty() { &self.loan } else { *id };
            entities.push(format!(r#"{{"entity":"{kind}","id":"{id}",{parent}"version":{version},"after":{text}}}"#));
        }
        let as_of = self.sequence;
        for sequence in (1..=as_of).filter(|sequence| sequence % 3 > 0) {
            let id = format!("{}-{sequence}", self.loan);
            entities.push(format!(
                r#"{{"entity":"auditEntry","id":"{id}","version":1,"after":{{"id":"{id}","sequence":"{sequence}","occurredAt":"2026-01-01T00:00:00Z","told":"by a snapshot"}}}}"#
            ));
        }
        if self.chance.one_in(3) {
            entities.retain(|entity| !entity.contains("\"comment\""));
        }
        let (loan, entities) = (&self.loan, entities.join(","));
        self.lines.push(format!(
            r#"{{"specversion":"1.0","id":"{loan}-snapshot-{as_of}","source":"/h","type":"com.banclo.LoanRequestSnapshot","subject":"loan-requests/{loan}","time":"2026-01-01T00:00:00Z","sequence":"{as_of}","data":{{"asOfSequence":{as_of},"entities":[{entities}]}}}}"#
        ));
    }
}

/// The members that matter to a kind, and what they may hold.
fn members(kind: &str) -> Vec<(&'static str, &'static [&'static str])> {
    let sensitive: &[&str] = &["true", "false", "\"true\"", "1"];
    let form: &[&str] = &[r#"{"x":1.10,"y":[1e2]}"#, "7"];
    match kind {
        "loanRequest" => {
            let statuses: &[&str] = &[r#""BID""#, r#""SANCTION""#, r#""neu & \"alt\"""#];
            vec![
                ("createdAt", TIMES),
                ("status", statuses),
                ("reference", NAMES),
                ("deletedAt", &[r#""2026-03-01T10:00:00Z""#, "null", "null"]),
            ]
        }
        "bidRequest" => vec![("requestedAt", TIMES), ("quotes", form)],
        "bidQuote" => vec![("revision", NUMBERS)],
        "task" => {
            vec![("assignedAt", TIMES), ("sensitive", sensitive), ("formData", form), ("items", form), ("title", NAMES)]
        }
        "taskItem" => vec![("uploadedAt", TIMES), ("fileName", NAMES)],
        "analysis" => vec![("runAt", TIMES)],
        "space" => vec![("order", NUMBERS), ("name", NAMES)],
        "document" => vec![("uploadedAt", TIMES), ("spaceId", &[r#""x1""#, r#""x/3 é?#""#, "null", "1"])],
        "guild" | "channel" | "comment" => vec![("createdAt", TIMES), ("name", NAMES), ("channels", form)],
        "message" => vec![("seq", NUMBERS)],
        "view" => vec![("order", NUMBERS)],
        "worksheet" => vec![("updatedAt", TIMES), ("sheets", form)],
        _ => vec![("other", NUMBERS)],
    }
}
