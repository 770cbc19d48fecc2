//! `POST /api/v1/oauth/introspect`, and the same at `/oauth/introspect`: what an access token is (RFC 7662).

use super::authenticated;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::Problem;
use crate::reply::Reply;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/oauth/introspect",
    id: "introspectToken",
    tag: Tag::Token,
    summary: "Ask what an access token is",
    description: "OAuth 2.0 token introspection (RFC 7662). The client authenticates as at the token endpoint and sends `token`. It is told of its own tokens; of those of others only if an administrator let it (`mayIntrospect`). Of any other, and of one that is no good any more, `{\"active\": false}` is all.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("Introspection"),
    handler: Handler::Wait(wait),
};

pub(crate) static SHORT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/oauth/introspect",
    id: "introspectTokenShort",
    tag: Tag::Token,
    summary: "Ask what an access token is (short path)",
    description: "The same as `/api/v1/oauth/introspect`.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("Introspection"),
    handler: Handler::Wait(wait),
};

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let auth = &call.shared.state.auth;
    authenticated(call, async |request| Ok(Reply::json(auth.introspect(&request)?.to_string()))).await
}
