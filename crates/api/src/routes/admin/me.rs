//! `/api/v1/admin/me`: who somebody is here, and what a page needs to change something.

use continuity_auth::{PROOF_LIFE, Role};
use serde_json::json;

use super::{administrator, shown};
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/admin/me",
    id: "getMe",
    tag: Tag::Administration,
    summary: "Get who you are",
    description: "The account that asks, until when its proof of who it is counts, and with a session what every change has to repeat as `X-CSRF-Token`.",
    access: Access::Roles { of: &Role::ALL, proof: false },
    params: &[],
    answer: Answer::Object("Me"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let account = administrator(call)?.account;
    let auth = &call.shared.state.auth;
    let proved_at = call.principal.as_ref().and_then(|principal| Some(principal.person.as_ref()?.proved_at));
    let session = (call.shared.session)(auth, &call.headers, call.address, false).ok().flatten();
    // A request with a token needs none, whatever cookies came along.
    let of_session = call.principal.as_ref().is_some_and(|one| session.as_ref().is_some_and(|s| s.id == one.token_id));
    shown(&json!({
        "account": account,
        "provedUntil": proved_at.map(|at| at.plus(PROOF_LIFE).to_string()),
        "csrfToken": session.filter(|_| of_session).map(|session| session.csrf),
    }))
}
