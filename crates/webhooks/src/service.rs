//! The handle of webhooks, cheap to clone, and the work behind it.

use std::sync::Arc;

use continuity_base::{Stop, Timestamp};
use futures_util::future::join_all;
use serde_json::Map;
use tokio::runtime::Handle;

use crate::core::{Core, Endpoint};
use crate::message::Message;
use crate::options::{WebhookOptions, WebhookPlaces};
use crate::report::{DeadLetter, DeliveryReport, Retrying, SubscriptionReport};
use crate::scan::{Cursor, Marks};
use crate::state::row::{Made, Replay, Row};
use crate::worker::Worker;
use crate::{Health, Kind, WebhookError, metrics, watch};

/// Replays that may be waiting for one subscription.
const REPLAYS: usize = 16;

/// Tells the bank's systems what changed.
#[derive(Clone)]
pub struct Webhooks {
    core: Arc<Core>,
    runtime: Handle,
}

/// What is to be sent once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// Every dead letter.
    Dead,
    /// The dead letter with this message id.
    Message(String),
    /// What the log tells from one position to another.
    Range {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
}

impl Webhooks {
    /// Opens the state. Call it inside a Tokio runtime, with the log open and before anything is appended to it.
    pub fn new(options: WebhookOptions, places: WebhookPlaces) -> Result<Self, WebhookError> {
        metrics::describe();
        Ok(Self { core: Core::open(options, places)?, runtime: Handle::current() })
    }

    /// Works until the stop is asked for; what is under way then is sent again by the next run.
    pub async fn run(self, stop: Stop) {
        let workers = (0..self.core.endpoints.len()).map(|at| Worker::new(Arc::clone(&self.core), at).run());
        let work = async {
            if self.core.endpoints.is_empty() {
                return std::future::pending().await;
            }
            tokio::join!(join_all(workers), watch::run(Arc::clone(&self.core)));
        };
        tokio::select! {
            () = stop.stopped() => {}
            () = work => {}
        }
        if let Err(cause) = self.core.state.save() {
            tracing::warn!(%cause, "the end of the webhooks' state is not on the disk: some messages will arrive twice");
        }
    }

    /// How each subscription is.
    pub fn list(&self) -> Result<Vec<SubscriptionReport>, WebhookError> {
        self.core.endpoints.iter().map(|endpoint| self.report(endpoint)).collect()
    }

    /// How all of them are together.
    pub fn health(&self) -> Result<Health, WebhookError> {
        Health::of(&self.core)
    }

    /// The newest attempts of one subscription, or of all, newest first.
    pub fn deliveries(&self, subscription: Option<&str>, limit: usize) -> Result<Vec<DeliveryReport>, WebhookError> {
        let mut found = Vec::new();
        for id in self.ids(subscription)? {
            found.extend(self.core.state.made(id, limit)?.into_iter().map(|made| delivery(id, made)));
        }
        found.sort_by_key(|delivery| std::cmp::Reverse(delivery.at));
        found.truncate(limit);
        Ok(found)
    }

    /// Dead letters of one subscription, or of all, newest first.
    pub fn dead(&self, subscription: Option<&str>, limit: usize) -> Result<Vec<DeadLetter>, WebhookError> {
        let mut found = Vec::new();
        for id in self.ids(subscription)? {
            let dead = self.core.state.dead(id, limit)?;
            found.extend(dead.into_iter().map(|(dead, again)| DeadLetter {
                subscription: id.to_owned(),
                message: dead.message.id,
                kind: dead.message.kind.name(),
                loan: dead.message.loan,
                position: dead.message.position,
                attempts: dead.attempts,
                given_up_at: Timestamp::from_micros(dead.given_up_at),
                reason: dead.reason,
                again,
            }));
        }
        found.sort_by_key(|letter| std::cmp::Reverse(letter.given_up_at));
        found.truncate(limit);
        Ok(found)
    }

    /// Sends something once more, with the ids that it had; how many dead letters or log positions that are.
    pub fn replay(&self, subscription: &str, again: &Again) -> Result<u64, WebhookError> {
        let endpoint = self.core.endpoint(subscription)?;
        let count = match again {
            Again::Dead => self.retry(subscription, None)?,
            Again::Message(id) => match self.retry(subscription, Some(id))? {
                0 => {
                    return refused(format!(
                        "{subscription} has no dead letter {id} that is not sent again already; `webhooks dead` names them"
                    ));
                }
                count => count,
            },
            Again::Range { from, to } => self.order(subscription, *from, *to)?,
        };
        endpoint.wake.notify_one();
        Ok(count)
    }

    /// Sends to a subscription again whose receiver had answered 410.
    pub fn enable(&self, subscription: &str) -> Result<(), WebhookError> {
        let endpoint = self.core.endpoint(subscription)?;
        self.core.state.write(|writer| writer.change(subscription, |row| row.disabled = None))?;
        endpoint.wake.notify_one();
        Ok(())
    }

    /// Sends a `ping`, once and now; what came of it. Blocks for as long as that takes: not for an asynchronous thread.
    pub fn test(&self, subscription: &str) -> Result<DeliveryReport, WebhookError> {
        let (core, endpoint) = (&self.core, self.core.endpoint(subscription)?);
        let (started, now) = (core.monotonic(), core.now());
        let message = Message::of_now(Kind::Ping, now, core.places.engine.view().position, &Map::new());
        let attempt = self.runtime.block_on(endpoint.sender.send(&message, now));
        let took = core.monotonic().saturating_sub(started);
        metrics::attempted(subscription, attempt.outcome, took);
        Ok(DeliveryReport {
            subscription: subscription.to_owned(),
            at: now,
            message: message.id,
            kind: message.kind.name(),
            loan: None,
            position: message.position,
            attempt: 1,
            outcome: attempt.outcome.name(),
            status: attempt.status,
            millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            detail: attempt.detail,
        })
    }

    /// Sets the gauges, for a scrape.
    pub fn show_metrics(&self) -> Result<(), WebhookError> {
        metrics::show(&self.list()?);
        Ok(())
    }

    fn ids<'a>(&'a self, subscription: Option<&'a str>) -> Result<Vec<&'a str>, WebhookError> {
        match subscription {
            Some(id) => Ok(vec![self.core.endpoint(id)?.subscription.id.as_str()]),
            None => Ok(self.core.endpoints.iter().map(|endpoint| endpoint.subscription.id.as_str()).collect()),
        }
    }

    fn retry(&self, subscription: &str, message: Option<&str>) -> Result<u64, WebhookError> {
        self.core.state.write(|writer| writer.retry(subscription, message))
    }

    fn order(&self, subscription: &str, from: u64, to: u64) -> Result<u64, WebhookError> {
        let Some(row) = self.core.state.row(subscription)? else {
            return refused(format!(
                "{subscription} has not begun: the replica never had everything of its source yet"
            ));
        };
        let to = to.min(row.cursor.position);
        if from == 0 || from > to {
            return refused(format!(
                "there is nothing to replay: {subscription} was told of log positions 1 to {}, and what lies behind is \
                 on its way",
                row.cursor.position
            ));
        }
        if row.replays.len() >= REPLAYS {
            return refused(format!(
                "{REPLAYS} replays of {subscription} are waiting already; try again when some are done"
            ));
        }
        let replay = Replay { cursor: Cursor::behind(from - 1), to, marks: Marks::default() };
        self.core.state.write(|writer| writer.change(subscription, |row| row.replays.push(replay)))?;
        Ok(to - from + 1)
    }

    fn report(&self, endpoint: &Endpoint) -> Result<SubscriptionReport, WebhookError> {
        let (core, subscription) = (&self.core, &endpoint.subscription);
        let found = core.state.row(&subscription.id)?;
        let row = found.clone().unwrap_or_default();
        Ok(SubscriptionReport {
            id: subscription.id.clone(),
            target: endpoint.sender.target.shown(),
            kinds: subscription.kinds.iter().map(|kind| kind.name()).collect(),
            state: state(found.as_ref()),
            since: found.as_ref().map(|row| Timestamp::from_micros(row.since)),
            position: found.as_ref().map(|row| row.cursor.position),
            backlog: found.map_or(0, |row| core.places.log.head().position.saturating_sub(row.cursor.position)),
            delivered: row.delivered,
            delivered_at: row.delivered_at.map(Timestamp::from_micros),
            oldest_undelivered: row.head.as_ref().map(|head| Timestamp::from_micros(head.known_at)),
            retrying: row.head.map(|head| Retrying {
                message: head.id,
                attempts: head.attempts,
                next_at: Timestamp::from_micros(head.due_at),
                reason: head.reason,
            }),
            dead_letters: core.state.dead_letters(&subscription.id)?,
            replaying: row.replays.iter().map(|replay| replay.to.saturating_sub(replay.cursor.position)).sum(),
            disabled_at: row.disabled.map(|disabled| Timestamp::from_micros(disabled.at)),
        })
    }
}

fn state(row: Option<&Row>) -> &'static str {
    match row {
        None => "waiting",
        Some(row) if row.disabled.is_some() => "disabled",
        Some(row) if row.head.is_some() => "retrying",
        Some(_) => "active",
    }
}

fn delivery(subscription: &str, made: Made) -> DeliveryReport {
    DeliveryReport {
        subscription: subscription.to_owned(),
        at: Timestamp::from_micros(made.at),
        message: made.id,
        kind: made.kind.name(),
        loan: made.loan,
        position: made.position,
        attempt: made.attempt,
        outcome: made.outcome.name(),
        status: made.status,
        millis: made.millis,
        detail: made.detail,
    }
}

fn refused<T>(text: String) -> Result<T, WebhookError> {
    Err(WebhookError::Refused(text))
}
