//! Groups that were handed to the log and are not known to be durable yet.

use continuity_log::{Head, Log, Record, Ticket};

use crate::IngestError;

/// Groups in flight within one ledger batch, in order.
#[derive(Default)]
pub(crate) struct Flight {
    tickets: Vec<Ticket>,
    last: Option<u64>,
}

impl Flight {
    /// Another group was handed over.
    pub(crate) fn add(&mut self, ticket: Ticket) {
        self.last = Some(ticket.last);
        self.tickets.push(ticket);
    }

    /// Groups not yet waited for.
    pub(crate) fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Waits for all of them.
    pub(crate) fn land(&mut self) -> Result<(), IngestError> {
        for ticket in self.tickets.drain(..) {
            ticket.wait()?;
        }
        Ok(())
    }

    /// Waits for all of them; where the log then is, if there were any.
    pub(crate) fn landed(mut self, log: &Log) -> Result<Option<Head>, IngestError> {
        self.land()?;
        let Some(position) = self.last else { return Ok(None) };
        Ok(Some(Head { position, hash: log.hash_at(position)? }))
    }

    /// A record of the log, waited for if it is in flight.
    pub(crate) fn fetch(&mut self, log: &Log, position: u64) -> Result<Record, IngestError> {
        if position > log.head().position {
            self.land()?;
        }
        Ok(log.get(position)?)
    }
}
