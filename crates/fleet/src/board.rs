//! How following the stream goes, for `/health` and the metrics.

use std::sync::Arc;
use std::time::Duration;

use ::metrics::gauge;
use continuity_auth::Taken;
use continuity_base::Clock;
use parking_lot::Mutex;

use crate::{Trouble, metrics};

/// How it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Changes come and go.
    pub connected: bool,
    /// Somebody has to change something before it works; else it is tried again and may work.
    pub refused: bool,
    /// Since when it is so.
    pub since: Duration,
    /// Changes that wait to be sent; there may be more when it is the most that wait in memory.
    pub waiting: u64,
    /// Messages that were not read yet; `None` while that is not known.
    pub behind: Option<u64>,
    /// Messages that proved nothing, since the start.
    pub refused_messages: u64,
    /// Messages that a later version of this program has to read, since the start.
    pub later_messages: u64,
}

struct State {
    connected: bool,
    trouble: Option<Trouble>,
    /// On the monotonic clock.
    since: Duration,
    waiting: u64,
    end: Option<u64>,
    read: u64,
    refused_messages: u64,
    later_messages: u64,
}

/// Where the follower writes how it goes. Cheap to clone.
#[derive(Clone)]
pub struct Board {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

impl Board {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let since = clock.monotonic();
        let state = State {
            connected: false,
            trouble: None,
            since,
            waiting: 0,
            end: None,
            read: 0,
            refused_messages: 0,
            later_messages: 0,
        };
        Self { clock, state: Arc::new(Mutex::new(state)) }
    }

    /// How it goes now.
    pub fn health(&self) -> Health {
        let state = self.state.lock();
        Health {
            connected: state.connected,
            refused: matches!(state.trouble, Some(Trouble::Refused(_))),
            since: self.clock.monotonic().saturating_sub(state.since),
            waiting: state.waiting,
            behind: state.end.map(|end| end.saturating_sub(state.read)),
            refused_messages: state.refused_messages,
            later_messages: state.later_messages,
        }
    }

    /// It is connected, and read up to there.
    pub(crate) fn connected(&self, read: u64) {
        let mut state = self.state.lock();
        (state.connected, state.trouble, state.since) = (true, None, self.clock.monotonic());
        state.read = read;
        gauge!(metrics::CONNECTED).set(1.0);
    }

    /// Whether it is news: the same trouble is told once.
    pub(crate) fn failed(&self, trouble: Trouble) -> bool {
        let mut state = self.state.lock();
        let news = state.connected || state.trouble.as_ref() != Some(&trouble);
        if state.connected {
            state.since = self.clock.monotonic();
        }
        (state.connected, state.trouble, state.end) = (false, Some(trouble), None);
        gauge!(metrics::CONNECTED).set(0.0);
        gauge!(metrics::BEHIND).set(f64::NAN);
        news
    }

    #[expect(clippy::cast_precision_loss, reason = "figures of a stream of changes that people make")]
    pub(crate) fn ends_at(&self, end: u64) {
        let mut state = self.state.lock();
        state.end = Some(end);
        gauge!(metrics::BEHIND).set(end.saturating_sub(state.read) as f64);
    }

    #[expect(clippy::cast_precision_loss, reason = "it is bounded")]
    pub(crate) fn waiting(&self, count: usize) {
        self.state.lock().waiting = count as u64;
        gauge!(metrics::WAITING).set(count as f64);
    }

    pub(crate) fn read(&self, taken: &[Taken], until: u64) {
        let mut state = self.state.lock();
        state.read = until;
        for one in taken {
            metrics::read(*one).increment(1);
            match one {
                Taken::Applied | Taken::Known => {}
                Taken::Later => state.later_messages += 1,
                Taken::Refused(_) => state.refused_messages += 1,
            }
        }
    }
}
