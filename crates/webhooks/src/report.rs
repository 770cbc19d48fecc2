//! What operators see.

use continuity_base::Timestamp;

/// How a subscription is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionReport {
    /// Its name.
    pub id: String,
    /// Scheme, host and port of its URL.
    pub target: String,
    /// The kinds that it is for.
    pub kinds: Vec<&'static str>,
    /// `waiting` (the replica never had everything yet), `active`, `retrying` or `disabled`.
    pub state: &'static str,
    /// When it began.
    pub since: Option<Timestamp>,
    /// Everything up to this log position is dealt with.
    pub position: Option<u64>,
    /// Log positions that are not.
    pub backlog: u64,
    /// Messages that arrived, and when the last one did.
    pub delivered: u64,
    /// When the last one arrived.
    pub delivered_at: Option<Timestamp>,
    /// When the message became known that is being tried in vain.
    pub oldest_undelivered: Option<Timestamp>,
    /// How often it was tried, when it is next, and why it did not arrive.
    pub retrying: Option<Retrying>,
    /// Messages that were given up.
    pub dead_letters: u64,
    /// Log positions that are to be sent again.
    pub replaying: u64,
    /// Since when nothing is sent, because the receiver answered 410.
    pub disabled_at: Option<Timestamp>,
}

/// A message that did not arrive yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrying {
    /// Its id.
    pub message: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// Why it did not arrive.
    pub reason: String,
}

/// An attempt that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The subscription.
    pub subscription: String,
    /// When.
    pub at: Timestamp,
    /// Id of the message.
    pub message: String,
    /// Its kind.
    pub kind: &'static str,
    /// The loan that it is about.
    pub loan: Option<String>,
    /// Log position of what it tells.
    pub position: u64,
    /// Which attempt it was, from 1.
    pub attempt: u32,
    /// `delivered`, `failed`, `refused`, `forbidden` or `gone`.
    pub outcome: &'static str,
    /// Status of the answer.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Why it did not arrive.
    pub detail: String,
}

/// A message that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The subscription.
    pub subscription: String,
    /// Id of the message.
    pub message: String,
    /// Its kind.
    pub kind: &'static str,
    /// The loan that it is about.
    pub loan: Option<String>,
    /// Log position of what it tells.
    pub position: u64,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub given_up_at: Timestamp,
    /// Why it did not arrive.
    pub reason: String,
    /// It is about to be sent once more.
    pub again: bool,
}
