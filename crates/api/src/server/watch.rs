//! What one connection does, and when it has done nothing for too long.
//!
//! Time is counted in ticks of the watchman that asks, so that nothing here has to look at a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

use super::ServerLimits;
use crate::metrics::Cut;

/// How long a connection may do nothing, in ticks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// Length of a tick.
    pub(super) tick: Duration,
    first: u64,
    idle: u64,
    stalled: u64,
}

impl Patience {
    /// A tick is a quarter of the shortest time, so that each is kept to a quarter of itself.
    pub(super) fn of(limits: &ServerLimits) -> Self {
        let shortest = limits.first_request.min(limits.idle).min(limits.write);
        let tick = (shortest / 4).max(Duration::from_millis(10));
        let ticks = |time: Duration| u64::try_from(time.as_nanos().div_ceil(tick.as_nanos())).unwrap_or(u64::MAX);
        Self { tick, first: ticks(limits.first_request), idle: ticks(limits.idle), stalled: ticks(limits.write) }
    }

    /// How long a connection that was asked to end may take for it, in ticks.
    pub(super) fn ending(self) -> u64 {
        self.stalled
    }
}

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Watch {
    now: AtomicU64,
    asked: AtomicBool,
    requests: AtomicUsize,
    /// When there was a request last.
    quiet_since: AtomicU64,
    replies: AtomicU64,
    /// Replies of which pieces wait: one at a time with HTTP/1.1, at most one a stream with HTTP/2.
    sending: Mutex<Vec<Sending>>,
}

/// A reply on its way. Each has to move: a peer that takes one and leaves another holds that one's memory all the same.
#[derive(Debug)]
struct Sending {
    reply: u64,
    pieces: usize,
    /// When a piece of it was taken last.
    moved_at: u64,
}

impl Watch {
    /// A request begins.
    pub(super) fn request(self: &Arc<Self>) -> Running {
        self.asked.store(true, Relaxed);
        self.requests.fetch_add(1, Relaxed);
        Running(Arc::clone(self))
    }

    /// A reply begins; the number that its pieces go by.
    pub(super) fn reply(&self) -> u64 {
        self.replies.fetch_add(1, Relaxed)
    }

    /// A piece of a reply is given to be sent.
    pub(super) fn piece(self: &Arc<Self>, reply: u64) -> Moving {
        let mut sending = self.sending.lock();
        match sending.iter_mut().find(|sending| sending.reply == reply) {
            Some(sending) => sending.pieces += 1,
            None => sending.push(Sending { reply, pieces: 1, moved_at: self.now.load(Relaxed) }),
        }
        Moving { watch: Arc::clone(self), reply }
    }

    /// A piece of a reply was taken, or given up.
    fn taken(&self, reply: u64, now: u64) {
        let mut sending = self.sending.lock();
        let Some(index) = sending.iter().position(|sending| sending.reply == reply) else { return };
        let one = &mut sending[index];
        (one.pieces, one.moved_at) = (one.pieces - 1, now);
        if one.pieces == 0 {
            sending.swap_remove(index);
        }
    }

    /// One more tick passed; why the connection has to end, if so.
    pub(super) fn tick(&self, patience: &Patience) -> Option<Cut> {
        let now = self.now.fetch_add(1, Relaxed) + 1;
        let since = |then: &AtomicU64| now.saturating_sub(then.load(Relaxed));
        let sending = self.sending.lock();
        if !sending.is_empty() {
            let stalled = sending.iter().any(|reply| now.saturating_sub(reply.moved_at) > patience.stalled);
            return stalled.then_some(Cut::Stalled);
        }
        drop(sending);
        if self.requests.load(Relaxed) > 0 {
            return None;
        }
        if self.asked.load(Relaxed) {
            return (since(&self.quiet_since) > patience.idle).then_some(Cut::Idle);
        }
        (now > patience.first).then_some(Cut::Silent)
    }
}

/// A request that is worked on or sent.
#[derive(Debug)]
pub(super) struct Running(Arc<Watch>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Relaxed);
        self.0.quiet_since.store(self.0.now.load(Relaxed), Relaxed);
    }
}

/// A piece of a reply that its peer has not taken yet.
#[derive(Debug)]
pub(super) struct Moving {
    watch: Arc<Watch>,
    reply: u64,
}

impl Drop for Moving {
    fn drop(&mut self) {
        let now = self.watch.now.load(Relaxed);
        self.watch.quiet_since.store(now, Relaxed);
        self.watch.taken(self.reply, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience() -> Patience {
        let seconds = Duration::from_secs;
        let limits =
            ServerLimits { first_request: seconds(4), idle: seconds(8), write: seconds(6), ..ServerLimits::default() };
        Patience::of(&limits)
    }

    /// After how many ticks what happens.
    fn first(watch: &Watch, patience: &Patience) -> (u64, Cut) {
        (1..100).find_map(|tick| watch.tick(patience).map(|cut| (tick, cut))).unwrap()
    }

    #[test]
    fn nothing_may_last_for_ever() {
        let patience = patience();
        assert_eq!(patience.tick, Duration::from_secs(1));
        let watch = Arc::new(Watch::default());
        assert_eq!(first(&watch, &patience), (5, Cut::Silent));
        let watch = Arc::new(Watch::default());
        drop(watch.request());
        assert_eq!(first(&watch, &patience), (9, Cut::Idle));
        let watch = Arc::new(Watch::default());
        let (_running, _piece) = (watch.request(), watch.piece(0));
        assert_eq!(first(&watch, &patience), (7, Cut::Stalled));
    }

    #[test]
    fn work_and_progress_are_waited_for() {
        let (patience, watch) = (patience(), Arc::new(Watch::default()));
        let running = watch.request();
        assert!((0..100).all(|_| watch.tick(&patience).is_none()), "a request is worked on");
        let mut piece = watch.piece(0);
        for _ in 0..20 {
            assert!((0..6).all(|_| watch.tick(&patience).is_none()));
            piece = {
                drop(piece);
                watch.piece(0)
            };
        }
        drop((running, piece));
        assert_eq!(first(&watch, &patience), (9, Cut::Idle));
    }

    #[test]
    fn a_reply_that_moves_is_no_excuse_for_one_that_does_not() {
        let (patience, watch) = (patience(), Arc::new(Watch::default()));
        let (read, left) = (watch.reply(), watch.reply());
        let _left = watch.piece(left);
        let cut = (1..100).find_map(|tick| {
            drop(watch.piece(read));
            watch.tick(&patience).map(|cut| (tick, cut))
        });
        assert_eq!(cut, Some((7, Cut::Stalled)));
    }
}
