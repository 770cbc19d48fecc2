//! `.../tasks`: tasks, their form data and attachments.

pub(crate) mod download;
pub(crate) mod get;
pub(crate) mod list;

use std::collections::BTreeSet;

use continuity_projections::tasks;

use crate::call::Call;
use crate::problem::Problem;

/// The tasks of the loan that are sensitive now: as of an earlier point they are shown, and recorded, as what they are now.
fn sensitive_now(call: &Call, loan: &str) -> Result<BTreeSet<String>, Problem> {
    let Some(model) = call.model_now("tasks")? else { return Ok(BTreeSet::new()) };
    tasks::sensitive(model, loan).map_err(|e| Problem::store(&e))
}
