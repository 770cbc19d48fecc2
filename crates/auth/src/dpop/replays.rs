//! Proofs that were used and could be good again (RFC 9449 section 11.1).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::ProofFault;
use super::proof::{MAX_AGE_SECONDS, MAX_AHEAD_SECONDS, Proved};

/// Proofs that are remembered, some 150 bytes each.
const MOST: usize = 500_000;
/// How long each is remembered: as long as it could be good, and the rest of a second.
const LIFE: Duration = Duration::from_secs((MAX_AGE_SECONDS + MAX_AHEAD_SECONDS + 1).unsigned_abs());

struct Entry {
    until: Duration,
    issued: i64,
    owner: Arc<str>,
    id: [u8; 16],
}

struct State {
    used: HashSet<[u8; 16]>,
    /// How many each owner has among them.
    held: HashMap<Arc<str>, usize>,
    /// In the order in which they were used, and so are forgotten.
    order: VecDeque<Entry>,
    /// Those made before were used, perhaps, at a time that nobody remembers: in seconds since 1970. So neither a restart
    /// nor a clock that is set back makes one good again.
    since: i64,
}

/// What was used.
pub(super) struct Replays {
    state: Mutex<State>,
    most: usize,
}

impl Replays {
    /// With proofs of before `since` used already.
    pub(super) fn new(since: i64) -> Self {
        Self::with_room(since, MOST)
    }

    fn with_room(since: i64, most: usize) -> Self {
        let (used, held, order) = (HashSet::new(), HashMap::new(), VecDeque::new());
        Self { state: Mutex::new(State { used, held, order, since }), most }
    }

    /// Uses up a proof of `owner` at a time of the monotonic clock. Each may hold as many as are free besides, so that
    /// however many one uses there is room for others.
    pub(super) fn use_up(&self, proved: &Proved, owner: &str, now: Duration) -> Result<(), ProofFault> {
        let mut state = self.state.lock();
        state.forget(now);
        if proved.issued < state.since {
            return Err(ProofFault::NotFresh);
        }
        if state.used.contains(&proved.id) {
            return Err(ProofFault::Used);
        }
        let free = self.most.saturating_sub(state.used.len());
        let own = state.held.get_key_value(owner).map(|(owner, held)| (Arc::clone(owner), *held));
        let (owner, held) = own.unwrap_or_else(|| (owner.into(), 0));
        if held >= free {
            // At its rate: a line for operators would be one for each request.
            tracing::debug!(owner = &*owner, held, "a client used too many DPoP proofs in a minute");
            return Err(ProofFault::TooMany);
        }
        state.used.insert(proved.id);
        state.held.insert(Arc::clone(&owner), held + 1);
        state.order.push_back(Entry { until: now.saturating_add(LIFE), issued: proved.issued, owner, id: proved.id });
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.state.lock().used.len()
    }
}

impl State {
    fn forget(&mut self, now: Duration) {
        while let Some(entry) = self.order.pop_front_if(|entry| entry.until <= now) {
            self.used.remove(&entry.id);
            self.since = self.since.max(entry.issued.saturating_add(1));
            match self.held.get_mut(&entry.owner) {
                Some(held) if *held > 1 => *held -= 1,
                _ => drop(self.held.remove(&entry.owner)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proved(number: u32, issued: i64) -> Proved {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_le_bytes());
        Proved { key: "k".to_owned(), id, issued }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn each_is_good_once_and_forgotten_when_it_could_not_be_good_again() {
        let replays = Replays::new(1_000);
        assert_eq!(replays.use_up(&proved(1, 1_000), "a", at(0)), Ok(()));
        assert_eq!(replays.use_up(&proved(1, 1_000), "a", at(0)), Err(ProofFault::Used));
        assert_eq!(replays.use_up(&proved(1, 1_000), "b", at(65)), Err(ProofFault::Used), "whoever comes with it");
        assert_eq!(replays.use_up(&proved(2, 1_066), "a", at(66)), Ok(()));
        assert_eq!(replays.state.lock().used.len(), 1);
        assert_eq!(replays.use_up(&proved(1, 1_000), "a", at(66)), Err(ProofFault::NotFresh), "a clock set back");
    }

    #[test]
    fn what_may_have_been_used_before_a_start_is_no_good() {
        assert_eq!(Replays::new(1_000).use_up(&proved(1, 999), "a", at(0)), Err(ProofFault::NotFresh));
    }

    #[test]
    fn nobody_takes_the_room_of_others_and_a_full_store_refuses() {
        let replays = Replays::with_room(0, 100);
        let mut number = 0;
        let mut fill = |owner: &str| {
            let mut taken = 0;
            loop {
                number += 1;
                match replays.use_up(&proved(number, 0), owner, at(0)) {
                    Ok(()) => taken += 1,
                    Err(fault) => return (taken, fault),
                }
            }
        };
        assert_eq!(fill("greedy"), (50, ProofFault::TooMany));
        assert_eq!(fill("greedy"), (0, ProofFault::TooMany));
        assert_eq!(fill("second"), (25, ProofFault::TooMany));
        assert!(fill("modest").0 > 0, "there is room for others");
        assert_eq!(replays.use_up(&proved(0, 0), "greedy", at(66)), Err(ProofFault::NotFresh));
        assert_eq!(replays.use_up(&proved(0, 1), "greedy", at(66)), Ok(()), "and for everybody a minute later");
        assert_eq!(replays.state.lock().held.len(), 1);
    }
}
