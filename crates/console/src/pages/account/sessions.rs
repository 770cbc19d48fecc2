//! `/console/account/sessions/end`: another session ends, or all others.

use super::Done;
use crate::pages::sign_in::{Said, left};
use crate::pages::trouble;
use crate::reply::Answer;
use crate::visit::Posted;

/// Ends the session that the form names; without a name, all but this one.
pub(crate) async fn end(Posted { visit, fields }: Posted) -> Answer {
    let (session, auth) = (visit.member()?, &visit.console.auth);
    let (ending, done): (Vec<String>, Done) = if let Some(id) = fields.given("id") {
        (vec![id.to_owned()], Done::SessionEnded)
    } else {
        let others = auth.sessions(&session.account.id).into_iter().filter(|other| other.id != session.id);
        (others.map(|other| other.id).collect(), Done::SessionsEnded)
    };
    for id in &ending {
        auth.end_session(session, id).await.map_err(|error| trouble::failed(&visit, &error.into()))?;
    }
    if ending.contains(&session.id) {
        return Ok(left(&Said::SignedOut.address(None)));
    }
    Ok(super::done(&visit, None, done))
}
