//! What can be chosen about ingest; every bound has a default.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Space, SystemClock};
use continuity_events::Limits;

use crate::schedule::Schedule;

/// How much may be held back by gaps. At a bound ingest pauses with an alarm; it drops nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldLimits {
    /// Events of one loan (10,000).
    pub loan_events: u64,
    /// Bytes of one loan (64 MiB).
    pub loan_bytes: u64,
    /// Events of all loans (1,000,000).
    pub events: u64,
    /// Bytes of all loans (1 GiB).
    pub bytes: u64,
}

impl Default for HeldLimits {
    fn default() -> Self {
        Self { loan_events: 10_000, loan_bytes: 64 << 20, events: 1_000_000, bytes: 1 << 30 }
    }
}

/// How much may wait in quarantine for an operator. At a bound ingest pauses with an alarm; it drops nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuarantineLimits {
    /// Events (100,000).
    pub events: u64,
    /// Bytes (1 GiB).
    pub bytes: u64,
}

impl Default for QuarantineLimits {
    fn default() -> Self {
        Self { events: 100_000, bytes: 1 << 30 }
    }
}

/// Options of an [`Ingester`](crate::Ingester).
#[derive(Clone)]
pub struct IngestOptions {
    /// Bounds on what gaps hold back.
    pub held: HeldLimits,
    /// Bounds on the quarantine.
    pub quarantine: QuarantineLimits,
    /// How long a gap is waited for, in connected time, since the first event behind it arrived (10 minutes).
    pub gap_release: Duration,
    /// Messages in one batch, at most (4,096).
    pub batch_messages: usize,
    /// Bytes in one batch, at most, unless a single message is larger (4 MiB).
    pub batch_bytes: usize,
    /// Bounds on one event.
    pub limits: Limits,
    /// How often the ledger's commits are made durable; the log replays the rest (1 s).
    pub durable_every: Duration,
    /// How often the position is recorded when nothing but heartbeats arrives (60 s).
    pub progress_every: Duration,
    /// Waiting time after the first failed attempt to connect; it doubles up to `reconnect_most` (250 ms). Each time
    /// between half of it and all of it is waited, at random, so that replicas do not come back in step.
    pub reconnect_first: Duration,
    /// The longest waiting time between two attempts to connect (30 s).
    pub reconnect_most: Duration,
    /// When the source is read, and how fast (always, as fast as it goes).
    pub schedule: Schedule,
    /// Says how much room is left on the disk; `None`: nobody looks.
    pub space: Option<Arc<dyn Space>>,
    /// Bytes on the disk below which ingest pauses (512 MiB).
    pub space_reserve: u64,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self {
            held: HeldLimits::default(),
            quarantine: QuarantineLimits::default(),
            gap_release: Duration::from_mins(10),
            batch_messages: 4_096,
            batch_bytes: 4 << 20,
            limits: Limits::default(),
            durable_every: Duration::from_secs(1),
            progress_every: Duration::from_mins(1),
            reconnect_first: Duration::from_millis(250),
            reconnect_most: Duration::from_secs(30),
            schedule: Schedule::default(),
            space: None,
            space_reserve: 512 << 20,
            clock: Arc::new(SystemClock::new()),
        }
    }
}
