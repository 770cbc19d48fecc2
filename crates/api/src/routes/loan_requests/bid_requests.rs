//! `GET /api/v1/loan-requests/{loanRequestId}/bid-requests`: list bid requests.

use continuity_auth::Scope;
use continuity_events::catalogue::words;
use continuity_projections::bid_requests;

use crate::as_of::AS_OF;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb};
use crate::filter::{By, by};
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
    params: &PARAMS,
    answer: Answer::Array("BidRequest"),
    handler: Handler::Read(handle),
};

static PARAMS: [Param; 6] = [
    paging::LIMIT,
    paging::CURSOR,
    paging::FIELDS,
    AS_OF,
    by("status", &["status"], By::AnyOf(words::BID_STATUS), "Only bid requests in one of these states."),
    by(
        "quoteStatus",
        &["quotes", "status"],
        By::AnyOf(words::QUOTE_STATUS),
        "Only bid requests with a quote in one of these states; all their quotes come.",
    ),
];

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("bid-requests")?;
    paging::array(call, loan.state.complete, |page| bid_requests::list(model, loan.id, page))
}
