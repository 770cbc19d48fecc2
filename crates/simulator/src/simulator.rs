//! The platform: many loans, each with its agenda, told in the order of time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::time::Duration;

use continuity_base::Timestamp;

use crate::blob::{BlobFile, BlobMode};
use crate::export::{self, Told};
use crate::loan::Loan;
use crate::random::Random;
use crate::scene::{Action, Scene};
use crate::story;
use crate::{control, erasure};

/// What the platform is to be like. The same options give the same bytes.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each off by default")]
pub struct Options {
    /// Everything that looks like chance follows from it.
    pub seed: u64,
    /// `time` of the very first event.
    pub start: Timestamp,
    /// How many loans the history tells of; later ones come after it.
    pub loans: u64,
    /// The number of the first loan. Some ids are made of the number alone, so a platform that shall share no loan with
    /// another one counts from elsewhere.
    pub first_loan: u64,
    /// How fast things happen in the platform's own time.
    pub tempo: Tempo,
    /// How the bytes of documents travel.
    pub blobs: BlobMode,
    /// `source` of every event; plain characters.
    pub source: String,
    /// Whether `SourceHeartbeat` control events are mixed in, one a simulated hour in the history.
    pub heartbeats: bool,
    /// Whether loans are now and then told as a whole (`LoanRequestSnapshot`), beside their changes.
    pub snapshots: bool,
    /// Whether the participants of a loan are now and then forgotten (`DataSubjectErased`).
    pub erasures: bool,
    /// Whether to keep what [`crate::Exporting`] needs of loans that came to their end. Changes no line.
    pub exports: bool,
}

/// How fast things happen in the platform's own time.
#[derive(Clone, Copy, Debug)]
pub struct Tempo {
    /// From one new loan to the next, on average.
    pub between_loans: Duration,
    /// From the arrival of the history's last loan to the history's end.
    pub tail: Duration,
    /// From one step to the next after the history, whatever the agenda says: 200 ms suit 5 steps a second.
    pub live_step: Duration,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            between_loans: Duration::from_hours(4),
            tail: Duration::from_hours(35 * 24),
            live_step: Duration::from_millis(200),
        }
    }
}

impl Options {
    /// A history of `loans` loans from `start` on.
    pub fn new(seed: u64, start: Timestamp, loans: u64) -> Self {
        Self {
            seed,
            start,
            loans,
            first_loan: 0,
            tempo: Tempo::default(),
            blobs: BlobMode::Inline,
            source: "/banclo/eu-1/tenants/harbour-bank".to_owned(),
            heartbeats: false,
            snapshots: false,
            erasures: false,
            exports: false,
        }
    }

    /// From the first event to the end of the history; a history that is to end at `now` starts this much before.
    pub fn history_span(&self) -> Duration {
        let loans = u32::try_from(self.loans).unwrap_or(u32::MAX);
        self.tempo.between_loans.saturating_mul(loans) + self.tempo.tail
    }
}

/// One line of the feed, and what is worth knowing about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// 1 for the first line, without holes: the position in this source.
    pub number: u64,
    /// One event in `CloudEvents` structured JSON, without a line feed.
    pub line: String,
    /// The platform's time.
    pub time: Timestamp,
    /// Whether the line belongs to the history of the first loans.
    pub history: bool,
    /// How many loans have been created so far.
    pub loans: u64,
    /// How many loans have come to their end so far.
    pub loans_done: u64,
    /// Bytes that the line refers to, with [`BlobMode::Files`].
    pub blobs: Vec<BlobFile>,
    /// What it is: as the platform says it, or a fault.
    pub kind: Kind,
}

/// What a line of the feed is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An event as the platform says it.
    #[default]
    Plain,
    /// An event that was told before.
    Duplicate,
    /// A line that is no event.
    Malformed,
    /// A second event for a sequence.
    Fork,
    /// A `CompletenessManifest` whose `at` waits for the positions of everything before it.
    Manifest,
}

type Due = Reverse<(i64, u64)>;

#[derive(Clone, Copy)]
enum Step {
    Arrival(u64),
    Heartbeat,
    Story { loan: u64, action: Action, entity: usize },
}

/// The platform: an endless iterator of [`Emitted`].
pub struct Simulator {
    options: Options,
    history_end: i64,
    agenda: BinaryHeap<Due>,
    steps: HashMap<u64, Step>,
    planned: u64,
    living: HashMap<u64, Loan>,
    ready: VecDeque<Emitted>,
    number: u64,
    live_steps: i64,
    loans: u64,
    loans_done: u64,
    retired: Vec<Told>,
    random: Random,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").field("number", &self.number).field("loans", &self.loans).finish_non_exhaustive()
    }
}

impl Simulator {
    /// A platform at its very beginning.
    pub fn new(options: Options) -> Self {
        let history_end = options.start.plus(options.history_span()).as_micros();
        let random = Random::new(options.seed, 0);
        let mut simulator = Self {
            history_end,
            agenda: BinaryHeap::new(),
            steps: HashMap::new(),
            planned: 0,
            living: HashMap::new(),
            ready: VecDeque::new(),
            number: 0,
            live_steps: 0,
            loans: 0,
            loans_done: 0,
            retired: vec![],
            random,
            options,
        };
        let start = simulator.options.start.as_micros();
        let first = if simulator.options.loans == 0 { history_end + 1 } else { start };
        simulator.plan(first, Step::Arrival(0));
        if simulator.options.heartbeats {
            simulator.plan(start + 1, Step::Heartbeat);
        }
        simulator
    }

    /// The history of `n` loans with the default tempo, afterwards going on for ever.
    pub fn loans(seed: u64, start: Timestamp, n: u64) -> Self {
        Self::new(Options::new(seed, start, n))
    }

    /// The lines of the history alone, in order; the simulator then stands at the first line after it.
    pub fn history(&mut self) -> impl Iterator<Item = Emitted> + '_ {
        std::iter::from_fn(move || if self.in_history() { self.next() } else { None })
    }

    /// How many lines the whole history has, wherever this simulator stands. Found by telling the history once more, so
    /// it takes as long as that does.
    pub fn history_len(&self) -> u64 {
        Self::new(self.options.clone()).history().last().map_or(0, |last| last.number)
    }

    /// Whether the next line belongs to the history.
    pub fn in_history(&mut self) -> bool {
        self.fill();
        self.ready.front().is_some_and(|next| next.history)
    }

    /// As [`Simulator::in_history`], but takes no step beyond the history to find out.
    pub(crate) fn still_in_history(&mut self) -> bool {
        while self.ready.is_empty() && self.agenda.peek().is_some_and(|Reverse((due, _))| *due <= self.history_end) {
            self.step();
        }
        self.ready.front().is_some_and(|next| next.history)
    }

    fn plan(&mut self, due: i64, step: Step) {
        self.planned += 1;
        self.agenda.push(Reverse((due, self.planned)));
        self.steps.insert(self.planned, step);
    }

    fn fill(&mut self) {
        while self.ready.is_empty() && !self.agenda.is_empty() {
            self.step();
        }
    }

    fn step(&mut self) {
        let Some(Reverse((due, key))) = self.agenda.pop() else { return };
        if let Some(step) = self.steps.remove(&key) {
            self.run(due, step);
        }
    }

    fn run(&mut self, due: i64, step: Step) {
        match step {
            Step::Arrival(number) => {
                let next = self.next_arrival(number + 1, due);
                self.plan(next, Step::Arrival(number + 1));
                self.loans += 1;
                let loan = Loan::new(self.options.seed, self.options.first_loan + number, due);
                self.tell(due, loan, story::begin, 0);
            }
            Step::Heartbeat => {
                self.plan(due + micros(Duration::from_hours(1)), Step::Heartbeat);
                let now = self.now(due);
                let line = control::heartbeat(&self.options.source, &mut self.random, Timestamp::from_micros(now));
                self.push(vec![line], vec![], due, now);
            }
            Step::Story { loan, action, entity } => {
                let Some(mut loan) = self.living.remove(&loan) else { return };
                loan.pending -= 1;
                if loan.purged {
                    self.retire(loan, due);
                } else {
                    self.tell(due, loan, action, entity);
                }
            }
        }
    }

    fn next_arrival(&mut self, number: u64, due: i64) -> i64 {
        let gap = self.options.tempo.between_loans.as_micros();
        let gap = u64::try_from(gap).unwrap_or(u64::MAX / 4).max(1);
        if number < self.options.loans {
            let nominal = u128::from(number) * u128::from(gap) + u128::from(self.random.below(gap));
            return self.options.start.as_micros().saturating_add(i64::try_from(nominal).unwrap_or(i64::MAX / 2));
        }
        let wait = i64::try_from(1 + self.random.below(gap * 2)).unwrap_or(1);
        due.max(self.history_end).saturating_add(wait)
    }

    /// The time that a step due at `due` happens at: the agenda's in the history, evenly paced after it.
    fn now(&self, due: i64) -> i64 {
        if due <= self.history_end {
            return due;
        }
        let steps = self.live_steps + 1;
        self.history_end.saturating_add(steps.saturating_mul(micros(self.options.tempo.live_step).max(1)))
    }

    fn tell(&mut self, due: i64, mut loan: Loan, action: Action, entity: usize) {
        let now = self.now(due);
        let mut scene = Scene::new(&mut loan, &self.options.source, &self.options.blobs, now);
        action(&mut scene, entity);
        let Scene { mut lines, files, planned, .. } = scene;
        if self.options.erasures && !loan.purged && !lines.is_empty() && loan.random.percent(1) {
            lines.push(erasure::erase(&self.options.source, &mut loan, Timestamp::from_micros(now)));
        }
        if self.options.exports && loan.purged && loan.purge.is_none() {
            loan.purge = lines.last().cloned();
        }
        if self.options.snapshots && !loan.purged && !lines.is_empty() && loan.random.percent(2) {
            lines.push(control::snapshot(&self.options.source, &mut loan, Timestamp::from_micros(now)));
        }
        loan.pending += planned.len();
        for step in planned {
            let step_due = due.saturating_add(step.after_micros);
            self.plan(step_due, Step::Story { loan: loan.number, action: step.action, entity: step.entity });
        }
        self.retire(loan, now);
        self.push(lines, files, due, now);
    }

    /// Keeps a loan that has something on its agenda; the others are done.
    fn retire(&mut self, mut loan: Loan, now: i64) {
        if loan.pending > 0 {
            self.living.insert(loan.number, loan);
            return;
        }
        self.loans_done += 1;
        if self.options.exports {
            self.retired.push(export::tell(&self.options, &mut loan, Timestamp::from_micros(now)));
        }
    }

    /// What the loans that came to their end since the last call are like, for an export.
    pub(crate) fn take_retired(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.retired)
    }

    /// What the loans that are still going on are like, for an export as of `at`.
    pub(crate) fn tell_living(&mut self, at: Timestamp) -> Vec<Told> {
        let mut living: Vec<&mut Loan> = self.living.values_mut().collect();
        living.sort_by_key(|loan| loan.number);
        living.into_iter().map(|loan| export::tell(&self.options, loan, at)).collect()
    }

    /// What the platform is like.
    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    fn push(&mut self, lines: Vec<String>, mut blobs: Vec<BlobFile>, due: i64, now: i64) {
        self.live_steps += i64::from(due > self.history_end && !lines.is_empty());
        for line in lines {
            self.number += 1;
            self.ready.push_back(Emitted {
                number: self.number,
                line,
                time: Timestamp::from_micros(now),
                history: due <= self.history_end,
                loans: self.loans,
                loans_done: self.loans_done,
                blobs: std::mem::take(&mut blobs),
                kind: Kind::Plain,
            });
        }
    }
}

impl Iterator for Simulator {
    type Item = Emitted;

    fn next(&mut self) -> Option<Emitted> {
        self.fill();
        self.ready.pop_front()
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
