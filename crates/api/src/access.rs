//! The record of a read of sensitive data: durable before the first byte of the reply.

use continuity_auth::{Access, Accessed};

use crate::call::{Call, internal};
use crate::problem::{ACCESS_NOT_RECORDED, Problem};

/// Records that the caller is about to read this. On an error the data must not be sent.
pub(crate) async fn record(
    call: &Call,
    loan: &str,
    task: &str,
    item: Option<&str>,
    what: Accessed,
) -> Result<(), Problem> {
    let reader = call.principal.as_ref().ok_or_else(|| internal("a sensitive read without a principal"))?;
    let access = Access {
        loan: loan.to_owned(),
        task: task.to_owned(),
        item: item.map(str::to_owned),
        what,
        client_id: reader.client_id.clone(),
        request_id: call.request_id().to_owned(),
    };
    call.shared.state.auth.record_access(access).await.map_err(|error| {
        tracing::error!(error = %error, "a sensitive read could not be recorded and was refused");
        Problem::new(&ACCESS_NOT_RECORDED, "Reads of sensitive data are served only once they are on record.")
            .retry_after(5)
    })
}
