//! What an arriving event is (contract, section 6), and the records that say so.
//!
//! A [`Decider`] works on a ledger batch: each record that it makes is applied there at once, so the next decision sees
//! it. Nothing is written here; the caller appends the records, waits for the disk and commits the batch.

mod loan;
mod release;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use continuity_base::Timestamp;
use continuity_events::catalogue::{HEARTBEAT, SNAPSHOT_COMPLETED};
use continuity_events::record::{
    Quarantined, Received, SourcePosition, SourceProgress, Stored, Synchronised, decode, encode,
};
use continuity_events::{CloudEvent, Reason, Rejection, Role};
use continuity_log::{Kind, Record};
use continuity_readmodel::ledger::{Entry, LedgerBatch, LedgerError, partition};

use self::loan::MAX_LOAN_ID_BYTES;
use crate::parse::{Parsed, Refused};
use crate::{HeldLimits, IngestError, QuarantineLimits};

/// Reads a record that was appended earlier, waiting until it is durable if need be.
pub(crate) type Fetch<'a> = dyn FnMut(u64) -> Result<Record, IngestError> + 'a;

/// The bounds that pause ingest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bounds {
    pub(crate) held: HeldLimits,
    pub(crate) quarantine: QuarantineLimits,
}

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is dealt with.
    Taken,
    /// A bound is reached: the message has to wait. Why, for the operator.
    Paused(String),
}

/// How far a partition of the source was read within a group, beyond what records say.
#[derive(Debug)]
pub(crate) struct Progress {
    /// The newest position, of a record or not.
    pub(crate) position: SourcePosition,
    pub(crate) duplicates: u64,
    /// Records hold the newest position.
    pub(crate) recorded: bool,
    /// It is to be recorded, whatever came.
    pub(crate) passed: bool,
}

/// Makes the records of one group.
pub(crate) struct Decider<'a> {
    pub(crate) source: &'a str,
    pub(crate) bounds: Bounds,
    pub(crate) batch: &'a mut LedgerBatch,
    pub(crate) fetch: &'a mut Fetch<'a>,
    /// Microseconds since the Unix epoch.
    pub(crate) now: i64,
    /// Bytes of the event at hand, as received.
    raw: Vec<u8>,
    pub(crate) records: Vec<Record>,
    pub(crate) progress: HashMap<Vec<u8>, Progress>,
    /// The newest heartbeat that came.
    pub(crate) heartbeat: Option<Heartbeat>,
    /// The next heartbeat is to be logged.
    pub(crate) heartbeat_due: bool,
}

impl<'a> Decider<'a> {
    /// An empty group over `batch`.
    pub(crate) fn new(
        source: &'a str,
        bounds: Bounds,
        batch: &'a mut LedgerBatch,
        fetch: &'a mut Fetch<'a>,
        now: i64,
    ) -> Self {
        Self {
            source,
            bounds,
            batch,
            fetch,
            now,
            raw: Vec::new(),
            records: Vec::new(),
            progress: HashMap::new(),
            heartbeat: None,
            heartbeat_due: false,
        }
    }

    /// Decides on one message. After [`Outcome::Paused`] nothing has changed and it may be offered again.
    pub(crate) fn take(&mut self, parsed: &mut Option<Parsed>) -> Result<Outcome, IngestError> {
        let Some(Parsed { position, event, raw }) = parsed.take() else { return Ok(Outcome::Taken) };
        self.raw = raw;
        match event {
            Ok(event) => {
                let received = Received { event, position };
                let outcome = match received.event.role() {
                    Role::Loan | Role::Erasure => self.loan(&received)?,
                    Role::Snapshot => self.snapshot(&received)?,
                    Role::Control => self.control(&received)?,
                };
                if let Outcome::Paused(_) = outcome {
                    *parsed = Some(Parsed {
                        position: received.position,
                        event: Ok(received.event),
                        raw: std::mem::take(&mut self.raw),
                    });
                }
                Ok(outcome)
            }
            Err(refused) => {
                let outcome = self.refuse(&refused, &position)?;
                if let Outcome::Paused(_) = outcome {
                    *parsed = Some(Parsed { position, event: Err(refused), raw: Vec::new() });
                }
                Ok(outcome)
            }
        }
    }

    /// The source was caught up with: says so the first time, unless a bootstrap export has begun and is not whole.
    /// `again`: also when it was said before.
    pub(crate) fn caught_up(&mut self, how: &str, again: bool) -> Result<(), IngestError> {
        if (self.batch.totals().synchronised && !again) || self.batch.totals().snapshot.is_some() {
            return Ok(());
        }
        let body = Synchronised { source: self.source.to_owned(), how: how.to_owned() };
        self.append(Kind::Synchronised, "", 0, &body, Entry::Synchronised)
    }

    /// The source is at `position` although no message says so.
    pub(crate) fn pass(&mut self, position: SourcePosition) {
        let progress = Progress { position: position.clone(), duplicates: 0, recorded: false, passed: true };
        let passed = self.progress.entry(partition(&position)).or_insert(progress);
        (passed.position, passed.passed) = (position, true);
    }

    /// An earlier group read up to `position` and left it without a record, for long enough now.
    pub(crate) fn overdue(&mut self, position: SourcePosition) {
        let key = partition(&position);
        let earlier = Progress { position, duplicates: 0, recorded: false, passed: false };
        let progress = self.progress.entry(key).or_insert(earlier);
        progress.passed |= !progress.recorded;
    }

    /// Ends the group: what was read beyond its records is recorded too. Heartbeats alone are not worth a record until
    /// they are [`overdue`](Self::overdue).
    pub(crate) fn finish(&mut self) -> Result<(), IngestError> {
        let mut open: Vec<_> = self.progress.iter_mut().filter(|(_, p)| p.duplicates > 0 || p.passed).collect();
        open.sort_by(|a, b| a.0.cmp(b.0));
        let mut bodies = Vec::with_capacity(open.len());
        for (_, progress) in open {
            let (source, position) = (self.source.to_owned(), progress.position.clone());
            bodies.push(SourceProgress { source, position, duplicates: std::mem::take(&mut progress.duplicates) });
            progress.recorded = true;
        }
        bodies.iter().try_for_each(|body| self.append(Kind::SourceProgress, "", 0, body, Entry::SourceProgress))
    }

    fn control(&mut self, received: &Received) -> Result<Outcome, IngestError> {
        let event = &received.event;
        if event.name() == HEARTBEAT {
            return self.heart_beats(received);
        }
        if self.batch.knows_control(&event.source, &event.id)? {
            return Ok(self.duplicate(received));
        }
        self.read(&received.position, true);
        let begun = self.batch.totals().snapshot.is_some();
        self.append(Kind::Control, "", 0, received, Entry::Control)?;
        if event.name() == SNAPSHOT_COMPLETED {
            self.export_ends(begun)?;
        }
        Ok(Outcome::Taken)
    }

    /// A `SnapshotCompleted` came; only the end of a whole export means something.
    fn export_ends(&mut self, begun: bool) -> Result<(), IngestError> {
        match &self.batch.totals().snapshot {
            None if begun => return self.caught_up("a completed snapshot", false),
            Some(export) if export.ended => {
                let (done, missing) = (export.loans_done, export.loans_missing());
                tracing::error!(export = export.id, done, missing, "an export ended and loans are missing from it");
            }
            _ => tracing::error!("a SnapshotCompleted came without the SnapshotStarted of its export: it ends nothing"),
        }
        Ok(())
    }

    /// Most heartbeats only pass. One now and then is logged, so that a restart knows when the last one came.
    fn heart_beats(&mut self, received: &Received) -> Result<Outcome, IngestError> {
        self.heartbeat =
            Some(Heartbeat { at: received.event.heartbeat_at().map(|at| Timestamp::from_micros(at.unix_micros())) });
        let logged = std::mem::take(&mut self.heartbeat_due);
        self.read(&received.position, logged);
        if logged {
            self.append(Kind::Control, "", 0, received, Entry::Control)?;
        }
        Ok(Outcome::Taken)
    }

    fn duplicate(&mut self, received: &Received) -> Outcome {
        self.again(&received.position)
    }

    /// What came from there is here already.
    fn again(&mut self, position: &SourcePosition) -> Outcome {
        self.read(position, false);
        if let Some(progress) = self.progress.get_mut(&partition(position)) {
            progress.duplicates += 1;
        }
        Outcome::Taken
    }

    fn refuse(&mut self, refused: &Refused, position: &SourcePosition) -> Result<Outcome, IngestError> {
        // A source that was accepted anew is read from its beginning.
        if self.batch.has_refused(position, &refused.raw)? {
            return Ok(self.again(position));
        }
        if let Some(full) = self.quarantine_full(refused.raw.len() as u64) {
            return Ok(Outcome::Paused(full));
        }
        let body = Quarantined {
            reason: refused.rejection.reason.code().to_owned(),
            detail: refused.rejection.detail.clone(),
            raw: refused.raw.clone(),
            position: position.clone(),
            event_id: refused.event_id.clone(),
            event_type: refused.event_type.clone(),
        };
        self.read(position, true);
        self.append(Kind::Quarantined, "", 0, &body, Entry::Quarantined)?;
        Ok(Outcome::Taken)
    }

    /// Quarantines a well-formed event that its loan cannot take.
    fn reject(&mut self, received: &Received, rejection: &Rejection) -> Result<Outcome, IngestError> {
        if self.batch.has_refused(&received.position, &self.raw)? {
            return Ok(self.duplicate(received));
        }
        if let Some(full) = self.quarantine_full(self.raw.len() as u64) {
            return Ok(Outcome::Paused(full));
        }
        let raw = std::mem::take(&mut self.raw);
        self.read(&received.position, true);
        self.quarantine(&received.event, raw, received.position.clone(), rejection)?;
        Ok(Outcome::Taken)
    }

    fn quarantine(
        &mut self,
        event: &CloudEvent,
        raw: Vec<u8>,
        position: SourcePosition,
        rejection: &Rejection,
    ) -> Result<(), IngestError> {
        let reason = rejection.reason.code();
        let loan = event.loan_id().filter(|loan| loan.len() <= MAX_LOAN_ID_BYTES).unwrap_or_default();
        if rejection.reason == Reason::Fork {
            tracing::error!(
                loan_request.id = loan,
                event.sequence = event.sequence,
                log.position = self.batch.position() + 1,
                "a fork: another event already has this sequence; it is quarantined"
            );
        } else {
            tracing::warn!(loan_request.id = loan, reason, log.position = self.batch.position() + 1, "quarantined");
        }
        let body = Quarantined {
            reason: reason.to_owned(),
            detail: rejection.detail.clone(),
            raw,
            position,
            event_id: Some(event.id.clone()),
            event_type: Some(event.event_type.clone()),
        };
        self.append(Kind::Quarantined, loan, event.sequence.unwrap_or(0), &body, Entry::Quarantined)
    }

    fn quarantine_full(&self, bytes: u64) -> Option<String> {
        let (totals, limits) = (self.batch.totals(), &self.bounds.quarantine);
        let full = totals.quarantined >= limits.events || totals.quarantined_bytes + bytes > limits.bytes;
        full.then(|| {
            format!(
                "the quarantine is full ({} events, {} bytes): look at it and dismiss what is settled, or raise its bounds",
                totals.quarantined, totals.quarantined_bytes
            )
        })
    }

    /// Notes that the source was read up to `position`.
    fn read(&mut self, position: &SourcePosition, recorded: bool) {
        let key = partition(position);
        match self.progress.get_mut(&key) {
            Some(progress) => {
                progress.position.clone_from(position);
                progress.recorded = recorded;
            }
            None => {
                self.progress
                    .insert(key, Progress { position: position.clone(), duplicates: 0, recorded, passed: false });
            }
        }
    }

    /// Another record of this group, applied to the batch at once.
    pub(crate) fn append<'b, T: Stored>(
        &mut self,
        kind: Kind,
        subject: &str,
        sequence: u64,
        body: &'b T,
        entry: impl FnOnce(&'b T) -> Entry<'b>,
    ) -> Result<(), IngestError> {
        let (subject, payload) = (subject.to_owned(), encode(body));
        let record = Record { kind, subject, sequence, arrived_at: self.now, payload };
        self.batch.fold(self.batch.position() + 1, &record, entry(body))?;
        self.records.push(record);
        Ok(())
    }

    /// The record at a position, of this group or an earlier one.
    fn record(&mut self, position: u64) -> Result<Record, IngestError> {
        let first = self.batch.position() + 1 - self.records.len() as u64;
        match position.checked_sub(first).and_then(|index| usize::try_from(index).ok()) {
            Some(index) => Ok(self.records[index].clone()),
            None => (self.fetch)(position),
        }
    }

    /// The event that a record holds.
    fn received(&mut self, position: u64) -> Result<Received, IngestError> {
        let record = self.record(position)?;
        decode(&record.payload).map_err(|source| LedgerError::Decode { position, source }.into())
    }
}

/// A heartbeat of the platform.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heartbeat {
    /// When it was sent, by the platform's clock; `None`: it does not say so legibly.
    pub(crate) at: Option<Timestamp>,
}
