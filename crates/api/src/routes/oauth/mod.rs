//! The authorization server's endpoints.
//!
//! Answers and errors have the form of RFC 6749, not of RFC 9457: standard clients read nothing else.

pub(crate) mod introspect;
pub(crate) mod revoke;
pub(crate) mod token;
pub(crate) mod userinfo;

use std::future::Future;

use continuity_auth::{OAuthError, TokenRequest};
use http::header::{AUTHORIZATION, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, StatusCode};

use crate::call::Call;
use crate::problem::{BAD_REQUEST, Problem};
use crate::reply::{Caching, Reply};

/// Answers a request that authenticates a client. While wrong credentials of the client that is claimed were too many from
/// there, nobody looks at further ones.
async fn authenticated<'a, F>(call: &'a Call, answer: impl FnOnce(TokenRequest<'a>) -> F) -> Result<Reply, Problem>
where
    F: Future<Output = Result<Reply, OAuthError>>,
{
    let request = TokenRequest {
        content_type: only(call, &CONTENT_TYPE)?,
        authorization: only(call, &AUTHORIZATION)?,
        address: call.address,
        body: &call.body,
    };
    let claimed = request.claimed_client();
    let failures = (&call.shared.admission, call.address, claimed.as_deref().unwrap_or_default());
    if let Err(problem) = failures.0.may_try(failures.1, failures.2) {
        return Ok(slowed(&problem).caching(Caching::NoStore));
    }
    let reply = match answer(request).await {
        Ok(reply) => {
            failures.0.proved(failures.2);
            reply
        }
        Err(error) => {
            if error.error == "invalid_client" {
                // Whether this was one too many shows at the next one, which is not looked at any more.
                drop(failures.0.failed(failures.1, failures.2));
            }
            refusal(&error)
        }
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

/// 429 in the form of these endpoints: clients that look for `error` alone find it.
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
