//! `/console/operations`: how the parts of the replica are, and what operators do about them.

pub(crate) mod accept;
pub(crate) mod backups;
pub(crate) mod blobs;
pub(crate) mod builds;
pub(crate) mod completeness;
pub(crate) mod log;
pub(crate) mod quarantine;
pub(crate) mod quarantined;
mod raw;
pub(crate) mod read_models;
pub(crate) mod shell;
pub(crate) mod source;

use axum::response::Response;
use continuity_auth::{Account, Role, ScopeSet};

use crate::reply::see_other;

pub(crate) const PATH: &str = "/console/operations";

/// Who does something.
pub(crate) const OPERATORS: &[Role] = &[Role::Admin, Role::Operator];
/// Who may look.
pub(crate) const WATCHERS: &[Role] = &[Role::Admin, Role::Operator, Role::Auditor];

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// Back to a page, which says what was done.
pub(crate) fn done(path: &str, what: &str) -> Response {
    see_other(&format!("{path}?done={what}"))
}

/// Whether a reason is one, and not longer than it may be.
pub(crate) fn is_reason(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= LONGEST_REASON
}

/// Whether the person may know every loan by its id: who is limited to teams may not.
pub(crate) fn sees_all_loans(account: &Account) -> bool {
    account.settings.teams.is_empty()
}

/// Whether the person may read whatever is in an event that nobody could look into.
fn reads_everything(account: &Account) -> bool {
    let settings = &account.settings;
    let all = settings.scopes.contains_all(ScopeSet::all());
    all && sees_all_loans(account) && settings.channel_kinds.is_empty()
}
