//! The fold as the contract words it, written a second time and without thought for speed: after each arrival
//! everything is folded from the beginning.

use std::collections::{BTreeMap, BTreeSet};

use continuity_events::CloudEvent;
use serde_json::{Map, Value};

use super::models::KINDS;

type Entities = BTreeMap<(String, String), Entity>;

#[derive(Clone, Debug, Default)]
struct Entity {
    /// `None`: it may have had versions below the snapshot.
    version: Option<u64>,
    state: Option<Map<String, Value>>,
    skipping: bool,
}

/// One loan.
#[derive(Default)]
pub(super) struct NaiveLoan {
    id: String,
    /// Everything that arrived, by sequence.
    known: BTreeMap<u64, Value>,
    /// Up to here nothing is waited for any more.
    shown: u64,
    base: Option<(u64, Value)>,
    purged: bool,
    purged_at: u64,
}

/// What a loan looks like.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) rows: BTreeMap<(String, String), Value>,
    pub(super) parked: Option<u64>,
    pub(super) gaps: Vec<u64>,
    pub(super) last: u64,
    pub(super) purged: bool,
    pub(super) skipped: BTreeSet<(String, String)>,
    pub(super) trail: Vec<u64>,
}

impl NaiveLoan {
    pub(super) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::default() }
    }

    pub(super) fn arrive(&mut self, event: &CloudEvent) {
        let (sequence, data) = (event.sequence.unwrap(), serde_json::from_str::<Value>(&event.data).unwrap());
        if self.purged && sequence > self.purged_at {
            return;
        }
        if event.name() == "LoanRequestSnapshot" {
            let now = self.outcome();
            let missing = now.gaps.iter().any(|gap| *gap <= sequence);
            if sequence > now.last || missing || now.parked.is_some_and(|parked| parked <= sequence) {
                self.base = Some((sequence, data));
                self.shown = self.shown.max(sequence);
            }
            return self.settle();
        }
        let covered = self.base.as_ref().is_some_and(|(as_of, _)| sequence <= *as_of);
        let erasure = event.name() == "DataSubjectErased";
        if self.known.contains_key(&sequence) || covered && !erasure {
            return;
        }
        if erasure && !covered {
            self.base = Some((sequence, data.clone()));
            self.shown = self.shown.max(sequence);
        }
        self.known.insert(sequence, data);
        self.settle();
    }

    /// Held events are shown although sequences are missing below them.
    pub(super) fn give_up(&mut self) {
        if let Some((last, _)) = self.known.last_key_value().filter(|_| !self.purged) {
            self.shown = self.shown.max(*last);
        }
        self.settle();
    }

    fn settle(&mut self) {
        while self.known.contains_key(&(self.shown + 1)) && !self.purged {
            self.shown += 1;
            self.look_for_purge();
        }
        self.look_for_purge();
    }

    fn look_for_purge(&mut self) {
        let purge = |data: &Value| data["entity"] == "loanRequest" && data["id"] == *self.id && data["after"].is_null();
        let found = self.known.range(..=self.shown).find(|(_, data)| purge(data) && data.get("patch").is_none());
        if let Some((sequence, _)) = found.filter(|_| !self.purged) {
            (self.purged, self.purged_at) = (true, *sequence);
            let held: Vec<u64> = self.known.range(self.shown + 1..).map(|(sequence, _)| *sequence).collect();
            for sequence in held {
                self.known.remove(&sequence);
            }
        }
    }

    pub(super) fn outcome(&self) -> Outcome {
        let from = self.base.as_ref().map_or(0, |(as_of, _)| *as_of);
        let gaps: Vec<u64> = (from + 1..=self.shown).filter(|s| !self.known.contains_key(s)).collect();
        let mut outcome = Outcome { gaps, last: self.shown, purged: self.purged, ..Outcome::default() };
        if self.purged {
            return outcome;
        }
        outcome.trail = self.known.range(..=self.shown).map(|(sequence, _)| *sequence).collect();
        let mut entities = self.base.as_ref().map(|(_, data)| listed(data)).unwrap_or_default();
        for (sequence, data) in self.known.iter().filter(|(sequence, _)| (from + 1..=self.shown).contains(sequence)) {
            let gap = outcome.gaps.iter().any(|gap| gap < sequence);
            if !self.fold(&mut entities, data, gap, &mut outcome.skipped) {
                outcome.parked = Some(*sequence);
                break;
            }
        }
        let living = entities.into_iter().filter_map(|(key, entity)| Some((key, Value::Object(entity.state?))));
        outcome.rows = living.collect();
        outcome
    }

    /// Whether the change folds.
    fn fold(&self, entities: &mut Entities, data: &Value, gap: bool, skipped: &mut BTreeSet<(String, String)>) -> bool {
        let key = (data["entity"].as_str().unwrap().to_owned(), data["id"].as_str().unwrap().to_owned());
        if !KINDS.contains(&key.0.as_str()) {
            return true;
        }
        if key.0 == "loanRequest" && key.1 != self.id {
            return false;
        }
        let unseen = Entity { version: self.base.is_none().then_some(0), ..Entity::default() };
        let entity = entities.entry(key.clone()).or_insert(unseen);
        let version = data["version"].as_u64();
        if !gap && entity.version.is_some() && version != entity.version.map(|last| last + 1) {
            return false;
        }
        if let Some(patch) = data.get("patch") {
            let fits = entity.version == data["baseVersion"].as_u64() && entity.state.is_some() && !entity.skipping;
            if !fits && !gap {
                return false;
            }
            if !fits {
                entity.skipping = true;
                skipped.insert(key);
                return true;
            }
            for (name, value) in patch.as_object().unwrap() {
                entity.state.as_mut().unwrap().insert(name.clone(), value.clone());
            }
        } else {
            entity.state = data["after"].as_object().cloned();
            entity.skipping = false;
            skipped.remove(&key);
        }
        entity.version = version;
        true
    }
}

fn listed(data: &Value) -> Entities {
    let entities = data["entities"].as_array().unwrap().iter().map(|entity| {
        let key = (entity["entity"].as_str().unwrap().to_owned(), entity["id"].as_str().unwrap().to_owned());
        let state = entity["after"].as_object().cloned();
        (key, Entity { version: entity["version"].as_u64(), state, skipping: false })
    });
    entities.collect()
}
