//! The secrets of a client: the newest, and the one before it for as long as the newest leaves it.

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

use crate::control::event::ClientUsed;
use crate::control::stamp::{ChangeId, Lost, Stamp, Version};
use crate::keys::secret::SecretDigest;

/// A secret's digest, and its life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) digest: SecretDigest,
    version: Version,
    /// Until when the one before it is accepted too; `None`: no longer.
    before_until: Option<Timestamp>,
    /// As this replica saw it.
    pub(super) used_at: Option<Timestamp>,
}

impl Secret {
    pub(super) fn made_at(&self) -> Timestamp {
        self.version.stamp.at
    }
}

/// The two newest of all that were ever made, so that the order in which they come does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Secrets {
    newest: Option<Secret>,
    before: Option<Secret>,
    /// The last time that the client was given another way to prove itself: older ones are none any more.
    cleared: Option<Stamp>,
}

impl Secrets {
    pub(super) fn present(&self) -> Option<&Secret> {
        self.newest.as_ref().filter(|secret| self.is_valid(secret))
    }

    /// The one before, and until when it is accepted.
    pub(super) fn previous(&self) -> Option<(&Secret, Timestamp)> {
        let until = self.present()?.before_until?;
        self.before.as_ref().filter(|secret| self.is_valid(secret)).map(|secret| (secret, until))
    }

    /// What the next one takes the place of.
    pub(super) fn newest(&self) -> Option<ChangeId> {
        self.newest.as_ref().map(|secret| secret.version.stamp.id)
    }

    pub(super) fn add(
        &mut self,
        digest: SecretDigest,
        version: &Version,
        before_until: Option<Timestamp>,
    ) -> Option<Lost> {
        let secret = Secret { digest, version: version.clone(), before_until, used_at: None };
        let lost = self.newest.as_ref().and_then(|newest| Lost::of("secret", &newest.version, version));
        let is_newer = |than: &Option<Secret>| than.as_ref().is_none_or(|than| version.is_later_than(&than.version));
        if is_newer(&self.newest) {
            self.before = self.newest.replace(secret);
        } else if is_newer(&self.before) && self.newest() != Some(version.stamp.id) {
            self.before = Some(secret);
        }
        lost
    }

    /// The client proves itself in another way since then.
    pub(super) fn clear(&mut self, stamp: &Stamp) {
        self.cleared = self.cleared.take().max(Some(stamp.clone()));
    }

    /// The client is gone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn used(&mut self, used: &ClientUsed) {
        let both = self.newest.iter_mut().chain(self.before.iter_mut());
        for secret in both.filter(|secret| used.secret == Some(secret.made_at().as_micros())) {
            secret.used_at = secret.used_at.max(Some(Timestamp::from_micros(used.at)));
        }
    }

    /// Whether the use of one is known by `known`; also when it is none of these.
    pub(super) fn all_known(&self, made_at: Timestamp, known: impl Fn(Option<Timestamp>) -> bool) -> bool {
        let mut both = self.newest.iter().chain(self.before.iter());
        both.all(|secret| secret.made_at() != made_at || known(secret.used_at))
    }

    fn is_valid(&self, secret: &Secret) -> bool {
        self.cleared.as_ref().is_none_or(|cleared| secret.version.stamp > *cleared)
    }
}
