//! `GET /api/v1/loan-requests/{loanRequestId}/bid-requests`: list bid requests.

use continuity_auth::Scope;
use continuity_projections::bid_requests;

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/bid-requests",
    id: "listBidRequests",
    tag: Tag::BidsAndAnalysis,
    summary: "List bid requests",
    description: "Bid requests, newest first, each with its `quotes` by revision.",
    access: Access::AnyOf(&[Scope::BidsRead, Scope::LoansRead]),
    params: &paging::PARAMS,
    answer: Answer::Array("BidRequest"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("bid-requests")?;
    paging::array(call, loan.state.complete, |page| bid_requests::list(model, loan.id, page))
}
