//! The connection to the source: when it is made, what comes over it, when it is given up.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError, TrySendError};
use std::thread;
use std::time::Duration;

use super::divergence::News;
use super::{LOOK, Worker};
use crate::reader::{Connect, Delivered, Delivery, ParsedBatch};
use crate::source::{Known, Resumed};
use crate::{IngestError, SourceError};

impl Worker {
    /// Tells the reader where to resume, once it is time.
    pub(super) fn connect(&mut self) -> Result<(), IngestError> {
        if self.is_closed() || self.retry.is_none_or(|at| self.now() < at) {
            return Ok(());
        }
        let ledger = self.parts.ledger.reader();
        let export = self.parts.ledger.totals().snapshot.clone();
        let known = Known { positions: ledger.positions()?, identities: ledger.identities()?, export };
        let connection = self.connections + 1;
        self.reader.gate.open(connection);
        match self.reader.connect.try_send(Connect { connection, known }) {
            Ok(()) => {
                (self.connections, self.connection) = (connection, connection);
                self.retry = None;
            }
            // The reader hangs in a connection that was given up.
            Err(TrySendError::Full(_)) => self.reader.gate.close(),
            Err(TrySendError::Disconnected(_)) => return Err(IngestError::Reader),
        }
        Ok(())
    }

    /// Ends the connection from this side. What was delivered and not decided on comes again after the next one.
    pub(super) fn disconnect(&mut self) {
        self.reader.gate.close();
        self.connection = 0;
        self.connected = false;
        self.unproven = None;
        (self.holds.bound, self.holds.rest) = (None, None);
        self.queue.clear();
        self.passed.clear();
        self.unrecorded.forget();
        self.end = None;
        self.time.tick(self.now(), false);
    }

    /// Waits for the next delivery, a short while.
    pub(super) fn wait(&mut self) -> Result<(), IngestError> {
        if self.holds.space.is_some() {
            thread::sleep(LOOK);
            return Ok(());
        }
        match self.next(LOOK)? {
            Some(delivered) => self.delivered(delivered)?,
            None => self.look_for_life(),
        }
        Ok(())
    }

    /// Takes the next delivery if there is one; whether there is more to decide.
    pub(super) fn receive_more(&mut self) -> Result<bool, IngestError> {
        let Some(delivered) = self.next(Duration::ZERO)? else { return Ok(false) };
        self.delivered(delivered)?;
        Ok(self.has_work())
    }

    /// The next delivery of the present connection; those of earlier ones are dropped.
    fn next(&self, limit: Duration) -> Result<Option<Delivered>, IngestError> {
        loop {
            let received = if limit.is_zero() {
                self.reader.deliveries.try_recv().map_err(|error| error == TryRecvError::Disconnected)
            } else {
                self.reader.deliveries.recv_timeout(limit).map_err(|error| error == RecvTimeoutError::Disconnected)
            };
            match received {
                Ok(Delivery { connection, what }) if connection == self.connection => return Ok(Some(what)),
                Ok(_) => {}
                Err(true) => return Err(IngestError::Reader),
                Err(false) => return Ok(None),
            }
        }
    }

    fn delivered(&mut self, delivered: Delivered) -> Result<(), IngestError> {
        match delivered {
            Delivered::Resumed(resumed) => self.resumed(resumed)?,
            Delivered::Batch(batch) => self.batch(batch),
            Delivered::Rests(until) => self.rests(until),
            Delivered::Failed(error) => self.failed(error),
        }
        Ok(())
    }

    fn resumed(&mut self, resumed: Resumed) -> Result<(), IngestError> {
        self.connected = true;
        self.time.tick(self.now(), true);
        // A source that was diverged may let us in and fail again at the first look at its messages.
        if self.diverged.is_some() || !self.parts.ledger.reader().divergences()?.is_empty() {
            self.unproven = Some(resumed);
        } else {
            self.believe(resumed, false);
        }
        Ok(())
    }

    fn believe(&mut self, resumed: Resumed, recovered: bool) {
        tracing::info!(source = %self.source, from = %resumed.from, "connected to the source");
        for warning in &resumed.warnings {
            tracing::warn!(source = %self.source, "{warning}");
        }
        self.tell_resumed(&resumed);
        self.news.push(News::Resumed { identities: resumed.identities, recovered });
    }

    fn batch(&mut self, batch: ParsedBatch) {
        if let Some(resumed) = self.unproven.take() {
            tracing::warn!(source = %self.source, "the source holds again what was read from it: ingest goes on");
            self.diverged = None;
            self.believe(resumed, true);
        }
        self.backoff = self.parts.options.reconnect_first;
        self.end = self.tell_batch(&batch);
        self.queue = batch.messages.into();
        self.passed = batch.passed;
    }

    fn failed(&mut self, error: SourceError) {
        let most = self.parts.options.reconnect_most;
        let (wait, known) = match &error {
            SourceError::Diverged { found, .. } => {
                let known = self.diverged.as_ref() == Some(found);
                self.diverged = Some(found.clone());
                self.news.push(News::Diverged(found.clone()));
                (most, known)
            }
            SourceError::Refused { .. } => (most, self.backoff == most),
            SourceError::Disconnected { .. } => (self.backoff, self.backoff > self.parts.options.reconnect_first),
        };
        if known {
            tracing::debug!(source = %self.source, %error, "the source still does not deliver");
        } else {
            tracing::error!(source = %self.source, %error, "the source does not deliver");
        }
        self.backoff = if matches!(error, SourceError::Refused { .. }) { most } else { (self.backoff * 2).min(most) };
        self.disconnect();
        self.retry = Some(self.now() + jittered(wait, rand::random()));
        if matches!(error, SourceError::Diverged { .. }) {
            // It is told once it is recorded: who sees it can look it up.
            self.untold = Some(error);
        } else {
            self.tell_failed(&error);
        }
    }
}

/// A waiting time between half of `wait` and all of it; `luck` is from 0 to 1.
fn jittered(wait: Duration, luck: f64) -> Duration {
    wait / 2 + (wait / 2).mul_f64(luck.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_keeps_between_half_and_all_of_the_time() {
        let wait = Duration::from_secs(30);
        assert_eq!((jittered(wait, 0.0), jittered(wait, 1.0)), (wait / 2, wait));
        assert_eq!(jittered(Duration::ZERO, 0.5), Duration::ZERO);
        let waits: Vec<_> = (0..1_000).map(|_| jittered(wait, rand::random())).collect();
        assert!(waits.iter().all(|w| (wait / 2..=wait).contains(w)));
        let early = waits.iter().filter(|w| **w < wait * 3 / 4).count();
        assert!((250..750).contains(&early), "{early}");
    }
}
