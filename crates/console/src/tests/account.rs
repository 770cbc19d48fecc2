//! What people change of their account.

use continuity_auth::Duty;
use http::StatusCode;

use super::bench::{Bench, EMAIL, PASSWORD};

const OTHER: &str = "copper meadow whistle";

#[tokio::test]
async fn the_account_says_who_somebody_is_in_words() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/account").await;
    for text in [
        EMAIL,
        "Administrator: settings, clients, people and keys",
        "Read loan requests, their bids and their lists of tasks <code>loans:read</code>",
        "<dt>Only of teams</dt><dd>North</dd>",
        "Chrome, Linux",
        "this browser",
        "192.0.2.1",
        "with password",
        "No application acts for you.",
        "22 Nov 2026, 18:00 UTC",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says("Recovery codes"), "there is nothing to recover from");
}

#[tokio::test]
async fn another_password_ends_other_sessions() {
    let bench = Bench::lax();
    let mut other = bench.signed_in().await;
    let mut browser = bench.browser();
    browser.sign_in("").await;
    let path = "/console/account/password";
    browser.get(path).await;
    for (present, new, repeat, says) in [
        ("", OTHER, OTHER, "present-fault"),
        ("wrong", OTHER, OTHER, "The present password is not right"),
        (PASSWORD, PASSWORD, PASSWORD, "another password than the present one"),
        (PASSWORD, "short", "short", "at least 12 characters"),
        (PASSWORD, OTHER, "x", "are not the same"),
        (PASSWORD, "jane password continuity", "jane password continuity", "tried first"),
    ] {
        let page = browser.post(path, &[("present", present), ("new", new), ("repeat", repeat)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{says}");
        assert!(page.says(says), "{says} in {}", page.text);
    }
    let page = browser.post(path, &[("present", PASSWORD), ("new", OTHER), ("repeat", OTHER)]).await;
    assert_eq!(page.to(), "/console/account?done=password-changed");
    assert!(browser.get("/console/account?done=password-changed").await.says("Your password is changed."));
    assert!(other.get("/console/account").await.to().starts_with("/console/sign-in"));
}

#[tokio::test]
async fn a_password_of_somebody_else_is_changed_first() {
    let bench = Bench::lax();
    let temporary = bench.auth.set_temporary_password(&bench.account.id).unwrap();
    let mut browser = bench.browser();
    browser.get("/console/sign-in").await;
    let fields = [("email", EMAIL), ("password", &**temporary), ("next", "/console/account/authenticator")];
    let page = browser.post("/console/sign-in", &fields).await;
    assert_eq!(page.to(), "/console/account/password?next=%2Fconsole%2Faccount%2Fauthenticator");
    assert_eq!(browser.get("/console/account").await.to(), "/console/account/password");
    let page = browser.get("/console/account/password?next=/console/account/authenticator").await;
    assert!(page.says("given to you by somebody else") && !page.says("Cancel"), "{}", page.text);
    let fields =
        [("present", &**temporary), ("new", OTHER), ("repeat", OTHER), ("next", "/console/account/authenticator")];
    let page = browser.post("/console/account/password", &fields).await;
    assert_eq!(page.to(), "/console/account/authenticator");
}

#[tokio::test]
async fn an_app_is_set_up_with_the_secret_that_is_shown() {
    let bench = Bench::strict();
    let mut browser = bench.signed_in().await;
    let page = browser.get("/console/account/second-factor").await;
    assert!(page.says("href=\"/console/account/authenticator\"") && page.says("data-passkey=\"create\""));
    let page = browser.get("/console/account/authenticator").await;
    let secret = page.between("<p class=\"secret\"><code>", "</code>");
    assert!(page.says("<svg xmlns") && page.says("otpauth://totp/"), "{}", page.text);
    let handle = page.value("handle").unwrap();
    let wrong = browser.post("/console/account/authenticator", &[("handle", &handle), ("code", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.says("code-fault") && wrong.says(&secret), "the same secret: nothing has to be scanned again");
    let gone = browser.post("/console/account/authenticator", &[("handle", "unknown"), ("code", "000000")]).await;
    assert_eq!(gone.to(), "/console/account/authenticator");
    let code = bench.code(&secret);
    let (_, request) = bench.application("");
    let fields = [("handle", &*handle), ("code", &code), ("next", &request)];
    let page = browser.post("/console/account/authenticator", &fields).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("shown only now") && page.says("href=\"/oauth/authorize?"), "on to what waited: {}", page.text);
}

#[tokio::test]
async fn the_last_second_factor_cannot_be_removed() {
    let bench = Bench::strict();
    let mut browser = bench.signed_in().await;
    browser.set_up_app().await;
    let page = browser.get("/console/account").await;
    assert!(page.says("this is your only one") && !page.says("/authenticator/remove"), "{}", page.text);
    let page = browser.post("/console/account/authenticator/remove", &[]).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.says("A second factor is required here"), "{}", page.text);
    let session = bench.auth.account(&bench.account.id).unwrap();
    assert!(session.has_totp);
}

#[tokio::test]
async fn where_none_is_required_it_goes() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    browser.set_up_app().await;
    assert!(browser.get("/console/account").await.says("/authenticator/remove"));
    let page = browser.post("/console/account/authenticator/remove", &[]).await;
    assert_eq!(page.to(), "/console/account?done=authenticator-removed");
    assert!(browser.get(page.to()).await.says("The authenticator app is removed."));
}

#[tokio::test]
async fn new_recovery_codes_are_shown_once() {
    let bench = Bench::strict();
    let mut browser = bench.signed_in().await;
    let (_, codes) = browser.set_up_app().await;
    browser.get("/console/account").await;
    let page = browser.post("/console/account/recovery-codes", &[]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.text.matches("<li><code>").count(), 10);
    assert!(codes.iter().all(|code| !page.says(code)), "others than before");
}

#[tokio::test]
async fn other_sessions_end_and_this_one_stays() {
    let bench = Bench::lax();
    let (mut first, mut second, mut third) = (bench.signed_in().await, bench.browser(), bench.browser());
    second.sign_in("").await;
    third.sign_in("").await;
    let page = first.get("/console/account").await;
    assert_eq!(page.text.matches("action=\"/console/account/sessions/end\"").count(), 3, "two, and all others");
    let id = page.value("id").unwrap();
    let page = first.post("/console/account/sessions/end", &[("id", &id)]).await;
    assert_eq!(page.to(), "/console/account?done=session-ended");
    let page = first.post("/console/account/sessions/end", &[]).await;
    assert_eq!(page.to(), "/console/account?done=sessions-ended");
    assert_eq!(first.get("/console/account").await.status, StatusCode::OK);
    for other in [&mut second, &mut third] {
        assert!(other.get("/console/account").await.to().starts_with("/console/sign-in"));
    }
}

#[tokio::test]
async fn nothing_is_changed_without_having_done_what_comes_first() {
    let bench = Bench::strict();
    let mut browser = bench.signed_in().await;
    browser.get("/console/account/second-factor").await;
    for path in ["sessions/end", "applications/withdraw", "recovery-codes", "passkeys/remove", "authenticator/remove"] {
        let page = browser.post(&format!("/console/account/{path}"), &[]).await;
        assert_eq!(page.to(), "/console/account/second-factor", "{path}");
    }
    let cookie = browser.session().unwrap().clone();
    let session = bench.auth.session(&cookie, &continuity_auth::Origin::default()).unwrap();
    assert_eq!(session.duties, [Duty::SetUpSecondFactor]);
}

#[tokio::test]
async fn passkeys_are_asked_for_and_bad_answers_refused() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    browser.get("/console/account").await;
    let page = browser.post("/console/account/passkeys/options", &[]).await;
    assert!(page.says("\"rp\"") && page.says("\"challenge\""), "{}", page.text);
    for answer in ["", "{}", "null"] {
        let page = browser.post("/console/account/passkeys", &[("handle", "x"), ("answer", answer)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    }
}
