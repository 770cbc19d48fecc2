//! Whether a client is enabled, and which of its tokens are good.
//!
//! Disabling wins: a client is enabled when every disabling was ended by an enabling that names it. One that was made
//! elsewhere without knowledge of the enabling is named by none, so it holds, whatever the clocks say.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::control::stamp::{ChangeId, Lost, Stamp, Version};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Standing {
    disablings: BTreeMap<ChangeId, Stamp>,
    /// Named by enablings; these may have come before them.
    ended: BTreeSet<ChangeId>,
    /// The last one.
    enabling: Option<Version>,
}

impl Standing {
    pub(super) fn is_enabled(&self) -> bool {
        self.disablings.keys().all(|id| self.ended.contains(id))
    }

    /// The same where the same disablings are known, and another one with each more. Tokens carry it.
    pub(super) fn generation(&self) -> u32 {
        self.disablings.keys().fold(0, |generation, id| generation ^ id.mark())
    }

    pub(super) fn disable(&mut self, version: &Version) -> Option<Lost> {
        self.disablings.insert(version.stamp.id, version.stamp.clone());
        if self.ended.contains(&version.stamp.id) {
            return None;
        }
        let enabling = self.enabling.as_ref().filter(|enabling| enabling.is_beside(version))?;
        Some(lost("enabling", enabling, &version.stamp))
    }

    pub(super) fn enable(&mut self, version: &Version) -> Option<Lost> {
        if version.is_of_before() {
            // There was one replica, and it knew of all.
            self.ended.extend(self.disablings.keys());
        }
        self.ended.extend(&version.after);
        if self.enabling.as_ref().is_none_or(|before| version.is_later_than(before)) {
            self.enabling = Some(version.clone());
        }
        let holds = self.open().map(|(_, stamp)| stamp).max()?;
        Some(lost("enabling", version, holds))
    }

    /// What an enabling has to name.
    pub(super) fn disabled_by(&self) -> Vec<ChangeId> {
        self.open().map(|(id, _)| *id).collect()
    }

    /// What a disabling or a deletion knows.
    pub(super) fn enabled_by(&self) -> Option<&Version> {
        self.enabling.as_ref()
    }

    fn open(&self) -> impl Iterator<Item = (&ChangeId, &Stamp)> {
        self.disablings.iter().filter(|(id, _)| !self.ended.contains(id))
    }
}

fn lost(what: &str, version: &Version, winner: &Stamp) -> Lost {
    Lost { what: what.to_owned(), loser: version.stamp.clone(), winner: winner.clone() }
}
