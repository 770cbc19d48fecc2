//! `GET /api/v1/loan-requests/{loanRequestId}`: one loan request.

use continuity_auth::Scope;
use continuity_projections::loan_requests;

use crate::call::{Call, internal};
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::filter;
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}",
    id: "getLoanRequest",
    tag: Tag::LoanRequests,
    summary: "Get a loan request",
    description: "The loan request as the platform last sent it, unknown members included. A soft-deleted one (`deletedAt`) is answered too; a purged one is 410.",
    access: Access::AnyOf(&[Scope::LoansRead]),
    params: &paging::OF_OBJECT,
    answer: Answer::Object("LoanRequest"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("loan-requests")?;
    let json = loan_requests::get(model, loan.id).map_err(|e| Problem::store(&e))?;
    let json = json.ok_or_else(|| internal("a loan exists but its read model has no row of it"))?;
    Ok(Reply::json(filter::fields_of(call, json)).complete(loan.state.complete))
}
