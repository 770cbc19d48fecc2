//! How each kind of record changes the ledger. The same code runs on what is about to be appended and at catch-up.

use continuity_events::catalogue::{HEARTBEAT, SNAPSHOT, SNAPSHOT_COMPLETED, SNAPSHOT_STARTED};
use continuity_events::record::{
    Completeness, GapClosed, GapOpened, Operator, Quarantined, Received, Released, SourceEvent, SourcePosition,
    SourceProgress, Stored, Synchronised, decode,
};
use continuity_events::{CloudEvent, Form, Reason, Role, TYPE_PREFIX};
use continuity_log::{Kind, Record};

use super::batch::LedgerBatch;
use super::chunk::number_of;
use super::order::{HeldEvent, LoanOrder};
use super::quarantine::{QuarantineEntry, QuarantineState};
use super::totals::{LoggedHeartbeat, PausedBy, SnapshotProgress};
use super::{CONTROL_IDS, DISMISS, LedgerError, PAUSE, RESUME, RETAKE, partition, tables};
use crate::error::StoreError;

/// A record's body, decoded.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A loan event that is visible at once.
    Event(&'a Received),
    /// A loan event that a gap holds back.
    Held(&'a Received),
    /// A snapshot of a loan.
    Snapshot(&'a Received),
    /// A control event.
    Control(&'a Received),
    /// Held events became visible.
    Released(&'a Released),
    /// Sequences are waited for no longer.
    GapOpened(&'a GapOpened),
    /// Missing sequences came after all; follows from the events themselves.
    GapClosed(&'a GapClosed),
    /// Not taken as an event.
    Quarantined(&'a Quarantined),
    /// The source was caught up with.
    Synchronised(&'a Synchronised),
    /// How far the source was read.
    SourceProgress(&'a SourceProgress),
    /// Something an operator did.
    Operator(&'a Operator),
    /// What became of a part of the source.
    Source(&'a SourceEvent),
    /// What the evaluation of a manifest showed.
    Completeness(&'a Completeness),
}

/// What a loan event is to the order beyond its sequence: whether it purges the loan.
///
/// The purge is `after: null` of the loan's own loanRequest, whatever the event's name (contract, section 2).
pub fn is_purge(event: &CloudEvent) -> bool {
    if event.role() != Role::Loan || !event.data.contains("null") {
        return false;
    }
    let Ok(change) = event.change() else { return false };
    change.entity == "loanRequest" && change.form == Form::Gone && Some(&*change.id) == event.loan_id()
}

impl LedgerBatch {
    /// Applies the record at `position`, which must be the next one.
    pub fn apply(&mut self, position: u64, record: &Record) -> Result<(), LedgerError> {
        fn body<T: Stored>(position: u64, record: &Record) -> Result<T, LedgerError> {
            decode(&record.payload).map_err(|source| LedgerError::Decode { position, source })
        }
        match record.kind {
            Kind::Event => self.fold(position, record, Entry::Event(&body(position, record)?)),
            Kind::Held => self.fold(position, record, Entry::Held(&body(position, record)?)),
            Kind::Snapshot => self.fold(position, record, Entry::Snapshot(&body(position, record)?)),
            Kind::Control => self.fold(position, record, Entry::Control(&body(position, record)?)),
            Kind::Released => self.fold(position, record, Entry::Released(&body(position, record)?)),
            Kind::GapOpened => self.fold(position, record, Entry::GapOpened(&body(position, record)?)),
            Kind::GapClosed => self.fold(position, record, Entry::GapClosed(&body(position, record)?)),
            Kind::Quarantined => self.fold(position, record, Entry::Quarantined(&body(position, record)?)),
            Kind::Synchronised => self.fold(position, record, Entry::Synchronised(&body(position, record)?)),
            Kind::SourceProgress => self.fold(position, record, Entry::SourceProgress(&body(position, record)?)),
            Kind::Operator => self.fold(position, record, Entry::Operator(&body(position, record)?)),
            Kind::Source => self.fold(position, record, Entry::Source(&body(position, record)?)),
            Kind::Completeness => self.fold(position, record, Entry::Completeness(&body(position, record)?)),
        }?;
        Ok(())
    }

    /// As [`LedgerBatch::apply`], for a caller that has the body already: `entry` must be what `record` holds.
    pub fn fold(&mut self, position: u64, record: &Record, entry: Entry<'_>) -> Result<(), StoreError> {
        debug_assert_eq!(position, self.position + 1, "records are applied in order, none left out");
        self.position = position;
        self.note(record, entry)?;
        let loan = record.subject.as_str();
        match entry {
            Entry::Event(received) => self.event(position, loan, record.sequence, received),
            Entry::Held(received) => self.hold(position, record, received),
            Entry::Snapshot(received) => self.snapshot(loan, record.sequence, received),
            Entry::Control(received) => self.control(position, record.arrived_at, received),
            Entry::Released(released) => self.release(position, loan, released),
            Entry::GapOpened(opened) => self.change(loan, |order| order.miss(&opened.ranges)),
            Entry::GapClosed(_) | Entry::Completeness(_) => Ok(()),
            Entry::Quarantined(quarantined) => {
                self.quarantine(position, record, quarantined);
                Ok(())
            }
            Entry::Synchronised(_) => {
                (self.totals.synchronised, self.totals.synchronised_at) = (true, Some(record.arrived_at));
                Ok(())
            }
            Entry::SourceProgress(progress) => {
                self.totals.duplicates += progress.duplicates;
                self.read_up_to(&progress.position);
                Ok(())
            }
            Entry::Operator(operator) => self.operator(record.arrived_at, operator),
            Entry::Source(event) => self.source(record.arrived_at, event),
        }
    }

    fn event(&mut self, position: u64, loan: &str, sequence: u64, received: &Received) -> Result<(), StoreError> {
        self.read_up_to(&received.position);
        self.totals.events += 1;
        self.claim(loan, &received.event.source)?;
        let (purge, erasure) = (is_purge(&received.event), received.event.role() == Role::Erasure);
        self.show(loan, sequence, HeldEvent { position, bytes: 0, purge, erasure })
    }

    fn snapshot(&mut self, loan: &str, as_of: u64, received: &Received) -> Result<(), StoreError> {
        self.read_up_to(&received.position);
        self.totals.snapshots += 1;
        self.exported(SnapshotProgress::add_loan);
        self.remember(&received.event)?;
        self.claim(loan, &received.event.source)?;
        self.reach(loan, as_of)?;
        self.change(loan, |order| order.cover(as_of))
    }

    fn control(&mut self, position: u64, at: i64, received: &Received) -> Result<(), StoreError> {
        self.read_up_to(&received.position);
        let event = &received.event;
        if event.name() == HEARTBEAT {
            let sent = event.heartbeat_at().map(|at| at.unix_micros());
            self.totals.heartbeat = Some(LoggedHeartbeat { at: sent, arrived_at: at });
            return Ok(());
        }
        self.totals.controls += 1;
        self.remember(event)?;
        match event.name() {
            SNAPSHOT_STARTED => {
                let (since_position, started_at, control_ids) = (position, at, self.totals.control_ids);
                let export = SnapshotProgress::started(&event.data);
                self.totals.snapshot = Some(SnapshotProgress { since_position, started_at, control_ids, ..export });
            }
            SNAPSHOT_COMPLETED => self.exported(|export| export.complete(&event.data)),
            _ => {}
        }
        Ok(())
    }

    /// Something came for the export that has begun, if one has; once it is whole it is over.
    fn exported(&mut self, change: impl FnOnce(&mut SnapshotProgress)) {
        if let Some(export) = &mut self.totals.snapshot {
            change(export);
        }
        self.totals.snapshot.take_if(|export| export.is_whole());
    }

    /// An event becomes part of the loan's visible history.
    pub(super) fn show(&mut self, loan: &str, sequence: u64, event: HeldEvent) -> Result<(), StoreError> {
        self.reach(loan, sequence)?;
        let row = self.row(loan)?;
        if number_of(sequence) == row.tail.number {
            row.tail.set(sequence, event.position);
        } else {
            let mut chunk = self.chunk(loan, number_of(sequence))?;
            chunk.set(sequence, event.position);
            self.store_chunk(loan, &chunk);
        }
        self.change(loan, |order| if event.erasure { order.cover(sequence) } else { order.fill(sequence) })?;
        if event.purge { self.purge(loan, sequence) } else { Ok(()) }
    }

    /// The loan's last visible sequence is at least `sequence`.
    fn reach(&mut self, loan: &str, sequence: u64) -> Result<(), StoreError> {
        let row = self.row(loan)?;
        if sequence <= row.order.last {
            return Ok(());
        }
        row.order.last = sequence;
        if let Some(full) = row.advance(sequence) {
            self.store_chunk(loan, &full);
        }
        Ok(())
    }

    /// Changes a loan's order and keeps the figures and the list of incomplete loans in step with its gaps.
    fn change(&mut self, loan: &str, change: impl FnOnce(&mut LoanOrder)) -> Result<(), StoreError> {
        let order = &mut self.row(loan)?.order;
        let before = order.gaps.len();
        change(order);
        let after = order.gaps.len();
        self.totals.gaps_open = self.totals.gaps_open - before as u64 + after as u64;
        match (before, after) {
            (0, 1..) => {
                self.totals.incomplete_loans += 1;
                self.put(tables::INCOMPLETE, tables::loan(loan), Vec::new());
            }
            (1.., 0) => {
                self.totals.incomplete_loans -= 1;
                self.delete(tables::INCOMPLETE, &tables::loan(loan));
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn claim(&mut self, loan: &str, source: &str) -> Result<(), StoreError> {
        let order = &mut self.row(loan)?.order;
        if !order.claim(source) {
            return Ok(());
        }
        let key = order.source().to_vec();
        self.totals.loans += 1;
        if self.get(tables::SOURCES, &key)?.is_none() {
            self.put(tables::SOURCES, key, source.as_bytes().to_vec());
        }
        Ok(())
    }

    /// Remembers a control event's id and forgets the oldest beyond the bound.
    fn remember(&mut self, event: &CloudEvent) -> Result<(), StoreError> {
        self.totals.control_ids += 1;
        let number = self.totals.control_ids;
        let id = tables::control_id(&event.source, &event.id);
        if let Some(before) = self.control_number(&event.source, &event.id)? {
            self.delete(tables::CONTROL, &tables::number(before));
        }
        self.put(tables::CONTROL, tables::number(number), id.clone());
        self.put(tables::CONTROL, id, number.to_be_bytes().to_vec());
        let Some(oldest) = number.checked_sub(CONTROL_IDS).filter(|oldest| *oldest > 0) else { return Ok(()) };
        let oldest = tables::number(oldest);
        if let Some(id) = self.get(tables::CONTROL, &oldest)? {
            self.delete(tables::CONTROL, &id);
            self.delete(tables::CONTROL, &oldest);
        }
        Ok(())
    }

    fn quarantine(&mut self, position: u64, record: &Record, body: &Quarantined) {
        self.read_up_to(&body.position);
        let entry = QuarantineEntry {
            reason: body.reason.clone(),
            loan: record.subject.clone(),
            sequence: record.sequence,
            event_id: body.event_id.clone(),
            event_type: body.event_type.clone(),
            bytes: body.raw.len() as u64,
            arrived_at: record.arrived_at,
            state: QuarantineState::Open,
        };
        let totals = &mut self.totals;
        totals.quarantined += 1;
        totals.quarantined_bytes += entry.bytes;
        *totals.quarantined_by_reason.entry(entry.reason.clone()).or_default() += 1;
        totals.forks += u64::from(entry.reason == Reason::Fork.code());
        if entry.event_type.as_deref().is_some_and(|name| name.strip_prefix(TYPE_PREFIX) == Some(SNAPSHOT)) {
            self.exported(SnapshotProgress::add_loan);
        }
        self.put(tables::QUARANTINE, position.to_be_bytes().to_vec(), entry.encode());
        self.put(tables::REFUSED, tables::refused(&body.position, &body.raw), Vec::new());
    }

    fn operator(&mut self, at: i64, operator: &Operator) -> Result<(), StoreError> {
        match operator.action.as_str() {
            DISMISS => self.settle(&operator.detail, QuarantineState::Dismissed),
            RETAKE => self.settle(&operator.detail, QuarantineState::Taken),
            PAUSE => {
                let (actor, reason) = (operator.actor.clone(), operator.reason.clone());
                self.totals.paused = Some(PausedBy { actor, reason, since: at });
                Ok(())
            }
            RESUME => {
                self.totals.paused = None;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes a quarantined record off the list of those that wait.
    fn settle(&mut self, detail: &str, state: QuarantineState) -> Result<(), StoreError> {
        let Ok(position) = detail.trim_start_matches("position ").parse::<u64>() else { return Ok(()) };
        let key = position.to_be_bytes();
        let Some(row) = self.get(tables::QUARANTINE, &key)? else { return Ok(()) };
        let mut entry = QuarantineEntry::decode(&row)?;
        if entry.state == QuarantineState::Open {
            entry.state = state;
            self.totals.quarantined -= 1;
            self.totals.quarantined_bytes -= entry.bytes;
            self.put(tables::QUARANTINE, key.to_vec(), entry.encode());
        }
        Ok(())
    }

    pub(super) fn read_up_to(&mut self, position: &SourcePosition) {
        self.partitions.insert(partition(position), position.clone());
    }
}
