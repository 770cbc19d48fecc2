//! `POST /api/v1/oauth/revoke`, and the same at `/oauth/revoke`: ends an access token (RFC 7009).

use super::authenticated;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/oauth/revoke",
    id: "revokeToken",
    tag: Tag::Token,
    summary: "End an access token",
    description: "OAuth 2.0 token revocation (RFC 7009). The client authenticates as at the token endpoint and sends `token`. Once the answer is there, the token is refused. 200 also for a token that is unknown, expired or of another client.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("Revocation"),
    handler: Handler::Wait(wait),
};

pub(crate) static SHORT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/oauth/revoke",
    id: "revokeTokenShort",
    tag: Tag::Token,
    summary: "End an access token (short path)",
    description: "The same as `/api/v1/oauth/revoke`.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("Revocation"),
    handler: Handler::Wait(wait),
};

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let auth = &call.shared.state.auth;
    authenticated(call, async |request| auth.revoke(request).await.map(|()| Reply::json("{}"))).await
}
