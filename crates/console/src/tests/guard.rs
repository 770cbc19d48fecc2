//! Who may send forms, and what holds for every reply.

use http::StatusCode;

use super::bench::{Bench, EMAIL, ISSUER, PASSWORD};

pub(crate) const POSTS: &[&str] = &[
    "/console/confirm",
    "/console/confirm/passkey",
    "/console/confirm/passkey/options",
    "/console/sign-in",
    "/console/sign-in/passkey",
    "/console/sign-in/passkey/options",
    "/console/sign-in/second",
    "/console/sign-in/second/passkey",
    "/console/sign-in/second/passkey/options",
    "/console/sign-out",
    "/console/link/x",
    "/console/account/password",
    "/console/account/authenticator",
    "/console/account/authenticator/remove",
    "/console/account/passkeys/remove",
    "/console/account/recovery-codes",
    "/console/account/sessions/end",
    "/console/settings/clients/new",
    "/console/settings/clients/x",
    "/console/settings/clients/x/secret",
    "/console/settings/clients/x/enabled",
    "/console/settings/clients/x/delete",
    "/console/settings/people/new",
    "/console/settings/people/x",
    "/console/settings/people/x/enabled",
    "/console/settings/people/x/link",
    "/console/settings/people/x/factors",
    "/console/settings/people/x/sessions",
    "/console/settings/people/x/consents",
    "/console/settings/people/x/delete",
    "/console/settings/keys/rotate",
    "/console/settings/keys/x/retire",
    "/console/settings/applications/new",
    "/console/settings/applications/x",
    "/console/settings/applications/x/secret",
    "/console/settings/applications/x/delete",
    "/console/loans/x/tasks/x",
    "/console/loans/x/dossier",
    "/console/operations/source/pause",
    "/console/operations/source/resume",
    "/console/operations/source/sync",
    "/console/operations/source/accept",
    "/console/operations/completeness",
    "/console/operations/read-models",
    "/console/operations/read-models/loans/rollback",
    "/console/operations/read-models/loans/discard",
    "/console/operations/quarantine/resync",
    "/console/operations/quarantine/7/retry",
    "/console/operations/quarantine/7/dismiss",
    "/console/operations/blobs/retry",
    "/console/operations/blobs/verify",
    "/console/operations/blobs/scrub",
    "/console/operations/log",
    "/console/operations/backups",
    "/console/settings/webhooks/x/test",
    "/console/settings/webhooks/x/enable",
    "/console/settings/webhooks/x/replay",
    "/oauth/authorize",
];

#[tokio::test]
async fn no_form_of_another_site_is_taken() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    browser.get("/console/account").await;
    let token = browser.token.clone();
    let foreign: [&[(&str, &str)]; 5] = [
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
    ];
    for path in POSTS {
        for headers in foreign {
            let page = browser.post_as(path, &[], headers, &token).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(page.says("did not come from here") && page.says(ISSUER), "it says what to do: {}", page.text);
        }
    }
    assert!(browser.session().is_some(), "nothing happened");
    let page = browser.post_as("/console/sign-out", &[], &[("sec-fetch-site", "same-origin")], &token).await;
    assert_eq!(page.to(), "/console/sign-in?said=signed-out");
}

#[tokio::test]
async fn no_form_without_the_secret_is_taken() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let origin = [("origin", ISSUER)];
    let mut other = bench.browser();
    other.get("/console/sign-in").await;
    for path in POSTS {
        for token in ["", "0", &other.token] {
            let page = browser.post_as(path, &[], &origin, token).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{path} {token}");
            assert!(page.says("This page is out of date"), "{}", page.text);
        }
    }
    let mut stranger = bench.browser();
    for path in POSTS {
        for token in ["", "0"] {
            assert_eq!(stranger.post_as(path, &[], &origin, token).await.status, StatusCode::FORBIDDEN, "{path}");
            stranger.cookies.clear();
        }
    }
    let fields = [("email", EMAIL), ("password", PASSWORD)];
    let page = stranger.post_as("/console/sign-in", &fields, &origin, &other.token).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "the text of another browser");
}

#[tokio::test]
async fn every_reply_keeps_to_itself() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let (_, request) = bench.application("");
    let account = ["/console", "/console/account", "/console/account/password", "/console/account/authenticator"];
    let others = ["/console/account/second-factor", "/console/sign-in?next=x", "/console/link/x", "/console/nothing"];
    let one = format!("/console/settings/people/{}", bench.account.id);
    let settings = ["/console/settings/people", "/console/settings/people/new", "/console/settings/people/x", &one];
    let settings = settings.into_iter().chain([
        "/console/status",
        "/console/status/now",
        "/console/settings/clients",
        "/console/settings/clients/new",
        "/console/settings/keys",
        "/console/settings/records",
    ]);
    for path in
        account.into_iter().chain(others).chain(settings).chain([&*request, "/oauth/authorize", "/oauth/logout"])
    {
        let page = browser.get(path).await;
        let header = |name: &str| page.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        let policy = header("content-security-policy");
        let begins = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'";
        assert!(policy.starts_with(begins), "{path}: {policy}");
        assert!(policy.ends_with("; frame-ancestors 'none'; base-uri 'none'"), "{path}: {policy}");
        assert_eq!((header("cache-control"), header("x-content-type-options")), ("no-store".into(), "nosniff".into()));
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        for inline in [" style=", "<style", "<script>", " onclick", " onsubmit", "javascript:"] {
            assert!(!page.says(inline), "{path} has {inline}");
        }
        for host in page.text.split("https://").skip(1).chain(page.text.split("http://").skip(1)) {
            let known = host.starts_with("localhost") || host.starts_with("127.0.0.1");
            assert!(known || host.starts_with("www.w3.org/2000/svg"), "{path}: {}", host.get(..40).unwrap_or(host));
        }
    }
}

#[tokio::test]
async fn what_people_are_called_is_text() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/account").await;
    assert!(page.says("Jane &#60;Doe&#62;") && !page.says("<Doe>"), "{}", page.text);
    let (_, request) = bench.application("");
    let page = browser.get(&request).await;
    assert!(page.says("Loan &#60;Browser&#62;") && page.says("Shows loans &#38; more."), "{}", page.text);
}

#[tokio::test]
async fn styles_and_script_are_here_and_may_be_kept() {
    let bench = Bench::lax();
    let mut browser = bench.browser();
    let page = browser.get("/console/sign-in").await;
    let addresses = [page.between("rel=\"stylesheet\" href=\"", "\""), page.between("<script src=\"", "\"")];
    for (address, kind) in addresses.iter().zip(["text/css", "text/javascript"]) {
        let asset = browser.get(address).await;
        assert_eq!(asset.status, StatusCode::OK);
        assert!(asset.headers["content-type"].to_str().unwrap().starts_with(kind));
        assert_eq!(asset.headers["cache-control"], "public, max-age=31536000, immutable");
    }
}
