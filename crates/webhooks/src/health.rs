//! How webhooks are as a whole, for `/health`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use continuity_base::Timestamp;

use crate::WebhookError;
use crate::core::{Core, Endpoint};

/// How long something may wait before that is worth a look.
const BEHIND: Duration = Duration::from_mins(5);

/// How webhooks are, over all subscriptions of the configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// No subscription stands still, is tried in vain, is disabled, has dead letters, or is 5 minutes behind.
    pub well: bool,
    /// Subscriptions of the configuration.
    pub subscriptions: u64,
    /// Log positions that are not dealt with, summed; each may hold no message, or several.
    pub backlog: u64,
    /// Messages that were given up.
    pub dead_letters: u64,
    /// How long the oldest thing has waited that is not dealt with.
    pub oldest_waiting: Option<Duration>,
}

/// What one subscription adds.
struct Part {
    well: bool,
    backlog: u64,
    dead_letters: u64,
    waiting_since: Option<Timestamp>,
}

impl Health {
    pub(crate) fn of(core: &Core) -> Result<Self, WebhookError> {
        let parts = core.endpoints.iter().map(|endpoint| Part::of(core, endpoint));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let since = parts.iter().filter_map(|part| part.waiting_since).min();
        let oldest_waiting = since.map(|since| core.now().since(since));
        Ok(Self {
            well: parts.iter().all(|part| part.well) && oldest_waiting.is_none_or(|waits| waits < BEHIND),
            subscriptions: parts.len() as u64,
            backlog: parts.iter().map(|part| part.backlog).sum(),
            dead_letters: parts.iter().map(|part| part.dead_letters).sum(),
            oldest_waiting,
        })
    }
}

impl Part {
    fn of(core: &Core, endpoint: &Endpoint) -> Result<Self, WebhookError> {
        let id = &endpoint.subscription.id;
        let failing = endpoint.failing.load(Ordering::SeqCst);
        let dead_letters = core.state.dead_letters(id)?;
        // One that has not begun has nothing to tell.
        let Some(row) = core.state.row(id)? else {
            return Ok(Self { well: !failing, backlog: 0, dead_letters, waiting_since: None });
        };
        let backlog = core.places.log.head().position.saturating_sub(row.cursor.position);
        let next = if backlog > 0 { Some(core.places.log.get(row.cursor.position + 1)?.arrived_at) } else { None };
        // What is tried may be something that came later than what the log has to tell.
        let known_at = row.head.as_ref().map(|head| head.known_at).into_iter().chain(next).min();
        let well = !failing && row.head.is_none() && row.disabled.is_none() && dead_letters == 0;
        Ok(Self { well, backlog, dead_letters, waiting_since: known_at.map(Timestamp::from_micros) })
    }
}
