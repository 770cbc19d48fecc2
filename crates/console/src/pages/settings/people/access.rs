//! What ends of an account's sessions and consents. No proof is asked for: it may be urgent.

use axum::extract::Path;

use super::super::ADMINISTRATORS;
use super::failed;
use super::one::done;
use crate::pages::trouble;
use crate::reply::Answer;
use crate::visit::Posted;

/// Ends the session that the form names; without a name, all of them.
pub(crate) async fn end(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.with_role(ADMINISTRATORS)?;
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let (of, which) = (id.clone(), fields.given("id").map(str::to_owned));
    let is_one = which.is_some();
    let ended = auth.off_thread(move |auth| auth.end_sessions(&of, which.as_deref())).await;
    match ended.map_err(|error| failed(&visit, error))? {
        0 if is_one => Ok(trouble::gone(&visit)),
        _ => Ok(done(&id, if is_one { "session-ended" } else { "sessions-ended" })),
    }
}

/// Takes back what the application that the form names was let do.
pub(crate) async fn withdraw(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Answer {
    let session = visit.with_role(ADMINISTRATORS)?;
    let auth = visit.console.auth.acting_for(session, fields.get("reason"));
    let (of, client) = (id.clone(), fields.get("client").to_owned());
    let withdrawn = auth.off_thread(move |auth| auth.withdraw_for(&of, &client)).await;
    let was_there = withdrawn.map_err(|error| failed(&visit, error))?;
    Ok(if was_there { done(&id, "withdrawn") } else { trouble::gone(&visit) })
}
