//! `GET /api/v1/loan-requests/{loanRequestId}/documents`: list documents.

use continuity_auth::Scope;
use continuity_projections::documents;

use super::{CATEGORY, NAME, STATUS, UPLOADED_FROM, UPLOADED_TO};
use crate::blob_state::Splice;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb};
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
    handler: Handler::Read(handle),
};

static PARAMS: [Param; 9] = [
    paging::LIMIT,
    paging::CURSOR,
    paging::FIELDS,
    by("spaceId", &["spaceId"], By::AnyOf(&["spc_2f7vsvt04p"]), "Only documents of these spaces."),
    CATEGORY,
    STATUS,
    NAME,
    UPLOADED_FROM,
    UPLOADED_TO,
];

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("documents")?;
    paging::array_spliced(call, loan.state.complete, Splice::documents, |page| {
        documents::list(model, loan.id, None, page)
    })
}
