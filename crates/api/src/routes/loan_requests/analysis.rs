//! `GET /api/v1/loan-requests/{loanRequestId}/analysis`: list analyses.

use continuity_auth::Scope;
use continuity_events::catalogue::words;
use continuity_projections::analysis;

use crate::as_of::AS_OF;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb};
use crate::filter::{By, by};
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
    params: &PARAMS,
    answer: Answer::Array("Analysis"),
    handler: Handler::Read(handle),
};

static PARAMS: [Param; 8] = [
    paging::LIMIT,
    paging::CURSOR,
    paging::FIELDS,
    AS_OF,
    by("type", &["type"], By::AnyOf(words::ANALYSIS_TYPE), "Only analyses of these types."),
    by("status", &["status"], By::AnyOf(&["COMPLETED"]), "Only analyses in one of these states."),
    by("scope", &["scope"], By::AnyOf(words::ANALYSIS_SCOPE), "Only analyses of these scopes."),
    by("participantId", &["participantId"], By::AnyOf(&["par_1kazsw6gf9"]), "Only analyses of these participants."),
];

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("analysis")?;
    paging::array(call, loan.state.complete, |page| analysis::list(model, loan.id, page))
}
