//! What was answered, counted.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Fault;

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// 200 with the whole file.
    Whole,
    /// 206 with a range.
    Partial,
    /// `HEAD`.
    Head,
    /// 416.
    Unsatisfiable,
    /// 403: the URL is past its time.
    PastExpiry,
    /// 403: no signature, or a wrong one.
    WrongSignature,
    /// 404: no file of that id.
    Unknown,
    /// A fresh reference.
    Reference,
    /// 401 to one who asked for a reference.
    Unauthorized,
    /// 503 to one who asked for a reference, as a fault.
    NoReference,
    /// A fault.
    Fault(Fault),
}

impl Outcome {
    /// Its name: `whole`, `partial`, `wrong-bytes`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Partial => "partial",
            Self::Head => "head",
            Self::Unsatisfiable => "unsatisfiable",
            Self::PastExpiry => "past-expiry",
            Self::WrongSignature => "wrong-signature",
            Self::Unknown => "unknown",
            Self::Reference => "reference",
            Self::Unauthorized => "unauthorized",
            Self::NoReference => "no-reference",
            Self::Fault(fault) => fault.name(),
        }
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        const PLAIN: [Outcome; 10] = [
            Outcome::Whole,
            Outcome::Partial,
            Outcome::Head,
            Outcome::Unsatisfiable,
            Outcome::PastExpiry,
            Outcome::WrongSignature,
            Outcome::Unknown,
            Outcome::Reference,
            Outcome::Unauthorized,
            Outcome::NoReference,
        ];
        PLAIN.into_iter().chain(Fault::ALL.into_iter().map(Self::Fault))
    }
}

/// What was answered so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectCounts {
    /// Requests by what came of them; those that came to nothing are left out.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Bytes of files that were handed to connections, wrong ones included.
    pub bytes: u64,
}

impl ObjectCounts {
    /// How many requests had this outcome.
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }

    /// How many requests there were in all.
    pub fn requests(&self) -> u64 {
        self.outcomes.values().sum()
    }

    /// How many of them had a fault.
    pub fn faults(&self) -> u64 {
        self.outcomes.iter().filter(|(outcome, _)| matches!(outcome, Outcome::Fault(_))).map(|(_, n)| n).sum()
    }
}

/// The counters themselves, in the order of [`Outcome::all`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    outcomes: [AtomicU64; 19],
    bytes: AtomicU64,
}

impl Counters {
    pub(super) fn add(&self, outcome: Outcome) {
        for (counter, _) in self.outcomes.iter().zip(Outcome::all()).filter(|(_, known)| *known == outcome) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> ObjectCounts {
        let counted = Outcome::all().zip(self.outcomes.iter().map(|counter| counter.load(Ordering::Relaxed)));
        let outcomes = counted.filter(|(_, count)| *count > 0).collect();
        ObjectCounts { outcomes, bytes: self.bytes.load(Ordering::Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_a_counter_and_a_name() {
        let counters = Counters::default();
        assert_eq!(Outcome::all().count(), counters.outcomes.len());
        Outcome::all().for_each(|outcome| counters.add(outcome));
        let counts = counters.counts();
        assert_eq!((counts.requests(), counts.faults()), (19, 9));
        assert!(Outcome::all().all(|outcome| counts.of(outcome) == 1));
        let names: std::collections::BTreeSet<_> = Outcome::all().map(Outcome::name).collect();
        assert_eq!(names.len(), 19);
    }
}
