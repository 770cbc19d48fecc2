//! What ingest writes to the board: facts, each with the moment at which it was true, and never a verdict.

use std::time::Duration;

use continuity_base::Timestamp;
use continuity_events::record::Divergence;

/// From when on silence means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncBounds {
    /// A source that gave no sign of life for this long is stale (60 s).
    pub stale_after: Duration,
    /// Once heartbeats were seen, a platform that sent none for this long is silent, whatever its broker answers (90 s:
    /// three of the slowest ones). Zero: none are expected.
    pub heartbeat_after: Duration,
    /// Something that the source has and we do not may be that old and the replica still counts as live (10 s).
    pub live_within: Duration,
    /// A difference between the source's clock and ours beyond this is warned of (5 s).
    pub clock_skew: Duration,
}

impl Default for SyncBounds {
    fn default() -> Self {
        Self {
            stale_after: Duration::from_mins(1),
            heartbeat_after: Duration::from_secs(90),
            live_within: Duration::from_secs(10),
            clock_skew: Duration::from_secs(5),
        }
    }
}

/// An end that the source showed, by a look at the source itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadSeen {
    /// In words, for people.
    pub text: String,
    /// As a number that only grows.
    pub number: u64,
    /// Messages between what was handed over and this end.
    pub behind: u64,
    /// What the monotonic clock said just before the source was asked.
    pub asked: Duration,
    /// What the wall clock said then; the source's clock is compared with it.
    pub asked_at: Timestamp,
    /// The source's own clock when it answered.
    pub source_clock: Option<Timestamp>,
    /// When its newest message was published, by the source's clock.
    pub published_at: Option<Timestamp>,
}

/// Why the source does not deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In what way.
    pub kind: FaultKind,
    /// In words, for the operator; may name streams, hosts and loans.
    pub detail: String,
}

/// See [`Fault`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It cannot be reached now.
    Unreachable,
    /// It cannot be followed as it is configured.
    Refused,
    /// It no longer holds what was read from it, or is another one.
    Diverged {
        /// In what way.
        cause: Divergence,
        /// The part of it that differs.
        partition: String,
        /// The last point that both share, in words.
        point: String,
        /// The same as a number (sequence, offset), where there is one.
        number: Option<u64>,
    },
}

/// Why nothing is read from the source although it could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// Who or what stopped it.
    pub cause: PauseCause,
    /// In words, for the operator; may name loans and people.
    pub detail: String,
    /// Since when, where that is older than this process; else the moment at which the board is told.
    pub since: Option<Timestamp>,
    /// Until when, where that is known; a pause that outlasts it shows as stale.
    pub until: Option<Timestamp>,
}

/// See [`Pause`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PauseCause {
    /// An operator.
    Operator,
    /// A bound on what is held back or quarantined.
    Bound,
    /// Too little space on the disk.
    Space,
    /// The schedule: between two windows.
    Schedule,
    /// The schedule, and in its last window the source's end was not reached.
    MissedWindow,
    /// The bandwidth: so much came at once that nothing may be read for a while.
    Bandwidth,
}

impl PauseCause {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Operator, Self::Bound, Self::Space, Self::Schedule, Self::MissedWindow, Self::Bandwidth];

    /// Its word in replies and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Bound => "bound",
            Self::Space => "space",
            Self::Schedule => "schedule",
            Self::MissedWindow => "missed-window",
            Self::Bandwidth => "bandwidth",
        }
    }
}

/// How long the source keeps what was not read yet.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RetentionSeen {
    /// Seconds after which messages go; `None`: never by age.
    pub max_age_seconds: Option<f64>,
    /// The longest outage of the replica that loses nothing.
    pub outage: Outage,
}

/// The longest outage of the replica that loses nothing, at the rate of the messages that are kept now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Outage {
    /// Nothing is ever dropped.
    #[default]
    Any,
    /// Something may be dropped; what is kept is too little to say when.
    Unknown,
    /// In seconds.
    Seconds(f64),
}

impl Outage {
    /// The seconds, where there is a figure.
    pub fn seconds(self) -> Option<f64> {
        match self {
            Self::Seconds(seconds) => Some(seconds),
            Self::Any | Self::Unknown => None,
        }
    }

    /// What holds when both limits do. A figure is the most that is known, even beside a limit without one.
    #[must_use]
    pub fn tighter(self, other: Self) -> Self {
        match (self, other) {
            (Self::Seconds(one), Self::Seconds(other)) => Self::Seconds(one.min(other)),
            (figure @ Self::Seconds(_), _) | (_, figure @ Self::Seconds(_)) => figure,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Any, Self::Any) => Self::Any,
        }
    }

    /// In one word, for machines.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Unknown => "unknown",
            Self::Seconds(_) => "limited",
        }
    }
}

/// What the newest evaluated manifest showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletenessSummary {
    /// `asOf` of the manifest.
    pub as_of: String,
    /// When it was evaluated.
    pub evaluated_at: Timestamp,
    /// Everything in it is here.
    pub complete: bool,
    /// Loans that miss some.
    pub loans_missing: u64,
    /// Events that are missing.
    pub events_missing: u64,
}

/// How far the bootstrap export is that has begun and is not whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportSeen {
    /// Loans taken.
    pub loans_done: u64,
    /// Loans that it announced, if it did.
    pub loans_expected: Option<u64>,
    /// Loans that it announced and ended without; `None`: it has not ended.
    pub loans_missing: Option<u64>,
}

/// How far a bootstrap export is, derived at the moment of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootstrapShown {
    /// Loans taken.
    pub loans_done: u64,
    /// Loans that it announced, if it did.
    pub loans_expected: Option<u64>,
    /// Loans that it announced and ended without; `None`: it has not ended.
    pub loans_missing: Option<u64>,
    /// Until it is through at the rate since this process began with it; it grows while nothing comes, and is `None`
    /// before anything came or when nothing was announced.
    pub eta: Option<Duration>,
}
