//! Requests about tokens: RFC 7009 sections 2.1 and 2.2, RFC 7662 sections 2.1 to 2.3.

use super::exchange::{JSON, NO_STORE, Row, row};
use super::token::refused;
use crate::stage::Sent;

const REVOKE: &str = "/api/v1/oauth/revoke";
const INTROSPECT: &str = "/api/v1/oauth/introspect";
const PROOF: &str = "client_id={id}&client_secret={secret}";
const ENDS: [&str; 2] = [REVOKE, "/oauth/revoke"];
const TELLS: [&str; 2] = [INTROSPECT, "/oauth/introspect"];

fn about(path: &str, rest: &str) -> Sent {
    Sent::form(path, format!("{PROOF}{rest}"))
}

pub(crate) fn rows() -> Vec<Row> {
    let each = |path| {
        let section = if ENDS.contains(&path) { "RFC 7009 2.2.1" } else { "RFC 7662 2.3" };
        vec![
            refused(
                section,
                "a wrong secret",
                Sent::form(path, "client_id={id}&client_secret=x&token={spare}"),
                "401 invalid_client",
            ),
            refused(section, "no client", Sent::form(path, "token={spare}"), "401 invalid_client"),
            refused(section, "no token", about(path, ""), "400 invalid_request"),
            refused(section, "an empty token", about(path, "&token="), "400 invalid_request"),
            refused(section, "two tokens", about(path, "&token={spare}&token={spare}"), "400 invalid_request"),
            refused(
                section,
                "two authentications",
                about(path, "&token={spare}").header("authorization", "Basic {basic}"),
                "400 invalid_request",
            ),
            row(section, "POST alone", Sent::get(path), "405", &["allow: POST"]),
            row(
                section,
                "no token in an address",
                Sent::form(format!("{path}?token={{spare}}"), PROOF),
                "400 invalid_request",
                &["!*{spare}"],
            ),
        ]
    };
    ENDS.into_iter().chain(TELLS).flat_map(each).chain(revocation()).chain(introspection()).collect()
}

fn revocation() -> Vec<Row> {
    let done = |rule, sent| row("RFC 7009 2.2", rule, sent, "200", &[NO_STORE, "!=error", "!=active"]);
    let served = Sent::get("/api/v1/loan-requests?limit=1").header("authorization", "Bearer {spare}");
    vec![
        done("a token that is none", about(REVOKE, "&token=x")),
        done(
            "a token of another client",
            Sent::form(REVOKE, "client_id={narrow_id}&client_secret={narrow_secret}&token={spare}"),
        ),
        row("RFC 7009 2.2", "which is served as before", served.clone(), "200", &[]),
        done("a wrong hint", about(REVOKE, "&token={spare}&token_type_hint=refresh_token")),
        row("RFC 7009 2.1", "refused from then on", served, "401 invalid_token", &[]),
        done("a token that ended before", about(REVOKE, "&token={spare}&token_type_hint=unheard_of")),
        done("as JSON too", Sent::json(REVOKE, r#"{"client_id":"{id}","client_secret":"{secret}","token":"x"}"#)),
    ]
}

fn introspection() -> Vec<Row> {
    let own =
        ["=active true", "=client_id {id}", "=sub {id}", "=scope loans:read documents:read", "=token_type Bearer"];
    let own = [&own[..], &["=exp", "=iat", "=jti", "=iss {base}", "=aud {base}/api/v1", NO_STORE, JSON]].concat();
    let silent = ["=active false", "!=scope", "!=client_id", "!=sub", "!=exp", NO_STORE, JSON];
    let told = |rule, sent, with: &[&'static str]| row("RFC 7662 2.2", rule, sent, "200", with);
    let elsewhere = |who: &str| {
        Sent::form(INTROSPECT, format!("client_id={{{who}_id}}&client_secret={{{who}_secret}}&token={{token}}"))
    };
    vec![
        told("a client's own token", about(INTROSPECT, "&token={token}"), &own),
        told("a wrong hint", about(INTROSPECT, "&token={token}&token_type_hint=refresh_token"), &own),
        told("whoever may ask about all", elsewhere("asker"), &["=active true", "=client_id {id}"]),
        told("a token of another client", elsewhere("narrow"), &silent),
        told("a token that is none", about(INTROSPECT, "&token=x"), &silent),
        told("a token that was revoked", about(INTROSPECT, "&token={spare}"), &silent),
        told("a forged token", about(INTROSPECT, "&token={alg_none}"), &silent),
        told(
            "a token of a client that is disabled",
            Sent::form(INTROSPECT, "client_id={asker_id}&client_secret={asker_secret}&token={off_token}"),
            &silent,
        ),
        told(
            "a refresh token, to its client",
            Sent::form(INTROSPECT, "client_id={app}&token={refresh_token}"),
            &["=active true", "=token_type refresh_token"],
        ),
        told("a refresh token of another client", about(INTROSPECT, "&token={refresh_token}"), &silent),
        told("an ID token", Sent::form(INTROSPECT, "client_id={app}&token={id_token}"), &silent),
    ]
}
