//! `GET /api/v1/loan-requests/{loanRequestId}/views/`: list materialised views.

use continuity_auth::Scope;
use continuity_events::catalogue::words;
use continuity_projections::views;

use crate::as_of::AS_OF;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb};
use crate::filter::{By, by};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/views/",
    id: "listViews",
    tag: Tag::Views,
    summary: "List materialised views",
    description: "Materialised views in their order, whatever their status.",
    access: Access::AnyOf(&[Scope::ReportsRead]),
    params: &PARAMS,
    answer: Answer::Array("View"),
    handler: Handler::Read(handle),
};

static PARAMS: [Param; 5] = [
    paging::LIMIT,
    paging::CURSOR,
    paging::FIELDS,
    AS_OF,
    by("status", &["status"], By::AnyOf(words::VIEW_STATUS), "Only views in one of these states."),
];

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("views")?;
    paging::array(call, loan.state.complete, |page| views::list(model, loan.id, page))
}
