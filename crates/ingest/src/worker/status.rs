//! The state of the source, and what the board and the metrics are told of it.

use std::mem;
use std::sync::mpsc::TrySendError;
use std::time::Duration;

use continuity_readmodel::SourceState;

use super::{End, Worker};
use crate::reader::{Delivery, ParsedBatch};
use crate::source::Known;
use crate::{IngestError, SourceError, metrics};

impl Worker<'_> {
    pub(super) fn pause(&mut self, because: Option<String>) {
        if because.is_some() && self.paused.is_none() {
            let because = because.as_deref().unwrap_or_default();
            tracing::error!(source = %self.source, because, "ingest pauses; nothing is lost");
        } else if because.is_none() && self.paused.is_some() {
            tracing::info!(source = %self.source, "ingest goes on");
        }
        if self.paused != because {
            self.paused.clone_from(&because);
            self.parts.board.update(|counters| counters.paused_because = because);
            metrics::paused(self.paused.is_some());
        }
    }

    pub(super) fn delivered(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Resumed(resumed) => {
                tracing::info!(source = %self.source, from = %resumed.from, "connected to the source");
                for warning in resumed.warnings {
                    tracing::warn!(source = %self.source, "{warning}");
                }
                self.connected = true;
                self.proof = self.now();
                self.backoff = self.parts.options.reconnect_first;
                self.parts.board.set_state(SourceState::CatchingUp);
                metrics::connected(true);
            }
            Delivery::Batch(ParsedBatch { messages, passed, at, at_end, head }) => {
                metrics::batch(messages.len());
                self.queue = messages.into();
                self.passed = passed;
                self.end = head.filter(|_| at_end).map(|head| End { at: head.asked_at.unwrap_or(at), head });
            }
            Delivery::Failed(error) => self.failed(&error),
        }
    }

    fn failed(&mut self, error: &SourceError) {
        let most = self.parts.options.reconnect_most;
        let state = match error {
            SourceError::Diverged { .. } => SourceState::Diverged,
            SourceError::Disconnected { .. } | SourceError::Refused { .. } => SourceState::Disconnected,
        };
        if state == SourceState::Diverged || self.backoff == self.parts.options.reconnect_first {
            tracing::error!(source = %self.source, %error, "the source does not deliver");
        } else {
            tracing::debug!(source = %self.source, %error, "the source still does not deliver");
        }
        let wait = if state == SourceState::Diverged { most } else { self.backoff };
        self.backoff = (self.backoff * 2).min(most);
        self.retry = Some(self.now() + wait);
        self.connected = false;
        self.time.tick(self.now(), false);
        self.parts.board.set_state(state);
        metrics::connected(false);
    }

    /// Tells the reader where to resume, once it is time.
    pub(super) fn connect(&mut self, now: Duration) -> Result<(), IngestError> {
        if self.retry.is_none_or(|at| now < at) {
            return Ok(());
        }
        let reader = self.parts.ledger.reader();
        let known = Known { positions: reader.positions()?, identities: reader.identities()? };
        match self.resume.try_send(known) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => self.retry = None,
            Err(TrySendError::Full(_)) => {}
        }
        Ok(())
    }

    pub(super) fn look_for_life(&self, now: Duration) {
        if now.saturating_sub(self.proof) >= self.parts.options.stale_after {
            self.parts.board.set_state(SourceState::Stale);
        }
    }

    pub(super) fn tell_totals(&self) {
        let totals = self.parts.ledger.totals();
        self.parts.board.update(|counters| {
            counters.held = totals.held;
            counters.held_bytes = totals.held_bytes;
            counters.held_loans = totals.held_loans;
            counters.gaps_open = totals.incomplete_loans;
            counters.quarantined = totals.quarantined;
            counters.quarantined_bytes = totals.quarantined_bytes;
            counters.duplicates = totals.duplicates;
            counters.forks = totals.forks;
            counters.events = totals.events;
        });
        if totals.synchronised {
            self.parts.board.set_synchronised();
        }
        metrics::totals(totals);
    }

    /// After a turn: our own position was taken first, the source's head was seen before that.
    pub(super) fn tell_state(&mut self) {
        let board = &self.parts.board;
        if self.paused.is_some() {
            board.set_state(SourceState::Paused);
        } else if let Some(end) = mem::take(&mut self.end) {
            metrics::head(end.at, Some(end.head.number));
            board.set_source_head(Some(end.head.text));
            board.seen_head(end.at, self.parts.ledger.position());
            board.set_state(SourceState::Live);
            self.proof = self.parts.options.clock.monotonic();
            metrics::proof_of_life(end.at);
        } else if self.connected {
            board.set_state(SourceState::CatchingUp);
        }
    }
}
