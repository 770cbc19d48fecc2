//! Counted reads: from the request to the control log.

#[cfg(test)]
mod tests;

use std::time::Duration;

use continuity_base::{Stop, Timestamp};
use metrics::{counter, gauge};

use crate::access::random;
use crate::control::accesses::AccessLog;
use crate::control::event::{By, Change, CountedRead, ReadsRecorded};
use crate::tally::{Counted, MAX_READS};
use crate::{Auth, AuthError, metrics as names};

/// How often it is looked whether a period is over.
const LOOK: Duration = Duration::from_millis(250);

/// Who stands in the control log as the writer of counted reads.
const ACTOR: &str = "replica";

/// How the recording of reads is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadRecording {
    /// Every counted read before this instant is written, unless some are in [`ReadRecording::unrecorded`].
    pub written_until: Timestamp,
    /// Rows that wait for their period to be over.
    pub pending: usize,
    /// Reads since the start that are in no record: the control log took none, or memory had no room.
    pub unrecorded: u64,
}

impl Auth {
    /// Counts a read of data that is not sensitive: of one loan, or of none (a list). `reader` is
    /// [`Principal::reader`](crate::Principal::reader), `endpoint` the operation of the API. Never blocks and never fails;
    /// it is durable once its period is over, see [`Auth::keep_reads`].
    pub fn count_read(&self, reader: &str, loan: Option<&str>, endpoint: &'static str) {
        self.tally().count(reader, loan, endpoint);
    }

    /// Writes counted reads once their period is over, until it is stopped. What is left then, [`Auth::close`] writes.
    pub async fn keep_reads(&self, stop: Stop) -> Result<(), AuthError> {
        while !stop.is_stopped() {
            tokio::select! {
                () = stop.stopped() => return Ok(()),
                () = self.tally().full.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            let auth = self.clone();
            let written = tokio::task::spawn_blocking(move || auth.write_reads(false)).await;
            written.map_err(|_| AuthError::ControlLog("the thread that writes counted reads panicked".to_owned()))?;
        }
        Ok(())
    }

    /// Writes the counted reads of periods that are over; with `all` those of the present one too. Blocks until they are
    /// durable. What cannot be written is counted as not recorded, and said in the log.
    pub fn write_reads(&self, all: bool) {
        let _one_at_a_time = self.writing_reads().lock();
        let mut lost = (0, None);
        for (from, reads) in self.tally().take(all) {
            for rows in reads.chunks(MAX_READS) {
                if let Err(error) = self.write_record(from, rows) {
                    lost = (lost.0 + sum(rows), Some(error));
                }
            }
        }
        self.tally().written();
        if let (reads, Some(error)) = lost {
            self.tally().lose(reads);
            tracing::error!(reads, %error, "reads are in no access record: the control log did not take them");
        }
    }

    fn write_record(&self, from: i64, rows: &[Counted]) -> Result<(), AuthError> {
        let reads = rows.iter().map(|row| CountedRead {
            client_id: row.client_id.to_string(),
            client_name: self.reader_name(&row.client_id),
            loan: row.loan.as_deref().map(str::to_owned),
            endpoint: row.endpoint.to_owned(),
            count: row.count,
        });
        let record = ReadsRecorded { id: random()?, from, seconds: self.tally().seconds(), reads: reads.collect() };
        self.control().append_blocking(By::actor(ACTOR), Change::ReadsRecorded(record))?;
        counter!(names::READS_RECORDED).increment(sum(rows));
        counter!(names::READ_ROWS_RECORDED).increment(rows.len() as u64);
        Ok(())
    }

    /// The recorded reads as they are now. Those that are counted in memory are not among them:
    /// [`Auth::read_recording`], asked before, says until when all are.
    pub fn access_log(&self) -> AccessLog {
        self.control().accesses()
    }

    /// How the recording of reads is.
    pub fn read_recording(&self) -> ReadRecording {
        let tally = self.tally();
        ReadRecording { written_until: tally.written_until(), pending: tally.rows(), unrecorded: tally.unrecorded() }
    }

    /// Sets the gauges to what is true at this moment: for each scrape.
    pub fn show_metrics(&self) {
        let recording = self.read_recording();
        #[expect(clippy::cast_precision_loss, reason = "bounded far below 2^52")]
        gauge!(names::READ_ROWS_PENDING).set(recording.pending as f64);
        let age = self.now().since(recording.written_until).as_secs_f64();
        gauge!(names::READS_BEHIND).set((age - f64::from(self.tally().seconds())).max(0.0));
        counter!(names::READS_UNRECORDED).absolute(recording.unrecorded);
        gauge!(names::CONTROL_LOG_WRITABLE).set(if self.control_log_failure().is_none() { 1.0 } else { 0.0 });
    }
}

fn sum(rows: &[Counted]) -> u64 {
    rows.iter().map(|row| row.count).sum()
}
