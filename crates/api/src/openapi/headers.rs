//! Headers of replies, and which replies have them.

use serde_json::{Map, Value, json};

use super::parameters::is_file;
use super::{is_administration, is_data, is_tagged};
use crate::endpoint::{Access, Answer, Endpoint, Tag, Verb};

/// A header of some replies.
struct Header {
    /// Its name in `components`.
    key: &'static str,
    name: &'static str,
    kind: &'static str,
    example: &'static str,
    /// Whether every reply that `on` names has it.
    always: bool,
    description: &'static str,
    on: fn(&Endpoint, u16) -> bool,
}

const fn header(
    (key, name): (&'static str, &'static str),
    (kind, example): (&'static str, &'static str),
    always: bool,
    on: fn(&Endpoint, u16) -> bool,
    description: &'static str,
) -> Header {
    Header { key, name, kind, example, always, description, on }
}

const fn good(status: u16) -> bool {
    status < 400
}

/// Whether the reply says how fresh it is.
fn tells(endpoint: &Endpoint, status: u16) -> bool {
    is_data(endpoint) && (good(status) || matches!(status, 404 | 410 | 503))
}

fn pages(endpoint: &Endpoint, status: u16) -> bool {
    let array = matches!(endpoint.answer, Answer::Array(_) | Answer::Export(_));
    array && status == 200 && is_data(endpoint) && endpoint.params.iter().any(|param| param.name == "limit")
}

fn sends_file(endpoint: &Endpoint, status: u16) -> bool {
    is_file(endpoint) && good(status)
}

fn is_document(endpoint: &Endpoint, status: u16) -> bool {
    let open = matches!(endpoint.access, Access::Open);
    open && endpoint.path.starts_with("/~/") && good(status)
}

fn always(_: &Endpoint, _: u16) -> bool {
    true
}

/// In the order in which they are documented.
static HEADERS: &[Header] = &[
    header(
        ("RequestId", "X-Request-Id"),
        ("string", "890f5fec8f307f22-3"),
        true,
        always,
        "The request's own id if it sent a plain one, else a new one.",
    ),
    header(
        ("AsOf", "X-Replica-As-Of"),
        ("date-time", "2026-11-22T20:11:21.270Z"),
        false,
        tells,
        "The highest event time that has been applied. Absent before the first event.",
    ),
    header(
        ("Position", "X-Replica-Position"),
        ("integer", "24023"),
        true,
        tells,
        "The log position that the answer holds; `changedSince` takes it.",
    ),
    header(
        ("Lag", "X-Replica-Lag-Seconds"),
        ("integer", "0"),
        false,
        tells,
        "Now minus the latest instant at which the answer held everything up to a head that the source had shown. Absent until that happened once since the start.",
    ),
    header(
        ("State", "X-Replica-State"),
        ("string", "live"),
        true,
        tells,
        "`live`, `catching-up`, `stale`, `disconnected`, `diverged`, `paused` or `rebuilding`.",
    ),
    header(
        ("Complete", "X-Replica-Complete"),
        ("false", "false"),
        false,
        |e, s| tells(e, s) && s != 410,
        "`false` when something that belongs into the answer is known to be missing, else absent.",
    ),
    header(
        ("ETag", "ETag"),
        ("string", "\"b041309c43662e55fb0d69a1626b0fdb\""),
        true,
        |e, s| is_tagged(e) && good(s),
        "Changes exactly when the body does. `If-None-Match` takes it.",
    ),
    header(
        ("LastModified", "Last-Modified"),
        ("string", "Sun, 22 Nov 2026 20:11:21 GMT"),
        false,
        |e, s| is_data(e) && is_tagged(e) && !is_file(e) && good(s),
        "When the newest event happened that the answer can show. As information only: the `ETag` tells versions apart.",
    ),
    header(
        ("ContentEncoding", "Content-Encoding"),
        ("string", "zstd"),
        false,
        |e, s| is_tagged(e) && !is_file(e) && s == 200,
        "`zstd`, `br` or `gzip`, where `Accept-Encoding` allows it and it pays; the `ETag` then ends in it.",
    ),
    header(
        ("RateLimitPolicy", "RateLimit-Policy"),
        ("string", "\"client\";q=4000;w=2"),
        false,
        |e, s| (is_data(e) || is_administration(e)) && (good(s) || s == 429),
        "What the client may ask: `q` requests in `w` seconds (draft-ietf-httpapi-ratelimit-headers-10). Absent where there is no limit.",
    ),
    header(
        ("RateLimit", "RateLimit"),
        ("string", "\"client\";r=3999;t=1"),
        false,
        |e, s| (is_data(e) || is_administration(e)) && (good(s) || s == 429),
        "What is left of it: `r` requests now, all of them again in `t` seconds. Beyond it the answer is 429 with `Retry-After`.",
    ),
    header(
        ("AccessesCompleteUntil", "X-Accesses-Complete-Until"),
        ("date-time", "2026-11-22T20:11:00.000Z"),
        false,
        |e, s| e.id == "listAccesses" && good(s),
        "Every read before this instant that will ever be recorded is recorded.",
    ),
    header(
        ("Buffering", "X-Accel-Buffering"),
        ("string", "no"),
        true,
        |e, s| matches!(e.answer, Answer::Events) && s == 200,
        "Asks proxies in between not to hold events back.",
    ),
    header(
        ("AcceptedCodings", "Accept-Encoding"),
        ("string", "identity"),
        false,
        |_, s| s == 415,
        "How a request body may be coded (RFC 9110 section 12.5.3).",
    ),
    header(
        ("Link", "Link"),
        (
            "string",
            "</api/v1/loan-requests/01a169cd-036d-7cf9-b09c-e92c04714d94/tasks?limit=25&cursor=AQAAAAAAAF3XkGZ8bqkX0m4hVnE2cQ>; rel=\"next\"",
        ),
        false,
        pages,
        "The next page, `rel=\"next\"`, while there is more and `limit` was given.",
    ),
    header(
        ("NextCursor", "X-Next-Cursor"),
        ("string", "AQAAAAAAAF3XkGZ8bqkX0m4hVnE2cQ"),
        false,
        pages,
        "The `cursor` of the next page, while there is more and `limit` was given.",
    ),
    header(
        ("TotalCount", "X-Total-Count"),
        ("integer", "42"),
        false,
        |e, s| pages(e, s) && e.id != "listAccesses",
        "Entries on all pages together, where `limit` was given.",
    ),
    header(
        ("IgnoredParams", "X-Ignored-Params"),
        ("string", "stauts"),
        false,
        |e, s| e.verb == Verb::Get && good(s),
        "Parameters that are not known and were ignored, where the operator chose that; otherwise they are refused.",
    ),
    header(
        ("Location", "Location"),
        ("string", "/api/v1/admin/clients/client-30d63515a4565ed3"),
        true,
        |_, s| s == 201,
        "Where it is.",
    ),
    header(
        ("Disposition", "Content-Disposition"),
        ("string", "attachment; filename=\"payslip-2026-02.pdf\""),
        true,
        sends_file,
        "`attachment` with the file's name (RFC 6266, RFC 8187).",
    ),
    header(("AcceptRanges", "Accept-Ranges"), ("string", "bytes"), true, sends_file, "`bytes`: `Range` is answered."),
    header(
        ("ContentRange", "Content-Range"),
        ("string", "bytes 0-1023/48213"),
        true,
        |e, s| is_file(e) && matches!(s, 206 | 416),
        "Which part this is of how many bytes; of a range that lies outside, how many there are.",
    ),
    header(
        ("ReprDigest", "Repr-Digest"),
        ("string", "sha-256=:jxRe+RzupnFaNt7Uvqa0Nl0L0OqRTPpsTQJX6Svjmsk=:"),
        true,
        sends_file,
        "The SHA-256 of the whole file (RFC 9530).",
    ),
    header(
        ("NoSniff", "X-Content-Type-Options"),
        ("string", "nosniff"),
        true,
        |e, s| sends_file(e, s) || is_document(e, s),
        "`nosniff`: the type is what it says.",
    ),
    header(
        ("Policy", "Content-Security-Policy"),
        ("string", "default-src 'none'; sandbox"),
        true,
        |e, s| sends_file(e, s) || is_document(e, s),
        "What a browser may do with it.",
    ),
    header(
        ("CacheControl", "Cache-Control"),
        ("string", "private, no-cache"),
        true,
        always,
        "Who may keep the reply, and how.",
    ),
    header(
        ("Vary", "Vary"),
        ("string", "Authorization, Accept, Accept-Encoding"),
        true,
        |e, s| e.verb == Verb::Get && good(s),
        "Which request headers the reply depends on.",
    ),
    header(
        ("Pragma", "Pragma"),
        ("string", "no-cache"),
        true,
        |e, s| e.verb == Verb::Post && e.tag == Tag::Token && s == 200,
        "For old caches.",
    ),
    header(("Allow", "Allow"), ("string", "GET, HEAD"), true, |_, s| s == 405, "The methods that there are."),
    header(
        ("Challenge", "WWW-Authenticate"),
        ("string", "Bearer realm=\"continuity\", error=\"insufficient_scope\", scope=\"tasks:read\""),
        true,
        |e, s| s == 401 || s == 403 && !is_administration(e),
        "What is needed (RFC 6750; for the scheme `DPoP` RFC 9449; at the token endpoint RFC 7617). Without a token both schemes are named, each in a field of its own.",
    ),
    header(
        ("UrlChallenge", "WWW-Authenticate"),
        ("string", "Bearer error=\"invalid_request\""),
        false,
        |_, s| s == 400,
        "With `token-in-query` (RFC 6750).",
    ),
    header(
        ("RetryAfter", "Retry-After"),
        ("integer", "5"),
        false,
        |_, s| matches!(s, 429 | 503),
        "Seconds after which it is worth trying again.",
    ),
];

/// For `components`.
pub(super) fn shared() -> Value {
    let entry = |header: &Header| {
        let schema = schema(header);
        let mut value = json!({"description": header.description, "schema": schema});
        if header.always {
            value["required"] = true.into();
        }
        (header.key.to_owned(), value)
    };
    Value::Object(HEADERS.iter().map(entry).collect())
}

fn schema(header: &Header) -> Value {
    match header.kind {
        "date-time" => json!({"type": "string", "format": "date-time", "examples": [header.example]}),
        "integer" => json!({"type": "integer", "minimum": 0, "examples": [header.example.parse::<u64>().unwrap_or(0)]}),
        "false" => json!({"type": "string", "enum": ["false"]}),
        kind => json!({"type": kind, "examples": [header.example]}),
    }
}

/// Those of one reply, as references.
pub(super) fn of(endpoint: &Endpoint, status: u16) -> Value {
    let those = HEADERS.iter().filter(|header| (header.on)(endpoint, status));
    let reference = |key: &str| json!({"$ref": format!("#/components/headers/{key}")});
    Value::Object(those.map(|header| (header.name.to_owned(), reference(header.key))).collect::<Map<_, _>>())
}
