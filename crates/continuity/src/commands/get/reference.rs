//! Loan requests by their reference.

use continuity_events::json;

use super::session::Session;
use super::{pages, shape};

/// The id of the one loan request with that reference; `None` when there is none, or when it cannot be told.
pub(super) async fn resolve(session: &mut Session, reference: &str) -> Option<String> {
    let reference = shape::escaped(reference);
    let url = format!("/api/v1/loan-requests?reference={reference}&includeDeleted=true&fields=id&limit=2");
    let body = pages::body(session, &url).await.ok()?;
    match pages::elements(&body, Some("loanRequests")).ok()?.as_slice() {
        [only] => json::member(only, "id").and_then(json::text).map(std::borrow::Cow::into_owned),
        _ => None,
    }
}
