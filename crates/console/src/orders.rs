//! What operators order: the console gives the orders that the command line gives, through the same operations.

use serde::de::DeserializeOwned;
use serde_json::Value;

use continuity_auth::Session;

use crate::visit::Visit;

/// What the pages ask, and what they have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Positions and counts.
    Status,
    /// How the source is.
    SourceStatus,
    /// Read nothing until it is resumed.
    SourcePause {
        /// Why.
        reason: String,
    },
    /// Read again.
    SourceResume {
        /// Why.
        reason: String,
    },
    /// Read now, until the source's end was reached once.
    SourceSync,
    /// Take the diverged source as it is.
    SourceAccept {
        /// Why.
        reason: String,
    },
    /// Repair a loan from its newest snapshot. Takes long.
    SourceResync {
        /// Its id.
        loan: String,
        /// Why.
        reason: String,
    },
    /// Evaluate the newest manifest once more. Takes long.
    EvaluateCompleteness,
    /// The read models.
    ReadModels,
    /// Fold one again from the log. Takes long.
    Rebuild {
        /// Its name.
        name: String,
    },
    /// Serve the build of one that is kept, and keep the one that is served.
    RollBack {
        /// Its name.
        name: String,
        /// Number of the build.
        build: u64,
    },
    /// Remove the build of one that is kept.
    Discard {
        /// Its name.
        name: String,
        /// Number of the build.
        build: u64,
    },
    /// Events that could not be accepted, oldest first.
    Quarantined {
        /// Only those behind this log position.
        after: u64,
        /// At most so many.
        limit: u64,
    },
    /// One of them with its bytes.
    QuarantinedOne {
        /// Its log position.
        position: u64,
    },
    /// Look at its bytes once more, and take them in if they are good now.
    QuarantineRetry {
        /// Its log position.
        position: u64,
        /// Why.
        reason: String,
    },
    /// Let it rest; its bytes stay.
    QuarantineDismiss {
        /// Its log position.
        position: u64,
        /// Why.
        reason: String,
    },
    /// Loans with an event that cannot be folded, by id.
    Parked {
        /// Only those behind this id.
        after: Option<String>,
        /// At most so many.
        limit: u64,
    },
    /// Fetch a blob again, now.
    BlobRetry {
        /// Its digest.
        sha256: String,
    },
    /// Hash a stored blob again, now.
    BlobVerify {
        /// Its digest.
        sha256: String,
    },
    /// Hash all stored blobs again, now. Takes long.
    Scrub,
    /// Where a log ends, and its files.
    LogSegments {
        /// The control log instead of the replica log.
        control: bool,
    },
    /// Read and check a whole log. Takes long.
    LogVerify {
        /// The control log instead of the replica log.
        control: bool,
    },
    /// The backup in the configured directory, and its verification.
    Backups,
    /// Make a backup there. Takes long.
    BackUp,
    /// Verify it by restoring it. Takes long.
    VerifyBackup,
    /// The webhook subscriptions.
    Webhooks,
    /// Messages that were given up.
    WebhookDead {
        /// Of which subscription.
        subscription: String,
        /// At most so many, newest first.
        limit: u64,
    },
    /// Send once more.
    WebhookReplay {
        /// To which subscription.
        subscription: String,
        /// What.
        again: WebhookAgain,
    },
    /// Send again to a subscription whose receiver had ended it.
    WebhookEnable {
        /// Which one.
        subscription: String,
    },
    /// Send a ping, and say what came of it.
    WebhookTest {
        /// To which subscription.
        subscription: String,
    },
    /// What the process was started with: no secret is in it.
    Configuration,
}

/// What is sent once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookAgain {
    /// Every message that was given up.
    Dead,
    /// One of them.
    Message(String),
    /// What the log tells between these positions.
    Range {
        /// The first one.
        from: u64,
        /// The last one.
        to: u64,
    },
}

impl Order {
    /// Whether something is done; else something is only asked.
    pub fn changes(&self) -> bool {
        !matches!(
            self,
            Self::Status
                | Self::SourceStatus
                | Self::ReadModels
                | Self::Quarantined { .. }
                | Self::QuarantinedOne { .. }
                | Self::Parked { .. }
                | Self::LogSegments { .. }
                | Self::Backups
                | Self::Webhooks
                | Self::WebhookDead { .. }
                | Self::Configuration
        )
    }
}

/// Carries orders out.
pub trait Orders: Send + Sync {
    /// Carries one out for `by`, who stands in the records of what it changes, and tells how far long work is (done, of). The
    /// answer is that of the command line's `--json`; the error is for people. Blocks.
    fn give(&self, order: Order, by: &str, tell: &mut dyn FnMut(u64, u64)) -> Result<Value, String>;
}

/// A person as records of what operators do have it: who, and from where.
pub(crate) fn by(session: &Session) -> String {
    let email = &session.account.settings.email;
    session.origin.address.map_or_else(|| email.clone(), |address| format!("{email} from {address}"))
}

impl Visit {
    /// Has an order carried out for the person, off the threads that serve.
    pub(crate) async fn give(&self, session: &Session, order: Order) -> Result<Value, String> {
        let (orders, by) = (self.console.orders.clone(), by(session));
        let given = tokio::task::spawn_blocking(move || orders.give(order, &by, &mut |_, _| {})).await;
        given.unwrap_or_else(|error| {
            tracing::error!(%error, "an order of the console panicked");
            Err(self.texts().failed_text.to_owned())
        })
    }

    /// What is answered to an order, in the form that a page needs.
    pub(crate) async fn learn<T: DeserializeOwned>(&self, session: &Session, order: Order) -> Result<T, String> {
        let value = self.give(session, order).await?;
        read(value).ok_or_else(|| self.texts().failed_text.to_owned())
    }
}

/// An answer in the form that a page needs; `None`, and a line in the process' log, where it has another one.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).inspect_err(|error| tracing::error!(%error, "an answer is not as pages know it")).ok()
}

/// What an error says as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
