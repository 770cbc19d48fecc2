//! Events that gaps hold back.

use continuity_events::Role;
use continuity_events::record::{Received, Released};
use continuity_log::Record;

use super::batch::LedgerBatch;
use super::fold::is_purge;
use super::order::HeldEvent;
use super::tables;
use crate::error::StoreError;

impl LedgerBatch {
    pub(super) fn hold(&mut self, position: u64, record: &Record, received: &Received) -> Result<(), StoreError> {
        let loan = record.subject.as_str();
        self.read_up_to(&received.position);
        self.totals.events += 1;
        self.claim(loan, &received.event.source)?;
        let held = HeldEvent {
            position,
            bytes: record.payload.len() as u64,
            purge: is_purge(&received.event),
            erasure: received.event.role() == Role::Erasure,
        };
        let value = postcard::to_stdvec(&held).expect("plain numbers always encode");
        self.put(tables::HELD, tables::loan_number(loan, record.sequence), value);
        self.totals.held += 1;
        self.totals.held_bytes += held.bytes;
        let order = &mut self.row(loan)?.order;
        order.held += 1;
        order.held_bytes += held.bytes;
        if order.held == 1 {
            order.held_first = position;
            self.totals.held_loans += 1;
            self.put(tables::WAITING, tables::waiting(position, loan), Vec::new());
        }
        Ok(())
    }

    pub(super) fn release(&mut self, position: u64, loan: &str, released: &Released) -> Result<(), StoreError> {
        self.put(tables::RELEASES, tables::loan_number(loan, position), Vec::new());
        let all = self.held_events(loan)?;
        let (shown, kept): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|(sequence, _)| (released.from..=released.to).contains(sequence));
        for (sequence, held) in &shown {
            self.forget_held(loan, *sequence, held)?;
        }
        self.wait_again(loan, &kept)?;
        for (sequence, held) in shown {
            self.show(loan, sequence, held)?;
        }
        Ok(())
    }

    /// What is held above a purge is not shown any more: ingest quarantines each of them behind it.
    pub(super) fn purge(&mut self, loan: &str, sequence: u64) -> Result<(), StoreError> {
        let order = &mut self.row(loan)?.order;
        let purged = order.purged_at.map_or(sequence, |at| at.min(sequence));
        order.purged_at = Some(purged);
        let held = order.held;
        self.note_purge(loan, purged);
        if held == 0 {
            return Ok(());
        }
        let (gone, kept): (Vec<_>, Vec<_>) = self.held_events(loan)?.into_iter().partition(|(at, _)| *at > sequence);
        for (at, held) in gone {
            self.totals.events -= 1;
            self.forget_held(loan, at, &held)?;
        }
        self.wait_again(loan, &kept)
    }

    fn forget_held(&mut self, loan: &str, sequence: u64, held: &HeldEvent) -> Result<(), StoreError> {
        self.delete(tables::HELD, &tables::loan_number(loan, sequence));
        self.totals.held -= 1;
        self.totals.held_bytes -= held.bytes;
        let order = &mut self.row(loan)?.order;
        order.held -= 1;
        order.held_bytes -= held.bytes;
        Ok(())
    }

    /// After some held events went: since when do the others wait?
    fn wait_again(&mut self, loan: &str, kept: &[(u64, HeldEvent)]) -> Result<(), StoreError> {
        let first = kept.iter().map(|(_, held)| held.position).min().unwrap_or(0);
        let order = &mut self.row(loan)?.order;
        let before = std::mem::replace(&mut order.held_first, first);
        if before == first {
            return Ok(());
        }
        self.delete(tables::WAITING, &tables::waiting(before, loan));
        if first == 0 {
            self.totals.held_loans -= 1;
        } else {
            self.put(tables::WAITING, tables::waiting(first, loan), Vec::new());
        }
        Ok(())
    }
}
