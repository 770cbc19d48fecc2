//! The facts that the board holds, and how each input changes them.

use std::time::Duration;

use continuity_base::Timestamp;

use super::clocks::{Moment, Mono, Skew, Steps, age, mono};
use super::derive::{Verdict, eta, mono_of};
use super::facts::{
    BootstrapShown, CompletenessSummary, ExportSeen, Fault, FaultKind, HeadSeen, Pause, RetentionSeen, SyncBounds,
};
use super::proofs::{Proof, Proofs};
use super::shown::{HeadShown, HeartbeatShown, SourceState, SyncCounters, SyncSnapshot};

/// The platform's newest heartbeat.
#[derive(Debug)]
pub(super) struct Heartbeat {
    pub(super) at: Option<Timestamp>,
    arrived: Mono,
    /// When the platform was last alive: when it arrived, less the time that it lay in a backlog.
    pub(super) alive: Mono,
}

impl Heartbeat {
    fn is_followed_by(&self, at: Timestamp, arrived: Mono) -> bool {
        let Some(before) = self.at else { return false };
        let apart = arrived.saturating_sub(self.arrived);
        let sent_apart = at.as_micros().saturating_sub(before.as_micros());
        sent_apart > 0 && sent_apart.abs_diff(apart) <= sent_apart.max(apart).unsigned_abs() / 2
    }

    fn shown(&self, now: Moment) -> HeartbeatShown {
        HeartbeatShown { at: self.at, alive_at: now.wall_at(self.alive), age: age(now.mono, self.alive) }
    }
}

/// A pause, on the monotonic clock.
#[derive(Debug)]
pub(super) struct Paused {
    pub(super) pause: Pause,
    pub(super) since: Mono,
    pub(super) until: Option<Mono>,
}

/// A bootstrap export and where this process began with it.
#[derive(Debug)]
struct Bootstrap {
    seen: ExportSeen,
    first: u64,
    began: Mono,
}

/// Everything written to the board.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) source: String,
    /// Since when a connection is tried for.
    pub(super) trying: Mono,
    pub(super) connected: Option<Mono>,
    pub(super) held_this_connection: bool,
    /// When the source showed the oldest thing that the log does not hold yet.
    pub(super) ahead_since: Option<Mono>,
    pub(super) proof: Option<Mono>,
    pub(super) heartbeat: Option<Heartbeat>,
    pub(super) fault: Option<(Fault, Mono)>,
    pub(super) divergence: Option<(Fault, Mono)>,
    pub(super) pause: Option<Paused>,
    pub(super) broken: Option<(String, Mono)>,
    pub(super) proofs: Proofs,
    pub(super) retention: Option<RetentionSeen>,
    pub(super) completeness: Option<CompletenessSummary>,
    pub(super) completeness_failing: bool,
    /// The log position from which on we have once had everything.
    pub(super) synchronised: Option<u64>,
    pub(super) counters: SyncCounters,
    head: Option<(HeadSeen, Mono)>,
    /// Its position, and when that last grew in this process.
    ledger: Option<(u64, Option<Mono>)>,
    bootstrap: Option<Bootstrap>,
    broker_skew: Skew,
    platform_skew: Skew,
    steps: Steps,
    noted: Option<(SourceState, Mono)>,
}

impl Known {
    /// Nothing is known yet, and a connection is tried for.
    pub(super) fn starting(now: Mono) -> Self {
        Self { trying: now, ..Self::default() }
    }

    /// Before anything is read or written: a step of our own clock, and a state that came about by silence.
    pub(super) fn look(&mut self, now: Moment, bounds: &SyncBounds) -> Verdict {
        if let Some(by) = self.steps.look(now) {
            self.broker_skew.clear();
            self.platform_skew.clear();
            // A schedule goes by the wall clock, and whoever keeps it does so by the new time.
            if let Some(until) = self.pause.as_mut().and_then(|paused| paused.until.as_mut()) {
                *until = until.saturating_sub(by);
            }
        }
        let verdict = self.verdict(now, bounds);
        if self.noted.is_none_or(|(state, _)| state != verdict.state) {
            self.noted = Some((verdict.state, verdict.since.unwrap_or(now.mono)));
        }
        verdict
    }

    pub(super) fn connected(&mut self, now: Mono) {
        (self.fault, self.divergence) = (None, None);
        (self.connected, self.held_this_connection, self.ahead_since) = (Some(now), false, None);
    }

    /// No connection is held, and one is tried for from now on.
    pub(super) fn released(&mut self, now: Mono) {
        (self.connected, self.fault, self.trying) = (None, None, now);
    }

    pub(super) fn failed(&mut self, fault: Fault, now: Mono) {
        self.connected = None;
        let slot =
            if matches!(fault.kind, FaultKind::Diverged { .. }) { &mut self.divergence } else { &mut self.fault };
        let since = slot.as_ref().map_or(now, |(_, since)| *since);
        *slot = Some((fault, since));
    }

    pub(super) fn paused(&mut self, pause: Option<Pause>, now: Moment) {
        if self.pause.is_some() && pause.is_none() {
            self.trying = now.mono;
        }
        self.pause = pause.map(|pause| {
            let since = match (&self.pause, pause.since) {
                (_, Some(since)) => mono_of(now, since).min(now.mono),
                (Some(before), None) if before.pause.cause == pause.cause => before.since,
                (_, None) => now.mono,
            };
            Paused { since, until: pause.until.map(|until| mono_of(now, until)), pause }
        });
    }

    pub(super) fn broken(&mut self, because: Option<String>, now: Mono) {
        let since = self.broken.as_ref().map_or(now, |(_, since)| *since);
        self.broken = because.map(|because| (because, since));
    }

    pub(super) fn received(&mut self, now: Mono) {
        self.alive(now);
        self.ahead_since.get_or_insert(now);
    }

    pub(super) fn head(&mut self, head: HeadSeen, now: Mono) {
        let asked = mono(head.asked).min(now);
        self.alive(asked);
        if let Some(theirs) = head.source_clock {
            self.broker_skew.add(theirs, head.asked_at);
        } else if let Some(theirs) = head.published_at {
            let before = self.head.as_ref().and_then(|(before, _)| before.published_at);
            if theirs > head.asked_at {
                self.broker_skew.add(theirs, head.asked_at);
            } else if before != Some(theirs) {
                // Another message, and no longer one from the future. The same one would only have grown old.
                self.broker_skew.clear();
            }
        }
        if self.head.as_ref().is_none_or(|(_, seen)| *seen <= asked) {
            self.ahead_since.get_or_insert(asked);
            self.head = Some((head, asked));
        }
    }

    pub(super) fn held(&mut self, asked: Duration, log_position: u64, now: Mono) {
        let asked = mono(asked).min(now);
        self.proofs.add(Proof { asked, log_position });
        self.held_this_connection = self.connected.is_some();
        self.ahead_since = self.head.as_ref().map(|(_, newest)| *newest).filter(|newest| *newest > asked);
        if let Some((head, seen)) = &mut self.head
            && *seen <= asked
        {
            head.behind = 0;
        }
    }

    /// A heartbeat that comes as long after the one before as it was sent after it comes straight from the platform, and
    /// its time differs by the clocks alone; any other one lay somewhere on its way, and the platform was alive when it
    /// was sent, no later.
    pub(super) fn heartbeat(&mut self, at: Option<Timestamp>, now: Moment, live: bool) {
        self.alive(now.mono);
        let before = self.heartbeat.take();
        let mut alive = now.mono;
        if let Some(at) = at {
            let straight = before.as_ref().is_some_and(|before| before.is_followed_by(at, now.mono));
            if live && straight {
                self.platform_skew.add(at, now.wall);
            }
            let skew = self.platform_skew.micros().unwrap_or(0);
            let lay = now.wall.as_micros().saturating_sub(at.as_micros()).saturating_add(skew);
            alive = alive.saturating_sub(lay.max(0));
        }
        let alive = before.map_or(alive, |before| before.alive.max(alive));
        self.heartbeat = Some(Heartbeat { at, arrived: now.mono, alive });
    }

    /// What an earlier process knew of the platform: it was alive when its newest heartbeat was sent, or when that arrived.
    pub(super) fn heartbeat_before(&mut self, at: Option<Timestamp>, arrived: Timestamp, now: Moment) {
        let alive = mono_of(now, at.map_or(arrived, |at| at.min(arrived))).min(now.mono);
        let arrived = mono_of(now, arrived).min(now.mono);
        self.heartbeat.get_or_insert(Heartbeat { at, arrived, alive });
    }

    pub(super) fn logged(&mut self, position: u64, now: Mono) {
        let grew = match self.ledger {
            Some((before, at)) if before == position => at,
            before => before.map(|_| now),
        };
        self.ledger = Some((position, grew));
    }

    pub(super) fn bootstrap(&mut self, export: Option<ExportSeen>, now: Mono) {
        self.bootstrap = export.map(|seen| {
            let same = |b: &&Bootstrap| b.seen.loans_expected == seen.loans_expected && b.first <= seen.loans_done;
            let begun = self.bootstrap.as_ref().filter(same);
            let (first, began) = begun.map_or((seen.loans_done, now), |before| (before.first, before.began));
            Bootstrap { seen, first, began }
        });
    }

    fn alive(&mut self, at: Mono) {
        self.proof = Some(self.proof.map_or(at, |before| before.max(at)));
    }

    /// Since the latest instant at which whoever has `applied` had everything that the source showed.
    pub(super) fn lag(&self, applied: u64, now: Moment, bounds: &SyncBounds) -> Option<Duration> {
        let caught_up = age(now.mono, self.proofs.around(applied).0?.asked);
        let silent = self.platform_silent(now, bounds).map(|alive| age(now.mono, alive));
        Some(silent.map_or(caught_up, |silent| silent.max(caught_up)))
    }

    pub(super) fn skewed(&self, bounds: &SyncBounds) -> bool {
        let bound = bounds.clock_skew.as_micros();
        let beyond = |skew: &Skew| skew.micros().is_some_and(|micros| u128::from(micros.unsigned_abs()) > bound);
        beyond(&self.broker_skew) || beyond(&self.platform_skew)
    }

    pub(super) fn shown(&mut self, applied: Option<u64>, now: Moment, bounds: &SyncBounds) -> SyncSnapshot {
        let verdict = self.look(now, bounds);
        let noted = self.noted.map_or(now.mono, |(_, since)| since);
        let (own, applied) = (verdict.state, applied.unwrap_or(u64::MAX));
        let wanting = self.proofs.around(applied).1.map(|proof| proof.asked);
        let verdict = Self::applied(verdict, wanting, now, bounds);
        let since = if verdict.state == own { noted } else { verdict.since.unwrap_or(now.mono) };
        let fresh = matches!(verdict.state, SourceState::Live | SourceState::CatchingUp);
        let ledger = self.ledger;
        SyncSnapshot {
            state: verdict.state,
            since: now.wall_at(since),
            why: verdict.why,
            source: self.source.clone(),
            source_head: self.head.as_ref().map(|(head, _)| head.text.clone()),
            head: self.head.as_ref().map(|(head, asked)| shown_head(head, *asked, fresh, now)),
            last_proof_of_life: self.proof.map(|proof| now.wall_at(proof)),
            proof_age: self.proof.map(|proof| age(now.mono, proof)),
            heartbeat: self.heartbeat.as_ref().map(|heartbeat| heartbeat.shown(now)),
            connected: self.connected.is_some() && self.heard(now, bounds),
            lag: self.lag(applied, now, bounds),
            broker_skew: self.broker_skew.micros(),
            platform_skew: self.platform_skew.micros(),
            skewed: self.skewed(bounds),
            clock_step: self.steps.last(now.mono),
            clock_steps: self.steps.number,
            fault: self.divergence.as_ref().or(self.fault.as_ref()).map(|(fault, _)| fault.clone()),
            pause: self.pause.as_ref().map(|paused| paused.pause.clone()),
            broken: self.broken.as_ref().map(|(because, _)| because.clone()),
            ledger_position: ledger.map(|(position, _)| position),
            last_append: ledger.and_then(|(_, at)| at).map(|at| now.wall_at(at)),
            retention: self.retention,
            bootstrap: self.bootstrap.as_ref().map(|export| shown_export(export, now.mono)),
            completeness: self.completeness.clone(),
            completeness_failing: self.completeness_failing,
            synchronised: self.synchronised.is_some_and(|from| applied >= from),
            counters: self.counters.clone(),
        }
    }
}

fn shown_head(head: &HeadSeen, asked: Mono, fresh: bool, now: Moment) -> HeadShown {
    HeadShown {
        text: head.text.clone(),
        number: head.number,
        behind: fresh.then_some(head.behind),
        seen_at: now.wall_at(asked),
        published_at: head.published_at,
    }
}

fn shown_export(export: &Bootstrap, now: Mono) -> BootstrapShown {
    let ExportSeen { loans_done, loans_expected, loans_missing } = export.seen;
    let rest = loans_expected.map(|expected| expected.saturating_sub(loans_done));
    let rest = rest.filter(|_| loans_missing.is_none());
    let eta = rest.and_then(|rest| eta(loans_done - export.first, rest, age(now, export.began)));
    BootstrapShown { loans_done, loans_expected, loans_missing, eta }
}
