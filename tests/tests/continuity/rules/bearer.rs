//! Access tokens at the API: RFC 6750 sections 2 and 3.1, and tokens that were not made here.

use super::exchange::{Row, row};
use crate::stage::Sent;

const LOANS: &str = "/api/v1/loan-requests?limit=1";
const BEARER: &str = "www-authenticate: Bearer realm=";
const INVALID: &str = "401 invalid_token";

fn with(authorization: &'static str) -> Sent {
    Sent::get(LOANS).header("authorization", authorization)
}

pub(crate) fn rows() -> Vec<Row> {
    let bad = |rule, authorization| row("RFC 6750 3.1", rule, with(authorization), INVALID, &[BEARER, "!location"]);
    let twice = with("Bearer {token}").header("authorization", "Bearer {token}");
    vec![
        row("RFC 6750 2.1", "a good token", with("Bearer {token}"), "200", &["!www-authenticate"]),
        row("RFC 6750 2.1", "the scheme has no case", with("bEARER {token}"), "200", &[]),
        row("RFC 6750 3.1", "no credentials: a challenge without an error", Sent::get(LOANS), "401", &[BEARER]),
        row("RFC 6750 3.1", "another scheme is no credentials", with("Basic {basic}"), "401", &[BEARER]),
        bad("a token that is none", "Bearer x"),
        bad("the word null", "Bearer null"),
        bad("an empty token", "Bearer "),
        row(
            "RFC 6750 3.1",
            "a scope that is missing is named",
            with("Bearer {narrow_token}"),
            "403 insufficient_scope",
            &[BEARER, "www-authenticate: scope=\"loans:read\""],
        ),
        row(
            "RFC 6750 3.1",
            "and so is openid",
            Sent::get("/oauth/userinfo").header("authorization", "Bearer {token}"),
            "403 insufficient_scope",
            &["www-authenticate: scope=\"openid\""],
        ),
        row("RFC 6750 3.1", "two tokens", twice, "400", &[]),
        row(
            "RFC 6750 2.3",
            "no token in an address",
            Sent::get("/api/v1/loan-requests?access_token={token}"),
            "400 invalid_request",
            &["!*{token}"],
        ),
        row(
            "RFC 6750 2.3",
            "nor beside a good one",
            Sent { path: "/api/v1/loan-requests?access_token=x".into(), ..with("Bearer {token}") },
            "400 invalid_request",
            &[],
        ),
        row(
            "RFC 6750 2.3",
            "nor at a page",
            Sent::get("/console/sign-in?access_token={token}"),
            "400 invalid_request",
            &["!*{token}"],
        ),
        row(
            "RFC 9700 4.3.2",
            "nor at the authorization endpoint",
            Sent::get("/oauth/authorize?access_token={token}"),
            "400 invalid_request",
            &["!*{token}", "!location"],
        ),
        row(
            "RFC 6750 2.2",
            "no token in a body",
            Sent::form("/oauth/userinfo", "access_token={person_token}"),
            "401",
            &[BEARER],
        ),
    ]
    .into_iter()
    .chain(forged())
    .collect()
}

/// RFC 8725: each was made from a good one, or is good elsewhere.
fn forged() -> Vec<Row> {
    let bad = |rule, authorization| row("RFC 8725 3", rule, with(authorization), INVALID, &[]);
    vec![
        bad("alg none", "Bearer {alg_none}"),
        bad("HS256 keyed with the public key's modulus", "Bearer {hs256_modulus}"),
        bad("HS256 keyed with the public key as it is published", "Bearer {hs256_jwk}"),
        bad("a key that this server has not", "Bearer {foreign_kid}"),
        bad("another signature", "Bearer {tampered}"),
        bad("more scope than was signed", "Bearer {widened}"),
        bad("no signature", "Bearer {unsigned}"),
        bad("more than 8 KiB", "Bearer {long}"),
        bad("an ID token is no access token (typ)", "Bearer {id_token}"),
        bad("a refresh token is no access token", "Bearer {refresh_token}"),
        bad("a code is no access token", "Bearer {code_0}"),
        bad("a token of a client that is disabled", "Bearer {off_token}"),
    ]
}
