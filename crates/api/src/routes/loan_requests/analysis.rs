//! `GET /api/v1/loan-requests/{loanRequestId}/analysis`: list analyses.

use continuity_auth::Scope;
use continuity_projections::analysis;

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/analysis",
    id: "listAnalyses",
    tag: Tag::BidsAndAnalysis,
    summary: "List analyses",
    description: "Analyses, the latest run first.",
    access: Access::AnyOf(&[Scope::AnalysisRead]),
    params: &paging::PARAMS,
    answer: Answer::Array("Analysis"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("analysis")?;
    paging::array(call, loan.state.complete, |page| analysis::list(model, loan.id, page))
}
