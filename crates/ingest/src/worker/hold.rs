//! Why nothing is read, or nothing of what was read is written: an operator, the disk, a bound, the schedule.

use std::time::Duration;

use continuity_base::Timestamp;
use continuity_readmodel::{Pause, PauseCause};

use super::Worker;
use crate::schedule::Closed;
use crate::space::shortage;

/// What holds ingest back. An operator and the schedule close the source; the disk and the bounds let it wait.
#[derive(Default)]
pub(super) struct Holds {
    /// Too little room is left on the disk.
    pub(super) space: Option<String>,
    /// A bound on what may be held or quarantined is reached.
    pub(super) bound: Option<String>,
    schedule: Option<Closed>,
    /// Until when the bandwidth lets nothing more through, on either clock.
    pub(super) rest: Option<(Duration, Timestamp)>,
    /// What the board shows.
    shown: Option<Pause>,
}

impl Worker {
    /// Whether anything holds back what was read.
    pub(super) fn is_held(&self) -> bool {
        self.holds.shown.as_ref().is_some_and(|pause| pause.cause != PauseCause::Bandwidth)
    }

    /// The reader rests until then. A short rest is part of reading slowly; a long one would look like silence.
    pub(super) fn rests(&mut self, until: Duration) {
        let rest = until.saturating_sub(self.now());
        if rest >= self.parts.board.bounds().stale_after / 2 {
            self.holds.rest = Some((until, self.parts.options.clock.now().plus(rest)));
        }
        self.tell_hold();
    }

    /// Whether the source is not to be read from at all.
    pub(super) fn is_closed(&self) -> bool {
        self.parts.ledger.totals().paused.is_some() || self.holds.schedule.is_some()
    }

    /// Looks at the disk, the schedule and the operators' orders, and closes or opens the source accordingly.
    pub(super) fn look_at_holds(&mut self) {
        let options = &self.parts.options;
        let short = self.holds.space.is_some();
        let space = options.space.as_deref().and_then(|space| shortage(space, options.space_reserve, short));
        let (wall, now) = (options.clock.now(), options.clock.monotonic());
        let was_closed = self.is_closed();
        let synchronised = self.parts.ledger.totals().synchronised_at.map(Timestamp::from_micros);
        self.holds.schedule = self.rounds.closed(&options.schedule, wall, now, synchronised);
        self.holds.rest.take_if(|(until, _)| now >= *until);
        // The figures in it change all the time: the first ones stay.
        if space.is_none() || !short {
            self.holds.space = space;
        }
        if self.is_closed() {
            if self.connection != 0 {
                self.disconnect();
                self.parts.board.released();
            }
            self.retry = None;
        } else if self.connection == 0 && (was_closed || self.retry.is_none()) {
            self.retry = Some(now);
        }
        self.tell_hold();
    }

    /// Shows on the board what holds ingest back, and says so when it changes.
    pub(super) fn tell_hold(&mut self) {
        let hold = self.hold();
        if hold == self.holds.shown {
            return;
        }
        match &hold {
            None => tracing::info!(source = %self.source, "ingest goes on"),
            Some(Pause { cause: PauseCause::Bound | PauseCause::Space, detail, .. }) => {
                tracing::error!(source = %self.source, because = %detail, "ingest pauses; nothing is lost");
            }
            Some(Pause { cause: PauseCause::MissedWindow, detail, .. }) => {
                tracing::error!(source = %self.source, because = %detail, "ingest pauses, and not everything was read");
            }
            Some(Pause { detail, .. }) => tracing::info!(source = %self.source, because = %detail, "ingest pauses"),
        }
        self.parts.board.paused(hold.clone());
        self.holds.shown = hold;
    }

    /// The weightiest of what holds ingest back.
    fn hold(&self) -> Option<Pause> {
        let pause = |cause, detail: &str| Pause { cause, detail: detail.to_owned(), since: None, until: None };
        if let Some(by) = &self.parts.ledger.totals().paused {
            let detail = format!("paused by {}: {}", by.actor, by.reason);
            let since = Some(Timestamp::from_micros(by.since));
            return Some(Pause { since, ..pause(PauseCause::Operator, &detail) });
        }
        if let Some(because) = &self.holds.space {
            return Some(pause(PauseCause::Space, because));
        }
        if let Some(because) = &self.holds.bound {
            return Some(pause(PauseCause::Bound, because));
        }
        if let Some(closed) = &self.holds.schedule {
            let cause = if closed.missed { PauseCause::MissedWindow } else { PauseCause::Schedule };
            return Some(Pause { until: closed.until, ..pause(cause, &closed.why) });
        }
        let (_, until) = self.holds.rest?;
        Some(Pause { until: Some(until), ..pause(PauseCause::Bandwidth, &format!("nothing is read until {until}")) })
    }
}
