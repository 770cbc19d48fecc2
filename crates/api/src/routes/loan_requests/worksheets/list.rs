//! `GET /api/v1/loan-requests/{loanRequestId}/worksheets`: list worksheets.

use continuity_auth::Scope;
use continuity_projections::worksheets;

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/worksheets",
    id: "listWorksheets",
    tag: Tag::Worksheets,
    summary: "List worksheets",
    description: "Worksheets, last changed first, without their `sheets`.",
    access: Access::AnyOf(&[Scope::AnalysisRead, Scope::ReportsRead]),
    params: &paging::PARAMS,
    answer: Answer::Array("WorksheetSummary"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("worksheets")?;
    paging::array(call, loan.state.complete, |page| worksheets::list(model, loan.id, page))
}
