//! The work for one subscription: one message after the other, each until it arrived or was given up.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Timestamp;
use continuity_readmodel::View;
use futures_util::FutureExt;
use tracing::{error, info, warn};

use crate::core::{Core, Endpoint, blocking};
use crate::queue::{self, Next, Queued, Then};
use crate::scan::{Cursor, Scanner};
use crate::schedule::Attempts;
use crate::send::{Attempt, Outcome};
use crate::state::row::{Dead, Disabled, Head, Made, Row};
use crate::{Kind, WebhookError, metrics};

/// The wait before work that failed is taken up again, in ticks.
const AGAIN: u32 = 50;
/// How long what arrived may stay without being durable: after a kill so much arrives twice.
const SAVE_EVERY: Duration = Duration::from_millis(500);
/// The longest wait at a time: the clock may be set meanwhile.
const LOOK: Duration = Duration::from_secs(30);

pub(crate) struct Worker {
    core: Arc<Core>,
    /// Index of its endpoint.
    at: usize,
    /// `None` while it reads.
    scanner: Option<Scanner>,
    queue: VecDeque<Queued>,
    saved_at: Duration,
}

/// What to do after a step.
enum Step {
    Go,
    Wait(Duration),
}

impl Worker {
    pub(crate) fn new(core: Arc<Core>, at: usize) -> Self {
        Self { core, at, scanner: None, queue: VecDeque::new(), saved_at: Duration::ZERO }
    }

    /// Works for good. When the log or the state cannot be read or written, it says so and tries again.
    pub(crate) async fn run(mut self) -> Infallible {
        loop {
            let worked = AssertUnwindSafe(self.work()).catch_unwind().await;
            let cause = match worked {
                Ok(Ok(never)) => match never {},
                Ok(Err(cause)) => cause,
                Err(_) => WebhookError::Panicked,
            };
            error!(subscription = self.id(), %cause, "a webhook subscription stands still; tried again");
            self.endpoint().set_failing(true);
            (self.scanner, self.queue) = (None, VecDeque::new());
            tokio::time::sleep(self.core.options.tick * AGAIN).await;
        }
    }

    async fn work(&mut self) -> Result<Infallible, WebhookError> {
        let core = Arc::clone(&self.core);
        blocking(move || core.state.mend()).await?;
        loop {
            let step = self.step().await?;
            self.endpoint().set_failing(false);
            if let Step::Wait(time) = step {
                let core = Arc::clone(&self.core);
                tokio::select! {
                    () = tokio::time::sleep(time.min(LOOK)) => {}
                    () = core.endpoints[self.at].wake.notified() => {}
                }
            }
        }
    }

    fn is_save_due(&self) -> bool {
        self.core.monotonic().saturating_sub(self.saved_at) > SAVE_EVERY
    }

    fn endpoint(&self) -> &Endpoint {
        &self.core.endpoints[self.at]
    }

    fn id(&self) -> &str {
        &self.endpoint().subscription.id
    }

    async fn step(&mut self) -> Result<Step, WebhookError> {
        let (core, id) = (Arc::clone(&self.core), self.id().to_owned());
        let tick = core.options.tick;
        let Some(row) = blocking(move || begun(&core, &id)).await? else { return Ok(Step::Wait(tick)) };
        if row.disabled.is_some() {
            return Ok(Step::Wait(tick));
        }
        if self.queue.is_empty() {
            return self.fill(row).await;
        }
        // What a message tells of can be read from the API: while that is being rebuilt, messages wait.
        let Some(view) = self.core.view() else { return Ok(Step::Wait(tick)) };
        if self.is_void(view).await? {
            return self.skip().await;
        }
        let Some(front) = self.queue.front() else { return Ok(Step::Go) };
        let head = row.head.filter(|head| head.id == front.message.id);
        let now = self.core.now();
        let due = head.as_ref().map_or(now, |head| Timestamp::from_micros(head.due_at));
        // No wait is longer than the longest: the clock may have been set back.
        let wait = due.since(now);
        if !wait.is_zero() && wait <= self.core.options.retry.give_up {
            return Ok(Step::Wait(wait));
        }
        self.attempt(head).await
    }

    /// Looks for what comes next.
    async fn fill(&mut self, row: Row) -> Result<Step, WebhookError> {
        let (core, at) = (Arc::clone(&self.core), self.at);
        let wanted = self.endpoint().wanted.clone();
        let save = self.is_save_due();
        let mut scanner = self.scanner.take().unwrap_or_else(|| Scanner::new(core.history(), wanted));
        let work = move || {
            let endpoint = &core.endpoints[at];
            let id = &endpoint.subscription.id;
            let next = queue::next(&core, id, &endpoint.wanted, &mut scanner, &row)?;
            match &next {
                Next::Moved(then) => core.state.touch(|writer| writer.change(id, |row| queue::apply(row, then)))?,
                // Nothing waits: what was tried does not come up any more, as after a change of the configuration.
                Next::Idle if row.head.is_some() && is_done_with(&core, &row) => {
                    core.state.touch(|writer| writer.change(id, |row| row.head = None))?;
                }
                Next::Idle if save => core.state.save()?,
                Next::Idle | Next::Messages(_) => {}
            }
            Ok((scanner, next))
        };
        let (scanner, next) = blocking(work).await?;
        self.scanner = Some(scanner);
        Ok(match next {
            Next::Idle => {
                if save {
                    self.saved_at = self.core.monotonic();
                }
                Step::Wait(self.core.options.tick)
            }
            Next::Moved(_) => Step::Go,
            Next::Messages(queue) => {
                self.queue = queue;
                Step::Go
            }
        })
    }

    /// Whether the loan of the first message was purged since, and the message is not the one that says so.
    async fn is_void(&self, view: Arc<View>) -> Result<bool, WebhookError> {
        let Some(front) = self.queue.front() else { return Ok(false) };
        let Some(loan) = front.message.loan.clone().filter(|_| !front.message.purge) else { return Ok(false) };
        blocking(move || Ok(view.loan(&loan)?.purged)).await
    }

    /// Is done with the first message without sending it.
    async fn skip(&mut self) -> Result<Step, WebhookError> {
        let Some(Queued { message, then }) = self.queue.pop_front() else { return Ok(Step::Go) };
        info!(subscription = self.id(), message.id, "a webhook is not sent: its loan was purged meanwhile");
        let (core, at) = (Arc::clone(&self.core), self.at);
        let work = move || {
            let id = &core.endpoints[at].subscription.id;
            core.state.touch(|writer| {
                if let Then::Dead(number) = then {
                    writer.raise(id, number)?;
                }
                writer.change(id, |row| {
                    row.head.take_if(|head| head.id == message.id);
                    queue::apply(row, &then);
                })
            })
        };
        blocking(work).await.map(|()| Step::Go)
    }

    async fn attempt(&mut self, head: Option<Head>) -> Result<Step, WebhookError> {
        let Some(Queued { message, then }) = self.queue.front() else { return Ok(Step::Go) };
        let (started, now) = (self.core.monotonic(), self.core.now());
        let attempt = self.endpoint().sender.send(message, now).await;
        let took = self.core.monotonic().saturating_sub(started);
        metrics::attempted(self.id(), attempt.outcome, took);
        let tried = Tried { queued: Queued { message: message.clone(), then: then.clone() }, head, attempt, now, took };
        let save = self.is_save_due();
        let (core, at) = (Arc::clone(&self.core), self.at);
        let done = blocking(move || tried.settle(&core, &core.endpoints[at], save)).await?;
        if save {
            self.saved_at = self.core.monotonic();
        }
        if done {
            self.queue.pop_front();
        }
        Ok(Step::Go)
    }
}

/// Whether everything that can be told was looked at. The log is asked: after a restart the view lies behind it for a while.
fn is_done_with(core: &Core, row: &Row) -> bool {
    core.view().is_some() && core.places.log.head().position <= row.cursor.position
}

/// How far a subscription is. It begins where the log ends once the replica has had everything that its source showed:
/// what came before is not news.
fn begun(core: &Core, id: &str) -> Result<Option<Row>, WebhookError> {
    let row = core.state.row(id)?;
    if row.is_some() || !core.places.sync.snapshot().synchronised {
        return Ok(row);
    }
    let (cursor, since) = (core.places.log.head().position, core.now().as_micros());
    let row = Row { since, begun: cursor, cursor: Cursor::behind(cursor), ..Row::default() };
    let row = core.state.write(|writer| {
        let row = Row { fact: writer.next_fact()?, ..row };
        writer.put(id, &row)?;
        Ok(row)
    })?;
    info!(subscription = id, log.position = cursor, "a webhook subscription begins");
    Ok(Some(row))
}

/// An attempt that was made, to be written down.
struct Tried {
    queued: Queued,
    head: Option<Head>,
    attempt: Attempt,
    now: Timestamp,
    took: Duration,
}

/// What becomes of the message.
enum Fate {
    Delivered,
    Gone,
    Again(Timestamp),
    Dead,
}

impl Tried {
    fn attempts(&self) -> u32 {
        self.head.as_ref().map_or(0, |head| head.attempts) + 1
    }

    /// When the message was first tried.
    fn first_at(&self) -> Timestamp {
        self.head.as_ref().map_or(self.now, |head| Timestamp::from_micros(head.first_at))
    }

    /// Since when the receiver has refused it without a break.
    fn refused_since(&self) -> Option<Timestamp> {
        let before = self.head.as_ref().and_then(|head| head.refused_since).map(Timestamp::from_micros);
        (self.attempt.outcome == Outcome::Refused).then(|| before.unwrap_or(self.now))
    }

    fn fate(&self, core: &Core) -> Fate {
        match self.attempt.outcome {
            Outcome::Delivered => return Fate::Delivered,
            Outcome::Gone => return Fate::Gone,
            // An operator who sends something again hears at once that it is refused again, and nothing waits for it.
            Outcome::Refused if self.queued.then.is_ordered() => return Fate::Dead,
            Outcome::Refused | Outcome::Failed | Outcome::Forbidden => {}
        }
        let (first_at, refused_since) = (self.first_at(), self.refused_since());
        let attempts = Attempts { count: self.attempts(), first_at, refused_since, asked: self.attempt.asked };
        core.options.retry.next(attempts, core.now(), rand::random()).map_or(Fate::Dead, Fate::Again)
    }

    /// Writes down what came of it; whether the message is dealt with. `save`: durably.
    fn settle(self, core: &Core, endpoint: &Endpoint, save: bool) -> Result<bool, WebhookError> {
        let id = &endpoint.subscription.id;
        let Some(row) = core.state.row(id)? else { return Ok(false) };
        let fate = self.fate(core);
        self.say(id, &fate);
        let done = matches!(fate, Fate::Delivered | Fate::Dead);
        let mut dropped = false;
        let durable = save || !matches!(fate, Fate::Delivered);
        let (number, made) = (row.number, self.made());
        let change = |writer: &mut crate::state::Writer<'_>| {
            writer.made(id, number, &made)?;
            if let Then::Dead(old) = self.queued.then
                && done
            {
                writer.raise(id, old)?;
            }
            if matches!(fate, Fate::Dead) {
                dropped = writer.bury(id, number, &self.dead())?;
            }
            writer.change(id, |row| self.note(row, &fate, &endpoint.subscription.url))
        };
        if durable {
            core.state.write(change)?;
        } else {
            core.state.touch(change)?;
        }
        if dropped {
            warn!(
                subscription = id,
                "the oldest dead letter of a webhook subscription was let go of: there are too many"
            );
        }
        Ok(done)
    }

    fn note(&self, row: &mut Row, fate: &Fate, url: &str) {
        row.number += 1;
        match fate {
            Fate::Delivered => {
                (row.delivered, row.delivered_at) = (row.delivered + 1, Some(self.now.as_micros()));
                row.head = None;
                queue::apply(row, &self.queued.then);
            }
            Fate::Dead => {
                (row.dead, row.head) = (row.dead + 1, None);
                queue::apply(row, &self.queued.then);
            }
            Fate::Gone => row.disabled = Some(Disabled { url: url.to_owned(), at: self.now.as_micros() }),
            Fate::Again(due) => {
                let message = &self.queued.message;
                row.head = Some(Head {
                    id: message.id.clone(),
                    attempts: self.attempts(),
                    first_at: self.first_at().as_micros(),
                    refused_since: self.refused_since().map(Timestamp::as_micros),
                    due_at: due.as_micros(),
                    known_at: message.known_at,
                    reason: self.attempt.detail.clone(),
                });
            }
        }
    }

    fn dead(&self) -> Dead {
        Dead {
            message: self.queued.message.clone(),
            attempts: self.attempts(),
            given_up_at: self.now.as_micros(),
            reason: self.attempt.detail.clone(),
        }
    }

    fn made(&self) -> Made {
        let message = &self.queued.message;
        Made {
            at: self.now.as_micros(),
            id: message.id.clone(),
            kind: message.kind,
            loan: message.loan.clone(),
            position: message.position,
            attempt: self.attempts(),
            outcome: self.attempt.outcome,
            status: self.attempt.status,
            millis: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
            detail: self.attempt.detail.clone(),
        }
    }

    fn say(&self, id: &str, fate: &Fate) {
        let (message, cause) = (&self.queued.message, &self.attempt.detail);
        let kind: Kind = message.kind;
        match fate {
            Fate::Delivered => {}
            Fate::Gone => warn!(subscription = id, "a webhook's receiver answers 410: nothing more is sent to it"),
            Fate::Again(due) => {
                warn!(subscription = id, message.id, kind = kind.name(), cause, again_at = %due, "a webhook did not arrive");
            }
            Fate::Dead => {
                error!(
                    subscription = id,
                    message.id,
                    kind = kind.name(),
                    cause,
                    "a webhook was given up: it is a dead letter"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
