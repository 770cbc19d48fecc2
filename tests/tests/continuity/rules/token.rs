//! The token endpoint: RFC 6749 sections 2.3, 3.2, 3.3, 4.4, 5.1 and 5.2.

use super::exchange::{CHALLENGE, JSON, NO_CHALLENGE, NO_STORE, Row, row};
use crate::stage::Sent;

pub(crate) const TOKEN: &str = "/api/v1/oauth/token";
const SHORT: &str = "/oauth/token";
const GRANT: &str = "grant_type=client_credentials";
pub(crate) const WHOLE: &str = "grant_type=client_credentials&client_id={id}&client_secret={secret}";
const ALL: &str = "=scope loans:read documents:read";
const NO_CACHE: &str = "pragma: no-cache";

/// What holds for every error of the OAuth endpoints (RFC 6749 section 5.2).
pub(crate) fn refused(section: &'static str, rule: &'static str, sent: Sent, comes: &'static str) -> Row {
    let challenge = if comes.starts_with("401") { CHALLENGE } else { NO_CHALLENGE };
    let with = [challenge, NO_STORE, NO_CACHE, JSON, "=error_description", "!*{secret}", "!=access_token"];
    row(section, rule, sent, comes, &with)
}

fn good(section: &'static str, rule: &'static str, sent: Sent, scope: &'static str) -> Row {
    row(section, rule, sent, "200", &[NO_STORE, NO_CACHE, JSON, NO_CHALLENGE, "=access_token", "!=error", scope])
}

fn form(body: impl Into<String>) -> Sent {
    Sent::form(TOKEN, body)
}

fn more(rest: &str) -> Sent {
    form(format!("{WHOLE}{rest}"))
}

fn basic(body: &str) -> Sent {
    form(body).header("authorization", "Basic {basic}")
}

fn object(rest: &str) -> Sent {
    let who = r#""client_id":"{id}","client_secret":"{secret}""#;
    Sent::json(SHORT, format!(r#"{{"grant_type":"client_credentials",{who}{rest}}}"#))
}

pub(crate) fn rows() -> Vec<Row> {
    [answers(), authentication(), parameters(), errors(), networks()].into_iter().flatten().collect()
}

fn answers() -> Vec<Row> {
    let members = [NO_STORE, NO_CACHE, JSON, NO_CHALLENGE, "=token_type Bearer", "=expires_in 3600", "=access_token"];
    let whole = [&members[..], &[ALL, "!=refresh_token", "!=id_token"]].concat();
    vec![
        row("RFC 6749 5.1", "the answer has these members; 4.4.3: no refresh token", more(""), "200", &whole),
        row("RFC 6749 5.1", "the same at the short path, as JSON", object(""), "200", &whole),
        row("RFC 6749 3.2", "POST alone", Sent::get(TOKEN), "405", &["allow: POST"]),
        row(
            "RFC 6749 2.3.1",
            "no secret in an address",
            Sent::form("/oauth/token?client_secret={secret}", GRANT),
            "400 invalid_request",
            &["!*{secret}"],
        ),
    ]
}

fn authentication() -> Vec<Row> {
    let null = |sent: Sent| sent.header("authorization", "Bearer null");
    vec![
        good("RFC 6749 2.3.1", "HTTP Basic", basic(GRANT), ALL),
        good(
            "RFC 6749 2.3.1",
            "both halves of Basic are form-encoded",
            form(GRANT).header("authorization", "Basic {basic_encoded}"),
            ALL,
        ),
        good(
            "RFC 6749 2.3",
            "Basic beside the same client_id",
            basic("grant_type=client_credentials&client_id={id}"),
            ALL,
        ),
        refused(
            "RFC 6749 2.3",
            "Basic beside another client_id",
            basic("grant_type=client_credentials&client_id={narrow_id}"),
            "400 invalid_request",
        ),
        refused("RFC 6749 2.3", "two authentications, a form", basic(WHOLE), "400 invalid_request"),
        refused(
            "RFC 6749 2.3",
            "two authentications, JSON",
            object("").header("authorization", "Basic {basic}"),
            "400 invalid_request",
        ),
        refused("RFC 6749 2.3", "a secret and an assertion", more("&client_assertion=x"), "400 invalid_request"),
        good("house", "a scheme that is not Basic is ignored beside credentials in a form", null(more("")), ALL),
        good("house", "and beside JSON", null(object("")), ALL),
        refused("house", "and alone it proves nothing", null(form(GRANT)), "401 invalid_client"),
        refused("RFC 6749 5.2", "a wrong secret", form(WHOLE.replace("{secret}", "wrong")), "401 invalid_client"),
        refused("RFC 6749 5.2", "an unknown client", form(WHOLE.replace("{id}", "nobody")), "401 invalid_client"),
        refused(
            "RFC 6749 5.2",
            "a wrong secret in Basic",
            form(GRANT).header("authorization", "Basic {basic_wrong}"),
            "401 invalid_client",
        ),
        refused(
            "RFC 6749 5.2",
            "Basic that is no base 64",
            form(GRANT).header("authorization", "Basic ???"),
            "401 invalid_client",
        ),
        refused("RFC 6749 5.2", "no client at all", form(GRANT), "401 invalid_client"),
        refused(
            "RFC 6749 5.2",
            "an id without its secret",
            form("grant_type=client_credentials&client_id={id}"),
            "401 invalid_client",
        ),
        refused(
            "RFC 6749 5.2",
            "a client that is disabled",
            form(WHOLE.replace("{id}", "{off_id}").replace("{secret}", "{off_secret}")),
            "401 invalid_client",
        ),
    ]
}

fn parameters() -> Vec<Row> {
    let request = "400 invalid_request";
    vec![
        good("RFC 6749 3.3", "no scope: all of the client's, told", more(""), ALL),
        good("RFC 6749 3.3", "an empty scope counts as none", more("&scope="), ALL),
        good("RFC 6749 3.3", "a scope of spaces counts as none", more("&scope=+++"), ALL),
        good("RFC 6749 3.3", "what was asked for is told", more("&scope=documents%3Aread"), "=scope documents:read"),
        good("RFC 6749 3.2", "unknown parameters are ignored", more("&x=1"), ALL),
        refused("RFC 6749 3.2", "a repeated parameter", more("&scope=loans:read&scope=loans:read"), request),
        refused("RFC 6749 3.2", "a repeated parameter that is not known", more("&x=1&x=2"), request),
        refused(
            "RFC 6749 3.2",
            "a repeated member of JSON",
            object(r#","scope":"loans:read","scope":"loans:read""#),
            request,
        ),
        refused("RFC 6749 3.2", "no content type", Sent { headers: Vec::new(), ..more("") }, request),
        refused("RFC 6749 3.2", "another content type", Sent::post(TOKEN, "text/plain", WHOLE), request),
        refused("house", "a body of 17 KiB", more(&format!("&x={}", "y".repeat(17 << 10))), "413 invalid_request"),
        refused("RFC 6749 3.2", "JSON that is called a form", Sent { body: object("").body, ..form("") }, request),
        good("RFC 8707 2", "this server's own resource", more("&resource={base_encoded}%2Fapi%2Fv1"), ALL),
        refused("RFC 8707 2", "another resource", more("&resource=https%3A%2F%2Fother.example"), "400 invalid_target"),
    ]
}

fn errors() -> Vec<Row> {
    let code = "grant_type=authorization_code&client_id={app}&redirect_uri={back}&code_verifier={verifier}";
    let refresh = "grant_type=refresh_token&client_id={app}";
    let named = |name: &str| form(WHOLE.replace("client_credentials", name));
    vec![
        refused("RFC 6749 5.2", "no grant type", form("client_id={id}&client_secret={secret}"), "400 invalid_request"),
        refused("RFC 6749 5.2", "an empty grant type", named(""), "400 invalid_request"),
        refused("RFC 6749 5.2", "an unknown grant type", named("urn:x"), "400 unsupported_grant_type"),
        refused(
            "RFC 9700 2.4",
            "no password grant",
            form("grant_type=password&username=a&password=b&client_id={id}&client_secret={secret}"),
            "400 unsupported_grant_type",
        ),
        refused(
            "house",
            "address and password alone, where that is not switched on",
            Sent::json(SHORT, r#"{"email":"a@b.c","password":"p","otp":"1"}"#),
            "400 unsupported_grant_type",
        ),
        refused(
            "RFC 6749 5.2",
            "an application of people asks for a token of its own",
            form("grant_type=client_credentials&client_id={web}&client_secret={web_secret}"),
            "400 unauthorized_client",
        ),
        refused(
            "RFC 6749 5.2",
            "a client without people comes with a code",
            form(format!("{}&code=x", code.replace("{app}", "{id}&client_secret={secret}"))),
            "400 unauthorized_client",
        ),
        refused("RFC 6749 5.2", "a scope that the client has not", more("&scope=audit%3Aread"), "400 invalid_scope"),
        refused("RFC 6749 5.2", "a scope that there is not", more("&scope=loans%3Awrite"), "400 invalid_scope"),
        refused("RFC 6749 3.3", "names of scopes have a case", more("&scope=LOANS%3AREAD"), "400 invalid_scope"),
        refused("RFC 6749 5.2", "an unknown code", form(format!("{code}&code=x")), "400 invalid_grant"),
        refused("RFC 6749 4.1.3", "no code", form(code), "400 invalid_request"),
        refused(
            "RFC 6749 5.2",
            "an unknown refresh token",
            form(format!("{refresh}&refresh_token=x")),
            "400 invalid_grant",
        ),
        refused(
            "RFC 6749 5.2",
            "an access token as refresh token",
            form(format!("{refresh}&refresh_token={{person_token}}")),
            "400 invalid_grant",
        ),
        refused(
            "RFC 6749 5.2",
            "a refresh token of another client",
            form("grant_type=refresh_token&client_id={web}&client_secret={web_secret}&refresh_token={refresh_token}"),
            "400 invalid_grant",
        ),
        refused(
            "RFC 6749 6",
            "a scope that was not granted",
            form(format!("{refresh}&refresh_token={{refresh_token}}&scope=audit%3Aread")),
            "400 invalid_scope",
        ),
        refused("RFC 6749 6", "no refresh token", form(refresh), "400 invalid_request"),
    ]
}

/// RFC 9700 section 4.13: who says where a request comes from.
fn networks() -> Vec<Row> {
    let from = |path: &'static str| {
        form("grant_type=client_credentials&client_id={bound_id}&client_secret={bound_secret}")
            .header("x-forwarded-for", path)
    };
    vec![
        good("RFC 9700 4.13", "the address that a trusted proxy saw", from("10.1.2.3"), "=scope loans:read"),
        good(
            "RFC 9700 4.13",
            "what stands left of it counts for nothing",
            from("192.0.2.9, 10.1.2.3"),
            "=scope loans:read",
        ),
        refused(
            "RFC 9700 4.13",
            "a client cannot make its address up",
            from("10.1.2.3, 192.0.2.9"),
            "401 invalid_client",
        ),
        refused("RFC 9700 4.13", "an address that is none", from("10.1.2.3, x"), "401 invalid_client"),
    ]
}
