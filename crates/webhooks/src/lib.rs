//! Webhooks: the bank's systems are told what changed, so that they need not ask all the time.
//!
//! [`Webhooks`] follows the log as far as the read models show it, and sends thin messages, signed by the convention
//! Standard Webhooks, to the subscriptions of the configuration. Three promises hold it together:
//!
//! - **At least once, in order.** A subscription has a durable cursor in the log; a message is sent only after the one
//!   before it arrived or was given up. What waits is read from the log when its turn comes, and is not held in memory.
//! - **Never ahead of the API, never old news.** A message goes out only when the API can answer with what it tells.
//!   Rebuilds, restarts, exports and everything before the subscription began say nothing.
//! - **Nowhere else.** Targets are listed; names are looked up and checked for each connection, redirects are not
//!   followed, and no proxy of the environment is used.

mod core;
mod error;
mod health;
mod history;
mod kind;
mod message;
pub mod metrics;
mod options;
mod queue;
mod report;
mod scan;
mod schedule;
mod send;
mod service;
mod sign;
mod standing;
mod state;
mod target;
mod tell;
#[cfg(test)]
mod testing;
mod watch;
mod worker;

pub use error::WebhookError;
pub use health::Health;
pub use kind::Kind;
pub use options::{Subscription, WebhookOptions, WebhookPlaces};
pub use report::{DeadLetter, DeliveryReport, Retrying, SubscriptionReport};
pub use schedule::Retry;
pub use service::{Again, Webhooks};
pub use sign::SigningKey;
pub use target::Targets;
