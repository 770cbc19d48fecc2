//! `/console/account/applications/withdraw`: an application is let in no longer.

use super::Done;
use crate::pages::trouble;
use crate::reply::Answer;
use crate::visit::Posted;

/// Takes back what the application that the form names was given.
pub(crate) async fn withdraw(Posted { visit, fields }: Posted) -> Answer {
    let (session, client) = (visit.member()?, fields.get("client"));
    // What was never given is not taken back: the record would say that it had been.
    if visit.console.auth.consents(&session.account.id).iter().any(|consent| consent.client_id == client) {
        let withdrawn = visit.console.auth.withdraw(session, client).await;
        withdrawn.map_err(|error| trouble::failed(&visit, &error.into()))?;
    }
    Ok(super::done(&visit, None, Done::Withdrawn))
}
