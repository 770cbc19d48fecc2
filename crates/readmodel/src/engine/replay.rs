//! Folding records into read models, in log order: the one path for following, catching up and rebuilding.

use std::sync::Arc;

use continuity_base::Clock;
use continuity_events::record::{Received, Released, Stored, decode};
use continuity_events::{Change, CloudEvent, Form, Role};
use continuity_log::{Frame, Kind, Record};

use super::EngineError;
use super::history::{Frames, History};
use super::models::{Model, Models, Vocabulary};
use super::saving::{Save, Saving};
use crate::error::StoreError;
use crate::fold::{LOAN_REQUEST, Loan, Loans};
use crate::projection::AppendedEvent;
use crate::store::{Checkpoint, Durability};

/// Read models with the fold that decides for them.
pub(crate) struct Replay {
    pub(super) history: Arc<dyn History>,
    pub(super) vocabulary: Vocabulary,
    pub(super) loans: Loans,
    pub(super) models: Models,
    pub(super) at: Checkpoint,
    frames: Box<dyn Frames>,
    frame: Option<Arc<Frame>>,
    saving: Option<Saving>,
    /// It folds what was folded before: what it finds is no news.
    pub(super) of_the_past: bool,
}

/// Where an event comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Position of the record that is being processed: what a read model has or has not.
    pub(super) now: u64,
    /// Position of the event's bytes.
    pub(super) bytes: u64,
    /// Its place in the loan's history.
    pub(super) sequence: u64,
}

impl Replay {
    /// Goes on where `loans` are.
    pub(crate) fn new(history: Arc<dyn History>, vocabulary: Vocabulary, loans: Loans, models: Models) -> Self {
        let at = loans.checkpoint();
        let frames = history.frames(at.position + 1);
        Self { history, vocabulary, loans, models, at, frames, frame: None, saving: None, of_the_past: false }
    }

    /// How far it is.
    pub(crate) fn at(&self) -> Checkpoint {
        self.at
    }

    /// Folds records up to position `target`, or until `enough` says that a commit is due; whether it did any.
    /// It stops between two frames if it can: within one only when it holds four times what is enough.
    pub(crate) fn advance(&mut self, target: u64, enough: impl Fn(&Self, usize) -> bool) -> Result<bool, EngineError> {
        let start = self.at.position;
        while self.at.position < target {
            let Some(frame) = self.current_frame()? else { break };
            let (done, last) = (self.at.position, frame.last.min(target));
            for (position, record) in (frame.first..=last).zip(&frame.records).skip_while(|(p, _)| *p <= done) {
                self.record(position, record)?;
                self.at = Checkpoint { position, hash: frame.hash.0 };
                if enough(self, 4) {
                    return Ok(true);
                }
            }
            if enough(self, 1) {
                break;
            }
        }
        Ok(self.at.position > start)
    }

    /// Makes what was folded visible, or durable. Waits for what is being saved: a commit in between could make the
    /// fold durable before a read model.
    pub(crate) fn commit(&mut self, durability: Durability) -> Result<(), EngineError> {
        for id in self.loans.to_refold() {
            let mut loan = self.loans.take(&id)?;
            self.refold(&mut loan, self.at.position)?;
            self.loans.give(loan);
        }
        self.saved()?;
        // The fold last: no read model is ever behind it.
        self.models.commit(self.at, durability)?;
        self.loans.commit(self.at, durability)?;
        Ok(())
    }

    /// Makes what is visible durable on another thread, so that folding goes on while the disk works. What fails is
    /// said by the next commit.
    pub(crate) fn save_behind(&mut self, clock: Arc<dyn Clock>) -> Result<(), EngineError> {
        self.saved()?;
        let usable = self.models.list.iter().filter(|model| model.failed.is_none());
        let save = |model: &Model| {
            let (store, file) = (Arc::clone(&model.store), model.file.clone());
            Save { store, file, is_kept: model.is_kept }
        };
        let models = usable.map(save).collect();
        self.saving = Some(Saving::start(self.at, models, Arc::clone(self.loans.store()), clock)?);
        Ok(())
    }

    /// Whether something was saved of which nobody asked yet how it went.
    pub(super) fn has_saved(&self) -> bool {
        self.saving.as_ref().is_some_and(Saving::is_finished)
    }

    /// Waits until what is being saved is.
    pub(super) fn saved(&mut self) -> Result<(), EngineError> {
        let Some(saving) = self.saving.take() else { return Ok(()) };
        let (position, failures) = saving.finish()?;
        self.models.list.iter_mut().for_each(|model| model.saved(position));
        for (file, error) in failures {
            if let Some(model) = self.models.list.iter_mut().find(|model| model.file == file) {
                model.failed = Some(error);
            }
        }
        Ok(())
    }

    /// The frame that holds the next position.
    fn current_frame(&mut self) -> Result<Option<Arc<Frame>>, EngineError> {
        while self.frame.as_ref().is_none_or(|frame| frame.last <= self.at.position) {
            self.frame = self.frames.next_frame()?;
            if self.frame.is_none() {
                return Ok(None);
            }
        }
        Ok(self.frame.clone())
    }

    pub(super) fn record(&mut self, now: u64, record: &Record) -> Result<(), EngineError> {
        match record.kind {
            Kind::Event | Kind::Snapshot => {
                let received: Received = body(now, record)?;
                self.received(now, now, &received.event)
            }
            Kind::Released => self.released(now, record),
            // Held events become visible by Released; gaps follow from what is released; the rest is not about loans.
            _ => Ok(()),
        }
    }

    fn released(&mut self, now: u64, record: &Record) -> Result<(), EngineError> {
        let Released { from, to } = body(now, record)?;
        for (_, bytes) in self.history.events(&record.subject, from..=to)? {
            if bytes < now {
                let held = self.history.record(bytes)?;
                let received: Received = body(bytes, &held)?;
                self.received(now, bytes, &received.event)?;
            }
        }
        Ok(())
    }

    /// An event became visible.
    fn received(&mut self, now: u64, bytes: u64, event: &CloudEvent) -> Result<(), EngineError> {
        let Some(id) = event.loan_id() else { return Ok(()) };
        let at = Origin { now, bytes, sequence: event.sequence.unwrap_or_default() };
        let mut loan = self.loans.take(id)?;
        match event.role() {
            Role::Loan => self.changed(&mut loan, at, event)?,
            Role::Snapshot => self.snapshot(&mut loan, at, event)?,
            Role::Erasure => self.erased(&mut loan, at, event)?,
            Role::Control => {}
        }
        self.loans.give(loan);
        Ok(())
    }

    fn changed(&mut self, loan: &mut Loan, at: Origin, event: &CloudEvent) -> Result<(), EngineError> {
        let late = at.sequence <= loan.row.last;
        let filled = late && loan.row.is_missing(at.sequence);
        loan.row.fill(at.sequence);
        if loan.row.purged {
            return Ok(());
        }
        if !late {
            loan.row.advance(at.sequence);
        }
        // Neither new nor missing: a snapshot went past it while it was held back. It is evidence, nothing more.
        loan.refold |= filled;
        loan.row.position = at.now;
        let change = event.change().ok();
        self.appended(loan, at, event, change.as_ref())?;
        if change.as_ref().is_some_and(|change| is_purge(&loan.id, change)) {
            return self.purge(loan, at.now);
        }
        if late || loan.refold {
            return Ok(());
        }
        self.fold(loan, at, change.as_ref())
    }

    pub(super) fn appended(
        &mut self,
        loan: &Loan,
        at: Origin,
        event: &CloudEvent,
        change: Option<&Change<'_>>,
    ) -> Result<(), StoreError> {
        self.loans.saw_time(&event.time);
        if change.is_some_and(|change| !self.vocabulary.knows(&change.entity)) {
            self.loans.totals.counts.unprojected += 1;
        }
        let appended = AppendedEvent { loan: &loan.id, sequence: at.sequence, position: at.bytes, event, change };
        self.models.appended(at.now, &appended)
    }
}

/// The end of a loan, whatever its version and whatever is parked or missing: what the source purged is not kept.
fn is_purge(loan: &str, change: &Change<'_>) -> bool {
    change.entity == LOAN_REQUEST && change.form == Form::Gone && change.id == loan
}

/// Decodes a record's body.
pub(super) fn body<T: Stored>(position: u64, record: &Record) -> Result<T, EngineError> {
    decode(&record.payload).map_err(|source| EngineError::Record { position, cause: source.to_string() })
}
