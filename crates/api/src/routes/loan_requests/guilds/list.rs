//! `GET /api/v1/loan-requests/{loanRequestId}/guilds`: list guilds.

use continuity_auth::Scope;
use continuity_projections::guilds;

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::paging;
use crate::problem::Problem;
use crate::reply::Reply;
use crate::sight;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/loan-requests/{loanRequestId}/guilds",
    id: "listGuilds",
    tag: Tag::Communication,
    summary: "List guilds",
    description: "Guilds, oldest first, each with its `channels`.",
    access: Access::AnyOf(&[Scope::MessagesRead]),
    params: &paging::PARAMS,
    answer: Answer::Array("Guild"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let loan = call.loan()?;
    let model = call.model("guilds")?;
    let seen = sight::channels(call, loan.id)?;
    paging::array(call, loan.state.complete, |page| guilds::list(model, loan.id, page, seen.as_ref()))
}
