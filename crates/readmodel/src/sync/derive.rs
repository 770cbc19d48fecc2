//! What the facts mean at one moment.

use std::time::Duration;

use continuity_base::Timestamp;

use super::clocks::{Moment, Mono, age, mono};
use super::facts::{Fault, FaultKind, PauseCause, SyncBounds};
use super::known::Known;
use super::shown::{SourceState, Why};

/// A state, the moment from which the facts bear it, and why.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) state: SourceState,
    /// `None`: from the moment at which it is first noticed.
    pub(super) since: Option<Mono>,
    pub(super) why: Option<Why>,
}

impl Verdict {
    fn new(state: SourceState, since: Option<Mono>) -> Self {
        Self { state, since, why: None }
    }

    fn because(mut self, cause: &'static str, reason: String, detail: &str, way_out: &'static str) -> Self {
        self.why = Some(Why { cause, reason, detail: detail.to_owned(), point: None, way_out });
        self
    }
}

const LOOK: &str = "look at the broker, the network and the disk; `continuity source status` says more";

impl Known {
    /// Worst first: what must not be hidden by anything else, then why nothing can come, then silence, then distance.
    pub(super) fn verdict(&self, now: Moment, bounds: &SyncBounds) -> Verdict {
        if let Some((fault, since)) = &self.divergence {
            return diverged(fault, *since);
        }
        if let Some((detail, since)) = &self.broken {
            let reason = "The replica cannot write any more; it serves what it has.".to_owned();
            let way_out = "mend the disk, then start the process again; the log of the process names the failure";
            return Verdict::new(SourceState::Stale, Some(*since)).because("cannot-write", reason, detail, way_out);
        }
        if let Some(verdict) = self.held_off(now, bounds) {
            return verdict;
        }
        if let Some((fault, since)) = &self.fault {
            return disconnected(fault, *since);
        }
        self.silent(now, bounds).unwrap_or_else(|| self.distance(now, bounds))
    }

    fn held_off(&self, now: Moment, bounds: &SyncBounds) -> Option<Verdict> {
        let pause = self.pause.as_ref()?;
        let overdue = pause.until.map(|until| until.saturating_add(mono(bounds.stale_after)));
        if let Some(overdue) = overdue.filter(|overdue| now.mono >= *overdue) {
            let reason = "Reading should have begun again and did not.".to_owned();
            return Some(Verdict::new(SourceState::Stale, Some(overdue)).because("overdue", reason, "", LOOK));
        }
        let (reason, way_out) = match pause.pause.cause {
            PauseCause::Operator => ("An operator paused reading.", "`continuity source resume`"),
            PauseCause::Bound => {
                ("A bound on held or quarantined events is reached.", "`continuity quarantine`, or raise the bound")
            }
            PauseCause::Space => ("Too little disk space is left.", "free space on the disk of the data directory"),
            PauseCause::Schedule => {
                ("The schedule lets nothing be read now.", "`continuity source sync` reads at once")
            }
            PauseCause::MissedWindow => (
                "The last window of the schedule ended before everything was read; what is newer is not here.",
                "`continuity source sync` reads at once; give the schedule a longer window",
            ),
            PauseCause::Bandwidth => (
                "More came at once than the bandwidth allows; reading goes on by itself.",
                "raise max_bytes_per_second",
            ),
        };
        let verdict = Verdict::new(SourceState::Paused, Some(pause.since));
        Some(verdict.because(pause.pause.cause.name(), reason.to_owned(), &pause.pause.detail, way_out))
    }

    fn silent(&self, now: Moment, bounds: &SyncBounds) -> Option<Verdict> {
        if !self.heard(now, bounds) {
            let expired = self.last_heard().saturating_add(mono(bounds.stale_after));
            let (cause, reason) = match self.proof {
                Some(proof) => ("silent", format!("No sign of life from the source since {}.", now.wall_at(proof))),
                None => ("never-heard", format!("The source has shown nothing since {}.", now.wall_at(self.trying))),
            };
            return Some(Verdict::new(SourceState::Stale, Some(expired)).because(cause, reason, "", LOOK));
        }
        // While the backlog is read, its heartbeats are old of necessity and say nothing about the platform now.
        let silence = self.platform_silent(now, bounds).filter(|_| self.up_to_date(now, bounds))?;
        let since = silence.saturating_add(mono(bounds.heartbeat_after));
        let reason = format!("The broker answers, but no heartbeat from the platform since {}.", now.wall_at(silence));
        let way_out = "look at the platform and its way to the broker";
        Some(Verdict::new(SourceState::Stale, Some(since)).because("no-heartbeat", reason, "", way_out))
    }

    /// Whether there was a sign of life of late, or there is still time for the first one.
    pub(super) fn heard(&self, now: Moment, bounds: &SyncBounds) -> bool {
        age(now.mono, self.last_heard()) < bounds.stale_after
    }

    fn proven(&self, now: Moment, bounds: &SyncBounds) -> bool {
        self.proof.is_some_and(|proof| age(now.mono, proof) < bounds.stale_after)
    }

    fn last_heard(&self) -> Mono {
        self.proof.into_iter().chain(self.connected).fold(self.trying, Mono::max)
    }

    /// Whether what comes now comes fresh from the source rather than from a backlog.
    pub(super) fn up_to_date(&self, now: Moment, bounds: &SyncBounds) -> bool {
        self.held_this_connection && self.distance(now, bounds).state == SourceState::Live
    }

    /// Since when the platform is silent, if that is too long.
    pub(super) fn platform_silent(&self, now: Moment, bounds: &SyncBounds) -> Option<Mono> {
        let alive = self.heartbeat.as_ref()?.alive;
        (!bounds.heartbeat_after.is_zero() && age(now.mono, alive) >= bounds.heartbeat_after).then_some(alive)
    }

    fn distance(&self, now: Moment, bounds: &SyncBounds) -> Verdict {
        let Some(connected) = self.connected else {
            return Verdict::new(SourceState::Starting, Some(self.trying));
        };
        // The end of a pause gives time for a sign of life; until it comes, what was held before proves nothing any more.
        if !self.held_this_connection || !self.proven(now, bounds) {
            return Verdict::new(SourceState::CatchingUp, Some(connected.max(self.trying)));
        }
        match self.ahead_since {
            Some(ahead) if age(now.mono, ahead) >= bounds.live_within => {
                Verdict::new(SourceState::CatchingUp, Some(ahead.saturating_add(mono(bounds.live_within))))
            }
            _ => Verdict::new(SourceState::Live, None),
        }
    }

    /// What the read models make of it: a log that is live is worth nothing to a reader whose read model stands still.
    /// `wanting` is when the oldest head was shown that the read model has not applied.
    pub(super) fn applied(verdict: Verdict, wanting: Option<Mono>, now: Moment, bounds: &SyncBounds) -> Verdict {
        let Some(wanting) = wanting else { return verdict };
        let (late, state) = (age(now.mono, wanting), verdict.state);
        if matches!(state, SourceState::Live | SourceState::CatchingUp) && late >= bounds.stale_after {
            let since = wanting.saturating_add(mono(bounds.stale_after));
            let reason = format!("The read models have applied nothing newer than {}.", now.wall_at(wanting));
            let way_out = "look at the disk and at the log of the process";
            return Verdict::new(SourceState::Stale, Some(since)).because("read-models", reason, "", way_out);
        }
        if state == SourceState::Live && late >= bounds.live_within {
            return Verdict::new(SourceState::CatchingUp, Some(wanting.saturating_add(mono(bounds.live_within))));
        }
        verdict
    }
}

fn diverged(fault: &Fault, since: Mono) -> Verdict {
    let FaultKind::Diverged { cause, partition, point, number } = &fault.kind else {
        return disconnected(fault, since);
    };
    let reason =
        "The source no longer holds what was read from it, or is another one; nothing further is taken from it.";
    let detail = format!("{partition}: {}, last shared point: {point}", fault.detail);
    let way_out = "put the source's history back, or take it as it is: `continuity source accept --reason`";
    let verdict = Verdict::new(SourceState::Diverged, Some(since));
    let mut verdict = verdict.because(cause.name(), reason.to_owned(), &detail, way_out);
    if let Some(why) = &mut verdict.why {
        why.point = *number;
    }
    verdict
}

fn disconnected(fault: &Fault, since: Mono) -> Verdict {
    let (cause, reason, way_out) = match fault.kind {
        FaultKind::Refused => (
            "refused",
            "The source cannot be followed as it is configured.",
            "`continuity source status` names what to change",
        ),
        FaultKind::Unreachable | FaultKind::Diverged { .. } => {
            ("unreachable", "The source cannot be reached; ingest tries again by itself.", LOOK)
        }
    };
    Verdict::new(SourceState::Disconnected, Some(since)).because(cause, reason.to_owned(), &fault.detail, way_out)
}

/// How long until the rest is through, at the rate so far; `None` while there is none.
pub fn eta(done: u64, rest: u64, elapsed: Duration) -> Option<Duration> {
    if rest == 0 {
        return Some(Duration::ZERO);
    }
    let micros = elapsed.as_micros().checked_mul(u128::from(rest))?.checked_div(u128::from(done))?;
    u64::try_from(micros).ok().map(Duration::from_micros)
}

/// `then` on the monotonic clock, as far as the wall clock as it goes now can tell.
pub(super) fn mono_of(now: Moment, then: Timestamp) -> Mono {
    now.mono.saturating_add(then.as_micros().saturating_sub(now.wall.as_micros()))
}
