//! Who has been signed in for a while proves once more who it is, before what only that person may do.

use http::StatusCode;

use super::bench::{Bench, PASSWORD};

const LATER: u64 = 11 * 60;

#[tokio::test]
async fn a_session_that_was_left_open_changes_nothing_that_signs_anybody_in() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/account").await;
    assert!(page.says("Add a passkey") && !page.says("confirm first"), "{}", page.text);
    bench.later(LATER);
    let page = browser.get("/console/account").await;
    assert!(page.says("confirm first that it is you") && !page.says("Add a passkey"), "{}", page.text);
    for (path, next) in [
        ("authenticator", "%2Fconsole%2Faccount%2Fauthenticator"),
        ("second-factor", "%2Fconsole%2Faccount%2Fsecond-factor"),
    ] {
        let page = browser.get(&format!("/console/account/{path}")).await;
        assert_eq!(page.to(), format!("/console/confirm?next={next}"), "{path}");
    }
    for path in ["authenticator/remove", "passkeys", "passkeys/remove", "recovery-codes"] {
        let page = browser.post(&format!("/console/account/{path}"), &[]).await;
        assert_eq!(page.to(), "/console/confirm?next=%2Fconsole%2Faccount", "{path}");
    }
    let page = browser.post("/console/account/passkeys/options", &[]).await;
    assert!(!page.says("challenge") && page.status != StatusCode::OK, "{}", page.text);

    let next = "/console/account/authenticator";
    browser.get(&format!("/console/confirm?next={next}")).await;
    let missing = browser.post("/console/confirm", &[("next", next)]).await;
    assert!(missing.status == StatusCode::UNPROCESSABLE_ENTITY && missing.says("password-fault"), "{}", missing.text);
    let wrong = browser.post("/console/confirm", &[("password", "wrong"), ("next", next)]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.says("not right"), "{}", wrong.text);
    let page = browser.post("/console/confirm", &[("password", PASSWORD), ("next", next)]).await;
    assert_eq!(page.to(), next);
    assert_eq!(browser.get(next).await.status, StatusCode::OK);
    assert_eq!(browser.get("/console/confirm").await.to(), "/console/account", "nothing is asked for twice");
    let page = browser.post("/console/confirm", &[("password", PASSWORD), ("next", "//evil.example")]).await;
    assert_eq!(page.to(), "/console/account");
}

#[tokio::test]
async fn who_has_a_second_factor_proves_it_with_that() {
    let bench = Bench::strict();
    let mut browser = bench.signed_in().await;
    let (secret, codes) = browser.set_up_app().await;
    bench.later(LATER);
    let page = browser.get("/console/confirm").await;
    assert!(page.says("name=\"code\"") && page.says("name=\"recovery\"") && !page.says("name=\"password\""));
    let page = browser.post("/console/confirm", &[("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "a password is not enough");
    let code = bench.code(&secret);
    assert_eq!(browser.post("/console/confirm", &[("code", &code)]).await.to(), "/console/account");
    let again = browser.post("/console/confirm", &[("code", &code)]).await;
    assert!(again.status == StatusCode::UNPROCESSABLE_ENTITY && again.says("was used already"), "{}", again.text);
    let page = browser.post("/console/confirm", &[("recovery", &codes[0])]).await;
    assert_eq!(page.to(), "/console/account");
    assert!(browser.get("/console/account").await.says("9 codes left"));
}

#[tokio::test]
async fn nobody_confirms_who_is_not_signed_in() {
    let bench = Bench::lax();
    let mut browser = bench.browser();
    assert!(browser.get("/console/confirm").await.to().starts_with("/console/sign-in"));
    browser.get("/console/sign-in").await;
    for path in ["/console/confirm", "/console/confirm/passkey", "/console/confirm/passkey/options"] {
        assert!(browser.post(path, &[("password", PASSWORD)]).await.to().starts_with("/console/sign-in"), "{path}");
    }
}
