//! When and where a change was made, and what was known there: what orders the changes of several replicas.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use continuity_base::Timestamp;
use continuity_log::Record;
use serde::{Deserialize, Serialize};

use crate::AuthError;
use crate::keys::secret;

/// Tells one change from all others, on whatever replica it was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct ChangeId([u8; 16]);

impl ChangeId {
    #[cfg(test)]
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// A few of its bits: ids are random.
    pub(crate) fn mark(self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A change's place among all: the later wins, then the replica whose name is greater. No two are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// The wall clock where it was made; later than whatever was known there, even when that came from a fast clock.
    pub(crate) at: Timestamp,
    /// The replica; empty for records of version 1, which did not say.
    pub(crate) replica: String,
    pub(crate) id: ChangeId,
}

/// A stamp, and what its change takes the place of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) stamp: Stamp,
    /// The changes that it was made in knowledge of, and supersedes: those of the same settings, secret or key, and the
    /// disablings that it ends.
    pub(crate) after: Vec<ChangeId>,
}

impl Version {
    /// Whether both were made without knowledge of the other.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        let knew = |one: &Self, another: &Self| one.after.contains(&another.stamp.id);
        let of_one_replica = self.is_of_before() && other.is_of_before();
        self.stamp.id != other.stamp.id && !of_one_replica && !knew(self, other) && !knew(other, self)
    }

    pub(crate) fn is_later_than(&self, other: &Self) -> bool {
        self.stamp > other.stamp
    }

    /// That of a record of version 1: it follows from the record, so that copies of a log agree.
    pub(crate) fn of_before(record: &Record, position: u64) -> Self {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        context.update(&position.to_be_bytes());
        context.update(&record.arrived_at.to_be_bytes());
        context.update(&record.payload);
        let mut id = [0; 16];
        id.copy_from_slice(&context.finish().as_ref()[..16]);
        let (at, replica) = (Timestamp::from_micros(record.arrived_at), String::new());
        Self { stamp: Stamp { at, replica, id: ChangeId(id) }, after: Vec::new() }
    }

    /// Whether it is that of a record of version 1.
    pub(crate) fn is_of_before(&self) -> bool {
        self.stamp.replica.is_empty()
    }
}

/// Where a shared change came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) version: Version,
    /// It came over the control stream; else it was made here.
    pub(crate) received: bool,
}

/// A concurrent change that did not take effect, or of which a part did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lost {
    /// Of what: "settings", "secret", ...
    pub(crate) what: String,
    /// The change that does not count.
    pub(crate) loser: Stamp,
    /// The change that does.
    pub(crate) winner: Stamp,
}

impl Lost {
    /// Which of two that know nothing of each other does not count; `None` when one knew the other.
    pub(crate) fn of(what: &str, one: &Version, other: &Version) -> Option<Self> {
        let (loser, winner) = if one.is_later_than(other) { (other, one) } else { (one, other) };
        let found = Self { what: what.to_owned(), loser: loser.stamp.clone(), winner: winner.stamp.clone() };
        one.is_beside(other).then_some(found)
    }
}

/// Stamps what is changed here.
#[derive(Debug)]
pub(crate) struct Stamps {
    replica: Arc<str>,
    /// The latest that is known, in microseconds since 1970.
    latest: AtomicI64,
}

impl Stamps {
    pub(crate) fn new(replica: &str) -> Self {
        Self { replica: replica.into(), latest: AtomicI64::new(i64::MIN) }
    }

    pub(crate) fn replica(&self) -> &str {
        &self.replica
    }

    /// A change of that time is known; what is made here from now on is later.
    pub(crate) fn saw(&self, at: Timestamp) {
        self.latest.fetch_max(at.as_micros(), Ordering::SeqCst);
    }

    pub(crate) fn next(&self, now: Timestamp, after: Vec<ChangeId>) -> Result<Version, AuthError> {
        let mut id = [0; 16];
        secret::random(&mut id)?;
        let later = |latest: i64| Some(latest.saturating_add(1).max(now.as_micros()));
        let before = self.latest.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later).unwrap_or(i64::MIN);
        let at = Timestamp::from_micros(before.saturating_add(1).max(now.as_micros()));
        Ok(Version { stamp: Stamp { at, replica: self.replica.to_string(), id: ChangeId(id) }, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_later_here_is_later_whatever_clocks_say() {
        let stamps = Stamps::new("a");
        let at = |micros| stamps.next(Timestamp::from_micros(micros), Vec::new()).unwrap().stamp;
        let (first, second) = (at(100), at(50));
        assert!(second > first && second.at == Timestamp::from_micros(101));
        stamps.saw(Timestamp::from_micros(1_000));
        assert_eq!(at(200).at, Timestamp::from_micros(1_001), "another replica's clock is ahead");
        assert_eq!(at(5_000).at, Timestamp::from_micros(5_000));
    }

    #[test]
    fn changes_that_know_each_other_are_no_conflict() {
        let stamps = Stamps::new("a");
        let now = Timestamp::from_micros(1);
        let first = stamps.next(now, Vec::new()).unwrap();
        let second = stamps.next(now, vec![first.stamp.id]).unwrap();
        let third = stamps.next(now, vec![first.stamp.id]).unwrap();
        assert_eq!((Lost::of("x", &first, &second), Lost::of("x", &first, &first)), (None, None));
        let lost = Lost::of("x", &third, &second).unwrap();
        assert_eq!((lost.loser, lost.winner), (second.stamp, third.stamp), "the later wins");
    }
}
