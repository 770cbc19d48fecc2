//! A bounded number of requests at once, and a bounded queue in which clients take turns.
//!
//! A client has a share; what it asks beyond it waits, and lets others pass. When the queue is full, whoever has most in
//! it gives way: so a client that asks ten times as much as it can be given pushes out its own requests, not others'.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use metrics::Gauge;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// How many; see [`Limits`](super::Limits).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) running: usize,
    pub(crate) running_each: usize,
    pub(crate) waiting: usize,
    pub(crate) patience: Duration,
}

/// Why somebody was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The queue is full, and nobody has more in it.
    Full,
    /// It waited too long.
    Late,
}

/// See the module.
pub(crate) struct Gate {
    bounds: Bounds,
    state: Mutex<State>,
    running: Gauge,
    waiting: Gauge,
}

/// The right to be inside, as long as it lives.
pub(crate) struct Permit {
    gate: Arc<Gate>,
    who: u64,
}

#[derive(Default)]
struct State {
    running: usize,
    waiting: usize,
    clients: HashMap<u64, Client>,
    /// Clients with somebody waiting, in the order of their turns.
    turns: VecDeque<u64>,
}

#[derive(Default)]
struct Client {
    running: usize,
    queue: VecDeque<oneshot::Sender<Permit>>,
}

impl Gate {
    /// The gauges show how many run and wait.
    pub(crate) fn new(bounds: Bounds, [running, waiting]: [Gauge; 2]) -> Arc<Self> {
        Arc::new(Self { bounds, state: Mutex::default(), running, waiting })
    }

    /// Lets a request of `who` in at once, or in its turn.
    pub(crate) async fn enter(self: &Arc<Self>, who: u64) -> Result<Permit, Refusal> {
        let turn = {
            let mut state = self.state.lock();
            if state.may_start(who, &self.bounds) {
                state.start(who);
                self.show(&state);
                return Ok(Permit { gate: Arc::clone(self), who });
            }
            let turn = state.wait(who, &self.bounds).ok_or(Refusal::Full)?;
            self.show(&state);
            turn
        };
        let _place = Place { gate: self, who };
        match tokio::time::timeout(self.bounds.patience, turn).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(Refusal::Full),
            Err(_) => Err(Refusal::Late),
        }
    }

    fn release(self: &Arc<Self>, who: u64) {
        let started = {
            let mut state = self.state.lock();
            state.finish(who);
            let started = state.take_turns(&self.bounds);
            self.show(&state);
            started
        };
        for (who, turn) in started {
            // Whoever does not wait any more gives the permit back by dropping it.
            drop(turn.send(Permit { gate: Arc::clone(self), who }));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a gauge; the counts are small")]
    fn show(&self, state: &State) {
        self.running.set(state.running as f64);
        self.waiting.set(state.waiting as f64);
    }
}

impl State {
    fn may_start(&self, who: u64, bounds: &Bounds) -> bool {
        let own = self.clients.get(&who);
        self.running < bounds.running && own.is_none_or(|own| own.running < bounds.running_each && own.queue.is_empty())
    }

    fn start(&mut self, who: u64) {
        self.running += 1;
        self.clients.entry(who).or_default().running += 1;
    }

    fn finish(&mut self, who: u64) {
        self.running -= 1;
        if let Some(client) = self.clients.get_mut(&who) {
            client.running -= 1;
        }
        self.forget(who);
    }

    fn forget(&mut self, who: u64) {
        if self.clients.get(&who).is_some_and(|client| client.running == 0 && client.queue.is_empty()) {
            self.clients.remove(&who);
        }
    }

    /// A place at the end of the client's own queue; `None` when there is no room for it.
    fn wait(&mut self, who: u64, bounds: &Bounds) -> Option<oneshot::Receiver<Permit>> {
        if self.waiting >= bounds.waiting {
            self.make_room(who)?;
        }
        let (turn, waiting) = oneshot::channel();
        let queue = &mut self.clients.entry(who).or_default().queue;
        if queue.is_empty() {
            self.turns.push_back(who);
        }
        queue.push_back(turn);
        self.waiting += 1;
        Some(waiting)
    }

    /// The newest of the longest queue gives way, if that is longer than the client's own will be.
    fn make_room(&mut self, who: u64) -> Option<()> {
        let own = self.clients.get(&who).map_or(0, |client| client.queue.len());
        let (_, longest) = self.clients.iter_mut().max_by_key(|(_, client)| client.queue.len())?;
        if longest.queue.len() <= own + 1 {
            return None;
        }
        drop(longest.queue.pop_back());
        self.waiting -= 1;
        Some(())
    }

    /// Starts whoever may be started now, one of each client in turn.
    fn take_turns(&mut self, bounds: &Bounds) -> Vec<(u64, oneshot::Sender<Permit>)> {
        let mut started = Vec::new();
        for _ in 0..self.turns.len() {
            if self.running >= bounds.running {
                break;
            }
            let Some(who) = self.turns.pop_front() else { break };
            let Some(client) = self.clients.get_mut(&who).filter(|client| !client.queue.is_empty()) else { continue };
            if client.running < bounds.running_each
                && let Some(turn) = client.queue.pop_front()
            {
                client.running += 1;
                self.running += 1;
                self.waiting -= 1;
                started.push((who, turn));
            }
            if !client.queue.is_empty() {
                self.turns.push_back(who);
            }
        }
        started
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.gate.release(self.who);
    }
}

/// Whoever does not wait any more leaves the queue.
struct Place<'a> {
    gate: &'a Gate,
    who: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state.lock();
        let Some(client) = state.clients.get_mut(&self.who) else { return };
        let before = client.queue.len();
        client.queue.retain(|turn| !turn.is_closed());
        let (gone, empty) = (before - client.queue.len(), client.queue.is_empty());
        state.waiting -= gone;
        if gone > 0 && empty {
            state.turns.retain(|who| *who != self.who);
        }
        state.forget(self.who);
        self.gate.show(&state);
    }
}

#[cfg(test)]
mod tests;
