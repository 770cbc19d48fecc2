//! `/console/account/passkeys`: passkeys are added and removed.

use axum::response::Response;

use super::{Done, recovery};
use crate::pages::{passkey, trouble};
use crate::reply::Answer;
use crate::visit::Posted;

/// `POST /console/account/passkeys/options`.
pub(crate) async fn options(Posted { visit, .. }: Posted) -> Result<Response, crate::reply::Away> {
    let session = visit.member_on_duty()?;
    Ok(passkey::options(&visit, visit.console.auth.offer_passkey(session)))
}

/// `POST /console/account/passkeys`.
pub(crate) async fn add(posted: Posted) -> Answer {
    let next = posted.next();
    let Posted { visit, fields } = posted;
    let session = visit.proved(super::PATH)?;
    let (handle, answer, name) = (fields.get("handle"), fields.get("answer"), fields.get("name"));
    let added = visit.console.auth.add_passkey(session, handle, answer, name).await;
    let codes = added.map_err(|error| trouble::failed(&visit, &error))?;
    if codes.is_empty() {
        return Ok(super::done(&visit, next.as_deref(), Done::PasskeyAdded));
    }
    Ok(recovery::render(&visit, codes, visit.texts().done_passkey_added, next.as_deref()))
}

/// `POST /console/account/passkeys/remove`.
pub(crate) async fn remove(Posted { visit, fields }: Posted) -> Answer {
    visit.member()?;
    let removed = visit.console.auth.remove_passkey(visit.proved(super::PATH)?, fields.get("id")).await;
    removed.map_err(|error| trouble::failed(&visit, &error))?;
    Ok(super::done(&visit, None, Done::PasskeyRemoved))
}
