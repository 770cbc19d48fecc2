//! The record of each read of a loan's data: of a sensitive one before the first byte of the reply, of others by counting.

use std::sync::atomic::Ordering;

use continuity_auth::{Access, AccessRange, Accessed};

use crate::call::{Call, internal};
use crate::endpoint::Access as Reads;
use crate::export;
use crate::problem::{ACCESS_NOT_RECORDED, Problem};

/// Records that the caller is about to read this. On an error the data must not be sent.
pub(crate) async fn record(call: &Call, loan: &str, what: Accessed) -> Result<(), Problem> {
    let reader = call.principal.as_ref().ok_or_else(|| internal("a sensitive read without a principal"))?;
    let access = Access {
        loan: loan.to_owned(),
        what,
        client_id: reader.reader().to_owned(),
        request_id: call.request_id().to_owned(),
    };
    call.shared.state.auth.record_access(access).await.map_err(|error| {
        tracing::error!(error = %error, "a sensitive read could not be recorded and was refused");
        Problem::new(&ACCESS_NOT_RECORDED, "Reads of sensitive data are served only once they are on record.")
            .retry_after(5)
    })?;
    call.recorded.store(true, Ordering::Relaxed);
    Ok(())
}

/// Counts a read of data that is answered, unless it has a record of its own. Every good answer is a read: a 304 and HEAD tell
/// that the data is what the reader has, or how long it is. A refusal gives nothing away and is none.
pub(crate) fn count(call: &Call) {
    let Some(reader) = call.principal.as_ref().filter(|_| matches!(call.endpoint.access, Reads::AnyOf(_))) else {
        return;
    };
    if call.recorded.load(Ordering::Relaxed) {
        return;
    }
    let loan = call.path("loanRequestId");
    let loan = (!loan.is_empty()).then_some(loan);
    call.shared.state.auth.count_read(reader.reader(), loan, call.endpoint.id);
}

/// The recorded reads that the query's `from` and `to` leave, of one loan if it is given: a little more at most, which the
/// filter of the call takes out.
pub(crate) fn range(call: &Call, loan: Option<&str>) -> AccessRange {
    // In a query an unencoded plus of an offset reads as a space.
    let time = |name, end| call.query.text(name).and_then(|text| export::time(&text.replace(' ', "+"), end));
    AccessRange { loan: loan.map(str::to_owned), from: time("from", false), to: time("to", true) }
}
