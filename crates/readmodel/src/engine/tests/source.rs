//! A source of random histories: loans that live by the rules, what goes wrong on the way, and a few bad events.

use std::collections::BTreeMap;
use std::fmt;

use continuity_events::CloudEvent;
use proptest::prelude::*;

use super::support::{after, event, named, patch};

/// One thing that happens at the source.
#[derive(Clone)]
pub(super) struct Step {
    loan: usize,
    what: u8,
    entity: usize,
    /// How many steps later it arrives; above 7 it arrives at the very end, 9 never.
    delay: usize,
    /// Whether the replica loses patience with gaps, and whether it commits.
    give_up: bool,
    sync: bool,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (give_up, sync) = (if self.give_up { "!" } else { "" }, if self.sync { "|" } else { "" });
        write!(f, "{}:{}/{}+{}{give_up}{sync}", self.loan, self.what, self.entity, self.delay)
    }
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let delay = prop_oneof![6 => Just(0), 3 => 1..8_usize, 1 => 8..10_usize];
    let step = (0..2_usize, 0..40_u8, 0..4_usize, delay, 0..12_u8, any::<bool>());
    let step = step.prop_map(|(loan, what, entity, delay, give_up, sync)| Step {
        loan,
        what,
        entity,
        delay,
        give_up: give_up == 0,
        sync,
    });
    proptest::collection::vec(step, 1..60)
}

pub(super) const LOANS: [&str; 2] = ["A", "B"];
const ENTITIES: [(&str, &str); 4] = [("loanRequest", ""), ("task", "t"), ("task", "u"), ("message", "m")];

/// What the replica sees.
#[derive(Clone, Debug)]
pub(super) enum Arrival {
    Event(CloudEvent),
    GiveUp(&'static str),
    Sync,
}

#[derive(Default)]
struct Loan {
    sequence: u64,
    entities: BTreeMap<(usize, String), (u64, Option<String>)>,
    purged: bool,
}

impl Loan {
    fn listed(&self) -> String {
        let living = self
            .entities
            .iter()
            .filter_map(|((kind, id), (version, json))| Some(after(ENTITIES[*kind].0, id, *version, json.as_deref()?)));
        living.collect::<Vec<_>>().join(",")
    }
}

/// The order in which everything arrives.
pub(super) fn arrivals(steps: &[Step]) -> Vec<Arrival> {
    let mut loans: [Loan; 2] = Default::default();
    let mut due: BTreeMap<usize, Vec<Arrival>> = BTreeMap::new();
    for (now, step) in steps.iter().enumerate() {
        if let Some(event) = happens(&mut loans[step.loan], LOANS[step.loan], step) {
            let when = match step.delay {
                0..8 => now + step.delay,
                8 => usize::MAX,
                _ => continue,
            };
            let redelivered = step.what.is_multiple_of(13);
            due.entry(when).or_default().push(Arrival::Event(event.clone()));
            if redelivered {
                due.entry(now + 5).or_default().push(Arrival::Event(event));
            }
        }
        let after = due.entry(now).or_default();
        if step.give_up {
            after.push(Arrival::GiveUp(LOANS[step.loan]));
        }
        if step.sync {
            after.push(Arrival::Sync);
        }
    }
    due.into_values().flatten().chain([Arrival::Sync]).collect()
}

fn happens(loan: &mut Loan, id: &str, step: &Step) -> Option<CloudEvent> {
    if loan.purged {
        return None;
    }
    if step.what == 36 || step.what == 37 {
        let data = format!(r#"{{"asOfSequence":"{}","entities":[{}]}}"#, loan.sequence, loan.listed());
        return (loan.sequence > 0).then(|| named(id, loan.sequence, "LoanRequestSnapshot", &data));
    }
    loan.sequence += 1;
    let sequence = loan.sequence;
    let (kind, name) = ENTITIES[step.entity];
    let name = if kind == "loanRequest" { id } else { name };
    let (version, json) = loan.entities.get(&(step.entity, name.to_owned())).cloned().unwrap_or_default();
    let next = version + 1;
    let data = match step.what {
        38 => {
            let listed = format!(r#","entities":[{}]}}"#, loan.listed());
            let head =
                r#"{"entity":"erasure","participantIds":["p"],"legalBasis":"x","requestedAt":"2024-01-01T00:00:00Z""#;
            return Some(named(id, sequence, "DataSubjectErased", &(head.to_owned() + &listed)));
        }
        39 => {
            loan.purged = true;
            return Some(event(id, sequence, &gone("loanRequest", id, version + 9)));
        }
        // Bad ones: the source's own state does not change.
        32 => after(kind, name, version + 4, "{}"),
        33 => patch(kind, name, next, version + 2, "{}"),
        34 => after("loanRequest", "other", 1, "{}"),
        35 => after("starship", "s", 7, "{}"),
        24..32 if kind != "loanRequest" && json.is_some() => {
            loan.entities.insert((step.entity, name.to_owned()), (next, None));
            gone(kind, name, next)
        }
        12..24 if json.is_some() => {
            let change = format!(r#"{{"p{}":{sequence}}}"#, sequence % 3);
            let merged = continuity_events::json::merge_patch(&json.unwrap_or_default(), &change).unwrap();
            loan.entities.insert((step.entity, name.to_owned()), (next, Some(merged)));
            patch(kind, name, next, version, &change)
        }
        _ => {
            let json = format!(r#"{{"v":{sequence}}}"#);
            loan.entities.insert((step.entity, name.to_owned()), (next, Some(json.clone())));
            after(kind, name, next, &json)
        }
    };
    Some(event(id, sequence, &data))
}

fn gone(kind: &str, id: &str, version: u64) -> String {
    format!(r#"{{"entity":"{kind}","id":"{id}","version":{version},"after":null}}"#)
}
