//! Webhooks: how subscriptions are, what was sent, what was given up, and sending again.

use anyhow::Result;
use continuity_webhooks::{Again, DeadLetter, DeliveryReport, SubscriptionReport};
use serde_json::{Value, json};

use super::Operations;
use crate::control::WebhookOrder;

/// Carries out an order for `actor`.
pub(super) fn execute(on: &Operations, actor: &str, order: &WebhookOrder) -> Result<Value> {
    let webhooks = &on.following()?.webhooks;
    let limited = |limit: &u64| usize::try_from(*limit).unwrap_or(usize::MAX);
    match order {
        WebhookOrder::List => Ok(webhooks.list()?.iter().map(subscription).collect()),
        WebhookOrder::Deliveries { subscription, limit } => {
            Ok(webhooks.deliveries(subscription.as_deref(), limited(limit))?.iter().map(delivery).collect())
        }
        WebhookOrder::Dead { subscription, limit } => {
            Ok(webhooks.dead(subscription.as_deref(), limited(limit))?.iter().map(dead).collect())
        }
        WebhookOrder::Replay { subscription, message, range } => {
            let again = match (message, range) {
                (_, Some((from, to))) => Again::Range { from: *from, to: *to },
                (Some(message), None) => Again::Message(message.clone()),
                (None, None) => Again::Dead,
            };
            let count = webhooks.replay(subscription, &again)?;
            tracing::info!(actor, subscription, count, ?again, "webhooks are sent again on order");
            Ok(json!({ "subscription": subscription, "count": count }))
        }
        WebhookOrder::Enable { subscription } => {
            webhooks.enable(subscription)?;
            tracing::info!(actor, subscription, "a webhook subscription is enabled on order");
            Ok(json!({ "subscription": subscription }))
        }
        WebhookOrder::Test { subscription } => Ok(delivery(&webhooks.test(subscription)?)),
    }
}

fn subscription(report: &SubscriptionReport) -> Value {
    json!({
        "id": report.id,
        "target": report.target,
        "events": report.kinds,
        "state": report.state,
        "since": report.since.map(|at| at.to_string()),
        "position": report.position,
        "backlogPositions": report.backlog,
        "replayingPositions": report.replaying,
        "delivered": report.delivered,
        "lastDeliveredAt": report.delivered_at.map(|at| at.to_string()),
        "deadLetters": report.dead_letters,
        "disabledAt": report.disabled_at.map(|at| at.to_string()),
        "oldestUndeliveredAt": report.oldest_undelivered.map(|at| at.to_string()),
        "retrying": report.retrying.as_ref().map(|retrying| json!({
            "messageId": retrying.message,
            "attempts": retrying.attempts,
            "nextAt": retrying.next_at.to_string(),
            "reason": retrying.reason,
        })),
    })
}

fn delivery(report: &DeliveryReport) -> Value {
    json!({
        "subscription": report.subscription,
        "at": report.at.to_string(),
        "messageId": report.message,
        "type": report.kind,
        "loanRequestId": report.loan,
        "position": report.position,
        "attempt": report.attempt,
        "outcome": report.outcome,
        "status": report.status,
        "milliseconds": report.millis,
        "detail": Some(&report.detail).filter(|detail| !detail.is_empty()),
    })
}

fn dead(letter: &DeadLetter) -> Value {
    json!({
        "subscription": letter.subscription,
        "givenUpAt": letter.given_up_at.to_string(),
        "messageId": letter.message,
        "type": letter.kind,
        "loanRequestId": letter.loan,
        "position": letter.position,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "again": letter.again,
    })
}
