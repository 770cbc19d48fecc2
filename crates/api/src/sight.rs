//! What a limited client sees: the loan requests of its teams, and in them the channels of its kinds.
//!
//! What lies outside does not exist for it. So it is answered by the very code, in the very words, by which it is answered
//! about what there is not: on its way to a loan a limited client meets [`check`] before anything is read of the loan, and
//! an unknown one fails there too. A loan is of the team that it has now, and as of an earlier point also of the one that
//! it had then: both have to be admitted. A purged loan is of no team. Channels are judged by their kind in the same way.
//!
//! Clients without limits pay for none of this.

use std::sync::Arc;

use continuity_auth::{Limits, Principal};
use continuity_projections::{Channels, Filter, Test, loan_requests};
use continuity_readmodel::{Point, Snapshot, StoreError, Then, View};

use crate::as_of;
use crate::call::{Call, rebuilding, unknown_loan};
use crate::problem::Problem;

const LOANS: &str = "loan-requests";
const MESSAGES: &str = "messages";

/// The loan requests that a client may see which is limited to teams.
pub(crate) struct Teams {
    limits: Arc<Limits>,
    loans: Snapshot,
}

impl Teams {
    /// By the teams that loans have in the view; `None` for a client that may see all.
    pub(crate) fn of(principal: Option<&Principal>, view: &View) -> Result<Option<Self>, Problem> {
        let limits = principal.and_then(|principal| principal.limits.as_ref());
        let Some(limits) = limits.filter(|limits| limits.teams().is_some()) else { return Ok(None) };
        let loans = view.model(LOANS).ok_or_else(|| rebuilding(LOANS))?;
        Ok(Some(Self { limits: Arc::clone(limits), loans: loans.clone() }))
    }

    /// Whether the loan may be seen; not if there is none.
    pub(crate) fn admits(&self, loan: &str) -> Result<bool, StoreError> {
        Ok(self.limits.admits_team(loan_requests::team(&self.loans, loan)?.as_deref()))
    }
}

/// The channels, of whatever loan, that a client may see which is limited to kinds of them.
pub(crate) struct Kinds {
    limits: Arc<Limits>,
    messages: Snapshot,
}

impl Kinds {
    /// By the kinds that channels have now; `None` for a client that may see all.
    pub(crate) fn of(principal: Option<&Principal>, messages: &Snapshot) -> Option<Self> {
        let limits = principal.and_then(|principal| principal.limits.as_ref());
        let limits = limits.filter(|limits| limits.channel_kinds().is_some())?;
        Some(Self { limits: Arc::clone(limits), messages: messages.clone() })
    }

    /// Whether the channel may be seen; not if there is none.
    pub(crate) fn admits(&self, loan: &str, channel: &str) -> Result<bool, StoreError> {
        let kinds = self.limits.channel_kinds().unwrap_or_default();
        Channels::of(loan, kinds, vec![self.messages.clone()]).admits(channel)
    }
}

/// Refuses a loan that the client may not see, as one that there is not.
pub(crate) fn check(
    principal: Option<&Principal>,
    view: &View,
    loan: &str,
    point: Option<&Point>,
) -> Result<(), Problem> {
    let Some(teams) = Teams::of(principal, view)? else { return Ok(()) };
    if teams.admits(loan).map_err(|e| Problem::store(&e))? {
        return Ok(());
    }
    Err(point.map_or_else(|| unknown_loan(loan), |_| as_of::refusal(Then::NotYet, loan)))
}

/// Narrows a list of loan requests to those that the client may see.
pub(crate) fn narrow(call: &Call, filter: &mut Filter) {
    let limits = call.principal.as_ref().and_then(|principal| principal.limits.as_ref());
    if let Some(teams) = limits.and_then(|limits| limits.teams()) {
        filter.and(&["team"], Test::AnyOf(teams.to_vec()));
    }
}

/// The channels of a loan that the client may see; `None`: all.
pub(crate) fn channels(call: &Call, loan: &str) -> Result<Option<Channels>, Problem> {
    let limits = call.principal.as_ref().and_then(|principal| principal.limits.as_ref());
    let Some(kinds) = limits.and_then(|limits| limits.channel_kinds()) else { return Ok(None) };
    let shown = call.model(MESSAGES)?;
    let models = std::iter::once(shown).chain(call.model_now(MESSAGES)?).cloned().collect();
    Ok(Some(Channels::of(loan, kinds, models)))
}
