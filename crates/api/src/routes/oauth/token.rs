//! `POST /api/v1/oauth/token`, and the same at `/oauth/token`: an access token for client credentials.
//!
//! Answers and errors have the form of RFC 6749, not of RFC 9457: standard clients read nothing else.

use continuity_auth::{OAuthError, TokenRequest};
use http::header::{AUTHORIZATION, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, StatusCode};

use crate::call::Call;
use crate::endpoint::{Access, Answer, Endpoint, Handler, Tag, Verb, Waiting};
use crate::problem::{BAD_REQUEST, Problem};
use crate::reply::{Caching, Reply};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Post,
    path: "/api/v1/oauth/token",
    id: "createToken",
    tag: Tag::Token,
    summary: "Get an access token",
    description: "OAuth 2.0 client credentials (RFC 6749 section 4.4). The body is JSON or a form; client id and secret stand in it or in HTTP Basic. Without `scope` the token has every scope of the client. Errors are those of RFC 6749 section 5.2.",
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
    let request = TokenRequest {
        content_type: only(call, &CONTENT_TYPE)?,
        authorization: only(call, &AUTHORIZATION)?,
        body: &call.body,
    };
    let claimed = request.claimed_client();
    let failures = (&call.shared.admission, call.address, claimed.as_deref().unwrap_or_default());
    if let Err(problem) = failures.0.may_try(failures.1, failures.2) {
        return Ok(slowed(&problem).caching(Caching::NoStore));
    }
    let reply = match call.shared.state.auth.token(request).await {
        Ok(token) => Reply::json(token.to_json()),
        // Whether this was one too many shows at the next one, which is not looked at any more.
        Err(error) if error.error == "invalid_client" => {
            drop(failures.0.failed(failures.1, failures.2));
            refusal(&error)
        }
        Err(error) => refusal(&error),
    };
    Ok(reply.caching(Caching::NoStore).header(PRAGMA, "no-cache"))
}

fn refusal(error: &OAuthError) -> Reply {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut reply = Reply::json(error.to_json()).status(status);
    if let Some(challenge) = &error.challenge {
        reply = reply.header(WWW_AUTHENTICATE, challenge);
    }
    match error.retry_after {
        Some(seconds) => reply.header(RETRY_AFTER, &seconds.to_string()),
        None => reply,
    }
}

/// 429 in the form of this endpoint: clients that look for `error` alone find it.
fn slowed(problem: &Problem) -> Reply {
    let body = serde_json::json!({ "error": "temporarily_unavailable", "error_description": problem.detail });
    let reply = Reply::json(body.to_string()).status(problem.kind.status);
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    problem.headers.iter().fold(reply, |reply, (name, value)| reply.header(name.clone(), &text(value)))
}

/// The value of a header that may stand there once.
fn only<'a>(call: &'a Call, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = call.headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(value), None) => Ok(Some(value)),
        _ => Err(Problem::new(&BAD_REQUEST, format!("Send one {name} header of plain text."))),
    }
}
