//! How often somebody may guess.
//!
//! Failures are counted for an account from one network, for a network, and for an account from all networks that its
//! person never signed in from. So a guesser is slowed down wherever the guesses come from, and cannot lock anybody out:
//! where somebody signed in before, only failures from there count.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use parking_lot::Mutex;

/// Counters; two that share one only become stricter, and nobody can choose whom to share with.
const SLOTS: usize = 1 << 16;

/// So many failures at once, and one more each period.
#[derive(Clone, Copy)]
struct Rate {
    burst: u32,
    period: Duration,
}

const ACCOUNT_FROM_THERE: Rate = Rate { burst: 5, period: Duration::from_mins(1) };
const NETWORK: Rate = Rate { burst: 30, period: Duration::from_secs(20) };
const ACCOUNT_FROM_ELSEWHERE: Rate = Rate { burst: 50, period: Duration::from_mins(2) };

/// Counts failures.
pub(crate) struct Guard {
    /// When the counter would be empty, on the monotonic clock (the generic cell rate algorithm).
    slots: Mutex<Vec<Duration>>,
    keys: RandomState,
}

/// Who tries, and where.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) email: &'a str,
    pub(crate) address: Option<IpAddr>,
    /// Whether the account's person signed in from there before.
    pub(crate) is_known: bool,
}

impl Guard {
    pub(crate) fn new() -> Self {
        Self { slots: Mutex::new(vec![Duration::ZERO; SLOTS]), keys: RandomState::new() }
    }

    /// Whether it is looked at now; else how long to wait.
    pub(crate) fn may_try(&self, attempt: Attempt<'_>, now: Duration) -> Result<(), Duration> {
        let slots = self.slots.lock();
        let wait = self.counters(attempt).into_iter().flatten().map(|(slot, rate)| {
            let full = rate.period * rate.burst;
            slots[slot].saturating_sub(now).saturating_sub(full.saturating_sub(rate.period))
        });
        match wait.max().unwrap_or_default() {
            Duration::ZERO => Ok(()),
            wait => Err(wait),
        }
    }

    /// It failed.
    pub(crate) fn failed(&self, attempt: Attempt<'_>, now: Duration) {
        let mut slots = self.slots.lock();
        for (slot, rate) in self.counters(attempt).into_iter().flatten() {
            slots[slot] = slots[slot].max(now) + rate.period;
        }
    }

    fn counters(&self, attempt: Attempt<'_>) -> [Option<(usize, Rate)>; 3] {
        let Attempt { email, address, is_known } = attempt;
        let there = address.map(network);
        let slot = |what: &str, of: (&str, Option<IpAddr>)| -> usize {
            usize::try_from(self.keys.hash_one((what, of)) % SLOTS as u64).unwrap_or_default()
        };
        [
            Some((slot("account from there", (email, there)), ACCOUNT_FROM_THERE)),
            there.map(|_| (slot("network", ("", there)), NETWORK)),
            (!is_known).then(|| (slot("account", (email, None)), ACCOUNT_FROM_ELSEWHERE)),
        ]
    }
}

/// What stands for an address where addresses are counted. Whoever has one IPv6 address has the 2^64 beside it.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 64 << 64)),
        four @ IpAddr::V4(_) => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Duration = Duration::from_hours(1);

    fn attempt<'a>(email: &'a str, address: &str, is_known: bool) -> Attempt<'a> {
        Attempt { email, address: address.parse().ok(), is_known }
    }

    #[test]
    fn a_guesser_is_slowed_and_goes_on_slowly() {
        let guard = Guard::new();
        let guesser = attempt("jane@bank.example", "192.0.2.1", false);
        for _ in 0..5 {
            assert_eq!(guard.may_try(guesser, T), Ok(()));
            guard.failed(guesser, T);
        }
        assert_eq!(guard.may_try(guesser, T), Err(Duration::from_mins(1)));
        assert_eq!(guard.may_try(guesser, T + Duration::from_mins(1)), Ok(()));
        assert_eq!(guard.may_try(attempt("joe@bank.example", "192.0.2.1", false), T), Ok(()));
    }

    #[test]
    fn nobody_is_locked_out_where_they_signed_in_before() {
        let guard = Guard::new();
        for host in 0..200 {
            let guesser = format!("192.0.2.{host}");
            guard.failed(attempt("jane@bank.example", &guesser, false), T);
        }
        assert!(guard.may_try(attempt("jane@bank.example", "198.51.100.1", false), T).is_err());
        assert_eq!(guard.may_try(attempt("jane@bank.example", "198.51.100.1", true), T), Ok(()));
    }

    #[test]
    fn ipv6_counts_by_network() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn one_network_may_not_try_everybody() {
        let guard = Guard::new();
        for person in 0..30 {
            guard.failed(attempt(&format!("p{person}@bank.example"), "2001:db8::1", false), T);
        }
        assert!(guard.may_try(attempt("new@bank.example", "2001:db8::ffff", false), T).is_err(), "the same 64 bits");
        assert_eq!(guard.may_try(attempt("new@bank.example", "2001:db8:0:1::1", false), T), Ok(()));
    }
}
