//! The fold of one loan's events in the order of their sequence (contract sections 2, 5 and 6).

use std::collections::{BTreeMap, BTreeSet};

use super::Gaps;
use super::received::{Event, Loan};
use crate::json::Json;

/// The entities of the contract; others are kept in the log but not folded.
const KNOWN: &[&str] = &[
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
    "auditEntry",
];

/// One entity as folded.
#[derive(Debug, Default)]
pub(super) struct Entity {
    /// `None`: never seen since a snapshot that does not list it.
    version: Option<u64>,
    pub(super) parent: Option<Json>,
    pub(super) state: Option<Json>,
    skipping: bool,
}

/// One loan as folded.
#[derive(Debug, Default)]
pub(super) struct State<'a> {
    pub(super) entities: BTreeMap<(&'a str, &'a str), Entity>,
    /// The sequence of the first event that does not fold.
    pub(super) parked: Option<u64>,
    /// Entities of which patches were skipped because what they build on is missing.
    pub(super) skipped: BTreeSet<(&'a str, &'a str)>,
    pub(super) purged: bool,
    from_snapshot: bool,
}

impl<'a> State<'a> {
    pub(super) fn fold(loan: &'a Loan, gaps: Gaps) -> Self {
        if loan.purged(gaps).is_some() {
            return Self { purged: true, ..Self::default() };
        }
        let mut state = Self::default();
        let mut before = 0;
        if let Some((as_of, data)) = &loan.base {
            state.replace(data);
            before = *as_of;
        }
        let mut gap = false;
        for (&sequence, event) in loan.events.range(before + 1..) {
            gap |= sequence != before + 1;
            if gap && gaps == Gaps::Held {
                break;
            }
            before = sequence;
            if event.name == "DataSubjectErased" {
                state.replace(&event.data);
            } else if !state.apply(loan, event, gap) {
                state.parked = Some(sequence);
                break;
            }
        }
        state
    }

    /// The whole loan anew: what is not listed is gone.
    fn replace(&mut self, data: &'a Json) {
        self.entities.clear();
        self.skipped.clear();
        self.from_snapshot = true;
        for listed in data.get("entities").map_or(&[][..], Json::elements) {
            let (Some(kind), Some(id)) = (listed.text("entity"), listed.text("id")) else { continue };
            let entity = Entity {
                version: listed.number("version"),
                parent: listed.get("parent").cloned(),
                state: listed.get("after").cloned(),
                skipping: false,
            };
            self.entities.insert((kind, id), entity);
        }
    }

    /// Whether the event folds.
    fn apply(&mut self, loan: &Loan, event: &'a Event, gap: bool) -> bool {
        let data = &event.data;
        let (Some(kind), Some(id)) = (data.text("entity"), data.text("id")) else { return false };
        if !KNOWN.contains(&kind) {
            return true;
        }
        if kind == "loanRequest" && id != loan.id {
            return false;
        }
        let unseen = if self.from_snapshot { None } else { Some(0) };
        let new = || Entity { version: unseen, ..Entity::default() };
        let entity = self.entities.entry((kind, id)).or_insert_with(new);
        let version = data.number("version");
        if !gap && entity.version.is_some_and(|last| version != Some(last + 1)) {
            return false;
        }
        if let Some(patch) = data.get("patch") {
            let fits = entity.state.is_some() && entity.version == data.number("baseVersion") && !entity.skipping;
            if !fits && !gap {
                return false;
            }
            if !fits {
                entity.skipping = true;
                self.skipped.insert((kind, id));
                return true;
            }
            entity.state = entity.state.as_ref().map(|state| state.merged(patch));
        } else {
            entity.state = data.get("after").filter(|after| **after != Json::Null).cloned();
            entity.skipping = false;
            self.skipped.remove(&(kind, id));
        }
        entity.version = version;
        if let Some(parent) = data.get("parent") {
            entity.parent = Some(parent.clone());
        }
        true
    }

    /// Ids and states of the living entities of a kind.
    pub(super) fn living(&self, kind: &str) -> impl Iterator<Item = (&'a str, &Entity, &Json)> {
        let of_kind = self.entities.iter().filter(move |((entity, _), _)| *entity == kind);
        of_kind.filter_map(|((_, id), entity)| Some((*id, entity, entity.state.as_ref()?)))
    }
}
