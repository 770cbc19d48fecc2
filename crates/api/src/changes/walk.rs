//! One stream: what it tells next, and what it waits for.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use continuity_auth::Limits;
use continuity_events::json;
use continuity_projections::loan_requests;
use continuity_readmodel::{Snapshot, StoreError, View};
use http::HeaderMap;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior};

use super::event::{Events, Fresh, HEARTBEAT, Mark, Why};
use super::room::Place;
use crate::call::Shared;
use crate::endpoint::Access;
use crate::metrics;
use crate::problem::Problem;
use crate::request::bearer;

/// Loans that are told at once.
const CHUNK: usize = 128;
/// The time over which changes of one loan become one event.
const COALESCE: Duration = Duration::from_millis(50);
/// How often the state of the source and the token are looked at when nothing happens: both age by themselves.
const LOOK: Duration = Duration::from_secs(1);

/// How a stream begins.
#[derive(Debug)]
pub(crate) struct Begin {
    /// Everything up to this log position is known to the listener.
    pub(crate) at: u64,
    /// Whether that is the present, which the listener has to be told.
    pub(crate) at_present: bool,
    /// End when everything up to the present was told.
    pub(crate) once: bool,
    /// Who may listen.
    pub(crate) access: Access,
    /// The `Authorization` header alone.
    pub(crate) credentials: HeaderMap,
    /// Where the listener is.
    pub(crate) from: Option<IpAddr>,
}

/// The body of the reply. Each piece of it is made when the connection takes more.
pub(crate) fn body(shared: Arc<Shared>, begin: Begin, place: Place) -> Body {
    let walk = (Walk::new(shared, begin), place);
    let pieces = futures_util::stream::unfold(walk, |(mut walk, place)| async move {
        let piece = walk.next().await?;
        Some((Ok::<_, Infallible>(piece), (walk, place)))
    });
    Body::from_stream(pieces)
}

struct Walk {
    shared: Arc<Shared>,
    begin: Begin,
    published: watch::Receiver<u64>,
    heartbeat: Interval,
    /// The state that was told last; `None` before anything was.
    told: Option<String>,
    /// What the listener may see, as it was when the token was last looked at.
    limits: Option<Arc<Limits>>,
    /// Whether the listener was told that it knows everything up to a present.
    caught_up: bool,
    /// Whether the last look went to the end of its view.
    idle: bool,
    ended: bool,
}

impl Walk {
    fn new(shared: Arc<Shared>, begin: Begin) -> Self {
        let published = shared.state.engine.published();
        let mut heartbeat = tokio::time::interval(shared.state.changes.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.reset();
        let (told, limits) = (None, None);
        Self { shared, begin, published, heartbeat, told, limits, caught_up: false, idle: false, ended: false }
    }

    /// The next piece; `None` when everything was said.
    async fn next(&mut self) -> Option<Bytes> {
        while !self.ended {
            let quiet = if self.idle {
                self.wait().await
            } else {
                // Whoever is far behind is not told everything before others have a turn.
                tokio::task::yield_now().await;
                false
            };
            let mut events = Events::default();
            if let Some(why) = self.end().or_else(|| self.look(&mut events)) {
                self.ended = true;
                metrics::stream_ended(why.word());
                events.end(why);
            }
            if !events.is_empty() {
                self.heartbeat.reset();
                return Some(events.bytes());
            }
            if quiet {
                return Some(HEARTBEAT);
            }
        }
        None
    }

    /// Waits until there may be something to tell; whether nothing was said for so long that a heartbeat is due.
    async fn wait(&mut self) -> bool {
        tokio::select! {
            biased;
            () = self.shared.state.stop.stopped() => false,
            _ = self.heartbeat.tick() => true,
            () = published(&mut self.published) => false,
            () = tokio::time::sleep(LOOK) => false,
        }
    }

    /// Whether it is over, whatever there is to tell.
    fn end(&mut self) -> Option<Why> {
        if self.shared.state.stop.is_stopped() {
            return Some(Why::Stopping);
        }
        let Begin { access, credentials, from, .. } = &self.begin;
        match bearer::still_admits(&self.shared.state.auth, *access, credentials, *from) {
            Ok(listener) => {
                self.limits = listener.and_then(|listener| listener.limits);
                None
            }
            Err(why) => Some(Why::Token(why)),
        }
    }

    /// Adds what there is to tell now; why the stream ends with it, if it does.
    fn look(&mut self, events: &mut Events) -> Option<Why> {
        // Before the view is read: one that is published in between is looked at again.
        self.published.borrow_and_update();
        let view = self.shared.state.engine.view();
        if self.told.is_none() {
            events.retry();
            if self.begin.at_present {
                events.position(self.begin.at);
                self.caught_up = true;
            }
        }
        let loans = view.model("loan-requests").filter(|_| view.serves_all());
        self.state(&view, loans.is_none(), events);
        self.idle = true;
        let told = self.changes(&view, loans?, events);
        match told {
            Ok(()) if self.begin.once && self.caught_up && self.idle => Some(Why::Once),
            Ok(()) => None,
            Err(error) => {
                drop(Problem::store(&error));
                Some(Why::Failed)
            }
        }
    }

    /// Tells the state of the replica when it is another one.
    fn state(&mut self, view: &View, rebuilding: bool, events: &mut Events) {
        let freshness = self.shared.freshness.current(view, &self.shared.state);
        let state = if rebuilding { "rebuilding" } else { freshness.state() };
        if self.told.as_deref() != Some(state) {
            events.state(&Fresh { state, as_of: view.as_of.as_deref(), lag_seconds: freshness.lag_seconds() });
            self.told = Some(state.to_owned());
        }
    }

    /// Tells the next loans, and the position at the first end.
    fn changes(&mut self, view: &View, loans: &Snapshot, events: &mut Events) -> Result<(), StoreError> {
        let changed = view.loans_by_position(self.begin.at, CHUNK)?;
        for (position, loan) in &changed {
            if let Some(mark) = mark(view, loans, loan, self.limits.as_deref())? {
                events.change(loan, *position, mark);
            }
            self.begin.at = *position;
        }
        self.idle = changed.len() < CHUNK;
        if self.idle {
            self.begin.at = self.begin.at.max(view.position);
            if !self.caught_up {
                self.caught_up = true;
                events.position(self.begin.at);
            }
        }
        Ok(())
    }
}

/// Waits for a view, and a little longer for more of them.
async fn published(view: &mut watch::Receiver<u64>) {
    match view.changed().await {
        Ok(()) => tokio::time::sleep(COALESCE).await,
        // The engine has gone, and so will this: nothing comes any more.
        Err(_) => std::future::pending().await,
    }
}

/// What is told of a loan; nothing while the API has none of that id for the listener. A purged loan is of no team any more:
/// whoever is limited to teams is not told of it.
fn mark(view: &View, loans: &Snapshot, loan: &str, limits: Option<&Limits>) -> Result<Option<Mark>, StoreError> {
    let state = view.loan(loan)?;
    let admits = |team: Option<&str>| limits.is_none_or(|limits| limits.admits_team(team));
    if state.purged {
        return Ok(admits(None).then_some(Mark::Purged));
    }
    let row = if state.exists { loan_requests::get(loans, loan)? } else { None };
    let row = row.filter(|row| limits.is_none() || admits(loan_requests::team_of(row).as_deref()));
    Ok(row.map(|row| {
        let text = std::str::from_utf8(&row).unwrap_or_default();
        let deleted = json::member(text, "deletedAt").is_some_and(|at| at != "null");
        if deleted { Mark::Deleted } else { Mark::Changed }
    }))
}
