//! One loan: folding its next change, starting from a snapshot, and folding it all again.

use continuity_events::record::Received;
use continuity_events::{Change, CloudEvent, Form, SnapshotData};
use tracing::warn;

use super::EngineError;
use super::replay::{Origin, Replay, body};
use crate::fold::{Base, Circumstances, EntityState, LOAN_REQUEST, Loan, Verdict, Why, decide, entity_key};
use crate::projection::{AUDIT_ENTRY, ChangeForm, EntityChange};

impl Replay {
    /// The next visible event of a loan in sequence order; `None` when its data is no change.
    pub(super) fn fold(&mut self, loan: &mut Loan, at: Origin, change: Option<&Change<'_>>) -> Result<(), EngineError> {
        if loan.row.parked.is_some() {
            loan.row.parked_events += 1;
            return Ok(());
        }
        let Some(change) = change else {
            self.park(loan, at.sequence, Why::Form);
            return Ok(());
        };
        let key = entity_key(&change.entity, &change.id);
        let stored = self.loans.entity(loan, &key)?;
        let circumstances = Circumstances {
            loan: &loan.id,
            gap_below: loan.row.gap_below(at.sequence),
            from_snapshot: loan.row.base.is_some(),
            known: self.vocabulary.knows(&change.entity),
        };
        match decide(circumstances, change, stored) {
            Verdict::Unknown => {}
            Verdict::Park(why) => self.park(loan, at.sequence, why),
            Verdict::Skip(state) => {
                loan.set(key, state);
                loan.row.skipped.insert((change.entity.to_string(), change.id.to_string()));
            }
            Verdict::Fold(state) => {
                if stored.is_some_and(|before| before.skipping) {
                    loan.row.skipped.remove(&(change.entity.to_string(), change.id.to_string()));
                }
                loan.set(key, state);
                self.apply(loan, at, change)?;
            }
        }
        Ok(())
    }

    fn apply(&mut self, loan: &mut Loan, at: Origin, change: &Change<'_>) -> Result<(), EngineError> {
        loan.row.exists |= change.entity == LOAN_REQUEST;
        if change.entity == AUDIT_ENTRY {
            return Ok(());
        }
        let form = match change.form {
            Form::After(after) => ChangeForm::After(after),
            Form::Gone => ChangeForm::Gone,
            Form::Patch { patch, .. } => ChangeForm::Patch(patch),
        };
        let change = EntityChange {
            loan: &loan.id,
            entity: &change.entity,
            id: &change.id,
            parent: change.parent.as_ref(),
            version: change.version,
            form,
            sequence: at.sequence,
            position: at.bytes,
            from_snapshot: false,
        };
        Ok(self.models.apply(at.now, &change)?)
    }

    /// Forgets the loan for good; its events end here.
    pub(super) fn purge(&mut self, loan: &mut Loan, now: u64) -> Result<(), EngineError> {
        loan.forget_entities();
        loan.row.begin_again();
        loan.row.purged = true;
        loan.refold = false;
        Ok(self.models.purge(now, &loan.id)?)
    }

    /// A snapshot of the loan arrived (contract, section 5).
    pub(super) fn snapshot(&mut self, loan: &mut Loan, at: Origin, event: &CloudEvent) -> Result<(), EngineError> {
        if loan.row.purged {
            // It shows nothing, but what it covers is not missing any more.
            loan.row.cover(at.sequence.min(loan.row.last));
            return Ok(());
        }
        let Ok(data) = event.snapshot() else {
            warn!(
                loan_request.id = loan.id,
                log.position = at.bytes,
                "a snapshot in the log cannot be read; it has no effect"
            );
            return Ok(());
        };
        if loan.refold {
            // Whether an event is parked decides below.
            self.refold(loan, at.now)?;
        }
        let (row, as_of) = (&mut loan.row, at.sequence.max(data.as_of_sequence));
        let settles = row.parked.is_some_and(|parked| parked <= as_of);
        if as_of <= row.last && !row.gap_below(as_of + 1) && !settles {
            return Ok(());
        }
        let (is_first, is_last) = (row.position == 0, as_of >= row.last);
        row.cover(as_of);
        row.base = Some(Base { as_of, position: at.bytes });
        row.position = at.now;
        self.loans.saw_time(&event.time);
        if !is_last {
            loan.refold = true;
            return Ok(());
        }
        if !is_first {
            self.models.clear(at.now, &loan.id)?;
        }
        self.start_from(loan, Origin { sequence: as_of, ..at }, &data)
    }

    /// An erasure: a loan event of its own sequence that folds as a snapshot as of it (contract, section 5).
    pub(super) fn erased(&mut self, loan: &mut Loan, at: Origin, event: &CloudEvent) -> Result<(), EngineError> {
        if !loan.row.purged {
            loan.row.erased = true;
            // Also where a snapshot went past it, and what is folded stays as it is.
            loan.row.position = at.now;
            self.appended(loan, at, event, None)?;
        }
        self.snapshot(loan, at, event)
    }

    /// Begins the loan, which is cleared, with a snapshot.
    fn start_from(&mut self, loan: &mut Loan, at: Origin, data: &SnapshotData<'_>) -> Result<(), EngineError> {
        loan.forget_entities();
        loan.row.begin_again();
        for entity in &data.entities {
            let foreign = entity.entity == LOAN_REQUEST && entity.id != loan.id;
            if foreign || !self.vocabulary.knows(&entity.entity) {
                continue;
            }
            let state = EntityState { version: entity.version, alive: true, skipping: false };
            loan.set(entity_key(&entity.entity, &entity.id), state);
            loan.row.exists |= entity.entity == LOAN_REQUEST;
            let change = EntityChange {
                loan: &loan.id,
                entity: &entity.entity,
                id: &entity.id,
                parent: entity.parent.as_ref(),
                version: entity.version,
                form: ChangeForm::After(entity.after),
                sequence: at.sequence,
                position: at.bytes,
                from_snapshot: true,
            };
            self.models.apply(at.now, &change)?;
        }
        Ok(())
    }

    /// Folds everything known of the loan again, in sequence order (contract, section 6.1).
    pub(super) fn refold(&mut self, loan: &mut Loan, now: u64) -> Result<(), EngineError> {
        loan.refold = false;
        self.refold_base(loan, now)?;
        let first = loan.row.base.map_or(1, |base| base.as_of + 1);
        for (sequence, bytes) in self.history.events(&loan.id, first..=loan.row.last)? {
            // The ledger may know more than was folded so far.
            if bytes > now || loan.row.is_missing(sequence) {
                continue;
            }
            if loan.row.parked.is_some() {
                loan.row.parked_events += 1;
                continue;
            }
            let record = self.history.record(bytes)?;
            let received: Received = body(bytes, &record)?;
            let change = received.event.change().ok();
            self.fold(loan, Origin { now, bytes, sequence }, change.as_ref())?;
        }
        Ok(())
    }

    fn refold_base(&mut self, loan: &mut Loan, now: u64) -> Result<(), EngineError> {
        self.models.clear(now, &loan.id)?;
        let Some(Base { as_of, position }) = loan.row.base else {
            let nothing = SnapshotData { as_of_sequence: 0, entities: Vec::new() };
            return self.start_from(loan, Origin { now, bytes: 0, sequence: 0 }, &nothing);
        };
        let record = self.history.record(position)?;
        let received: Received = body(position, &record)?;
        let data =
            received.event.snapshot().map_err(|rejection| EngineError::Record { position, cause: rejection.detail })?;
        self.start_from(loan, Origin { now, bytes: position, sequence: as_of }, &data)
    }

    fn park(&self, loan: &mut Loan, sequence: u64, why: Why) {
        loan.row.parked = Some(sequence);
        loan.row.parked_events = 1;
        if !self.of_the_past {
            warn!(loan_request.id = loan.id, sequence, cause = %why, "an event cannot be folded; its loan stays as it was before it");
        }
    }
}
