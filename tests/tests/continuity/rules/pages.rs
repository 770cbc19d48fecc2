//! Pages: who may send forms, what browsers may do, and where people are led.

use super::exchange::{Row, row};
use crate::stage::Sent;

/// Where the pages are listed.
const PAGES: &str = include_str!("../../../../crates/console/src/routes.rs");

pub(crate) fn rows() -> Vec<Row> {
    [foreign_forms(), headers(), places()].into_iter().flatten().collect()
}

/// The paths of the list that take a form, as a browser would ask for them.
fn forms() -> Vec<String> {
    let entries = PAGES.split("(\"/").skip(1).filter(|entry| entry.contains("post("));
    let paths = entries.filter_map(|entry| entry.split('"').next());
    // What there is not is 404 to whomever.
    paths.filter(|path| !path.contains('*')).map(|path| format!("/{path}").replace("{token}", "x")).collect()
}

/// Two things have to hold for every form: it comes from here, and it repeats the secret.
fn foreign_forms() -> Vec<Row> {
    let paths = forms();
    assert!(paths.len() > 15 && paths.iter().any(|path| path == "/oauth/authorize"), "{paths:?}");
    // An application may send people there by a form: they are asked, and nothing is done yet.
    let (asks, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path == "/oauth/logout");
    let each = |path: String| {
        let sent = |token: &str| Sent::form(&path, format!("token={token}")).header("cookie", "{cookies}");
        let refused = |rule, sent| row("house CSRF", rule, sent, "403", &["content-type: text/html", "!set-cookie"]);
        vec![
            refused("a form of another site", sent("{csrf}").header("origin", "https://evil.example")),
            refused("a form of who knows where", sent("{csrf}")),
            refused("a form of a site beside this one", sent("{csrf}").header("sec-fetch-site", "same-site")),
            refused("a form without the secret", sent("").header("origin", "{base}")),
            refused("a form with the secret of another browser", sent("{other_csrf}").header("origin", "{base}")),
        ]
    };
    let asked = asks.into_iter().map(|path| {
        let sent =
            Sent::form(path, "token={csrf}").header("cookie", "{cookies}").header("origin", "https://evil.example");
        row("house CSRF", "to sign out is asked", sent, "303", &["location: /oauth/logout?", "!set-cookie"])
    });
    let still = Sent::get("/console/account").header("cookie", "{cookies}");
    let nothing_done = row("house CSRF", "after all these forms she is signed in as before", still, "200", &["*Jane"]);
    others.into_iter().flat_map(each).chain(asked).chain([nothing_done]).collect()
}

fn headers() -> Vec<Row> {
    let consent = "/oauth/authorize?response_type=code&client_id={device}&redirect_uri=example.bank.loans:/cb&code_challenge={challenge}&code_challenge_method=S256";
    let asks = Sent::get(consent).header("cookie", "{cookies}");
    let pages = [Sent::get("/console/sign-in"), asks, Sent::get("/console/account").header("cookie", "{cookies}")];
    pages
        .into_iter()
        .flat_map(|sent| {
            vec![
                row(
                    "RFC 9700 4.16",
                    "nobody frames it",
                    sent.clone(),
                    "200",
                    &["content-security-policy: frame-ancestors 'none'"],
                ),
                row(
                    "RFC 9700 4.2.4",
                    "no other host is told the address",
                    sent.clone(),
                    "200",
                    &["referrer-policy: same-origin"],
                ),
                row(
                    "RFC 9700 4.2.4",
                    "it loads nothing from elsewhere",
                    sent.clone(),
                    "200",
                    &["content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'"],
                ),
                row(
                    "house",
                    "no cache keeps it",
                    sent,
                    "200",
                    &["cache-control: no-store", "x-content-type-options: nosniff", "!access-control-allow-origin"],
                ),
            ]
        })
        .collect()
}

/// RFC 9700 sections 4.11 and 4.12: nobody is led elsewhere, and no form is sent on.
fn places() -> Vec<Row> {
    let signed_in = |next: &str| Sent::get(format!("/console/sign-in?next={next}"));
    let stays = |next| {
        row(
            "RFC 9700 4.11.2",
            "the sign-in leads to pages here alone",
            signed_in(next),
            "200",
            &["!location", "!*evil.example"],
        )
    };
    let out = |query: &str| Sent::get(format!("/oauth/logout?{query}"));
    vec![
        stays("//evil.example"),
        stays("https%3A%2F%2Fevil.example"),
        stays("%2F%5Cevil.example"),
        stays("%2Fconsole%2F..%2F..%2F%2Fevil.example"),
        stays("javascript:alert(%27evil.example%27)"),
        row(
            "RFC 9700 4.11.2",
            "nor does the sign-out, to whatever is not registered",
            out("client_id={app}&post_logout_redirect_uri=https://evil.example"),
            "303",
            &["location: /console/sign-in?said=signed-out"],
        ),
        row(
            "RFC 9700 4.11.2",
            "nor for whom it does not know",
            out("post_logout_redirect_uri={back}"),
            "303",
            &["location: /console/sign-in?said=signed-out"],
        ),
        row(
            "RFC 9700 4.12",
            "a form is answered with 303: what was typed is sent nowhere else",
            Sent::form("/console/sign-in", "token={form_csrf}&email={jane}&password={password}")
                .header("origin", "{base}")
                .header("cookie", "{form_cookies}"),
            "303",
            &[
                "location: /console/account",
                "set-cookie: __Host-continuity=",
                "set-cookie: ; Path=/; Secure; HttpOnly; SameSite=Lax",
            ],
        ),
    ]
}
