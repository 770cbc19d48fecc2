//! Follows one stream: asks its consumer for messages, and makes a new consumer when that one is of no use any more.

use std::sync::Arc;

use async_nats::{Message as NatsMessage, StatusCode};
use continuity_events::record::{Divergence, SourcePosition};
use futures_util::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio::time::Instant;

use super::api::Api;
use super::consumer::{self, Consumer};
use super::inspect;
use super::judge::{self, Point, Remembered};
use super::message::{self, Stamp};
use super::options::StreamFilter;
use super::order::{Next, Order};
use super::pulls::{Plan, Pulls};
use super::shared::{Flow, Shared, Watch};
use super::trouble::{Trouble, chain};
use crate::source::{Message, Raw};

/// Consumers in a row that may end without having delivered anything.
const FRUITLESS: u32 = 2;

/// A message on its way to the reader.
pub(super) struct Delivered {
    /// Index of its stream.
    pub(super) stream: usize,
    pub(super) sequence: u64,
    /// Where an acknowledgement goes to; empty: nowhere.
    pub(super) reply: String,
    /// What it counts for.
    pub(super) bytes: usize,
    pub(super) message: Message,
}

/// Why a consumer is of no use any more.
enum Ended {
    /// It is not there, or does not serve us.
    Gone(String),
    /// It delivered something that did not arrive.
    Gap,
    /// It delivered what it had delivered before.
    Back(u64),
    /// Nobody takes messages any more.
    Closed,
}

/// Follows one stream.
pub(super) struct Follower {
    pub(super) api: Api,
    pub(super) shared: Arc<Shared>,
    pub(super) index: usize,
    pub(super) filter: StreamFilter,
    /// When the stream was created.
    pub(super) created: String,
    pub(super) plan: Plan,
    pub(super) max_message_bytes: usize,
    pub(super) out: Sender<Delivered>,
}

impl Follower {
    /// Until the connection ends.
    pub(super) async fn run(self, mut consumer: Consumer) {
        let _watch = Watch(Arc::clone(&self.shared), "following a stream");
        let (mut fruitless, mut went_back) = (0, false);
        loop {
            let before = self.flow().arrived.lock().count;
            let ended = self.deliver(&mut consumer).await;
            fruitless = if self.flow().arrived.lock().count > before { 0 } else { fruitless + 1 };
            let detail = match ended {
                Ended::Closed => return,
                Ended::Back(sequence) if went_back => return self.shared.fail(self.rewound(sequence)),
                Ended::Back(sequence) => {
                    went_back = true;
                    format!("it went back to message {sequence}")
                }
                Ended::Gap => "a message that it delivered did not arrive".to_owned(),
                Ended::Gone(detail) => detail,
            };
            let stream = &self.filter.stream;
            tracing::info!(stream, detail, "the consumer is of no use any more; a new one is made");
            if fruitless > FRUITLESS {
                return self.shared.fail(Trouble::disconnected(format!("{stream}: {detail}")));
            }
            match self.renewed().await {
                Ok(new) => consumer = new,
                Err(trouble) => return self.shared.fail(trouble),
            }
        }
    }

    fn flow(&self) -> &Flow {
        &self.shared.flows[self.index]
    }

    /// A new consumer behind what arrived, if the stream still is what it was.
    async fn renewed(&self) -> Result<Consumer, Trouble> {
        let point = self.flow().arrived.lock().point;
        let unread = point.map(|point| point.sequence + 1);
        let remembered = Remembered { created: Some(self.created.clone()), next: None, point, unread };
        inspect::inspect(&self.api, &self.filter.stream, &remembered).await?;
        let consumer = consumer::create(&self.api, &self.filter, point.map_or(0, |point| point.sequence)).await?;
        self.begins(&consumer);
        Ok(consumer)
    }

    fn begins(&self, consumer: &Consumer) {
        let mut arrived = self.flow().arrived.lock();
        arrived.consumer.clone_from(&consumer.name);
        arrived.delivered = 0;
    }

    /// Takes what the consumer delivers, until it is of no use any more.
    async fn deliver(&self, consumer: &mut Consumer) -> Ended {
        self.begins(consumer);
        let mut order = Order::behind(self.flow().arrived.lock().sequence());
        let mut pulls = Pulls::new(self.plan);
        loop {
            if let Err(ended) = self.ask(consumer, &mut pulls).await {
                return ended;
            }
            let lost = pulls.until();
            let message = tokio::select! {
                biased;
                message = consumer.messages.next() => message,
                () = self.flow().taken.notified() => continue,
                () = tokio::time::sleep_until(lost.unwrap_or_else(Instant::now)), if lost.is_some() => {
                    pulls.expire(Instant::now());
                    continue;
                }
            };
            let Some(message) = message else { return Ended::Gone("its subscription ended".to_owned()) };
            let stamp = message.reply.as_deref().and_then(Stamp::parse);
            let taken = match stamp {
                Some(stamp) => {
                    pulls.arrived();
                    self.take(&message, stamp, &mut order).await
                }
                None => status(&message, &consumer.inbox, &mut pulls),
            };
            if let Err(ended) = taken {
                return ended;
            }
        }
    }

    /// Asks for as much as there is room for.
    async fn ask(&self, consumer: &Consumer, pulls: &mut Pulls) -> Result<(), Ended> {
        while let Some(request) = pulls.request(self.flow().waiting(), Instant::now()) {
            let body = serde_json::to_vec(&request).map_err(|error| Ended::Gone(error.to_string()))?;
            let reply = format!("{}.{}", consumer.inbox, request.id);
            let client = &self.api.client;
            let asked = client.publish_with_reply(consumer.requests.clone(), reply, body.into()).await;
            asked.map_err(|error| Ended::Gone(chain(&error)))?;
        }
        Ok(())
    }

    /// Hands a message on.
    async fn take(&self, message: &NatsMessage, stamp: Stamp, order: &mut Order) -> Result<(), Ended> {
        let next = order.next(&stamp);
        match next {
            Next::Gap => return Err(Ended::Gap),
            Next::Back => return Err(Ended::Back(stamp.sequence)),
            Next::Again | Next::Follows => {}
        }
        self.flow().arrived.lock().delivered = order.delivered();
        if next == Next::Again {
            return Ok(());
        }
        let mark = message::mark(stamp.sequence, stamp.nanos, &message.payload);
        let headers = message::delivered(message.headers.as_ref());
        let raw = message::raw(headers, &message.payload, self.max_message_bytes);
        let reply = message.reply.as_deref().unwrap_or_default().to_owned();
        self.hand_on(Point { sequence: stamp.sequence, mark }, raw, message.length, reply).await
    }

    async fn hand_on(&self, point: Point, raw: Raw, bytes: usize, reply: String) -> Result<(), Ended> {
        let flow = self.flow();
        {
            let mut arrived = flow.arrived.lock();
            let jumped = arrived.point.filter(|before| before.sequence + 1 != point.sequence);
            arrived.jump = arrived.jump.or(jumped.map(|before| before.sequence));
            arrived.point = Some(point);
            arrived.bytes = bytes;
            arrived.count += 1;
        }
        flow.add(bytes);
        let Point { sequence, mark } = point;
        let position = SourcePosition::Stream { stream: self.filter.stream.clone(), sequence, mark };
        let message = Message { raw, position };
        let delivered = Delivered { stream: self.index, sequence, reply, bytes, message };
        self.out.send(delivered).await.map_err(|_| Ended::Closed)
    }

    /// Gets the next message by itself and hands it on: one with headers out of form ends the connection when a consumer
    /// delivers it, and must not be in the way of all that follow.
    pub(super) async fn get_next(&self) -> Result<(), Trouble> {
        let from = self.flow().arrived.lock().sequence() + 1;
        let Some(stored) = self.api.next(&self.filter, from).await? else { return Ok(()) };
        let (stream, sequence) = (&self.filter.stream, stored.sequence);
        tracing::warn!(stream, sequence, "the connection was lost before this message came; it is got by itself");
        self.flow().arrived.lock().got += 1;
        let raw = message::raw(message::stored(&stored.headers), &stored.payload, self.max_message_bytes);
        let bytes = stored.payload.len() + stored.headers.len();
        let handed = self.hand_on(Point { sequence, mark: stored.mark }, raw, bytes, String::new()).await;
        handed.map_err(|_| Trouble::disconnected("nobody takes messages"))
    }

    fn rewound(&self, sequence: u64) -> Trouble {
        let (stream, point) = (&self.filter.stream, self.flow().arrived.lock().point);
        let remembered = Remembered { created: Some(self.created.clone()), next: None, point, unread: None };
        let facts = [judge::KIND, (judge::CREATED, self.created.as_str())];
        let present = continuity_readmodel::ledger::Identity {
            partition: stream.clone(),
            facts: facts.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        };
        let detail = format!("it delivers message {sequence} again, to a new consumer too");
        Trouble::diverged(Divergence::Rewound, stream, judge::point(&remembered), detail, vec![present])
    }
}

/// What the server says instead of a message.
fn status(message: &NatsMessage, inbox: &str, pulls: &mut Pulls) -> Result<(), Ended> {
    let number = message.subject.strip_prefix(inbox).and_then(|rest| rest.strip_prefix('.'));
    let id = number.and_then(|number| number.parse().ok()).unwrap_or_default();
    let said = message.description.as_deref().unwrap_or_default();
    match message.status.unwrap_or(StatusCode::OK).as_u16() {
        100 => Ok(()),
        409 if said.contains("Exceeds MaxBytes") => {
            let left = message.headers.as_ref().and_then(|headers| headers.get("Nats-Pending-Bytes"));
            pulls.too_large(id, left.and_then(|left| left.as_str().parse().ok()).unwrap_or(0));
            Ok(())
        }
        404 | 408 => {
            pulls.ended(id);
            Ok(())
        }
        409 if said.contains("Batch Completed") || said.contains("Leadership Change") => {
            pulls.ended(id);
            Ok(())
        }
        503 => Err(Ended::Gone("there is no such consumer any more".to_owned())),
        code => Err(Ended::Gone(format!("the server says {code} {said}"))),
    }
}
