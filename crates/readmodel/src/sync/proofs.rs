//! The heads that the source showed and the log has whole, by the log position that has them.

use std::collections::VecDeque;

use super::clocks::Mono;

/// Proofs that are remembered; beyond it, every second one is forgotten, which can only make an answer older.
pub(super) const PROOFS: usize = 1024;

/// Whoever has applied the log up to `log_position` has everything that the source had at `asked`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Proof {
    pub(super) asked: Mono,
    pub(super) log_position: u64,
}

/// Ascending in both.
#[derive(Debug, Default)]
pub(super) struct Proofs(VecDeque<Proof>);

impl Proofs {
    pub(super) fn add(&mut self, proof: Proof) {
        if self.0.back().is_some_and(|last| last.asked > proof.asked) {
            return;
        }
        while self.0.back().is_some_and(|last| last.log_position >= proof.log_position) {
            self.0.pop_back();
        }
        self.0.push_back(proof);
        if self.0.len() > PROOFS {
            let mut number = 0_usize;
            self.0.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
    }

    /// The newest one of what `applied` has, and the oldest one of what it has not.
    pub(super) fn around(&self, applied: u64) -> (Option<Proof>, Option<Proof>) {
        let had = self.0.partition_point(|proof| proof.log_position <= applied);
        (had.checked_sub(1).map(|last| self.0[last]), self.0.get(had).copied())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
