//! `GET /api/v1/loan-requests/{loanRequestId}/documents`: list documents.

use continuity_auth::Scope;
use continuity_projections::documents;

use super::{CATEGORY, NAME, STATUS, UPLOADED_FROM, UPLOADED_TO, sensitive};
use crate::as_of::AS_OF;
use crate::blob_state::Splice;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb, Waiting};
use crate::filter::{By, by};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/documents",
    id: "listDocuments",
    tag: Tag::Documents,
    summary: "List documents",
    description: "Every document of the loan request, newest first, whatever its space. `blob.state` says how the bytes are on this replica; while some are missing the reply carries `X-Replica-Complete: false`.",
    access: Access::AnyOf(&[Scope::DocumentsRead]),
    params: &PARAMS,
    answer: Answer::Array("Document"),
    handler: Handler::Wait(wait),
};

static PARAMS: [Param; 10] = [
    paging::LIMIT,
    paging::CURSOR,
    paging::FIELDS,
    AS_OF,
    by("spaceId", &["spaceId"], By::AnyOf(&["spc_2f7vsvt04p"]), "Only documents of these spaces."),
    CATEGORY,
    STATUS,
    NAME,
    UPLOADED_FROM,
    UPLOADED_TO,
];

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("documents")?;
    let mut sensitive = Vec::new();
    let splice = |states: &mut Splice, array: &str| {
        let spliced = states.documents(array);
        sensitive = sensitive::with_bytes(call, spliced.as_deref().unwrap_or(array));
        spliced
    };
    let reply =
        paging::array_spliced(call, loan.state.complete, splice, |page| documents::list(model, loan.id, None, page))?;
    sensitive::record(call, loan.id, sensitive).await?;
    Ok(reply)
}
