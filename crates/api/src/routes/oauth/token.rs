//! `POST /api/v1/oauth/token`, and the same at `/oauth/token`: access tokens, for client credentials, codes and refresh tokens.

use super::authenticated;
use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::Problem;
use crate::reply::Reply;
use crate::request::dpop;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/oauth/token",
    id: "createToken",
    tag: Tag::Token,
    summary: "Get an access token",
    description: "OAuth 2.0 client credentials (RFC 6749 section 4.4), authorization code with PKCE (section 4.1.3, RFC 7636) and refresh token (section 6). The body is JSON or a form; client id and secret stand in it or in HTTP Basic, or the client signs an assertion (`private_key_jwt`, RFC 7523); an application on a person's device sends its `client_id` alone. Without `scope` the token has every scope of the client, or everything that was granted. A refresh token is good once: the answer has the next one. With a proof in the header `DPoP` the token is bound to the proof's key (RFC 9449), and `token_type` is `DPoP`. Errors are those of RFC 6749 section 5.2.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("Token"),
    handler: Handler::Wait(wait),
};

pub(crate) static SHORT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/oauth/token",
    id: "createTokenShort",
    tag: Tag::Token,
    summary: "Get an access token (short path)",
    description: "The same as `/api/v1/oauth/token`.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("Token"),
    handler: Handler::Wait(wait),
};

fn wait(call: &Call) -> Waiting<'_> {
    Box::pin(handle(call))
}

async fn handle(call: &Call) -> Result<Reply, Problem> {
    let auth = &call.shared.state.auth;
    let proof = dpop::sent(&call.headers, &call.method, &call.uri);
    authenticated(call, async |request| {
        let (media_type, body) = auth.token_with_proof(request, proof).await?.to_body();
        Ok(Reply::of(media_type, body))
    })
    .await
}
