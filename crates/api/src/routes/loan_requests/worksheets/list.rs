//! `GET /api/v1/loan-requests/{loanRequestId}/worksheets`: list worksheets.

use continuity_auth::Scope;
use continuity_events::catalogue::words;
use continuity_projections::worksheets;

use crate::as_of::AS_OF;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb};
use crate::filter::{By, by};
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
    params: &PARAMS,
    answer: Answer::Array("WorksheetSummary"),
    handler: Handler::Read(handle),
};

static PARAMS: [Param; 5] = [
    paging::LIMIT,
    paging::CURSOR,
    paging::FIELDS,
    AS_OF,
    by("status", &["status"], By::AnyOf(words::WORKSHEET_STATUS), "Only worksheets in one of these states."),
];

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("worksheets")?;
    paging::array(call, loan.state.complete, |page| worksheets::list(model, loan.id, page))
}
