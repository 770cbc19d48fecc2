//! Who is told what, and how.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Clock;
use continuity_log::Log;
use continuity_readmodel::ledger::LedgerReader;
use continuity_readmodel::{EngineHandle, SyncBoard};

use crate::Kind;
use crate::schedule::Retry;
use crate::sign::SigningKey;
use crate::target::Targets;

/// Somebody who is told.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Its name for operators, in metrics, and in the state: the same one goes on where it was.
    pub id: String,
    /// Where messages go.
    pub url: String,
    /// What is told.
    pub kinds: Vec<Kind>,
    /// Keys to sign with: the one in use, and during a rotation the one before it.
    pub keys: Vec<SigningKey>,
}

/// How webhooks work.
#[derive(Clone, Debug)]
pub struct WebhookOptions {
    /// The file of their state; its directory is there.
    pub state: PathBuf,
    /// Who is told.
    pub subscriptions: Vec<Subscription>,
    /// Where messages may go.
    pub targets: Targets,
    /// PEM file of the authorities that certificates of targets may come from, beside the system's.
    pub ca: Option<PathBuf>,
    /// How long one attempt may take.
    pub limit: Duration,
    /// How often a message is tried.
    pub retry: Retry,
    /// How long the source has to be away before that is told.
    pub stalled_after: Duration,
    /// How often what has nothing to do looks for something.
    pub tick: Duration,
}

impl WebhookOptions {
    /// Nobody is told anything; bounds are those of the default configuration.
    pub fn new(state: PathBuf) -> Self {
        Self {
            state,
            subscriptions: Vec::new(),
            targets: Targets::default(),
            ca: None,
            limit: Duration::from_secs(15),
            retry: Retry::default(),
            stalled_after: Duration::from_mins(1),
            tick: Duration::from_millis(100),
        }
    }
}

/// What webhooks are told of.
#[derive(Clone)]
pub struct WebhookPlaces {
    /// What happened.
    pub log: Log,
    /// Where in the log the events of a loan are.
    pub ledger: LedgerReader,
    /// What the API can answer with.
    pub engine: EngineHandle,
    /// How the source is.
    pub sync: SyncBoard,
    /// The time.
    pub clock: Arc<dyn Clock>,
}
