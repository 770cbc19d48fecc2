//! What the API is given to work with.

use std::sync::Arc;
use std::time::Duration;

use continuity_auth::Auth;
use continuity_base::{Clock, Stop};
use continuity_blobs::BlobService;
use continuity_readmodel::ledger::LedgerReader;
use continuity_readmodel::{EngineHandle, SyncBoard};

use crate::ChangeOptions;
use crate::limits::Limits;

/// What to do with a query parameter that an endpoint does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownParameters {
    /// 400 that names it: a filter that is silently ignored answers wrongly.
    #[default]
    Refuse,
    /// Answer without it and name it in `X-Ignored-Params`.
    Ignore,
}

/// How webhooks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookHealth {
    /// Everything arrives, and in time.
    pub well: bool,
    /// Subscriptions of the configuration.
    pub subscriptions: u64,
    /// Log positions that subscriptions have not dealt with yet, summed.
    pub backlog: u64,
    /// Messages that were given up.
    pub dead_letters: u64,
    /// How long the oldest thing has waited that is not dealt with.
    pub oldest_waiting: Option<Duration>,
}

/// Says how webhooks are; `None`: that cannot be read now.
pub type WebhookProbe = Arc<dyn Fn() -> Option<WebhookHealth> + Send + Sync>;

/// How the control stream is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlStreamHealth {
    /// Changes of clients, keys and revocations come and go.
    pub connected: bool,
    /// It stays as it is until somebody changes something.
    pub refused: bool,
    /// Since when it is connected, or not.
    pub since: Duration,
    /// Changes that wait to be sent.
    pub waiting: u64,
    /// Messages that were not read yet; `None` while that is not known.
    pub behind: Option<u64>,
    /// Messages that proved nothing, since the start.
    pub refused_messages: u64,
    /// Messages of a later version, since the start.
    pub later_messages: u64,
}

/// Says how the control stream is followed; `None`: this replica is alone.
pub type ControlStreamProbe = Arc<dyn Fn() -> Option<ControlStreamHealth> + Send + Sync>;

/// Handles of everything that the API reads from; it writes through [`Auth`] alone: access records, and what is administered.
#[derive(Clone)]
pub struct ApiState {
    /// The read models.
    pub engine: EngineHandle,
    /// Which events are known, and what evaluations of manifests showed.
    pub ledger: LedgerReader,
    /// Tokens, clients and access records.
    pub auth: Auth,
    /// How fresh the source is.
    pub sync: SyncBoard,
    /// Bytes of documents and attachments.
    pub blobs: BlobService,
    /// How webhooks are: a function, as this crate does not know them.
    pub webhooks: WebhookProbe,
    /// How the control stream is followed: a function for the same reason.
    pub control_stream: ControlStreamProbe,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Authenticates cursors. Keep it across restarts and share it between replicas, or cursors end with the process.
    pub cursor_key: [u8; 32],
    /// The product's version, shown by `/health`.
    pub version: &'static str,
    /// What `clock.monotonic()` said when the process started; uptime counts from it.
    pub started_at: Duration,
    /// The log's head when the process started; `/ready` and the data paths wait until it is applied.
    pub start_position: u64,
    /// How much may be asked for.
    pub limits: Limits,
    /// Unknown query parameters.
    pub unknown_parameters: UnknownParameters,
    /// Whether a token that expired is answered with 403 instead of 401, as other platforms do.
    pub expired_is_forbidden: bool,
    /// Streams of changes.
    pub changes: ChangeOptions,
    /// Once stopped, `/ready` answers 503 so that balancers turn away.
    pub stop: Stop,
}
