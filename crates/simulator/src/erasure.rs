//! The right to be forgotten: `DataSubjectErased` (contract, sections 5 and 7).

use std::fmt::Write;

use continuity_base::Timestamp;

use crate::control::push_entities;
use crate::envelope::Envelope;
use crate::json::{Json, object, write_text};
use crate::loan::{AuditEntry, Loan, Saying};

/// What stands where a person's data stood.
const ERASED: &str = "[erased]";
/// Members of a participant that stay.
const KEPT: &[&str] = &["id", "role", "kind", "joinedAt"];

/// Forgets everybody who takes part in the loan, and tells of it: an event with its own sequence that carries the whole
/// loan, redacted.
pub(crate) fn erase(source: &str, loan: &mut Loan, at: Timestamp) -> String {
    loan.sequence += 1;
    let (id, time) = (loan.random.uuid(at.as_micros()), at.to_string());
    let participants = forget(loan);
    for entry in &mut loan.audit {
        entry.text = redacted(&entry.text);
    }
    let actor = r#"{"id":"system","type":"SYSTEM"}"#;
    let saying = Saying {
        name: "DataSubjectErased",
        time: &time,
        actor: Some(actor),
        reason: None,
        corrects: None,
        changes: vec![],
    };
    let mut line = String::new();
    loan.write_head(&mut line, source, &saying, &id);
    line.push_str("\"data\":{\"entity\":\"erasure\",\"participantIds\":");
    Json::List(participants.into_iter().map(Json::from).collect()).write(&mut line);
    let _ = write!(line, ",\"legalBasis\":\"GDPR Art. 17(1)(b)\",\"requestedAt\":\"{time}\",");
    push_entities(&mut line, loan);
    line.push_str("}}");
    let entry = object! {
        "id" => id.clone(), "sequence" => loan.sequence.to_string(), "occurredAt" => time,
        "action" => "DATA_SUBJECT_ERASED", "actor" => Json::raw(actor), "target" => object! { "type" => "ERASURE" },
        "origin" => "CLOUD",
    };
    loan.audit.push(AuditEntry { id, text: entry.to_text() });
    line
}

/// Takes what tells of people out of the loan's entities; the ids of those forgotten.
fn forget(loan: &mut Loan) -> Vec<String> {
    let mut forgotten = Vec::new();
    for entity in &mut loan.entities {
        let Some(state) = &mut entity.state else { continue };
        match entity.kind {
            "loanRequest" => {
                for participant in state.list("participants") {
                    forgotten.push(participant.text("id").to_owned());
                    *participant = without_person(participant);
                }
            }
            "message" if state.get("body").is_some() => {
                state.set("body", object! { "format" => "TEXT", "text" => ERASED });
            }
            "comment" if state.get("text").is_some() => state.set("text", ERASED),
            _ => continue,
        }
        entity.version += 1;
        state.set("version", entity.version);
    }
    forgotten
}

fn without_person(participant: &Json) -> Json {
    let Json::Object(members) = participant else { return participant.clone() };
    let kept = members.iter().filter(|(name, _)| KEPT.contains(&name.as_ref())).cloned().collect();
    let mut redacted = Json::Object(kept);
    redacted.set("displayName", ERASED);
    redacted
}

/// An audit entry without what tells of people: who did it, to what by name, from what to what, and why.
fn redacted(entry: &str) -> String {
    let Some(members) = Envelope::of(entry) else { return entry.to_owned() };
    let mut out = String::from("{");
    for (name, raw) in members.members().filter(|(name, _)| !matches!(*name, "actor" | "changes" | "reason")) {
        if out.len() > 1 {
            out.push(',');
        }
        write_text(name, &mut out);
        out.push(':');
        match Envelope::of(raw).filter(|_| name == "target") {
            Some(target) => push_target(&target, &mut out),
            None => out.push_str(raw),
        }
    }
    out.push('}');
    out
}

fn push_target(target: &Envelope<'_>, out: &mut String) {
    let kept = target.members().filter(|(name, _)| *name != "label");
    let kept: Vec<String> = kept.map(|(name, raw)| format!("\"{name}\":{raw}")).collect();
    let _ = write!(out, "{{{}}}", kept.join(","));
}

#[cfg(test)]
mod tests {
    use continuity_events::{CloudEvent, Limits, Role};
    use serde_json::Value;

    use super::*;
    use crate::{Options, Simulator};

    const START: Timestamp = Timestamp::from_micros(1_767_600_000_000_000);

    #[test]
    fn an_erasure_carries_the_whole_loan_without_its_people() {
        let feed = Simulator::new(Options { erasures: true, ..Options::new(3, START, 30) });
        let mut erased = std::collections::HashSet::new();
        for emitted in feed.take(6_000) {
            let event = CloudEvent::parse_structured(emitted.line.as_bytes(), &Limits::default()).unwrap();
            if event.role() != Role::Erasure {
                continue;
            }
            let snapshot = event.snapshot().unwrap();
            assert_eq!(Some(snapshot.as_of_sequence), event.sequence);
            let data: Value = serde_json::from_str(&event.data).unwrap();
            assert!(!data["participantIds"].as_array().unwrap().is_empty());
            let loan = &data["entities"][0]["after"];
            for participant in loan["participants"].as_array().unwrap() {
                assert_eq!(participant["displayName"], ERASED);
                assert!(participant.get("email").is_none() && participant.get("familyName").is_none());
            }
            let entries = data["entities"].as_array().unwrap().iter().filter(|e| e["entity"] == "auditEntry");
            let last = snapshot.as_of_sequence;
            assert!(entries.clone().count() as u64 >= last - 1);
            for entry in entries {
                assert!(entry["after"].get("actor").is_none() && entry["after"]["target"].get("label").is_none());
            }
            erased.insert(event.subject.clone());
        }
        assert!(erased.len() > 5, "{}", erased.len());
    }
}
