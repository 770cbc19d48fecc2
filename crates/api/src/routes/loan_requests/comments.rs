//! `GET /api/v1/loan-requests/{loanRequestId}/comments`: list comments.

use continuity_auth::Scope;
use continuity_projections::comments;

use crate::as_of::AS_OF;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Param, Tag, Verb};
use crate::filter::{By, by};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::sight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/comments",
    id: "listComments",
    tag: Tag::Communication,
    summary: "List comments",
    description: "Comments, oldest first.",
    access: Access::AnyOf(&[Scope::MessagesRead]),
    params: &PARAMS,
    answer: Answer::Array("Comment"),
    handler: Handler::Read(handle),
};

static PARAMS: [Param; 6] = [
    paging::LIMIT,
    paging::CURSOR,
    paging::FIELDS,
    AS_OF,
    by("targetType", &["target", "type"], By::AnyOf(&["document"]), "Only comments on such things."),
    by("targetId", &["target", "id"], By::AnyOf(&["doc_6cetsxp7ky"]), "Only comments on these."),
];

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("comments")?;
    let seen = sight::channels(call, loan.id)?;
    paging::array(call, loan.state.complete, |page| comments::list(model, loan.id, page, seen.as_ref()))
}
