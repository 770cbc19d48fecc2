//! The requests for messages that are under way, and whether there is room for another one.

use std::collections::VecDeque;

use serde::Serialize;
use tokio::time::{Duration, Instant};

/// Requests under way at a time: while one is answered, the next waits at the server.
const AHEAD: usize = 2;
/// How many requests' worth of messages may be asked for or wait.
pub(super) const ROOM: usize = 4;

/// How much is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Messages of one request.
    pub(super) messages: usize,
    /// Bytes of one request.
    pub(super) bytes: usize,
    /// How long the server keeps a request that it cannot answer.
    pub(super) expires: Duration,
    /// How much later than that it counts as lost.
    pub(super) grace: Duration,
}

/// A request, as the server takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Request {
    #[serde(skip)]
    pub(super) id: u64,
    batch: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_bytes: Option<usize>,
    /// Nanoseconds.
    expires: u64,
}

#[derive(Debug)]
struct Open {
    id: u64,
    left: usize,
    until: Instant,
}

/// Requests under way at one consumer.
#[derive(Debug)]
pub(super) struct Pulls {
    plan: Plan,
    next: u64,
    open: VecDeque<Open>,
    /// The next message is larger than a request may ask for: it is asked for alone.
    large: bool,
}

impl Pulls {
    pub(super) fn new(plan: Plan) -> Self {
        Self { plan, next: 0, open: VecDeque::new(), large: false }
    }

    /// The next request, if there is room for what it may bring beside `waiting` bytes and messages.
    pub(super) fn request(&mut self, (bytes, messages): (usize, usize), now: Instant) -> Option<Request> {
        let under_way: usize = self.open.iter().map(|open| open.left).sum();
        let room_for_bytes = bytes + (self.open.len() + 1) * self.plan.bytes <= ROOM * self.plan.bytes;
        let room_for_messages = messages + under_way + self.plan.messages <= ROOM * self.plan.messages;
        let most = if self.large { 1 } else { AHEAD };
        if self.open.len() >= most || !room_for_bytes || !room_for_messages {
            return None;
        }
        self.next += 1;
        let (batch, max_bytes) = if self.large { (1, None) } else { (self.plan.messages, Some(self.plan.bytes)) };
        self.open.push_back(Open { id: self.next, left: batch, until: now + self.plan.expires + self.plan.grace });
        let expires = u64::try_from(self.plan.expires.as_nanos()).unwrap_or(u64::MAX);
        Some(Request { id: self.next, batch, max_bytes, expires })
    }

    /// A message came; the server answers the oldest request first.
    pub(super) fn arrived(&mut self) {
        self.large = false;
        if let Some(oldest) = self.open.front_mut() {
            oldest.left -= 1;
            if oldest.left == 0 {
                self.open.pop_front();
            }
        }
    }

    /// The server says that a request is at its end.
    pub(super) fn ended(&mut self, id: u64) {
        self.open.retain(|open| open.id != id);
    }

    /// The next message did not fit into a request although `left` bytes of it were left.
    pub(super) fn too_large(&mut self, id: u64, left: usize) {
        self.ended(id);
        self.large |= left >= self.plan.bytes;
    }

    /// When the first request counts as lost.
    pub(super) fn until(&self) -> Option<Instant> {
        self.open.iter().map(|open| open.until).min()
    }

    /// Forgets requests that count as lost.
    pub(super) fn expire(&mut self, now: Instant) {
        self.open.retain(|open| open.until > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { messages: 3, bytes: 100, expires: Duration::from_secs(5), grace: Duration::from_secs(1) };

    /// A moment; only differences matter.
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn the_next_request_is_under_way_while_one_is_answered() {
        let (mut pulls, now) = (Pulls::new(PLAN), start());
        let first = pulls.request((0, 0), now).unwrap();
        assert_eq!((first.id, first.batch, first.max_bytes, first.expires), (1, 3, Some(100), 5_000_000_000));
        assert_eq!(pulls.request((0, 0), now).unwrap().id, 2);
        assert_eq!(pulls.request((0, 0), now), None);
        for _ in 0..3 {
            pulls.arrived();
        }
        assert_eq!(pulls.request((0, 0), now).unwrap().id, 3);
        pulls.ended(2);
        assert_eq!(pulls.request((0, 0), now).unwrap().id, 4);
    }

    #[test]
    fn nothing_is_asked_for_when_too_much_waits() {
        let now = start();
        for (waiting, allowed) in [((300, 0), 1), ((301, 0), 0), ((0, 9), 1), ((0, 10), 0), ((200, 6), 2)] {
            let mut pulls = Pulls::new(PLAN);
            let requests = (0..5).filter_map(|_| pulls.request(waiting, now)).count();
            assert_eq!(requests, allowed, "{waiting:?}");
        }
    }

    #[test]
    fn a_message_larger_than_a_request_comes_alone() {
        let (mut pulls, now) = (Pulls::new(PLAN), start());
        pulls.request((0, 0), now).unwrap();
        pulls.request((0, 0), now).unwrap();
        pulls.too_large(1, 40);
        assert_eq!(pulls.request((0, 0), now).unwrap().max_bytes, Some(100), "the next one may still fit");
        pulls.too_large(2, 100);
        assert_eq!(pulls.request((0, 0), now), None, "one is still under way");
        pulls.too_large(3, 100);
        let alone = pulls.request((0, 0), now).unwrap();
        assert_eq!((alone.batch, alone.max_bytes), (1, None));
        assert_eq!(pulls.request((0, 0), now), None);
        pulls.arrived();
        assert_eq!(pulls.request((0, 0), now).unwrap().max_bytes, Some(100));
    }

    #[test]
    fn a_request_that_nobody_answers_is_given_up() {
        let (mut pulls, now) = (Pulls::new(PLAN), start());
        assert_eq!(pulls.until(), None);
        pulls.request((0, 0), now).unwrap();
        assert_eq!(pulls.until(), Some(now + Duration::from_secs(6)));
        pulls.expire(now + Duration::from_secs(5));
        assert!(pulls.until().is_some());
        pulls.expire(now + Duration::from_secs(6));
        assert_eq!(pulls.until(), None);
    }
}
