//! The authorization endpoint and the codes that come from it: RFC 6749 section 4.1, RFC 7636 sections 4.3 to 4.6, RFC 8252,
//! RFC 9207, and RFC 9700 sections 2.1, 4.1 and 4.4.

use super::exchange::{Row, row};
use super::token::{TOKEN, refused};
use crate::stage::Sent;

const WHO: &str = "/oauth/authorize?response_type=code&client_id={app}&redirect_uri={back}&state=s-1";
const PROOF: &str = "&code_challenge={challenge}&code_challenge_method=S256";
/// What every answer to an application has: where it goes, the issuer, the state.
const BACK: [&str; 3] = ["location: https://app.example/cb?", "location: iss={base_encoded}", "location: state=s-1"];
const NOWHERE: [&str; 2] = ["!location", "content-type: text/html"];

pub(crate) fn rows() -> Vec<Row> {
    [requests(), challenges(), redirects(), on_devices(), verifiers(), metadata()].into_iter().flatten().collect()
}

fn asked(text: impl Into<String>) -> Sent {
    Sent::get(text)
}

fn requests() -> Vec<Row> {
    let told = |section, rule, sent, comes| row(section, rule, sent, comes, &BACK);
    let of_type = |name: &str| asked(format!("{WHO}{PROOF}").replace("=code&client", &format!("={name}&client")));
    let request = "303 invalid_request";
    vec![
        row(
            "RFC 6749 4.1.1",
            "a request that is right leads to the sign-in",
            asked(format!("{WHO}{PROOF}")),
            "303",
            &["location: /console/sign-in?next="],
        ),
        told(
            "RFC 6749 4.1.2.1",
            "no response type",
            asked(format!("{WHO}{PROOF}").replace("response_type=code&", "")),
            request,
        ),
        told("RFC 9700 2.1.2", "no implicit grant", of_type("token"), "303 unsupported_response_type"),
        told("RFC 9700 2.1.2", "nor with OpenID Connect", of_type("id_token+token"), "303 unsupported_response_type"),
        told("RFC 9700 2.1.2", "nor beside a code", of_type("code+token"), "303 unsupported_response_type"),
        told(
            "RFC 9700 4.3.1",
            "no answer in a fragment",
            asked(format!("{WHO}{PROOF}&response_mode=fragment")),
            request,
        ),
        told(
            "RFC 6749 4.1.2.1",
            "a scope that the client has not",
            asked(format!("{WHO}{PROOF}&scope=audit:read")),
            "303 invalid_scope",
        ),
        told(
            "RFC 6749 3.1",
            "a repeated parameter",
            asked(format!("{WHO}{PROOF}&scope=loans:read&scope=loans:read")),
            request,
        ),
        told(
            "OpenID Core 3.1.2.6",
            "nobody is signed in and no page may be shown",
            asked(format!("{WHO}{PROOF}&prompt=none")),
            "303 login_required",
        ),
        told(
            "OpenID Core 6",
            "no request object",
            asked(format!("{WHO}{PROOF}&request=x")),
            "303 request_not_supported",
        ),
        told(
            "OpenID Core 6",
            "nor at an address",
            asked(format!("{WHO}{PROOF}&request_uri=https://evil.example")),
            "303 request_uri_not_supported",
        ),
        row("RFC 6749 4.1.2.1", "a client that nobody knows", asked(WHO.replace("{app}", "nobody")), "400", &NOWHERE),
        row("RFC 6749 4.1.2.1", "a client that is disabled", asked(WHO.replace("{app}", "{off_id}")), "400", &NOWHERE),
        row("RFC 6749 4.1.2.1", "a client of no people", asked(WHO.replace("{app}", "{id}")), "400", &NOWHERE),
        row("RFC 6749 3.1", "two states", asked(format!("{WHO}{PROOF}&state=s-2")), "400", &NOWHERE),
        row(
            "RFC 9700 2.6",
            "no cross-origin reads",
            asked(format!("{WHO}{PROOF}")).header("origin", "https://app.example"),
            "303",
            &["!access-control-allow-origin"],
        ),
    ]
}

fn challenges() -> Vec<Row> {
    let request = "303 invalid_request";
    let told = |section, rule, sent, comes| row(section, rule, sent, comes, &BACK);
    vec![
        told("RFC 7636 4.4.1", "no challenge, from a client that keeps no secret", asked(WHO), request),
        told(
            "RFC 9700 4.8.2",
            "no challenge, from one that does: nobody strips it",
            asked(WHO.replace("{app}", "{web}")),
            request,
        ),
        told(
            "RFC 9700 2.1.1",
            "a challenge that would be the verifier",
            asked(format!("{WHO}{PROOF}").replace("S256", "plain")),
            request,
        ),
        told(
            "RFC 7636 4.3",
            "a challenge without its method is a plain one",
            asked(format!("{WHO}&code_challenge={{challenge}}")),
            request,
        ),
        told(
            "RFC 7636 4.4.1",
            "a challenge that is no SHA-256",
            asked(format!("{WHO}&code_challenge=abc&code_challenge_method=S256")),
            request,
        ),
    ]
}

/// RFC 9700 sections 2.1 and 4.1.3: as they stand, letter by letter.
fn redirects() -> Vec<Row> {
    let to = |address: &str| asked(format!("{WHO}{PROOF}").replace("{back}", address));
    let never = |rule, address| row("RFC 9700 4.1", rule, to(address), "400", &NOWHERE);
    let exactly = |rule, address| row("RFC 9700 2.1", rule, to(address), "400", &NOWHERE);
    vec![
        never("another host", "https://evil.example/cb"),
        never("a host behind the registered one", "https://app.example.evil.example/cb"),
        never("a host below it", "https://x.app.example/cb"),
        never("a user in front of another host", "https://app.example@evil.example/cb"),
        never("another path", "https://app.example/other"),
        never("a path below", "https://app.example/cb/x"),
        never("a path that goes up", "https://app.example/cb/../x"),
        exactly("a slash more", "https://app.example/cb/"),
        never("a query more", "https://app.example/cb?x=1"),
        never("a fragment more", "https://app.example/cb%23x"),
        never("another scheme", "http://app.example/cb"),
        never("a port", "https://app.example:8443/cb"),
        exactly("the port that it has anyway", "https://app.example:443/cb"),
        exactly("another case", "https://APP.example/cb"),
        never("a line break", "https://app.example/cb%0d%0aLocation:x"),
        never("a script", "javascript:alert(1)"),
        never("none", ""),
        row("RFC 6749 3.1", "two addresses", to("{back}&redirect_uri={back}"), "400", &NOWHERE),
    ]
}

/// RFC 8252 sections 7.1 and 7.3.
fn on_devices() -> Vec<Row> {
    let to = |address: &str| asked(format!("{WHO}{PROOF}").replace("{app}", "{device}").replace("{back}", address));
    let signs_in = ["location: /console/sign-in?next="];
    vec![
        row("RFC 8252 7.3", "this machine at any port", to("http://127.0.0.1:51004/cb"), "303", &signs_in),
        row("RFC 8252 7.3", "at another path", to("http://127.0.0.1:51004/x"), "400", &NOWHERE),
        row("RFC 8252 8.3", "by a name", to("http://localhost:51004/cb"), "400", &NOWHERE),
        row("RFC 8252 7.3", "another machine", to("http://192.0.2.1:51004/cb"), "400", &NOWHERE),
        row("RFC 8252 7.1", "a scheme of its own", to("example.bank.loans:/cb"), "303", &signs_in),
        row("RFC 8252 7.1", "the scheme of another", to("example.bank.other:/cb"), "400", &NOWHERE),
    ]
}

/// A code each: whatever comes of it, it is used up.
fn verifiers() -> Vec<Row> {
    let with = |code: &str, verifier: &str| {
        let grant = "grant_type=authorization_code&client_id={app}&redirect_uri={back}";
        Sent::form(TOKEN, format!("{grant}&code={{{code}}}{verifier}"))
    };
    let grant = "400 invalid_grant";
    vec![
        refused("RFC 7636 4.6", "no verifier", with("code_1", ""), "400 invalid_request"),
        refused(
            "RFC 7636 4.6",
            "a verifier that does not match",
            with("code_2", "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX"),
            grant,
        ),
        refused("RFC 7636 4.6", "the challenge itself", with("code_3", "&code_verifier={challenge}"), grant),
        refused("RFC 7636 4.1", "a verifier that is too short", with("code_4", "&code_verifier=abc"), grant),
        refused(
            "RFC 7636 4.6",
            "a code that a wrong verifier used up",
            with("code_2", "&code_verifier={verifier}"),
            grant,
        ),
        refused(
            "RFC 6749 4.1.3",
            "another redirect URI",
            Sent::form(
                TOKEN,
                "grant_type=authorization_code&client_id={app}&redirect_uri=https%3A%2F%2Fapp.example%2Fx&code={code_5}&code_verifier={verifier}",
            ),
            grant,
        ),
        refused(
            "RFC 6749 4.1.3",
            "no redirect URI",
            Sent::form(TOKEN, "grant_type=authorization_code&client_id={app}&code={code_6}&code_verifier={verifier}"),
            "400 invalid_request",
        ),
        refused(
            "RFC 6749 4.1.3",
            "another client",
            Sent::form(
                TOKEN,
                "grant_type=authorization_code&client_id={web}&client_secret={web_secret}&redirect_uri={back}&code={code_7}&code_verifier={verifier}",
            ),
            grant,
        ),
        refused(
            "RFC 6749 3.2.1",
            "a client with a secret comes without it",
            Sent::form(
                TOKEN,
                "grant_type=authorization_code&client_id={web}&redirect_uri={back}&code={code_7}&code_verifier={verifier}",
            ),
            "401 invalid_client",
        ),
        row(
            "RFC 7636 4.6",
            "the right verifier",
            with("code_8", "&code_verifier={verifier}"),
            "200",
            &["=access_token", "=refresh_token", "=scope loans:read", "=expires_in 900", "cache-control: no-store"],
        ),
        refused("RFC 6749 4.1.2", "a code is good once", with("code_8", "&code_verifier={verifier}"), grant),
    ]
}

fn metadata() -> Vec<Row> {
    let says = |section, rule, with: &[&'static str]| {
        row(section, rule, Sent::get("/.well-known/oauth-authorization-server"), "200", with)
    };
    vec![
        says(
            "RFC 9700 2.6",
            "the server's metadata are there",
            &["=issuer {base}", "=token_endpoint {base}/api/v1/oauth/token"],
        ),
        says("RFC 9700 2.1.1", "it says that it takes challenges", &["=code_challenge_methods_supported [\"S256\"]"]),
        says(
            "RFC 9207 3",
            "it says that answers name the issuer",
            &["=authorization_response_iss_parameter_supported true"],
        ),
        says(
            "RFC 9700 2.1.2",
            "it offers no implicit grant",
            &["=response_types_supported [\"code\"]", "=response_modes_supported [\"query\"]", "!*implicit"],
        ),
        says("RFC 9700 2.4", "nor passwords", &["!*\"password\""]),
        says("RFC 9700 2.5", "clients may sign instead of having a secret", &["*private_key_jwt"]),
        row(
            "OpenID Discovery 4",
            "the same for OpenID Connect",
            Sent::get("/.well-known/openid-configuration"),
            "200",
            &["=issuer {base}", "=userinfo_endpoint"],
        ),
        row(
            "RFC 7517 5",
            "keys are public",
            Sent::get("/.well-known/jwks.json"),
            "200",
            &["=keys", "!*\"d\"", "!*\"p\"", "!*\"k\""],
        ),
    ]
}
