//! Limits and fairness: what one client may take, so that the others, and the process, are well.
//!
//! A request meets them in this order: the rate of its client (or, if its token is bad, that of failures from its address),
//! then the gate, in which clients take turns, then the bytes of replies that wait to be taken. `docs/limits.md` is the
//! operator's and the client's side of it.

mod gate;
mod held;
mod options;
mod peer;
mod rates;

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::HttpBody;
use axum::response::Response;
use continuity_auth::{Principal, Session, network};
use continuity_base::Clock;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use metrics::gauge;
use tokio::task::spawn_blocking;

use crate::call::internal;
use crate::metrics::{Limited, RUNNING, WAITING, limited};
use crate::problem::{INVALID_PROOF, INVALID_TOKEN, OVERLOADED, Problem, RATE_LIMITED};
use gate::Bounds;
use held::Budget;
use rates::{Allowance, Left, Rates, seconds};

pub(crate) use gate::{Gate, Permit, Refusal};
pub(crate) use held::Held;
pub(crate) use peer::Peer;

pub use options::{Limits, Rate};

/// What a client's rate is called in its fields.
const CLIENT: &str = "client";
/// Clients whose rate is remembered. Only clients that were created here have tokens, so these are all of them.
const CLIENTS: usize = 10_000;
/// Addresses whose failures are remembered, each alone or with the client that it claims to be.
const FAILURES: usize = 65_536;
/// Downloads at once. Each holds an open file and a piece of it until its last byte is sent.
pub(crate) const DOWNLOADS: usize = 256;
/// Of these, those of one client.
pub(crate) const DOWNLOADS_PER_CLIENT: usize = 64;

/// Pieces of heavy work at once, those of one client, and those that wait for their turn.
const HEAVY: usize = 4;
const HEAVY_PER_CLIENT: usize = 2;
const HEAVY_WAITING: usize = 256;
/// Keeps the limits.
pub(crate) struct Admission {
    clock: Arc<dyn Clock>,
    trusted_proxies: Vec<IpAddr>,
    clients: Rates,
    /// Of clients that have none of their own; `None`: as much as they like.
    client_rate: Option<Allowance>,
    failures: Rates,
    failure_rate: Option<Allowance>,
    /// Keyed anew at each start: nobody can choose whom to share a bucket with.
    keys: RandomState,
    gate: Arc<Gate>,
    downloads: Arc<Gate>,
    /// Work that takes long: folds as of earlier points, and searches and filters that look at many rows.
    heavy: Arc<Gate>,
    replies: Budget,
}

/// What the limits know of one request on its way.
#[derive(Default)]
pub(crate) struct Passage {
    /// Where it came from, if over a connection.
    pub(crate) address: Option<IpAddr>,
    /// Whose it is where turns are taken: its client, else its address.
    who: u64,
    /// A page asks, which has its turn already: it would wait for itself.
    is_within: bool,
    left: Option<Left>,
    permit: Option<Permit>,
}

impl Admission {
    pub(crate) fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Self {
        let bounds = Bounds {
            running: limits.requests,
            running_each: limits.requests_per_client,
            waiting: limits.queued,
            patience: limits.queue,
        };
        let downloads = Bounds { running: DOWNLOADS, running_each: DOWNLOADS_PER_CLIENT, waiting: 0, ..bounds };
        Self {
            clock,
            trusted_proxies: limits.trusted_proxies.clone(),
            clients: Rates::new(CLIENTS),
            client_rate: limits.client_rate.map(|rate| Allowance::new(CLIENT, rate)),
            failures: Rates::new(FAILURES),
            failure_rate: limits.failed_authentications.map(|rate| Allowance::new("failed-authentications", rate)),
            keys: RandomState::new(),
            heavy: Gate::new(
                Bounds { running: HEAVY, running_each: HEAVY_PER_CLIENT, waiting: HEAVY_WAITING, ..bounds },
                [metrics::Gauge::noop(), metrics::Gauge::noop()],
            ),
            gate: Gate::new(bounds, [gauge!(RUNNING), gauge!(WAITING)]),
            downloads: Gate::new(downloads, [metrics::Gauge::noop(), metrics::Gauge::noop()]),
            replies: Budget::new(limits.reply_bytes),
        }
    }

    /// A request arrived.
    pub(crate) fn arrive(&self, parts: &Parts) -> Passage {
        if let Some(session) = parts.extensions.get::<Session>() {
            return Passage { address: session.origin.address, is_within: true, ..Passage::default() };
        }
        let address = peer::address(parts, &self.trusted_proxies);
        Passage { address, who: self.place(address, ""), ..Passage::default() }
    }

    /// Its token was looked at: counts it against its client, or the failure against its address.
    pub(crate) fn charge(
        &self,
        passage: &mut Passage,
        admitted: Result<Option<Principal>, Problem>,
    ) -> Result<Option<Principal>, Problem> {
        let principal = admitted.map_err(|problem| self.failed_token(passage.address, problem))?;
        if let Some(principal) = &principal {
            passage.who = self.client(Some(principal));
            if let Some((left, taken)) = self.take_of_rate(passage.who, principal) {
                passage.left = Some(left);
                taken.map_err(too_often)?;
            }
        }
        Ok(principal)
    }

    /// One request less of what the client may ask, where it has a rate.
    fn take_of_rate(&self, who: u64, principal: &Principal) -> Option<(Left, Result<(), Duration>)> {
        let now = self.clock.monotonic();
        let Some(own) = principal.rate else {
            return self.client_rate.as_ref().map(|rate| self.clients.take(who, rate, now));
        };
        let (count, burst) = (u64::from(own.requests_per_second), u64::from(own.burst));
        let allowance = Allowance::new(CLIENT, Rate { count, per: Duration::from_secs(1), burst });
        // A bucket of its own for each rate that it had: another rate holds from the next request on.
        Some(self.clients.take(self.keys.hash_one((who, count, burst)), &allowance, now))
    }

    /// Lets it in, in its turn.
    pub(crate) async fn enter(&self, passage: &mut Passage) -> Result<(), Problem> {
        if passage.is_within {
            return Ok(());
        }
        let permit = self.gate.enter(passage.who).await;
        let full = "More requests wait than can be answered soon.";
        passage.permit = Some(permit.map_err(|refusal| overloaded(queue(refusal), full, 1))?);
        Ok(())
    }

    /// The right to one more download, which lasts as long as the permit.
    pub(crate) async fn download(&self, principal: Option<&Principal>) -> Result<Permit, Problem> {
        let permit = self.downloads.enter(self.client(principal)).await;
        permit.map_err(|_| overloaded(Limited::Downloads, "Too many files are being downloaded at once.", 5))
    }

    /// Does a piece of heavy work, in turns among clients, on another thread than those that serve.
    pub(crate) async fn heavy<T: Send + 'static>(
        &self,
        principal: Option<&Principal>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.heavy.enter(self.client(principal)).await;
        let full = "More is asked of the past, or searched for, than can be answered soon.";
        let permit = permit.map_err(|refusal| overloaded(queue(refusal), full, 2))?;
        // Whoever goes away meanwhile makes no room: the turn ends with the work.
        let work = move || {
            let done = work();
            drop(permit);
            done
        };
        spawn_blocking(work).await.map_err(|_| internal("a thread that did heavy work panicked"))
    }

    /// Tells the client what is left of its rate, and gives the reply what it holds while it is sent.
    pub(crate) fn leave(&self, passage: Passage, response: &mut Response) -> Result<(), Problem> {
        if let Some(left) = &passage.left {
            left.mark(response.headers_mut());
        }
        let bytes = response.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
        let share = match bytes
            .filter(|bytes| *bytes > self.replies.small())
            .map(|bytes| self.replies.share(passage.who, bytes))
        {
            None => None,
            Some(Some(share)) => Some(share),
            Some(None) => {
                let full = "Too many replies wait for their clients to take them.";
                return Err(overloaded(Limited::ReplyBytes, full, 1));
            }
        };
        // A stream of events lasts as long as somebody listens: it is bounded where it is made, and takes nobody's place.
        let lasts =
            response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let permit = passage.permit.filter(|_| !lasts);
        response.extensions_mut().insert(Held::new(permit, share));
        Ok(())
    }

    /// Whether credentials of `client` from there are looked at now; else what to answer. What the client asked with good
    /// ones counts against its rate, in a bucket beside that of its tokens; nobody else can empty it.
    pub(crate) fn may_try(&self, address: Option<IpAddr>, client: &str) -> Result<(), Problem> {
        if let Some(rate) = &self.client_rate {
            let looked = self.clients.look(self.proved_as(client), rate, self.clock.monotonic());
            looked.map_err(|(_, wait)| too_often(wait))?;
        }
        let (Some(rate), Some(_)) = (&self.failure_rate, address) else { return Ok(()) };
        let looked = self.failures.look(self.place(address, client), rate, self.clock.monotonic());
        looked.map_err(|(left, wait)| too_many_failures(&left, seconds(wait)))
    }

    /// The credentials of `client` were good.
    pub(crate) fn proved(&self, client: &str) {
        if let Some(rate) = &self.client_rate {
            // Whether it was one too many shows at the next one.
            drop(self.clients.take(self.proved_as(client), rate, self.clock.monotonic()));
        }
    }

    fn proved_as(&self, client: &str) -> u64 {
        self.keys.hash_one(("proved", client))
    }

    /// The credentials of `client` were wrong.
    pub(crate) fn failed(&self, address: Option<IpAddr>, client: &str) -> Result<(), Problem> {
        let (Some(rate), Some(_)) = (&self.failure_rate, address) else { return Ok(()) };
        let (left, taken) = self.failures.take(self.place(address, client), rate, self.clock.monotonic());
        taken.map_err(|wait| too_many_failures(&left, seconds(wait)))
    }

    /// What a client is counted under, and takes turns as.
    fn client(&self, principal: Option<&Principal>) -> u64 {
        principal.map_or(0, |principal| self.keys.hash_one(principal.reader()))
    }

    /// What an address, or a client that it claims to be, is counted under.
    fn place(&self, address: Option<IpAddr>, client: &str) -> u64 {
        address.map_or(0, |address| self.keys.hash_one((network(address), client)))
    }

    fn failed_token(&self, address: Option<IpAddr>, problem: Problem) -> Problem {
        if ![&INVALID_TOKEN, &INVALID_PROOF].contains(&problem.kind) {
            return problem;
        }
        self.failed(address, "").err().unwrap_or(problem)
    }
}

fn too_often(wait: Duration) -> Problem {
    limited(Limited::ClientRate);
    let detail = "The client asks more often than it may; RateLimit-Policy says how often that is.";
    Problem::new(&RATE_LIMITED, detail).retry_after(seconds(wait))
}

fn too_many_failures(left: &Left, wait: u32) -> Problem {
    limited(Limited::FailedAuthentications);
    let detail = "Authentication failed too often from this address; valid tokens are served as ever.";
    let mut problem = Problem::new(&RATE_LIMITED, detail).retry_after(wait);
    problem.headers.extend(left.fields());
    problem
}

fn queue(refusal: Refusal) -> Limited {
    if refusal == Refusal::Full { Limited::QueueFull } else { Limited::QueueTime }
}

/// There is no room for it; counted as `reason`.
fn overloaded(reason: Limited, detail: &str, seconds: u32) -> Problem {
    limited(reason);
    Problem::new(&OVERLOADED, detail).retry_after(seconds)
}

#[cfg(test)]
mod tests;
