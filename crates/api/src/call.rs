//! One request on its way through a handler.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::RawPathParams;
use bytes::Bytes;
use continuity_auth::{Principal, Scope};
use continuity_readmodel::{LoanState, Point, Snapshot, View};
use http::{HeaderMap, HeaderValue, Method, Uri};

use crate::ApiState;
use crate::changes::Room;
use crate::cursor::CursorSeal;
use crate::endpoint::Endpoint;
use crate::limits::Admission;
use crate::pages::SessionOf;
use crate::problem::{INTERNAL, LOAN_PURGED, NOT_FOUND, Problem, REBUILDING, STARTING};
use crate::request::id::RequestIds;
use crate::request::query::Query;
use crate::staleness::{Freshness, STATE};

/// What every request shares.
pub(crate) struct Shared {
    pub(crate) state: ApiState,
    pub(crate) cursors: CursorSeal,
    pub(crate) ids: RequestIds,
    pub(crate) freshness: Freshness,
    pub(crate) admission: Admission,
    /// Room for streams of changes that are open at once.
    pub(crate) streams: Arc<Room>,
    /// Whose session a request brings.
    pub(crate) session: SessionOf,
    started: AtomicBool,
}

impl Shared {
    pub(crate) fn new(state: ApiState, session: SessionOf) -> Self {
        let mut seed = state.cursor_key.to_vec();
        seed.extend_from_slice(&state.clock.now().as_micros().to_le_bytes());
        seed.extend_from_slice(&std::process::id().to_le_bytes());
        Self {
            cursors: CursorSeal::new(state.cursor_key),
            ids: RequestIds::new(&seed),
            freshness: Freshness::default(),
            admission: Admission::new(&state.limits, Arc::clone(&state.clock)),
            streams: Arc::new(Room::new(&state.changes)),
            session,
            started: AtomicBool::new(false),
            state,
        }
    }

    /// Whether the read models have once reached the position that the log had at start.
    pub(crate) fn has_started(&self) -> bool {
        if self.started.load(Ordering::Relaxed) {
            return true;
        }
        let started = self.state.engine.view().position >= self.state.start_position;
        if started {
            self.started.store(true, Ordering::Relaxed);
        }
        started
    }
}

/// One request, admitted and checked.
pub(crate) struct Call {
    pub(crate) shared: Arc<Shared>,
    pub(crate) endpoint: &'static Endpoint,
    /// Every read model at one log position.
    pub(crate) view: Arc<View>,
    /// The latest of them: `view`, but where an earlier point is asked for. What is sensitive now was so at any time.
    pub(crate) now: Arc<View>,
    /// The earlier point that it is asked as of. Where the path names a loan, `view` is that of the point.
    pub(crate) as_of: Option<Point>,
    /// The address that it came from; `None` when it came over no connection.
    pub(crate) address: Option<IpAddr>,
    /// Who asks; `None` at open endpoints.
    pub(crate) principal: Option<Principal>,
    pub(crate) query: Query,
    pub(crate) path: Option<RawPathParams>,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// Empty but for POST.
    pub(crate) body: Bytes,
    pub(crate) request_id: HeaderValue,
    /// Whether this read has a record of its own.
    pub(crate) recorded: AtomicBool,
}

impl Call {
    /// A parameter of the path, percent-decoded.
    pub(crate) fn path(&self, name: &str) -> &str {
        let mut params = self.path.iter().flat_map(RawPathParams::iter);
        params.find(|(n, _)| *n == name).map_or("", |(_, value)| value)
    }

    /// Whether the token has that scope.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.principal.as_ref().is_some_and(|p| p.scopes.contains(scope))
    }

    /// The text of the request's id.
    pub(crate) fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    /// The loan that the path names.
    pub(crate) fn loan(&self) -> Result<Loan<'_>, Problem> {
        let id = self.path("loanRequestId");
        let state = self.view.loan(id).map_err(|e| Problem::store(&e))?;
        if state.purged {
            return Err(Problem::new(&LOAN_PURGED, "Its data was erased for good, as the platform asked."));
        }
        if !state.exists {
            return Err(unknown_loan(id));
        }
        Ok(Loan { id, state })
    }

    /// A read model as it is now, where an earlier point is asked for; `None` where the answer is of now anyway.
    pub(crate) fn model_now(&self, name: &str) -> Result<Option<&Snapshot>, Problem> {
        if self.as_of.is_none() {
            return Ok(None);
        }
        self.now.model(name).map(Some).ok_or_else(|| rebuilding(name))
    }

    /// A read model that serves.
    pub(crate) fn model(&self, name: &str) -> Result<&Snapshot, Problem> {
        self.view.model(name).ok_or_else(|| rebuilding(name))
    }
}

/// A loan that exists.
pub(crate) struct Loan<'a> {
    pub(crate) id: &'a str,
    pub(crate) state: LoanState,
}

/// 404 for a loan that there is not.
pub(crate) fn unknown_loan(id: &str) -> Problem {
    Problem::new(&NOT_FOUND, format!("There is no loan request {id:?}."))
}

/// 503 while a read model is rebuilt.
pub(crate) fn rebuilding(model: &str) -> Problem {
    Problem::new(&REBUILDING, format!("The read model {model} is being rebuilt from the log; the others serve."))
        .header(STATE, "rebuilding")
        .retry_after(5)
}

/// 503 until the read models have reached what the log had at start.
pub(crate) fn starting(position: u64, wanted: u64) -> Problem {
    Problem::new(&STARTING, format!("The read models are at position {position} of {wanted}.")).retry_after(1)
}

/// 500 for what should not happen.
pub(crate) fn internal(what: &'static str) -> Problem {
    tracing::error!(what, "a request failed");
    Problem::new(&INTERNAL, "The operator's log says why.")
}
