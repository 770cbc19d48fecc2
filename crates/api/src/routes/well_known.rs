//! What clients look up: the server's metadata (RFC 8414), and the public keys that access tokens are checked with.

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::problem::Problem;
use crate::reply::{Caching, Reply};

pub(crate) static JWKS: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/.well-known/jwks.json",
    id: "getKeys",
    tag: Tag::Token,
    summary: "Get the public keys",
    description: "The JSON Web Key Set (RFC 7517) that access tokens are signed with.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("KeySet"),
    handler: Handler::Read(handle),
};

pub(crate) static METADATA: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/.well-known/oauth-authorization-server",
    id: "getServerMetadata",
    tag: Tag::Token,
    summary: "Get the server's metadata",
    description: "OAuth 2.0 authorization server metadata (RFC 8414): where the endpoints are, and what they understand.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("ServerMetadata"),
    handler: Handler::Read(metadata),
};

pub(crate) static OPENID: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/.well-known/openid-configuration",
    id: "getProviderMetadata",
    tag: Tag::Token,
    summary: "Get the server's metadata (OpenID Connect)",
    description: "OpenID Connect Discovery 1.0: the same as `/.well-known/oauth-authorization-server`.",
    access: Access::Open,
    params: &[],
    answer: Answer::Object("ServerMetadata"),
    handler: Handler::Read(metadata),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of every handler")]
fn metadata(call: &Call) -> Result<Reply, Problem> {
    Ok(Reply::json(call.shared.state.auth.metadata().to_string()).caching(Caching::Public))
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of every handler")]
fn handle(call: &Call) -> Result<Reply, Problem> {
    Ok(Reply::json(call.shared.state.auth.jwks()).caching(Caching::Public))
}
