//! What all parts share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use continuity_base::Timestamp;
use continuity_readmodel::View;
use tokio::sync::Notify;

use crate::history::History;
use crate::kind::Wanted;
use crate::options::{WebhookOptions, WebhookPlaces};
use crate::scan::Cursor;
use crate::send::Sender;
use crate::state::State;
use crate::target::{Lookup, system_lookup};
use crate::{Subscription, WebhookError, metrics};

pub(crate) struct Core {
    pub(crate) state: State,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) places: WebhookPlaces,
    pub(crate) options: WebhookOptions,
}

/// A subscription, ready to be sent to.
pub(crate) struct Endpoint {
    pub(crate) subscription: Subscription,
    pub(crate) wanted: Wanted,
    pub(crate) sender: Sender,
    /// Something was ordered for it.
    pub(crate) wake: Notify,
    /// It stands still, since log or state cannot be used.
    pub(crate) failing: AtomicBool,
}

impl Core {
    pub(crate) fn open(options: WebhookOptions, places: WebhookPlaces) -> Result<Arc<Self>, WebhookError> {
        let endpoints = options.subscriptions.iter().map(|each| endpoint(each, &options, system_lookup()));
        let endpoints = endpoints.collect::<Result<Vec<_>, _>>()?;
        let state = State::open(&options.state)?;
        let core = Self { state, endpoints, places, options };
        for endpoint in &core.endpoints {
            metrics::register(&endpoint.subscription.id);
            core.fit(endpoint)?;
        }
        Ok(Arc::new(core))
    }

    /// What an earlier process left fits the log and the configuration of this one.
    fn fit(&self, endpoint: &Endpoint) -> Result<(), WebhookError> {
        let (id, head) = (&endpoint.subscription.id, self.places.log.head().position);
        let Some(row) = self.state.row(id)? else { return Ok(()) };
        let ahead = row.cursor.position > head;
        if ahead {
            tracing::warn!(
                subscription = id,
                log.position = head,
                cursor = row.cursor.position,
                "the log ends before what a webhook subscription was told, as after a restore: it goes on at the log's end"
            );
        }
        self.state.write(|writer| {
            writer.change(id, |row| {
                if row.cursor.position >= head {
                    row.cursor = Cursor::behind(head);
                }
                row.head.take_if(|_| ahead);
                row.replays.retain(|replay| replay.to <= head);
                // Another URL may want what the old one did not.
                row.disabled = row.disabled.take().filter(|disabled| disabled.url == endpoint.subscription.url);
            })
        })
    }

    pub(crate) fn endpoint(&self, id: &str) -> Result<&Endpoint, WebhookError> {
        let found = self.endpoints.iter().find(|endpoint| endpoint.subscription.id == id);
        found.ok_or_else(|| WebhookError::Unknown(id.to_owned()))
    }

    pub(crate) fn history(&self) -> History {
        History { log: self.places.log.clone(), ledger: self.places.ledger.clone() }
    }

    /// What the API can answer with now; `None` while a read model is being rebuilt.
    pub(crate) fn view(&self) -> Option<Arc<View>> {
        Some(self.places.engine.view()).filter(|view| view.serves_all())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.places.clock.now()
    }

    pub(crate) fn monotonic(&self) -> Duration {
        self.places.clock.monotonic()
    }
}

impl Endpoint {
    pub(crate) fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
        metrics::failing(&self.subscription.id, failing);
    }
}

fn endpoint(subscription: &Subscription, options: &WebhookOptions, lookup: Lookup) -> Result<Endpoint, WebhookError> {
    let failed = |cause| WebhookError::Subscription { id: subscription.id.clone(), cause };
    let target = options.targets.admit(&subscription.url).map_err(|cause| failed(format!("its url {cause}")))?;
    let keys = subscription.keys.clone();
    let sender = Sender::new(target, keys, options.ca.as_deref(), options.limit, lookup).map_err(failed)?;
    let wanted = Wanted::new(&subscription.kinds);
    Ok(Endpoint {
        subscription: subscription.clone(),
        wanted,
        sender,
        wake: Notify::new(),
        failing: AtomicBool::new(false),
    })
}

/// Runs what blocks off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WebhookError> + Send + 'static,
) -> Result<T, WebhookError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| WebhookError::Panicked)?
}
