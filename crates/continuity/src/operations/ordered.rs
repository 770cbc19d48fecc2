//! What the console orders, as commands.

use continuity_console::{Order, Orders, WebhookAgain};
use serde_json::Value;

use super::Operations;
use crate::control::{Command, Reply, WebhookOrder};

/// The operations, for the console.
pub(crate) struct Ordered(pub(crate) Operations);

impl Orders for Ordered {
    fn give(&self, order: Order, by: &str, tell: &mut dyn FnMut(u64, u64)) -> Result<Value, String> {
        let changes = order.changes();
        let command = command(order);
        let done = self.0.execute(&command, by, &mut |reply| {
            if let Reply::Progress { done, of } = reply {
                tell(done, of);
            }
        });
        if changes {
            let error = done.as_ref().err().map(|error| format!("{error:#}"));
            tracing::info!(actor = by, ?command, error, "an order was given in the console");
        }
        done.map_err(|error| format!("{error:#}"))
    }
}

fn command(order: Order) -> Command {
    match order {
        Order::Status => Command::Status,
        Order::SourceStatus => Command::SourceStatus,
        Order::SourcePause { reason } => Command::SourcePause { reason },
        Order::SourceResume { reason } => Command::SourceResume { reason },
        Order::SourceSync => Command::SourceSync,
        Order::SourceAccept { reason } => Command::SourceAccept { reason },
        Order::SourceResync { loan, reason } => Command::SourceResync { loan, from: None, reason },
        Order::EvaluateCompleteness => Command::Completeness { again: true, limit: 0 },
        Order::ReadModels => Command::ProjectionList,
        Order::Rebuild { name } => Command::ProjectionRebuild { name },
        Order::RollBack { name, build } => Command::ProjectionRollback { name, build },
        Order::Discard { name, build } => Command::ProjectionDiscard { name, build },
        Order::Quarantined { after, limit } => Command::QuarantineList { after, limit },
        Order::QuarantinedOne { position } => Command::QuarantineShow { position },
        Order::QuarantineRetry { position, reason } => Command::QuarantineRetry { position, reason },
        Order::QuarantineDismiss { position, reason } => Command::QuarantineDismiss { position, reason },
        Order::Parked { after, limit } => Command::Parked { after, limit },
        Order::BlobRetry { sha256 } => Command::BlobRetry { sha256 },
        Order::BlobVerify { sha256 } => Command::BlobVerify { sha256 },
        Order::Scrub => Command::BlobScrub,
        Order::LogSegments { control } => Command::LogSegments { control },
        Order::LogVerify { control } => Command::LogVerify { control },
        Order::Backups => Command::BackupStatus,
        Order::BackUp => Command::BackupCreate { to: None },
        Order::VerifyBackup => Command::BackupVerify,
        Order::Webhooks => webhook(WebhookOrder::List),
        Order::WebhookDead { subscription, limit } => {
            webhook(WebhookOrder::Dead { subscription: Some(subscription), limit })
        }
        Order::WebhookReplay { subscription, again } => {
            let (message, range) = match again {
                WebhookAgain::Dead => (None, None),
                WebhookAgain::Message(id) => (Some(id), None),
                WebhookAgain::Range { from, to } => (None, Some((from, to))),
            };
            webhook(WebhookOrder::Replay { subscription, message, range })
        }
        Order::WebhookEnable { subscription } => webhook(WebhookOrder::Enable { subscription }),
        Order::WebhookTest { subscription } => webhook(WebhookOrder::Test { subscription }),
        Order::Configuration => Command::Configuration,
    }
}

fn webhook(order: WebhookOrder) -> Command {
    Command::Webhook { order }
}
