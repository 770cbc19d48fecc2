//! Events that are not a change: heartbeats, and what tells a whole loan.

use std::fmt::Write;

use continuity_base::Timestamp;

use crate::json::{Json, object};
use crate::loan::{Loan, Saying};
use crate::random::Random;

/// A `SourceHeartbeat` at `at`.
pub(crate) fn heartbeat(source: &str, random: &mut Random, at: Timestamp) -> String {
    let event = object! {
        "specversion" => "1.0", "id" => random.uuid(at.as_micros()), "source" => source.to_owned(),
        "type" => "com.banclo.SourceHeartbeat", "subject" => "control", "time" => at.to_string(),
        "datacontenttype" => "application/json", "data" => object! { "at" => at.to_string() },
    };
    event.to_text()
}

/// A `LoanRequestSnapshot`: every living entity of the loan and its audit entries, as of its last sequence.
pub(crate) fn snapshot(source: &str, loan: &mut Loan, at: Timestamp) -> String {
    let (id, time) = (loan.random.uuid(at.as_micros()), at.to_string());
    let saying =
        Saying { name: "LoanRequestSnapshot", time: &time, actor: None, reason: None, corrects: None, changes: vec![] };
    let mut line = String::new();
    loan.write_head(&mut line, source, &saying, &id);
    let _ = write!(line, "\"data\":{{\"asOfSequence\":{},", loan.sequence);
    push_entities(&mut line, loan);
    line.push_str("}}");
    line
}

/// The member `entities`: every living entity of the loan, and its audit entries.
pub(crate) fn push_entities(line: &mut String, loan: &Loan) {
    line.push_str("\"entities\":[");
    let before = line.len();
    for entity in loan.entities.iter().filter(|entity| entity.kind != "auditEntry") {
        let Some(state) = &entity.state else { continue };
        let mut parent = None;
        if !entity.parent.is_empty() {
            parent = Some(Json::Object(entity.parent.iter().map(|(name, id)| ((*name).into(), id.into())).collect()));
        }
        push_entity(line, before, entity.kind, &entity.id, parent, entity.version, &state.to_text());
    }
    for entry in &loan.audit {
        push_entity(line, before, "auditEntry", &entry.id, None, 1, &entry.text);
    }
    line.push(']');
}

fn push_entity(
    line: &mut String,
    start: usize,
    kind: &'static str,
    id: &str,
    parent: Option<Json>,
    version: u64,
    after: &str,
) {
    if line.len() > start {
        line.push(',');
    }
    let mut entity = object! { "entity" => kind, "id" => id.to_owned() };
    if let Some(parent) = parent {
        entity.set("parent", parent);
    }
    entity.set("version", version);
    entity.set("after", Json::raw(after));
    entity.write(line);
}
