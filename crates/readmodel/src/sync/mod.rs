//! The state of the source: facts written by ingest, from which every look derives what is true at that moment.
//!
//! Nobody pushes a state. A thread that has died, a broker that is frozen, a disk that blocks and a poller that hangs have
//! in common that no new fact comes; so every verdict has an age limit, and the age is taken when somebody looks:
//!
//! - **Ages** count on the monotonic clock from the moment at which a fact was true (a head: when the source was asked,
//!   not when it answered). The wall clock is for showing instants only; stepping it makes nothing fresher or older.
//! - **Proofs of life**: a head that the broker showed, a message that it delivered, a heartbeat. None for
//!   [`stale_after`](SyncBounds::stale_after): `stale`, whatever was last heard.
//! - **The platform** behind the broker: once a heartbeat was seen, none for
//!   [`heartbeat_after`](SyncBounds::heartbeat_after) is `stale` too although the broker answers, and lag counts from the
//!   last one. A heartbeat read from a backlog proves that the platform was alive when it was sent, no later.
//! - **Live** is connected, everything that a head of this connection showed is durable in the log, and whatever is known
//!   to be there beyond that is younger than [`live_within`](SyncBounds::live_within).
//! - **Order** of what is shown, worst first: diverged, cannot write (`stale`), paused (`stale` once a pause outlasts its
//!   own end), disconnected, `stale`, starting, catching-up, live.
//! - **Lag** of a reader is the age of the newest head that it has applied in full. It is unknown until there was one in
//!   this process, it cannot be negative, and it grows for as long as nothing new is proved.

mod clocks;
mod derive;
mod facts;
mod known;
mod proofs;
mod shown;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Timestamp};
use parking_lot::Mutex;

use clocks::{Moment, mono};
use known::Known;

pub use clocks::ClockStep;
pub use derive::eta;
pub use facts::{
    BootstrapShown, CompletenessSummary, ExportSeen, Fault, FaultKind, HeadSeen, Outage, Pause, PauseCause,
    RetentionSeen, SyncBounds,
};
pub use shown::{HeadShown, HeartbeatShown, SourceState, SyncCounters, SyncSnapshot, Why};

/// The board itself; clones share it.
#[derive(Clone)]
pub struct SyncBoard {
    known: Arc<Mutex<Known>>,
    clock: Arc<dyn Clock>,
    bounds: SyncBounds,
}

impl SyncBoard {
    /// A board of a source that is starting, with the default bounds.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self::with(clock, SyncBounds::default())
    }

    /// A board of a source that is starting.
    pub fn with(clock: Arc<dyn Clock>, bounds: SyncBounds) -> Self {
        let known = Known::starting(mono(clock.monotonic()));
        Self { known: Arc::new(Mutex::new(known)), clock, bounds }
    }

    /// From when on silence means something.
    pub fn bounds(&self) -> &SyncBounds {
        &self.bounds
    }

    /// The source, for people.
    pub fn set_source(&self, source: &str) {
        source.clone_into(&mut self.known.lock().source);
    }

    /// The source answered and shows a history that contains ours: faults and divergence are over. Until an end that it
    /// shows from now on is [`held`](Self::held), the replica is catching up.
    pub fn connected(&self) {
        self.change(|known, now| known.connected(now.mono));
    }

    /// The source does not deliver. A divergence stays until [`connected`](Self::connected) or
    /// [`accepted`](Self::accepted), whatever fails meanwhile.
    pub fn failed(&self, fault: Fault) {
        self.change(|known, now| known.failed(fault, now.mono));
    }

    /// The divergence was accepted; a connection is tried for.
    pub fn accepted(&self) {
        self.change(|known, now| {
            known.divergence = None;
            known.released(now.mono);
        });
    }

    /// We gave the connection up ourselves.
    pub fn released(&self) {
        self.change(|known, now| known.released(now.mono));
    }

    /// Reading is paused, for the most important reason if there are several; `None`: it is not.
    pub fn paused(&self, pause: Option<Pause>) {
        self.change(|known, now| known.paused(pause, now));
    }

    /// Ingest or a read model cannot write any more; `None`: it can.
    pub fn broken(&self, because: Option<String>) {
        self.change(|known, now| known.broken(because, now.mono));
    }

    /// What the source may drop before it was read.
    pub fn retention(&self, retention: Option<RetentionSeen>) {
        self.change(|known, _| known.retention = retention);
    }

    /// Messages came.
    pub fn received(&self, messages: usize) {
        if messages > 0 {
            self.change(|known, now| known.received(now.mono));
        }
    }

    /// The source showed an end; what lies before it need not be here yet.
    pub fn head(&self, head: HeadSeen) {
        self.change(|known, now| known.head(head, now.mono));
    }

    /// Everything before the end that was asked for at `asked` (monotonic) is durable in the log up to `log_position`. Not
    /// for an end that an earlier connection showed.
    pub fn held(&self, asked: Duration, log_position: u64) {
        self.change(|known, now| known.held(asked, log_position, now.mono));
    }

    /// A heartbeat came, sent at `at` by the platform's clock.
    pub fn heartbeat(&self, at: Option<Timestamp>) {
        let bounds = self.bounds;
        self.change(|known, now| {
            let live = known.up_to_date(now, &bounds);
            known.heartbeat(at, now, live);
        });
    }

    /// What an earlier process logged of heartbeats: the newest one's `at`, and when it arrived by our clock.
    pub fn heartbeat_before(&self, at: Option<Timestamp>, arrived: Timestamp) {
        self.change(|known, now| known.heartbeat_before(at, arrived, now));
    }

    /// The ledger holds the log up to there; the first one of a process is what it found.
    pub fn logged(&self, position: u64) {
        self.change(|known, now| known.logged(position, now.mono));
    }

    /// How far the bootstrap export is that has begun and is not whole; `None`: there is none.
    pub fn bootstrap(&self, export: Option<ExportSeen>) {
        self.change(|known, now| known.bootstrap(export, now.mono));
    }

    /// What the newest evaluated manifest showed.
    pub fn completeness(&self, summary: Option<CompletenessSummary>) {
        self.change(|known, _| known.completeness = summary);
    }

    /// Whether manifests cannot be evaluated, because something cannot be read.
    pub fn completeness_failing(&self, failing: bool) {
        self.change(|known, _| known.completeness_failing = failing);
    }

    /// Changes the counts.
    pub fn update(&self, change: impl FnOnce(&mut SyncCounters)) {
        change(&mut self.known.lock().counters);
    }

    /// The log position from which on we have once had everything, if we ever had.
    pub fn synchronised_from(&self) -> Option<u64> {
        self.known.lock().synchronised
    }

    /// From that log position on we have once had everything; the first one that is told counts.
    pub fn set_synchronised(&self, from: u64) {
        self.known.lock().synchronised.get_or_insert(from);
    }

    /// The state alone, and whether a foreign clock differs from ours beyond the bound.
    pub fn glance(&self) -> (SourceState, bool) {
        let (now, mut known) = (self.now(), self.known.lock());
        (known.look(now, &self.bounds).state, known.skewed(&self.bounds))
    }

    /// Everything at this moment, for somebody who has applied whatever the log holds.
    pub fn snapshot(&self) -> SyncSnapshot {
        let now = self.now();
        self.known.lock().shown(None, now, &self.bounds)
    }

    /// Everything at this moment, for somebody who has applied the log up to `applied`.
    pub fn snapshot_at(&self, applied: u64) -> SyncSnapshot {
        let now = self.now();
        self.known.lock().shown(Some(applied), now, &self.bounds)
    }

    /// How far whoever has applied the log up to `applied` is behind the source; see [`SyncSnapshot::lag`].
    pub fn lag(&self, applied: u64) -> Option<Duration> {
        let now = self.now();
        self.known.lock().lag(applied, now, &self.bounds)
    }

    /// The latest instant at which the source showed an end that whoever has applied the log up to `applied` has.
    pub fn caught_up_at(&self, applied: u64) -> Option<Timestamp> {
        let now = self.now();
        self.known.lock().proofs.around(applied).0.map(|proof| now.wall_at(proof.asked))
    }

    /// A state that came about by silence is noticed before the change, the new one after it: so that [`since`] is right
    /// although nobody looked in between.
    ///
    /// [`since`]: SyncSnapshot::since
    fn change(&self, change: impl FnOnce(&mut Known, Moment)) {
        let mut known = self.known.lock();
        let now = self.now();
        known.look(now, &self.bounds);
        change(&mut known, now);
        known.look(now, &self.bounds);
    }

    fn now(&self) -> Moment {
        Moment { wall: self.clock.now(), mono: mono(self.clock.monotonic()) }
    }
}

impl fmt::Debug for SyncBoard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SyncBoard({:?})", self.snapshot())
    }
}
