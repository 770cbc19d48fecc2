//! What the index says of one blob.

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

/// A DAMAGED blob was tried so often without luck that nobody waits for it any more. It is tried on.
const HOPELESS: u32 = 8;

/// A blob that was tried so often without luck is told to operators. It is tried on.
const STUCK: u32 = 8;

/// Where a blob is in its life. The numbers are stored: they do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    /// To be fetched.
    Pending,
    /// On the shelf, verified.
    Available,
    /// Given up, but for a try a day.
    Failed,
    /// What came, or what was on the shelf, is wrong.
    Damaged,
}

impl State {
    pub(crate) const ALL: [Self; 4] = [Self::Pending, Self::Available, Self::Failed, Self::Damaged];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Available => "AVAILABLE",
            Self::Failed => "FAILED",
            Self::Damaged => "DAMAGED",
        }
    }
}

/// The row of a digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) state: State,
    /// Bytes, as the reference says.
    pub(crate) size: Option<u64>,
    /// The newest reference (raw JSON); empty for bytes on the shelf that nobody referred to.
    pub(crate) reference: String,
    /// A fresh reference in its place, once it had expired.
    pub(crate) renewed: Option<String>,
    pub(crate) first_wanted_at: Timestamp,
    /// Tries that did not succeed, since the last success.
    pub(crate) attempts: u32,
    /// How many of the last ones found nothing there.
    pub(crate) missing: u32,
    /// References of other loans that were tried instead, in this round.
    pub(crate) others: u32,
    pub(crate) tried_at: Option<Timestamp>,
    pub(crate) next_due: Timestamp,
    /// Why the last try failed.
    pub(crate) error: Option<String>,
    /// Bytes on the shelf.
    pub(crate) stored: Option<u64>,
    pub(crate) verified_at: Option<Timestamp>,
    /// The entity tag that the part file came with.
    pub(crate) tag: Option<String>,
    /// Since when no loan refers to it.
    pub(crate) unreferenced_since: Option<Timestamp>,
}

impl Row {
    /// A blob that somebody refers to as of now.
    pub(crate) fn new(reference: String, size: Option<u64>, now: Timestamp) -> Self {
        Self {
            state: State::Pending,
            size,
            reference,
            renewed: None,
            first_wanted_at: now,
            attempts: 0,
            missing: 0,
            others: 0,
            tried_at: None,
            next_due: now,
            error: None,
            stored: None,
            verified_at: None,
            tag: None,
            unreferenced_since: None,
        }
    }

    /// Bytes on the shelf that nobody is known to refer to. Once somebody does, they are verified and adopted.
    pub(crate) fn stray(size: u64, now: Timestamp) -> Self {
        Self { stored: Some(size), unreferenced_since: Some(now), ..Self::new(String::new(), None, now) }
    }

    /// Back to the queue, to be fetched as of now.
    pub(crate) fn begin_again(&mut self, now: Timestamp) {
        self.state = State::Pending;
        self.first_wanted_at = now;
        (self.attempts, self.missing, self.others) = (0, 0, 0);
        (self.next_due, self.verified_at, self.stored, self.tag) = (now, None, None, None);
    }

    /// What is stored is lost or wrong: it is fetched again as of now.
    pub(crate) fn damage(&mut self, reason: &str, now: Timestamp) {
        self.begin_again(now);
        (self.state, self.error) = (State::Damaged, Some(reason.to_owned()));
    }

    /// The reference to act upon (raw JSON).
    pub(crate) fn usable(&self) -> &str {
        self.renewed.as_deref().unwrap_or(&self.reference)
    }

    pub(crate) fn referenced(&self) -> bool {
        self.unreferenced_since.is_none()
    }

    /// Bytes that count for the figures.
    pub(crate) fn bytes(&self) -> u64 {
        self.stored.or(self.size).unwrap_or(0)
    }

    /// When the queue takes it up.
    pub(super) fn due(&self) -> Option<Timestamp> {
        (self.referenced() && self.state != State::Available).then_some(self.next_due)
    }

    /// Since when it is on its way.
    pub(super) fn waiting(&self) -> Option<Timestamp> {
        (self.referenced() && self.state == State::Pending).then_some(self.first_wanted_at)
    }

    /// When its bytes were last verified.
    pub(super) fn verified(&self) -> Option<Timestamp> {
        self.verified_at.filter(|_| self.state == State::Available)
    }

    /// Whether an operator should know of it.
    pub(super) fn troubled(&self) -> bool {
        self.referenced() && (self.stuck() || matches!(self.state, State::Failed | State::Damaged))
    }

    /// Whether it is on its way, and does not get anywhere.
    pub(crate) fn stuck(&self) -> bool {
        self.referenced() && self.state == State::Pending && self.attempts >= STUCK
    }

    /// Whether it is wrong, but may still come right soon without anybody's doing.
    pub(crate) fn may_come(&self) -> bool {
        self.state == State::Damaged && self.attempts < HOPELESS
    }
}
