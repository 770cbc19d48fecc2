//! What there is to tell.

use serde::{Deserialize, Serialize};

/// What a message tells: its `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// A loan has another status, or its first one.
    LoanStatusChanged,
    /// All of a loan may have changed: a snapshot, an erasure, or events that had been missing took effect.
    LoanReloaded,
    /// A document, or a file of a task, is there for the first time, or has new content.
    DocumentUploaded,
    /// Something about the people of a loan changed, was erased, or was purged.
    ClientDataChanged,
    /// The replica has not followed its source for a while.
    SyncStalled,
    /// It follows it again.
    SyncRecovered,
    /// A completeness manifest showed that something is missing or differs.
    CompletenessFailed,
    /// The next one showed that nothing does.
    CompletenessRecovered,
    /// Nothing: somebody tries whether messages arrive.
    Ping,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::LoanStatusChanged,
        Self::LoanReloaded,
        Self::DocumentUploaded,
        Self::ClientDataChanged,
        Self::SyncStalled,
        Self::SyncRecovered,
        Self::CompletenessFailed,
        Self::CompletenessRecovered,
        Self::Ping,
    ];

    /// Its name, as it stands in messages and in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::LoanStatusChanged => "loan.status_changed",
            Self::LoanReloaded => "loan.reloaded",
            Self::DocumentUploaded => "document.uploaded",
            Self::ClientDataChanged => "client.data_changed",
            Self::SyncStalled => "sync.stalled",
            Self::SyncRecovered => "sync.recovered",
            Self::CompletenessFailed => "completeness.failed",
            Self::CompletenessRecovered => "completeness.recovered",
            Self::Ping => "ping",
        }
    }

    /// The kind of that name, if one can subscribe to it.
    pub fn subscribable(name: &str) -> Option<Self> {
        let implied = |kind: &Self| matches!(kind, Self::LoanReloaded | Self::Ping);
        Self::ALL.into_iter().find(|kind| kind.name() == name && !implied(kind))
    }

    /// Whether it is about one loan.
    pub(crate) fn is_of_loan(self) -> bool {
        matches!(self, Self::LoanStatusChanged | Self::LoanReloaded | Self::DocumentUploaded | Self::ClientDataChanged)
    }
}

/// The kinds that a subscription is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted(Vec<Kind>);

impl Wanted {
    /// Whoever follows loans has to know when one changed as a whole.
    pub(crate) fn new(kinds: &[Kind]) -> Self {
        let mut kinds = kinds.to_vec();
        if kinds.iter().any(|kind| kind.is_of_loan()) {
            kinds.push(Kind::LoanReloaded);
        }
        Self(kinds)
    }

    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.0.contains(&kind)
    }

    /// Whether anything about loans is wanted.
    pub(crate) fn loans(&self) -> bool {
        self.has(Kind::LoanReloaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again_but_for_what_is_implied() {
        let found: Vec<_> = Kind::ALL.into_iter().filter(|kind| Kind::subscribable(kind.name()).is_some()).collect();
        assert_eq!(found.len(), 7);
        assert_eq!(Kind::subscribable("loan.reloaded"), None);
        assert_eq!(Kind::subscribable("loan.*"), None);
    }

    #[test]
    fn who_follows_loans_is_told_when_one_is_reloaded() {
        assert!(Wanted::new(&[Kind::DocumentUploaded]).has(Kind::LoanReloaded));
        assert!(!Wanted::new(&[Kind::SyncStalled, Kind::CompletenessFailed]).loans());
    }
}
