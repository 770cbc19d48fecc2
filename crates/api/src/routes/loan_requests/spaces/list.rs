//! `GET /api/v1/loan-requests/{loanRequestId}/spaces/`: list document spaces.

use continuity_auth::Scope;
use continuity_projections::spaces;

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/spaces/",
    id: "listSpaces",
    tag: Tag::Documents,
    summary: "List document spaces",
    description: "Document spaces in their order.",
    access: Access::AnyOf(&[Scope::DocumentsRead]),
    params: &paging::PARAMS,
    answer: Answer::Array("Space"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("spaces")?;
    paging::array(call, loan.state.complete, |page| spaces::list(model, loan.id, page))
}
