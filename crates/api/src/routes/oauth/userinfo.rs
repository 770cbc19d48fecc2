//! `/oauth/userinfo`: who the person is that let an application in (OpenID Connect Core section 5.3).

use crate::call::{Call, internal};
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb};
use crate::problem::Problem;
use crate::reply::{Caching, Reply};
use crate::request::bearer::REALM;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::GetOrPost,
    path: "/oauth/userinfo",
    id: "getUserInfo",
    tag: Tag::Token,
    summary: "Get who the person is",
    description: "OpenID Connect UserInfo (Core section 5.3): `sub`, and `name` and `email` where the person agreed to `profile` and `email`. The access token has to be one that a person granted with `openid`. POST answers the same.",
    access: Access::OpenId,
    params: &[],
    answer: Answer::Object("UserInfo"),
    handler: Handler::Read(handle),
};

fn handle(call: &Call) -> Result<Reply, Problem> {
    let principal = call.principal.as_ref().ok_or_else(|| internal("who somebody is without a principal"))?;
    let claims = call.shared.state.auth.userinfo(principal);
    let claims = claims.map_err(|error| Problem::unauthorized(REALM, Some(error.public_description())))?;
    let claims = claims.ok_or_else(|| internal("a token without openid passed the check of it"))?;
    Ok(Reply::json(claims.to_string()).caching(Caching::NoStore))
}
