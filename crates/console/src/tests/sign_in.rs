//! In and out.

use continuity_auth::SignInPolicy;
use http::StatusCode;
use http::header::SET_COOKIE;

use super::bench::{Bench, EMAIL, ISSUER, PASSWORD};

#[tokio::test]
async fn a_link_sets_a_password_once_and_says_what_is_wrong_with_others() {
    let bench = Bench::lax();
    let link = bench.auth.make_link(&bench.account.id).unwrap();
    let path = format!("/console/link/{}", *link);
    let mut browser = bench.browser();
    let page = browser.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.says("Welcome, Jane") && page.says(EMAIL) && page.says("autocomplete=\"new-password\""));
    for (new, repeat, says, field) in [
        ("short", "short", "needs at least 12 characters", "new"),
        (PASSWORD, "another", "are not the same", "repeat"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "among those that are tried first", "new"),
        (&"é".repeat(200), "", "too long", "new"),
    ] {
        let page = browser.post(&path, &[("new", new), ("repeat", repeat)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{says}");
        assert!(page.says(says) && page.says(&format!("id=\"{field}-fault\"")), "{}", page.text);
        assert!(page.says(&format!("aria-describedby=\"{field}-fault")) && page.says("aria-invalid=\"true\""));
        assert!(page.says("<title>Error: ") && page.says(&format!("<a href=\"#{field}\">")));
        assert!(!page.says(new), "what was typed is not sent back");
    }
    let page = browser.post(&path, &[("new", PASSWORD), ("repeat", PASSWORD)]).await;
    assert_eq!(page.to(), "/console/sign-in?said=password-set");
    for page in [browser.get(&path).await, browser.post(&path, &[("new", PASSWORD), ("repeat", PASSWORD)]).await] {
        assert_eq!(page.status, StatusCode::NOT_FOUND);
        assert!(page.says("no good any more"), "{}", page.text);
    }
    assert_eq!(browser.get("/console/link/unknown").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn each_sign_in_begins_a_session_of_its_own() {
    let bench = Bench::lax();
    let mut browser = bench.with_password().await;
    browser.cookies.insert("__Host-continuity".to_owned(), "planted.secret".to_owned());
    let page = browser.sign_in("").await;
    assert_eq!(page.to(), "/console/account");
    let first = browser.session().unwrap().clone();
    assert_ne!(first, "planted.secret");
    let set: Vec<&str> = page.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
    assert_eq!(set[0], format!("__Host-continuity={first}; Path=/; Secure; HttpOnly; SameSite=Lax"));
    assert!(!browser.cookies.contains_key("__Host-continuity-form"), "what was before is over");
    browser.get("/console/account").await;
    browser.get("/console/sign-in?next=/console/account").await;
    let page = browser.post("/console/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(page.to(), "/console/account");
    assert_ne!(browser.session(), Some(&first));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_told_alike_and_slowed() {
    let bench = Bench::lax();
    let mut browser = bench.with_password().await;
    browser.get("/console/sign-in").await;
    let mut texts = Vec::new();
    for email in [EMAIL, "nobody@bank.example"] {
        let page = browser.post("/console/sign-in", &[("email", email), ("password", "wrong")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says("role=\"alert\"") && page.says(&format!("value=\"{email}\"")) && !page.says("wrong\""));
        assert!(browser.session().is_none());
        texts.push(page.text.replace(email, ""));
    }
    assert_eq!(texts[0], texts[1]);
    for _ in 0..4 {
        browser.post("/console/sign-in", &[("email", EMAIL), ("password", "wrong")]).await;
    }
    let page = browser.post("/console/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS, "{}", page.text);
    assert!(page.headers.contains_key("retry-after") && page.says("Try again in 1 min."));
    bench.later(60);
    let page = browser.post("/console/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    assert_eq!(page.to(), "/console/account");
}

#[tokio::test]
async fn what_is_missing_is_named_at_its_field() {
    let bench = Bench::lax();
    let mut browser = bench.browser();
    browser.get("/console/sign-in").await;
    let page = browser.post("/console/sign-in", &[("email", " "), ("password", "")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("id=\"email-fault\"") && page.says("id=\"password-fault\""), "{}", page.text);
}

#[tokio::test]
async fn nobody_is_led_to_another_host() {
    let bench = Bench::lax();
    for next in ["//evil.example", "/\\evil.example", "https://evil.example", "/%2f%2fevil.example", "javascript:x"] {
        let encoded: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        let mut browser = bench.with_password().await;
        let page = browser.get(&format!("/console/sign-in?next={encoded}")).await;
        assert!(!page.says("evil") && !page.says("javascript:x"), "{next}");
        let page = browser.sign_in(next).await;
        assert_eq!(page.to(), "/console/account", "{next}");
        let page = browser.get(&format!("/console/sign-in?next={encoded}")).await;
        assert_eq!(page.to(), "/console/account", "{next}");
    }
    let mut browser = bench.with_password().await;
    assert_eq!(browser.sign_in("/console/account/password").await.to(), "/console/account/password");
}

#[tokio::test]
async fn pages_of_an_account_lead_to_the_sign_in_and_back() {
    let bench = Bench::lax();
    let mut browser = bench.browser();
    let page = browser.get("/console/account/password").await;
    assert_eq!(page.to(), "/console/sign-in?next=%2Fconsole%2Faccount%2Fpassword");
    assert_eq!(browser.get("/console").await.to(), "/console/sign-in?next=%2Fconsole%2Faccount");
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_good_once() {
    let bench = Bench::strict();
    let mut browser = bench.with_password().await;
    let page = browser.sign_in("/console/account/password").await;
    assert_eq!(page.to(), "/console/account/second-factor?next=%2Fconsole%2Faccount%2Fpassword", "a duty comes first");
    assert_eq!(browser.get("/console/account").await.to(), "/console/account/second-factor");
    let (secret, codes) = browser.set_up_app().await;
    assert_eq!(codes.len(), 10);
    assert_eq!(browser.get("/console/account").await.status, StatusCode::OK);
    let mut browser = bench.browser();
    bench.later(30);
    let page = browser.sign_in("/console/account/password").await;
    assert_eq!(page.to(), "/console/sign-in/second?next=%2Fconsole%2Faccount%2Fpassword");
    let set = page.headers[SET_COOKIE].to_str().unwrap();
    assert!(set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=600"), "{set}");
    assert!(browser.session().is_none());
    let page = browser.get("/console/sign-in/second").await;
    assert!(page.says("autocomplete=\"one-time-code\"") && page.says("Use a recovery code"), "{}", page.text);
    let wrong = browser.post("/console/sign-in/second", &[("code", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.says("id=\"code-fault\""), "{}", wrong.text);
    let code = bench.code(&secret);
    let page = browser.post("/console/sign-in/second", &[("code", &code), ("next", "/console/account/password")]).await;
    assert_eq!(page.to(), "/console/account/password");
    assert!(browser.session().is_some() && !browser.cookies.contains_key("__Host-continuity-step"));
    let mut browser = bench.browser();
    browser.sign_in("").await;
    browser.get("/console/sign-in/second").await;
    let page = browser.post("/console/sign-in/second", &[("code", &code)]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "a code is good once");
    let page = browser.post("/console/sign-in/second", &[("recovery", &codes[0].to_uppercase())]).await;
    assert_eq!(page.to(), "/console/account");
    assert!(browser.get("/console/account").await.says("9 codes left."));
}

#[tokio::test]
async fn guessing_codes_leads_back_to_the_beginning() {
    let bench = Bench::strict();
    let mut browser = bench.signed_in().await;
    browser.set_up_app().await;
    let mut browser = bench.browser();
    browser.sign_in("").await;
    browser.get("/console/sign-in/second").await;
    for _ in 0..5 {
        browser.post("/console/sign-in/second", &[("code", "000000")]).await;
    }
    let page = browser.post("/console/sign-in/second", &[("code", "000000")]).await;
    assert_eq!(page.to(), "/console/sign-in?said=expired");
    assert_eq!(browser.get("/console/sign-in/second").await.to(), "/console/sign-in?said=expired");
}

#[tokio::test]
async fn out_is_out() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let cookie = browser.session().unwrap().clone();
    browser.get("/console/account").await;
    let page = browser.post("/console/sign-out", &[]).await;
    assert_eq!(page.to(), "/console/sign-in?said=signed-out");
    assert!(browser.session().is_none());
    assert!(browser.get("/console/sign-in?said=signed-out").await.says("You are signed out."));
    browser.cookies.insert("__Host-continuity".to_owned(), cookie);
    assert!(browser.get("/console/account").await.to().starts_with("/console/sign-in"), "the session ended");
}

#[tokio::test]
async fn passkeys_are_offered_where_there_can_be_some() {
    let bench = Bench::lax();
    let mut browser = bench.browser();
    let page = browser.get("/console/sign-in").await;
    assert!(page.says("data-passkey=\"get\""));
    assert!(page.between("data-passkey=\"get\"", ">").ends_with(" hidden"), "not without the script");
    let page = browser.post("/console/sign-in/passkey/options", &[]).await;
    assert_eq!(page.headers["content-type"], "application/json");
    assert!(
        page.says("\"handle\"") && page.says("\"challenge\"") && page.says("\"rpId\":\"localhost\""),
        "{}",
        page.text
    );
    for (handle, answer) in [("unknown", "{}"), ("", "")] {
        let page = browser.post("/console/sign-in/passkey", &[("handle", handle), ("answer", answer)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.says("role=\"alert\""));
    }
    assert!(browser.session().is_none());
    let page = browser.post("/console/sign-in/second/passkey/options", &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let bench = Bench::with("https://192.0.2.7:8083", SignInPolicy::default());
    let page = bench.browser().get("/console/sign-in").await;
    assert!(!page.says("passkey"), "an address has none: {}", page.text);
    assert_ne!(ISSUER, bench.auth.issuer());
}
