//! Problems: what each says, and which endpoints answer with it.

use serde_json::{Map, Value, json};

use super::parameters::{is_file, names};
use super::schemas::reference;
use super::{headers, is_administration, is_data};
use crate::endpoint::{Access, Answer, Endpoint, ParamKind, Tag, Verb};
use crate::problem::{self, Kind};
use crate::routes::TABLE;

/// A kind, who answers with it, and the `detail` of its example.
type Rule = (&'static Kind, fn(&Endpoint) -> bool, &'static str);

fn any(_: &Endpoint) -> bool {
    true
}

fn nobody(_: &Endpoint) -> bool {
    false
}

fn has_cursor(endpoint: &Endpoint) -> bool {
    endpoint.params.iter().any(|param| matches!(param.kind, ParamKind::Cursor))
}

/// Whether something below a loan request may be asked for that is not there.
fn names_something(endpoint: &Endpoint) -> bool {
    names(endpoint.path).next().is_some()
}

fn is_ready(endpoint: &Endpoint) -> bool {
    endpoint.path == "/ready"
}

fn asks_for_token(endpoint: &Endpoint) -> bool {
    !matches!(endpoint.access, Access::Open)
}

fn reads_body(endpoint: &Endpoint) -> bool {
    endpoint.verb.reads_body(&http::Method::POST)
}

/// Whether it is sent JSON of the administration.
fn takes_settings(endpoint: &Endpoint) -> bool {
    super::operation::has_body(endpoint)
}

fn wants_proof(endpoint: &Endpoint) -> bool {
    matches!(endpoint.access, Access::Roles { proof: true, .. })
}

/// Whether its replies are written once for all operations that have the same: those of the token endpoint may have the
/// form of RFC 6749 as well.
pub(super) fn are_shared(endpoint: &Endpoint) -> bool {
    !matches!(endpoint.verb, Verb::Post | Verb::GetOrPost)
}

fn records(endpoint: &Endpoint) -> bool {
    const RECORDING: [&str; 5] =
        ["getTask", "downloadTaskItem", "listDocuments", "listSpaceDocuments", "downloadDocument"];
    RECORDING.contains(&endpoint.id)
}

fn has_as_of(endpoint: &Endpoint) -> bool {
    endpoint.params.iter().any(|param| matches!(param.kind, ParamKind::AsOf))
}

fn is_stream(endpoint: &Endpoint) -> bool {
    matches!(endpoint.answer, Answer::Events)
}

/// Whether it waits for its turn where many ask: all but health does.
fn takes_turns(endpoint: &Endpoint) -> bool {
    is_data(endpoint) || endpoint.tag != Tag::Health
}

static RULES: &[Rule] = &[
    (&problem::BAD_REQUEST, any, "Send one Authorization header, not several."),
    (&problem::UNKNOWN_PARAMETER, any, "`stauts` is not a parameter of this path, which takes limit, cursor, fields."),
    (&problem::BAD_PARAMETER, |e| !e.params.is_empty(), "`limit` must be a whole number from 1 to 200."),
    (&problem::BAD_CURSOR, has_cursor, "`cursor` is not one that this replica gave."),
    (&problem::CURSOR_MISMATCH, has_cursor, "`cursor` was given for another path, order or filter."),
    (
        &problem::TOKEN_IN_QUERY,
        any,
        "`access_token` stands in the URL, where proxies and logs keep it: treat it as leaked, and send it in the Authorization header.",
    ),
    (&problem::UNAUTHORIZED, asks_for_token, "Send an access token: Authorization: Bearer <token>."),
    (&problem::INVALID_TOKEN, asks_for_token, "The access token expired."),
    (&problem::INVALID_PROOF, asks_for_token, "The DPoP proof was used before: make one for each request."),
    (
        &problem::INSUFFICIENT_SCOPE,
        |e| asks_for_token(e) && !is_administration(e),
        "The token needs one of these scopes: tasks:read.",
    ),
    // Where the operator chose that; else it is `invalid-token`.
    (&problem::EXPIRED_TOKEN, nobody, "Get another one from the token endpoint."),
    (
        &problem::PROOF_WANTED,
        wants_proof,
        "Prove once more who you are, at /console/confirm, or let the application ask with max_age.",
    ),
    (&problem::NOT_ADMITTED, is_administration, "This needs the role admin."),
    (
        &problem::CSRF_TOKEN_WANTED,
        |e| is_administration(e) && e.verb != Verb::Get,
        "Send csrfToken of /api/v1/admin/me as X-CSRF-Token.",
    ),
    (
        &problem::ACCOUNT_NOT_READY,
        is_administration,
        "Change the password or set up the second factor first, at /console/account.",
    ),
    (&problem::UNKNOWN_PATH, nobody, "The paths that there are stand in /~/open-api/openapi.json."),
    (&problem::NOT_FOUND, names_something, "There is no loan request \"01a169cd-036d-7cf9-b09c-e92c04714d94\"."),
    (&problem::METHOD_NOT_ALLOWED, any, "This path answers GET, HEAD; the replica's data is read-only."),
    (
        &problem::AS_OF_UNTOLD,
        has_as_of,
        "This replica's history of the loan request begins later, with a snapshot: ask for a later point.",
    ),
    (&problem::NOT_ACCEPTABLE, |e| is_data(e) && !is_file(e), "This path answers application/json."),
    (
        &problem::CONFLICT,
        |e| is_administration(e) && e.verb != Verb::Get,
        "This is the last administrator who may sign in; make another one first.",
    ),
    (
        &problem::POSITION_AHEAD,
        |e| is_stream(e) || has_as_of(e),
        "Position 30000 lies ahead of this replica's log, which ends at 24023: it belongs to another log, or this one was restored from a backup. Read everything anew.",
    ),
    (
        &problem::LOAN_PURGED,
        |e| is_data(e) && names_something(e),
        "Its data was erased for good, as the platform asked.",
    ),
    (
        &problem::AS_OF_ERASED,
        |e| has_as_of(e) && names_something(e),
        "A person's data was erased from the loan request since; what it was before is not shown any more.",
    ),
    (&problem::BLOB_ERASED, is_file, "The platform erased them for good."),
    (
        &problem::CONTENT_TOO_LARGE,
        |e| !reads_body(e) || e.verb == Verb::GetOrPost || is_administration(e),
        "This path reads no request body; what is asked for stands in the URL.",
    ),
    (&problem::UNSUPPORTED_CODING, reads_body, "Send the request body without Content-Encoding."),
    (&problem::UNSUPPORTED_TYPE, takes_settings, "Send the body as application/json."),
    (&problem::UNUSABLE_SETTINGS, takes_settings, "A client with authorization codes needs a redirect URI."),
    (&problem::HEADERS_TOO_LARGE, any, "At most 80 header fields and 32768 bytes of them are read."),
    (
        &problem::RATE_LIMITED,
        asks_for_token,
        "The client asks more often than it may; RateLimit-Policy says how often that is.",
    ),
    (&problem::REQUEST_TIMEOUT, reads_body, "The request body did not arrive within 10 s."),
    (&problem::URI_TOO_LONG, any, "Path and query may have 8192 bytes together."),
    (&problem::TOO_MANY_STREAMS, is_stream, "This client listens to 16 streams already."),
    (&problem::RANGE_NOT_SATISFIABLE, is_file, "There are 48213 bytes."),
    (
        &problem::INTERNAL,
        |e| is_data(e) || is_administration(e),
        "A read model could not be read; the operator's log says why.",
    ),
    (&problem::STARTING, |e| is_data(e) || is_ready(e), "The read models are at position 18200 of 24023."),
    (
        &problem::NEVER_SYNCHRONISED,
        is_ready,
        "The log has not yet held a whole snapshot, nor reached a head that a source showed.",
    ),
    (&problem::STOPPING, is_ready, "The process is draining its last requests."),
    (&problem::REBUILDING, is_data, "The read model tasks is being rebuilt from the log; the others serve."),
    (&problem::TOO_STALE, is_data, "The replica is 90 s behind what its source was last seen to have."),
    (&problem::BLOB_NOT_SYNCED, is_file, "The bytes have not arrived yet."),
    (&problem::BLOB_DAMAGED, is_file, "The stored bytes are not what their reference says; the operator was told."),
    (&problem::BLOB_TOO_LARGE, is_file, "The file has 2147483648 bytes, at most 1073741824 are served."),
    (&problem::ACCESS_NOT_RECORDED, records, "Reads of sensitive data are served only once they are on record."),
    (
        &problem::CHANGE_NOT_RECORDED,
        |e| is_administration(e) && e.verb != Verb::Get,
        "Look whether it was made before you repeat it.",
    ),
    (&problem::OVERLOADED, takes_turns, "More requests wait than can be answered soon."),
];

/// The kinds of problem that the endpoint answers with, by status, ascending.
pub(super) fn of(endpoint: &Endpoint) -> Vec<(u16, Vec<&'static Kind>)> {
    let mut kinds: Vec<&Kind> = RULES.iter().filter(|rule| (rule.1)(endpoint)).map(|rule| rule.0).collect();
    kinds.sort_by_key(|kind| kind.status.as_u16());
    kinds.chunk_by(|a, b| a.status == b.status).map(|group| (group[0].status.as_u16(), group.to_vec())).collect()
}

/// The reply with these problems, in full.
pub(super) fn response(endpoint: &Endpoint, status: u16, kinds: &[&Kind]) -> Value {
    let example =
        |kind: &&Kind| (kind.code.to_owned(), json!({"$ref": format!("#/components/examples/{}", kind.code)}));
    let examples: Map<String, Value> = kinds.iter().map(example).collect();
    let description: Vec<String> = kinds.iter().map(|kind| format!("`{}`: {}.", kind.code, kind.title)).collect();
    json!({
        "description": description.join(" "),
        "headers": headers::of(endpoint, status),
        "content": {"application/problem+json": {"schema": reference("Problem"), "examples": examples}},
    })
}

/// The name of that reply in `components`: its status and codes, and whether it is about data, which decide everything in
/// it.
pub(super) fn name(endpoint: &Endpoint, status: u16, kinds: &[&Kind]) -> String {
    let codes: Vec<&str> = kinds.iter().map(|kind| kind.code).collect();
    let of = if is_administration(endpoint) { "admin." } else { "" };
    format!("{of}{status}.{}", codes.join("."))
}

/// Every reply with problems, once, for `components`.
pub(super) fn shared() -> Value {
    let mut responses = Map::new();
    for endpoint in TABLE.iter().filter(|endpoint| are_shared(endpoint)) {
        for (status, kinds) in of(endpoint) {
            responses.insert(name(endpoint, status, &kinds), response(endpoint, status, &kinds));
        }
    }
    Value::Object(responses)
}

/// One example for each kind that some endpoint answers with, for `components`.
pub(super) fn examples() -> Value {
    let example = |(kind, _, detail): &Rule| {
        let value = json!({
            "type": kind.urn(), "title": kind.title, "status": kind.status.as_u16(), "detail": detail,
            "instance": "/api/v1/loan-requests", "requestId": "890f5fec8f307f22-3",
        });
        (kind.code.to_owned(), json!({"summary": kind.title, "value": value}))
    };
    let answered = RULES.iter().filter(|rule| TABLE.iter().any(|endpoint| (rule.1)(endpoint)));
    Value::Object(answered.map(example).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_rule_and_somebody_who_answers_with_it() {
        let ruled: Vec<&str> = RULES.iter().map(|rule| rule.0.code).collect();
        assert_eq!(ruled, problem::ALL.iter().map(|kind| kind.code).collect::<Vec<_>>(), "RULES, in the order of ALL");
        for (kind, answers, _) in
            RULES.iter().filter(|rule| ![&problem::UNKNOWN_PATH, &problem::EXPIRED_TOKEN].contains(&rule.0))
        {
            assert!(TABLE.iter().any(|endpoint| answers(endpoint)), "{}", kind.code);
        }
    }
    /// One name must not stand for two replies: what else decides about a reply belongs into the name.
    #[test]
    fn replies_with_the_same_name_are_the_same() {
        let shared = shared();
        for endpoint in TABLE.iter().filter(|endpoint| are_shared(endpoint)) {
            for (status, kinds) in of(endpoint) {
                let name = name(endpoint, status, &kinds);
                assert_eq!(shared[&name], response(endpoint, status, &kinds), "{name} of {}", endpoint.id);
            }
        }
    }
}
