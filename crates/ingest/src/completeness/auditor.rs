//! The thread that evaluates manifests when their time has come.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use continuity_base::{Clock, Stop, Timestamp};
use continuity_events::record::Completeness;
use continuity_log::Log;
use continuity_readmodel::ledger::{KeptResult, LedgerReader};
use continuity_readmodel::{CompletenessSummary, SyncBoard};
use parking_lot::Mutex;

use super::report::{self, Report, bounded};
use super::{AuditError, Look, metrics};
use crate::control::{Done, IngestControl, Order, OrderError};

/// The longest time between two looks at the stop and at what is there.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// The shortest one, while the ledger moves all the time.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a manifest that has to wait is left alone, at first and at most: it is read anew each time.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// Results that are looked at for the newest manifest and for where a comparison of content can begin.
const RECENT: usize = 16;

/// Log position of a manifest that waits -> until when it is left alone, and for how long that was.
pub(super) type Waiting = HashMap<u64, (Duration, Duration)>;

/// Gives the bytes of a manifest's list of loans for its blob reference (raw JSON), or says why they are not here.
pub type ReadList = Arc<dyn Fn(&str) -> Result<Vec<u8>, String> + Send + Sync>;

/// What an [`Auditor`] works with.
#[derive(Clone)]
pub struct AuditorOptions {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Reads lists of loans that are in blobs.
    pub read_list: ReadList,
}

/// What evaluating again showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluated {
    /// The result.
    pub result: Completeness,
    /// The log position of its record; `None`: there is no ingester to write it.
    pub recorded: Option<u64>,
}

/// Evaluates manifests, one at a time. Clones share the work.
#[derive(Clone)]
pub struct Auditor {
    log: Log,
    ledger: LedgerReader,
    control: Option<IngestControl>,
    board: SyncBoard,
    options: AuditorOptions,
    busy: Arc<Mutex<()>>,
}

impl Auditor {
    /// The ledger must be that of the log. Without a control nothing is recorded, and [`Auditor::run`] does nothing.
    pub fn new(
        log: Log,
        ledger: LedgerReader,
        control: Option<IngestControl>,
        board: SyncBoard,
        options: AuditorOptions,
    ) -> Self {
        Self { log, ledger, control, board, options, busy: Arc::new(Mutex::new(())) }
    }

    /// Evaluates every manifest whose `at` is reached, and keeps the result, until the end is asked for. What was not
    /// evaluated by then is after the next start.
    ///
    /// What cannot be read is told on the board and tried again: the rest of the replica goes on without it.
    pub fn run(&self, stop: &Stop) {
        let (mut seen, mut waiting) = (0, Waiting::new());
        let mut told = self.tell();
        while !stop.is_stopped() {
            let turn = told.and_then(|()| self.turn(&mut waiting, stop));
            let broken = matches!(turn, Err(AuditError::Broken(_)));
            self.board.completeness_failing(broken);
            if let Err(error) = turn.as_ref() {
                report_failure(error);
            }
            let rest = if broken { PATIENCE.1 } else { PAUSE };
            pause(rest, stop);
            told = if broken { self.tell() } else { Ok(()) };
            seen = self.ledger.wait_beyond(seen, LOOK_EVERY);
        }
    }

    /// Evaluates the newest manifest that was evaluated before once more, over everything that has come since, and keeps
    /// the result. The result has every name, its record as many as one may have. Blocks.
    pub fn again(&self, stop: &Stop) -> Result<Evaluated, AuditError> {
        let _one = self.busy.lock();
        let recent = self.ledger.results(None, RECENT)?;
        let Some(newest) = recent.iter().map(|kept| kept.result.manifest).max() else {
            let waiting = self.ledger.open_manifests()?.len();
            return Err(AuditError::NothingToEvaluate(format!(
                "no completeness manifest was evaluated yet, and {waiting} wait until the source was read up to their `at`"
            )));
        };
        match self.evaluate(newest, true, &recent, stop)? {
            Report::Waiting(parts) => Err(waits(&parts)),
            Report::Result(result) => {
                let recorded = self.keep(&result, stop)?;
                Ok(Evaluated { result: *result, recorded })
            }
        }
    }

    pub(super) fn turn(&self, waiting: &mut Waiting, stop: &Stop) -> Result<(), AuditError> {
        let _one = self.busy.lock();
        let open = self.ledger.open_manifests()?;
        metrics::waiting(open.len());
        waiting.retain(|position, _| open.iter().any(|manifest| manifest.position == *position));
        for manifest in open {
            let now = self.options.clock.monotonic();
            if waiting.get(&manifest.position).is_some_and(|(until, _)| now < *until) {
                continue;
            }
            // Whatever comes of it: an evaluation reads a lot, so the next one of it is not at once.
            let patience = waiting.get(&manifest.position).map_or(PATIENCE.0, |(_, last)| *last * 2);
            let patience = patience.min(PATIENCE.1);
            waiting.insert(manifest.position, (now + patience, patience));
            let recent = self.ledger.results(None, RECENT)?;
            match self.evaluate(manifest.position, false, &recent, stop)? {
                Report::Result(result) => drop(self.keep(&result, stop)?),
                Report::Waiting(parts) => {
                    tracing::debug!(log.position = manifest.position, ?parts, "a completeness manifest waits");
                }
            }
        }
        Ok(())
    }

    fn evaluate(&self, manifest: u64, again: bool, recent: &[KeptResult], stop: &Stop) -> Result<Report, AuditError> {
        let look = Look { log: &self.log, ledger: &self.ledger, stop };
        let earlier = recent.iter().find_map(|kept| kept.result.content_through);
        report::evaluate(look, manifest, again, earlier, &*self.options.read_list)
    }

    /// Records a result, with so many names as a record may have, and waits until the ledger has it, so that the manifest
    /// does not wait any more.
    fn keep(&self, result: &Completeness, stop: &Stop) -> Result<Option<u64>, AuditError> {
        let Some(control) = &self.control else { return Ok(None) };
        let position = match control.give(Order::Record(Box::new(bounded(result))))? {
            Done::Logged(position) => position,
            other => return Err(OrderError::NotApplicable(format!("unexpectedly {other:?}")).into()),
        };
        while self.ledger.wait_beyond(position - 1, LOOK_EVERY) < position {
            if stop.is_stopped() {
                return Err(AuditError::Stopped);
            }
            if self.log.stopped().is_some() {
                return Err(OrderError::NotRunning("the log takes nothing any more".to_owned()).into());
            }
        }
        metrics::evaluated(result);
        tell(result);
        self.tell()?;
        Ok(Some(position))
    }

    /// Shows the newest result on the board and in the metrics.
    fn tell(&self) -> Result<(), AuditError> {
        let newest = self.ledger.results(None, 1)?.pop();
        if let Some(kept) = &newest {
            metrics::newest(&kept.result, kept.at);
        }
        self.board.completeness(newest.map(|KeptResult { at, result, .. }| CompletenessSummary {
            as_of: result.as_of,
            evaluated_at: Timestamp::from_micros(at),
            complete: result.complete,
            loans_missing: result.loans_missing,
            events_missing: result.events_missing,
        }));
        Ok(())
    }
}

fn report_failure(error: &AuditError) {
    match error {
        AuditError::Stopped => {}
        AuditError::Broken(error) => tracing::error!(
            %error,
            "completeness cannot be evaluated: check the disk, then `continuity log verify`; the rest goes on"
        ),
        error => tracing::warn!(%error, "a completeness manifest has to wait"),
    }
}

/// Waits, unless the end is asked for.
fn pause(time: Duration, stop: &Stop) {
    let mut left = time;
    while !left.is_zero() && !stop.is_stopped() {
        let step = left.min(PAUSE);
        thread::sleep(step);
        left -= step;
    }
}

fn waits(parts: &[String]) -> AuditError {
    AuditError::NothingToEvaluate(format!("the source was not read up to {} yet", parts.join(", ")))
}

fn tell(result: &Completeness) {
    let (position, word) = (result.manifest, result.word());
    if result.complete {
        tracing::info!(
            log.position = position,
            loans = result.loans,
            events = result.events,
            "complete by the manifest"
        );
    } else {
        tracing::error!(
            log.position = position,
            result = word,
            loans_missing = result.loans_missing,
            events_missing = result.events_missing,
            loans_unlisted = result.loans_unlisted,
            loans_ahead = result.loans_ahead,
            note = result.note,
            "not complete by the manifest: `continuity completeness` has the names"
        );
    }
}
