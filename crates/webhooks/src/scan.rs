//! From records of the log to messages.
//!
//! Only what became visible is told, and only while the API can answer with it: each record is looked at with a view that
//! contains it, and what that view does not show (a parked event, a patch behind a gap, anything of a purged loan) is not
//! told. What shows such things later is told as `loan.reloaded`.

use std::collections::HashMap;
use std::sync::Arc;

use continuity_events::record::{ClosedBy, Completeness, GapClosed, Received, Released};
use continuity_events::{Change, CloudEvent, Form, Role};
use continuity_log::{Frame, Kind as Record, Record as LogRecord};
use continuity_readmodel::{LoanState, View};
use serde::{Deserialize, Serialize};

use crate::history::{History, body, is_loan};
use crate::kind::Wanted;
use crate::message::{Message, Place};
use crate::standing::Standing;
use crate::{WebhookError, tell};

/// Messages and records of one scan, at most; those of the last step come on top.
const MESSAGES: usize = 64;
const RECORDS: u64 = 5_000;
/// Sequences of one `Released` record that are looked at in one step: two messages each, at most.
const RELEASED: u64 = 64;
/// Loans whose last standing is remembered.
const REMEMBERED: usize = 10_000;

/// A place in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    /// Everything up to this log position is dealt with.
    pub(crate) position: u64,
    /// Of the `Released` record behind it, everything up to this sequence; 0: nothing.
    pub(crate) within: u64,
}

impl Cursor {
    /// Behind the record at a log position, with nothing of the next one.
    pub(crate) fn behind(position: u64) -> Self {
        Self { position, within: 0 }
    }
}

/// What has to be known of earlier records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marks {
    /// Whether the last evaluated manifest found everything here.
    pub(crate) complete: Option<bool>,
}

/// What a scan found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    pub(crate) messages: Vec<Message>,
    /// Everything up to here was looked at.
    pub(crate) reached: Cursor,
    /// What is known then; the same as before in all messages but those of the last record.
    pub(crate) marks: Marks,
}

/// Reads the log for one subscription.
pub(crate) struct Scanner {
    history: History,
    wanted: Wanted,
    frame: Option<Arc<Frame>>,
    /// Of loans: the newest sequence that was looked at here, and what it left.
    standings: HashMap<String, (u64, Standing)>,
}

impl Scanner {
    pub(crate) fn new(history: History, wanted: Wanted) -> Self {
        Self { history, wanted, frame: None, standings: HashMap::new() }
    }

    /// Looks at the records behind `after` up to `target`, which `view` contains.
    pub(crate) fn scan(
        &mut self,
        view: &View,
        after: Cursor,
        target: u64,
        marks: Marks,
    ) -> Result<Scanned, WebhookError> {
        let mut scanned = Scanned { messages: Vec::new(), reached: after, marks };
        let last = target.min(after.position.saturating_add(RECORDS));
        while scanned.reached.position < last && scanned.messages.len() < MESSAGES && scanned.marks == marks {
            let position = scanned.reached.position + 1;
            let frame = self.frame(position)?;
            let at = usize::try_from(position - frame.first).unwrap_or(usize::MAX);
            let Some(record) = frame.records.get(at) else { break };
            if record.kind == Record::Released && self.wanted.loans() {
                if let Some(within) = self.released(view, position, record, &mut scanned)? {
                    // A long one is taken in parts, each with a place of its own to go on from.
                    scanned.reached.within = within;
                    break;
                }
            } else {
                self.record(view, position, record, &mut scanned)?;
            }
            scanned.reached = Cursor::behind(position);
        }
        Ok(scanned)
    }

    fn frame(&mut self, position: u64) -> Result<Arc<Frame>, WebhookError> {
        let held = self.frame.take().filter(|frame| (frame.first..=frame.last).contains(&position));
        let frame = match held {
            Some(frame) => frame,
            None => self.history.log.frame(position)?,
        };
        self.frame = Some(Arc::clone(&frame));
        Ok(frame)
    }

    fn record(
        &mut self,
        view: &View,
        position: u64,
        record: &LogRecord,
        out: &mut Scanned,
    ) -> Result<(), WebhookError> {
        let place = Place { position, known_at: record.arrived_at };
        match record.kind {
            Record::Completeness => {
                let result: Completeness = body(position, record)?;
                let before = out.marks.complete.replace(result.complete);
                let message = tell::completeness(&result, before, place);
                out.messages.extend(message.filter(|message| self.wanted.has(message.kind)));
            }
            _ if !self.wanted.loans() => {}
            Record::Event => {
                let received: Received = body(position, record)?;
                self.visible(view, place, &received.event, &mut out.messages)?;
            }
            Record::Snapshot => {
                self.standings.remove(&record.subject);
                // One that had no effect left the loan where it was.
                let loan = view.loan(&record.subject)?;
                let took_effect = loan.base.is_some_and(|(_, base)| base >= position);
                if took_effect && !loan.purged {
                    out.messages.push(tell::reloaded(&record.subject, "snapshot", place));
                }
            }
            Record::GapClosed if body::<GapClosed>(position, record)?.by == ClosedBy::Late => {
                self.standings.remove(&record.subject);
                if view.loan(&record.subject)?.exists {
                    out.messages.push(tell::reloaded(&record.subject, "gap-closed", place));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The next of the events that had been held back; the sequence up to which they were looked at, where more follow.
    fn released(
        &mut self,
        view: &View,
        position: u64,
        record: &LogRecord,
        out: &mut Scanned,
    ) -> Result<Option<u64>, WebhookError> {
        let Released { from, to } = body(position, record)?;
        let place = Place { position, known_at: record.arrived_at };
        // A place within another record, which a restore took back, is none in this one.
        let next = out.reached.within.saturating_add(1);
        let first = if (from..=to).contains(&next) { next } else { from };
        let last = to.min(first.saturating_add(RELEASED - 1));
        for (_, bytes) in self.history.ledger.events(&record.subject, first..=last)? {
            if bytes < position {
                let received = self.history.received(bytes)?;
                self.visible(view, place, &received.event, &mut out.messages)?;
            }
        }
        Ok(Some(last).filter(|last| *last < to))
    }

    /// An event of a loan that became visible at `place`.
    fn visible(
        &mut self,
        view: &View,
        place: Place,
        event: &CloudEvent,
        out: &mut Vec<Message>,
    ) -> Result<(), WebhookError> {
        let Some(loan) = event.loan_id() else { return Ok(()) };
        let state = view.loan(loan)?;
        if event.role() == Role::Erasure {
            self.standings.remove(loan);
            if !state.purged {
                self.push(tell::client(event, "erased", place), out);
                out.push(tell::reloaded(loan, "erased", place));
            }
            return Ok(());
        }
        let Ok(change) = event.change() else { return Ok(()) };
        if is_loan(&change, loan) && change.form == Form::Gone {
            self.standings.remove(loan);
            self.push(tell::client(event, tell::PURGED, place), out);
            return Ok(());
        }
        if !shows(&state, event, &change) {
            self.standings.remove(loan);
        } else if is_loan(&change, loan) {
            self.of_loan(&state, place, event, &change, out)?;
        } else if is_upload(event, &change) {
            self.push(tell::uploaded(event, &change, place), out);
        }
        Ok(())
    }

    fn of_loan(
        &mut self,
        state: &LoanState,
        place: Place,
        event: &CloudEvent,
        change: &Change<'_>,
        out: &mut Vec<Message>,
    ) -> Result<(), WebhookError> {
        let (loan, sequence) = (change.id.as_ref(), event.sequence.unwrap_or_default());
        let newest = self.standings.get(loan).filter(|(at, _)| *at < sequence).map(|(_, standing)| standing.clone());
        let known = match newest {
            Some(standing) => Some(standing),
            None => self.history.before(loan, sequence, state)?,
        };
        let before = known.clone().unwrap_or_default();
        let now = match change.form {
            Form::After(image) => Standing::of(image),
            Form::Patch { patch, .. } => before.clone().patched(patch),
            Form::Gone => return Ok(()),
        };
        if now.status != before.status {
            self.push(tell::status(event, before.status.as_deref(), now.status.as_deref(), place), out);
        }
        if now.people != before.people || is_about_people(event) {
            self.push(tell::client(event, "changed", place), out);
        }
        if self.standings.len() >= REMEMBERED {
            self.standings.clear();
        }
        if self.standings.get(loan).is_none_or(|(at, _)| *at < sequence) {
            self.standings.insert(loan.to_owned(), (sequence, now));
        }
        Ok(())
    }

    fn push(&self, message: Message, out: &mut Vec<Message>) {
        if self.wanted.has(message.kind) {
            out.push(message);
        }
    }
}

/// Whether the view shows what the event did, as far as nothing newer did more.
fn shows(state: &LoanState, event: &CloudEvent, change: &Change<'_>) -> bool {
    let parked = state.parked.is_some_and(|parked| event.sequence.unwrap_or_default() >= parked);
    let is_skipped = |(entity, id): &(String, String)| *entity == change.entity && *id == change.id;
    let skipped = matches!(change.form, Form::Patch { .. }) && state.skipped.iter().any(is_skipped);
    state.exists && !state.purged && !parked && !skipped
}

fn is_about_people(event: &CloudEvent) -> bool {
    matches!(event.name(), "ParticipantAdded" | "ParticipantChanged" | "ParticipantRemoved")
}

/// A file that is new, or has new content, whatever the event's name: names of tomorrow too.
fn is_upload(event: &CloudEvent, change: &Change<'_>) -> bool {
    let brings = match change.entity.as_ref() {
        "document" => matches!(event.name(), "DocumentUploaded" | "DocumentGenerated" | "DocumentVersionAdded"),
        "taskItem" => matches!(event.name(), "TaskItemAttached" | "TaskItemReplaced"),
        _ => return false,
    };
    change.form != Form::Gone && (brings || change.version == 1)
}

#[cfg(test)]
mod tests;
