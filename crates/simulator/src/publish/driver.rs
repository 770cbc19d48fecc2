//! From the feed to the transport: pace, heartbeats, manifests, and what came of it.

use std::time::Duration;

use continuity_base::Stop;

use super::message::{Message, Mode};
use super::{PublishError, PublishOptions, Publisher, Summary, Target, connect, position};
use crate::control;
use crate::envelope::Envelope;
use crate::random::Random;
use crate::simulator::{Emitted, Kind};

/// Publishes `feed` until it ends, or until `stop`. Blocks.
pub fn publish(
    feed: impl Iterator<Item = Emitted>,
    to: &Target,
    options: &PublishOptions,
    stop: &Stop,
) -> Result<Summary, PublishError> {
    publish_watched(feed, to, options, stop, &mut |_| {})
}

/// As [`publish`]; `watch` is shown what came of it so far, some ten times a second.
pub fn publish_watched(
    feed: impl Iterator<Item = Emitted>,
    to: &Target,
    options: &PublishOptions,
    stop: &Stop,
    watch: &mut dyn FnMut(&Summary),
) -> Result<Summary, PublishError> {
    let publisher = match connect(to, options, stop) {
        Err(PublishError::Unreachable { .. }) if stop.is_stopped() => {
            return Ok(Summary { stopped: true, ..Summary::default() });
        }
        connected => connected?,
    };
    let mode = if matches!(to, Target::File(_)) { Mode::Structured } else { options.mode };
    let mut driver = Driver { mode, ..Driver::new(publisher, options, stop, watch) };
    for emitted in feed {
        driver.wait_for_turn(emitted.history)?;
        if stop.is_stopped() {
            break;
        }
        driver.hand_over(emitted)?;
    }
    driver.settle()?;
    if options.linger {
        driver.linger()?;
    }
    driver.finish()
}

/// How long the driver waits at most before it looks around again.
const LOOK: Duration = Duration::from_millis(20);
/// How often progress is shown.
const SHOW: Duration = Duration::from_millis(100);
/// Behind its pace by more than this, the feed does not catch up.
const SLACK: Duration = Duration::from_secs(1);

/// Nothing acknowledged for this long is worth a word.
const LONG: Duration = Duration::from_secs(30);

/// Since when nothing was acknowledged.
struct Quiet {
    since: Duration,
    acknowledged: u64,
}

struct Driver<'a> {
    publisher: Box<dyn Publisher>,
    options: &'a PublishOptions,
    mode: Mode,
    stop: &'a Stop,
    watch: &'a mut dyn FnMut(&Summary),
    random: Random,
    /// Tells this run from any other.
    run: String,
    summary: Summary,
    began: Duration,
    turn: Duration,
    next_beat: Duration,
    next_show: Duration,
    /// Once stopped: until when the last acknowledgements are waited for.
    drained_by: Option<Duration>,
    quiet: Quiet,
}

impl<'a> Driver<'a> {
    fn new(
        publisher: Box<dyn Publisher>,
        options: &'a PublishOptions,
        stop: &'a Stop,
        watch: &'a mut dyn FnMut(&Summary),
    ) -> Self {
        let now = options.clock.monotonic();
        // Ids of heartbeats are not part of what a seed promises: they tell of the wall clock.
        let mut random = Random::new(options.clock.now().as_micros().unsigned_abs(), u64::from(std::process::id()));
        let run = random.token(16);
        let summary = Summary::default();
        let mode = options.mode;
        Self {
            publisher,
            options,
            mode,
            stop,
            watch,
            random,
            run,
            summary,
            began: now,
            turn: now,
            next_beat: now,
            next_show: now,
            drained_by: None,
            quiet: Quiet { since: now, acknowledged: 0 },
        }
    }

    /// Waits until the next message is due and there is room for it, and beats meanwhile.
    fn wait_for_turn(&mut self, history: bool) -> Result<(), PublishError> {
        let rate = if history { self.options.history_rate } else { self.options.rate };
        let now = self.wait_for_room()?;
        if rate <= 0.0 {
            self.turn = now;
            return Ok(());
        }
        self.turn = self.turn.max(now.saturating_sub(SLACK)) + Duration::from_secs_f64(1.0 / rate);
        while !self.stop.is_stopped() {
            let now = self.now();
            self.look_around(now)?;
            let wait = self.turn.saturating_sub(now);
            if wait.is_zero() {
                break;
            }
            self.idle(wait.min(LOOK))?;
        }
        Ok(())
    }

    /// Waits while too many messages are in flight; what time it is then.
    fn wait_for_room(&mut self) -> Result<Duration, PublishError> {
        loop {
            let now = self.now();
            self.look_around(now)?;
            if self.stop.is_stopped() || self.publisher.in_flight() < self.options.in_flight.max(1) {
                return Ok(now);
            }
            self.publisher.tend(LOOK)?;
        }
    }

    fn hand_over(&mut self, mut emitted: Emitted) -> Result<(), PublishError> {
        if emitted.kind == Kind::Manifest {
            self.settle()?;
            if self.stop.is_stopped() {
                return Ok(());
            }
            emitted.line = self.with_positions(&emitted.line);
        }
        let count = match emitted.kind {
            Kind::Plain => &mut self.summary.events,
            Kind::Duplicate => &mut self.summary.duplicates,
            Kind::Malformed => &mut self.summary.malformed,
            Kind::Fork => &mut self.summary.forks,
            Kind::Manifest => &mut self.summary.manifests,
        };
        *count += 1;
        self.summary.loans = self.summary.loans.max(emitted.loans);
        self.send(Message::of(&emitted, self.mode, &self.run))
    }

    fn send(&mut self, message: Message) -> Result<(), PublishError> {
        self.summary.messages += 1;
        self.summary.bytes += message.body.len() as u64;
        self.publisher.publish(message)
    }

    /// The manifest with what was acknowledged so far as its `at`, and without its list of loans where that would make it
    /// too large.
    fn with_positions(&self, line: &str) -> String {
        let at = position::to_json(&self.publisher.acknowledged().positions, &self.options.names.control);
        let line = line.replacen("\"at\":{}", &format!("\"at\":{at}"), 1);
        if line.len() <= self.publisher.largest() {
            return line;
        }
        let loans = Envelope::of(&line).and_then(|event| Envelope::of(event.raw("data")?)?.raw("loans"));
        loans.map_or_else(|| line.clone(), |loans| line.replacen(&format!(",\"loans\":{loans}"), "", 1))
    }

    /// Waits until everything is acknowledged; once stopped, no longer than allowed, however often this is called.
    fn settle(&mut self) -> Result<(), PublishError> {
        while self.publisher.in_flight() > 0 {
            let now = self.now();
            if self.stop.is_stopped() && now >= *self.drained_by.get_or_insert(now + self.options.drain) {
                break;
            }
            self.look_around(now)?;
            self.publisher.tend(LOOK)?;
        }
        Ok(())
    }

    /// Goes on with heartbeats until stopped.
    fn linger(&mut self) -> Result<(), PublishError> {
        while !self.stop.is_stopped() {
            let now = self.now();
            self.look_around(now)?;
            self.idle(LOOK)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Summary, PublishError> {
        self.settle()?;
        self.publisher.tend(Duration::ZERO)?;
        self.summary.stopped = self.stop.is_stopped();
        self.note();
        (self.watch)(&self.summary);
        Ok(self.summary)
    }

    /// Lets `wait` pass, whether or not anything is in flight.
    fn idle(&mut self, wait: Duration) -> Result<(), PublishError> {
        let until = self.now() + wait;
        self.publisher.tend(wait)?;
        std::thread::sleep(until.saturating_sub(self.now()));
        Ok(())
    }

    fn look_around(&mut self, now: Duration) -> Result<(), PublishError> {
        if let Some(every) = self.options.heartbeat.filter(|_| now >= self.next_beat && !self.stop.is_stopped()) {
            self.next_beat = now + every;
            // They go past a full queue, but not for ever.
            if self.publisher.in_flight() < self.options.in_flight.max(1) * 2 {
                self.beat()?;
            }
        }
        if now >= self.next_show {
            self.next_show = now + SHOW;
            self.note();
            (self.watch)(&self.summary);
            if let Some(complaint) = self.complaint(now) {
                tracing::warn!("{complaint}");
            }
        }
        Ok(())
    }

    /// What to say when nothing was acknowledged for long: once in each such time.
    fn complaint(&mut self, now: Duration) -> Option<String> {
        let (waiting, acknowledged) = (self.publisher.in_flight(), self.summary.acknowledged);
        if waiting == 0 || acknowledged != self.quiet.acknowledged {
            self.quiet = Quiet { since: now, acknowledged };
        }
        if now.saturating_sub(self.quiet.since) < LONG {
            return None;
        }
        self.quiet.since = now;
        let answer = self.publisher.last_answer().unwrap_or_else(|| "there was no answer".to_owned());
        let seconds = LONG.as_secs();
        Some(format!("nothing was acknowledged for {seconds} s, {waiting} messages wait; the last answer: {answer}"))
    }

    fn beat(&mut self) -> Result<(), PublishError> {
        let line = control::heartbeat(&self.options.source, &mut self.random, self.options.clock.now());
        self.summary.heartbeats += 1;
        self.send(Message::of_line(&line, self.mode))
    }

    fn note(&mut self) {
        let acknowledged = self.publisher.acknowledged();
        self.summary.acknowledged = acknowledged.messages;
        self.summary.repeated = acknowledged.repeated;
        self.summary.deduplicated = acknowledged.deduplicated;
        self.summary.positions.clone_from(&acknowledged.positions);
        self.summary.took = self.now().saturating_sub(self.began);
    }

    fn now(&self) -> Duration {
        self.options.clock.monotonic()
    }
}

#[cfg(test)]
mod tests;
