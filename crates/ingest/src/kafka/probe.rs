//! The thread that looks at the brokers while the source streams.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::check::{Check, Report};
use super::known::{KnownParts, Part, Point};
use super::look::Looker;
use super::options::KafkaOptions;
use crate::SourceError;

/// What the prober and the source share.
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// How far everything was handed over, and the identities.
    known: KnownParts,
    /// The next offset of each partition.
    next: BTreeMap<Part, i64>,
    /// Number of the look that is wanted now.
    wanted: u64,
    /// What the last look showed, until it is taken.
    outcome: Option<Outcome>,
}

/// How far a partition was handed over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// The next offset.
    pub(super) next: i64,
    /// The position, when there is one.
    pub(super) point: Option<Point>,
}

/// What a look showed.
pub(super) struct Outcome {
    /// Everything that was wanted up to this number is answered by it.
    pub(super) number: u64,
    pub(super) result: Result<Report, SourceError>,
}

/// The source's end of a prober. Dropping it ends the thread, without waiting for it.
pub(super) struct Prober {
    shared: Arc<Shared>,
    wake: SyncSender<()>,
}

impl Prober {
    /// Starts to look every `probe_every`.
    pub(super) fn start(
        name: &str,
        options: &KafkaOptions,
        looker: Looker,
        known: KnownParts,
    ) -> std::io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let shared = Arc::new(Shared { state: Mutex::new(State { known, ..State::default() }) });
        let worker =
            Worker { name: name.to_owned(), options: options.clone(), looker, shared: Arc::clone(&shared), woken };
        thread::Builder::new().name("kafka-probe".to_owned()).spawn(move || worker.run())?;
        Ok(Self { shared, wake })
    }

    /// Tells how far some partitions were handed over.
    pub(super) fn handed_over<'a>(&self, parts: impl Iterator<Item = (&'a Part, Progress)>) {
        let mut state = self.shared.state.lock();
        for (part, progress) in parts {
            state.next.insert(part.clone(), progress.next);
            if let Some(point) = progress.point {
                state.known.points.insert(part.clone(), point);
            }
        }
    }

    /// Asks for a look now; the outcome with that number, or a greater one, is the answer.
    pub(super) fn look_now(&self) -> u64 {
        let mut state = self.shared.state.lock();
        state.wanted += 1;
        let wanted = state.wanted;
        drop(state);
        // A thread that is awake already looks at the number afterwards.
        match self.wake.try_send(()) {
            Ok(()) | Err(TrySendError::Full(()) | TrySendError::Disconnected(())) => wanted,
        }
    }

    /// The outcome of the last look, once.
    pub(super) fn take(&self) -> Option<Outcome> {
        self.shared.state.lock().outcome.take()
    }
}

struct Worker {
    name: String,
    options: KafkaOptions,
    looker: Looker,
    shared: Arc<Shared>,
    woken: Receiver<()>,
}

impl Worker {
    fn run(self) {
        let mut before = BTreeMap::new();
        loop {
            match self.woken.recv_timeout(self.options.probe_every) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let (known, next, number) = {
                let state = self.shared.state.lock();
                (state.known.clone(), state.next.clone(), state.wanted)
            };
            let result = self.look(&known, &idle(&before, &next));
            before = next;
            self.shared.state.lock().outcome = Some(Outcome { number, result });
        }
    }

    fn look(&self, known: &KnownParts, idle: &BTreeMap<Part, i64>) -> Result<Report, SourceError> {
        let check = Check {
            name: &self.name,
            topics: &self.options.topics,
            known,
            compaction: self.options.allow_compaction,
            thorough: false,
            idle,
        };
        check.run(&self.looker, &*self.options.clock)
    }
}

/// Partitions that did not move since the last look.
fn idle(before: &BTreeMap<Part, i64>, now: &BTreeMap<Part, i64>) -> BTreeMap<Part, i64> {
    let still = |(part, next): &(&Part, &i64)| before.get(part) == Some(next);
    now.iter().filter(still).map(|(part, next)| (part.clone(), *next)).collect()
}

/// How long an outcome may stay out before the thread counts as dead.
pub(super) fn patience(options: &KafkaOptions) -> Duration {
    options.probe_every + options.timeout * 4 + Duration::from_secs(2)
}
