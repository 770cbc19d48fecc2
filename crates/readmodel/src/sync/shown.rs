//! What a look at the board shows.

use std::time::Duration;

use continuity_base::Timestamp;

use super::clocks::ClockStep;
use super::facts::{BootstrapShown, CompletenessSummary, Fault, Pause, RetentionSeen};

/// What the source is to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SourceState {
    /// Not yet connected.
    #[default]
    Starting,
    /// Connected, and what it showed is in the log, but for what is younger than [`live_within`].
    ///
    /// [`live_within`]: super::SyncBounds::live_within
    Live,
    /// Connected, and reading what it has more than we.
    CatchingUp,
    /// No sign of life for too long, whatever was last heard.
    Stale,
    /// Not connected.
    Disconnected,
    /// Connected to something that is not the source we have read from, or an earlier state of it.
    Diverged,
    /// Not read from, because of a bound, a schedule or an operator.
    Paused,
}

impl SourceState {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Starting, Self::Live, Self::CatchingUp, Self::Stale, Self::Disconnected, Self::Diverged, Self::Paused];

    /// Its name in replies and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Live => "live",
            Self::CatchingUp => "catching-up",
            Self::Stale => "stale",
            Self::Disconnected => "disconnected",
            Self::Diverged => "diverged",
            Self::Paused => "paused",
        }
    }
}

/// What ingest counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyncCounters {
    /// Events held back behind a gap.
    pub held: u64,
    /// Their bytes.
    pub held_bytes: u64,
    /// Loans with such events.
    pub held_loans: u64,
    /// Loans with a recorded gap.
    pub gaps_open: u64,
    /// Quarantined arrivals that nobody has dealt with.
    pub quarantined: u64,
    /// Their bytes.
    pub quarantined_bytes: u64,
    /// Duplicates dropped.
    pub duplicates: u64,
    /// Arrivals that contradict an event already logged.
    pub forks: u64,
    /// Events appended.
    pub events: u64,
}

/// Why the state is not `live`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// One word.
    pub cause: &'static str,
    /// One sentence that names nothing but times, fit for anybody.
    pub reason: String,
    /// What else is known, for the operator; may name streams, hosts and loans.
    pub detail: String,
    /// The last point that we share with a diverged source, as a number.
    pub point: Option<u64>,
    /// What to do; empty when it passes by itself.
    pub way_out: &'static str,
}

/// The newest end that the source showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadShown {
    /// In words, for people.
    pub text: String,
    /// As a number that only grows.
    pub number: u64,
    /// Messages between what we had taken and this end; `None` when it is too old to say.
    pub behind: Option<u64>,
    /// When it was seen.
    pub seen_at: Timestamp,
    /// When its newest message was published, by the source's clock.
    pub published_at: Option<Timestamp>,
}

/// The newest sign of life of the platform itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatShown {
    /// When the platform sent it, by its own clock.
    pub at: Option<Timestamp>,
    /// When the platform was last alive, by our clock: when the heartbeat arrived, less the time that it lay in a backlog.
    pub alive_at: Timestamp,
    /// How long ago that is.
    pub age: Duration,
}

/// One look at the board: everything in it was derived at this moment from facts and from the monotonic clock.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each shown by itself")]
pub struct SyncSnapshot {
    /// What the source is to us.
    pub state: SourceState,
    /// Since when.
    pub since: Timestamp,
    /// Why, when it is not live.
    pub why: Option<Why>,
    /// The source, for people.
    pub source: String,
    /// The source's own end, as it names it.
    pub source_head: Option<String>,
    /// The same in full.
    pub head: Option<HeadShown>,
    /// When the source last gave a sign of life: an end that it showed, a message, a heartbeat.
    pub last_proof_of_life: Option<Timestamp>,
    /// How long ago, on the monotonic clock.
    pub proof_age: Option<Duration>,
    /// The platform's newest heartbeat, once there was one.
    pub heartbeat: Option<HeartbeatShown>,
    /// Whether the source answers now.
    pub connected: bool,
    /// Now minus the latest instant at which whoever has applied the log as far as was asked had everything that the
    /// source showed; from the last heartbeat once the platform is silent. `None`: never since the start.
    pub lag: Option<Duration>,
    /// How far the broker's clock is ahead of ours, in microseconds.
    pub broker_skew: Option<i64>,
    /// How far the platform's clock is ahead of ours, in microseconds.
    pub platform_skew: Option<i64>,
    /// One of these is beyond the bound.
    pub skewed: bool,
    /// The last step of our own wall clock.
    pub clock_step: Option<ClockStep>,
    /// Steps of our own wall clock since the start.
    pub clock_steps: u64,
    /// What the source does not deliver for.
    pub fault: Option<Fault>,
    /// What keeps ingest from reading.
    pub pause: Option<Pause>,
    /// Why ingest or a read model cannot write any more.
    pub broken: Option<String>,
    /// The log position that the ledger holds, once anything was taken since the start.
    pub ledger_position: Option<u64>,
    /// When that was committed.
    pub last_append: Option<Timestamp>,
    /// What the source may drop before it was read.
    pub retention: Option<RetentionSeen>,
    /// A bootstrap export that is running.
    pub bootstrap: Option<BootstrapShown>,
    /// What the newest evaluated manifest showed.
    pub completeness: Option<CompletenessSummary>,
    /// Manifests cannot be evaluated, because something cannot be read.
    pub completeness_failing: bool,
    /// Whether we once had everything that the source showed, and whoever asks has applied it.
    pub synchronised: bool,
    /// Counts.
    pub counters: SyncCounters,
}

impl SyncSnapshot {
    /// The larger difference of a foreign clock to ours, in microseconds; positive: theirs is ahead.
    pub fn skew(&self) -> Option<i64> {
        self.broker_skew.into_iter().chain(self.platform_skew).max_by_key(|micros| micros.unsigned_abs())
    }
}
