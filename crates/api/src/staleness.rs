//! How fresh the replica is, as headers: so that a client can decide (X-Replica-As-Of, -Position, -Lag-Seconds, -State).

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use continuity_events::instant::Instant;
use continuity_readmodel::{SourceState, View};
use http::header::LAST_MODIFIED;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::ApiState;
use crate::problem::{Problem, TOO_STALE};

pub(crate) const AS_OF: HeaderName = HeaderName::from_static("x-replica-as-of");
pub(crate) const POSITION: HeaderName = HeaderName::from_static("x-replica-position");
pub(crate) const LAG: HeaderName = HeaderName::from_static("x-replica-lag-seconds");
pub(crate) const STATE: HeaderName = HeaderName::from_static("x-replica-state");
pub(crate) const COMPLETE: HeaderName = HeaderName::from_static("x-replica-complete");
const MAX_STALENESS: HeaderName = HeaderName::from_static("x-max-staleness");

/// The headers are made anew when the position moved, and at least this often.
const KEPT: Duration = Duration::from_millis(100);

/// What is known of freshness at one moment.
#[derive(Debug)]
pub(crate) struct Staleness {
    made_at: Duration,
    at_position: u64,
    as_of: Option<HeaderValue>,
    modified: Option<HeaderValue>,
    position: HeaderValue,
    lag: Option<(u64, HeaderValue)>,
    state: HeaderValue,
    /// Whether the log has been complete once; a 404 before that may only mean "not yet".
    pub(crate) synchronised: bool,
    /// Whether every loan is known to be whole.
    pub(crate) all_complete: bool,
}

/// The latest [`Staleness`], shared by the requests of a moment.
#[derive(Default)]
pub(crate) struct Freshness(ArcSwapOption<Staleness>);

impl Freshness {
    pub(crate) fn current(&self, view: &View, state: &ApiState) -> Arc<Staleness> {
        let now = state.clock.monotonic();
        if let Some(kept) = self.0.load_full()
            && kept.at_position == view.position
            && now.saturating_sub(kept.made_at) < KEPT
        {
            return kept;
        }
        let made = Arc::new(Staleness::of(view, state, now));
        self.0.store(Some(Arc::clone(&made)));
        made
    }
}

impl Staleness {
    fn of(view: &View, state: &ApiState, now: Duration) -> Self {
        let sync = state.sync.snapshot_at(view.position);
        let lag = sync.lag.map(|lag| (lag.as_secs(), HeaderValue::from(lag.as_secs())));
        let proved = sync.completeness.as_ref().is_none_or(|summary| summary.complete);
        Self {
            made_at: now,
            at_position: view.position,
            as_of: view.as_of.as_deref().and_then(|t| HeaderValue::from_str(t).ok()),
            modified: view.as_of.as_deref().and_then(http_date),
            position: HeaderValue::from(view.position),
            lag,
            state: HeaderValue::from_static(state_word(sync.state)),
            synchronised: sync.synchronised,
            all_complete: sync.synchronised && proved && view.counts().incomplete_loans == 0,
        }
    }

    /// The word of `X-Replica-State`.
    pub(crate) fn state(&self) -> &str {
        self.state.to_str().unwrap_or_default()
    }

    /// Seconds, as in `X-Replica-Lag-Seconds`.
    pub(crate) fn lag_seconds(&self) -> Option<u64> {
        self.lag.as_ref().map(|(seconds, _)| *seconds)
    }

    /// Adds the headers to a reply about data.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        if let Some(as_of) = &self.as_of {
            headers.insert(AS_OF, as_of.clone());
        }
        headers.insert(POSITION, self.position.clone());
        if let Some((_, lag)) = &self.lag {
            headers.insert(LAG, lag.clone());
        }
        headers.entry(STATE).or_insert_with(|| self.state.clone());
    }

    /// Adds `Last-Modified`: when the newest event happened that the answer can show. As information only, the tag is what
    /// tells versions apart.
    pub(crate) fn mark_modified(&self, headers: &mut HeaderMap) {
        if let Some(modified) = &self.modified {
            headers.insert(LAST_MODIFIED, modified.clone());
        }
    }

    /// Refuses when the request set a limit (`X-Max-Staleness`, seconds) that is passed, or that cannot be judged.
    pub(crate) fn within(&self, request: &HeaderMap) -> Result<(), Problem> {
        let mut limits = request.get_all(MAX_STALENESS).iter();
        let Some(limit) = limits.next() else { return Ok(()) };
        let limit = limit.to_str().ok().and_then(seconds).filter(|_| limits.next().is_none()).ok_or_else(|| {
            Problem::new(&crate::problem::BAD_REQUEST, "`X-Max-Staleness` must be one whole number of seconds.")
        })?;
        match &self.lag {
            Some((seconds, _)) if *seconds <= limit => Ok(()),
            Some((seconds, _)) => {
                Err(format!("The replica is {seconds} s behind what its source was last seen to have."))
            }
            None => Err("The replica has not caught up with its source since it started.".to_owned()),
        }
        .map_err(|detail| Problem::new(&TOO_STALE, detail).retry_after(5))
    }
}

/// A time as HTTP writes it; `None` outside of what it can write.
fn http_date(time: &str) -> Option<HeaderValue> {
    let seconds = u64::try_from(Instant::parse(time)?.unix_micros() / 1_000_000).ok()?;
    // 9999-12-31T23:59:59Z: later ones cannot be written.
    if seconds > 253_402_300_799 {
        return None;
    }
    HeaderValue::from_str(&httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds))).ok()
}

/// Digits alone; more than fit count as very many.
fn seconds(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The word of `X-Replica-State`.
pub(crate) fn state_word(state: SourceState) -> &'static str {
    match state {
        SourceState::Starting => SourceState::CatchingUp.name(),
        state => state.name(),
    }
}
