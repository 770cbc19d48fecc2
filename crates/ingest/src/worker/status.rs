//! What the board is told: facts as they happen, never a state; the board derives that when somebody looks.

use std::mem;
use std::time::Duration;

use continuity_events::record::SourcePosition;
use continuity_readmodel::ledger::partition_name;
use continuity_readmodel::{ExportSeen, Fault, FaultKind, HeadSeen, RetentionSeen, SourceState};

use super::{End, Worker};
use crate::reader::ParsedBatch;
use crate::source::{Resumed, Retention, SourceHead};
use crate::{SourceError, metrics};

impl Worker {
    /// The source is connected.
    pub(super) fn tell_resumed(&self, resumed: &Resumed) {
        let board = &self.parts.board;
        board.connected();
        board.retention(resumed.retention.map(seen));
    }

    /// The source does not deliver.
    pub(super) fn tell_failed(&self, error: &SourceError) {
        let (kind, detail) = match error {
            SourceError::Disconnected { detail, .. } => (FaultKind::Unreachable, detail.clone()),
            SourceError::Refused { detail, .. } => (FaultKind::Refused, detail.clone()),
            SourceError::Diverged { found, .. } => {
                let (partition, point) = (found.partition.clone(), found.point.clone());
                let number = self.number_of(&partition);
                (FaultKind::Diverged { cause: found.cause, partition, point, number }, found.detail.clone())
            }
        };
        self.parts.board.failed(Fault { kind, detail });
    }

    /// Our own position in that part of the source, as a number.
    fn number_of(&self, partition: &str) -> Option<u64> {
        let positions = self.parts.ledger.reader().positions().ok()?;
        positions.iter().find(|position| partition_name(position) == partition).and_then(|position| match position {
            SourcePosition::File { offset, .. } => Some(*offset),
            SourcePosition::Stream { sequence, .. } => Some(*sequence),
            SourcePosition::Topic { offset, .. } => u64::try_from(*offset).ok(),
            SourcePosition::Simulator { number, .. } => Some(*number),
            SourcePosition::Operator { .. } => None,
        })
    }

    /// A batch came; what it holds is not durable yet. Its end, if it is at one, is told once it is.
    pub(super) fn tell_batch(&self, batch: &ParsedBatch) -> Option<End> {
        metrics::batch(batch.messages.len());
        self.parts.board.received(batch.messages.len());
        let head = batch.head.as_ref()?;
        let asked = asked(batch, head);
        if let Some(retention) = head.retention {
            self.parts.board.retention(Some(seen(retention)));
        }
        self.parts.board.head(HeadSeen {
            text: head.text.clone(),
            number: head.number,
            behind: head.behind,
            asked,
            asked_at: head.asked_at.unwrap_or(batch.at),
            source_clock: head.source_clock,
            published_at: head.published_at,
        });
        batch.at_end.then_some(End { asked })
    }

    /// After a turn: everything before the end that was seen is durable.
    pub(super) fn tell_state(&mut self) {
        if !self.is_held()
            && let Some(end) = mem::take(&mut self.end)
        {
            self.parts.board.held(end.asked, self.parts.ledger.position());
        }
        self.look_for_life();
    }

    /// Writes to the process' log what became of the source, also when that came about by silence.
    pub(super) fn look_for_life(&mut self) {
        let now = self.parts.board.glance();
        let (before, was_skewed) = mem::replace(&mut self.told, now);
        if now == (before, was_skewed) {
            return;
        }
        let seen = self.parts.board.snapshot();
        if seen.skewed != was_skewed {
            if seen.skewed {
                let (broker_us, platform_us) = (seen.broker_skew, seen.platform_skew);
                tracing::warn!(source = %self.source, broker_us, platform_us, "the source's clock and ours differ");
            } else {
                tracing::info!(source = %self.source, "the source's clock and ours agree again");
            }
        }
        if seen.state == before {
            return;
        }
        let (before, state, why) = (before.name(), seen.state.name(), seen.why.unwrap_or_default());
        if seen.state == SourceState::Stale {
            tracing::warn!(source = %self.source, before, cause = why.cause, "{}", why.reason);
        } else {
            tracing::info!(source = %self.source, before, state, cause = why.cause, "the source's state changed");
        }
    }

    pub(super) fn tell_totals(&self) {
        let (totals, board) = (self.parts.ledger.totals(), &self.parts.board);
        board.update(|counters| {
            counters.held = totals.held;
            counters.held_bytes = totals.held_bytes;
            counters.held_loans = totals.held_loans;
            counters.gaps_open = totals.gaps_open;
            counters.quarantined = totals.quarantined;
            counters.quarantined_bytes = totals.quarantined_bytes;
            counters.duplicates = totals.duplicates;
            counters.forks = totals.forks;
            counters.events = totals.events;
        });
        if totals.synchronised {
            board.set_synchronised(self.parts.ledger.position());
        }
        board.logged(self.parts.ledger.position());
        let export = totals.snapshot.as_ref();
        board.bootstrap(export.map(|export| ExportSeen {
            loans_done: export.loans_done,
            loans_expected: export.loans_expected,
            loans_missing: Some(export.loans_missing()).filter(|_| export.ended),
        }));
        metrics::totals(totals);
    }
}

fn seen(Retention { max_age_seconds, outage }: Retention) -> RetentionSeen {
    RetentionSeen { max_age_seconds, outage }
}

/// When the source was asked for that end, on the monotonic clock. The source says it by the wall clock; from the
/// beginning of the call on both clocks went alike; the board takes nothing from the future.
fn asked(batch: &ParsedBatch, head: &SourceHead) -> Duration {
    let Some(at) = head.asked_at else { return batch.since };
    if at >= batch.at { batch.since + at.since(batch.at) } else { batch.since.saturating_sub(batch.at.since(at)) }
}
