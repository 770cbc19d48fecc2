//! Applications that ask to be let in, or to sign somebody out.

use http::StatusCode;

use super::bench::{Bench, CALLBACK, ISSUER};

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[tokio::test]
async fn an_application_is_let_in_after_the_sign_in() {
    let bench = Bench::lax();
    let (client, request) = bench.application("");
    let mut browser = bench.with_password().await;
    let page = browser.get(&request).await;
    assert_eq!(page.to(), format!("/console/sign-in?next={}", encoded(&request)));
    let page = browser.get(&format!("/console/sign-in?next={}", encoded(&request))).await;
    assert!(page.says("to go on to Loan &#60;Browser&#62;"), "{}", page.text);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1;"), "a sign-in may end there: {policy}");
    assert_eq!(browser.sign_in(&request).await.to(), request);
    let page = browser.get(&request).await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "Let Loan &#60;Browser&#62; in?",
        "You are signed in as Jane &#60;Doe&#62; (jane@bank.example).",
        "Know that it is you <code>openid</code>",
        "<code>loans:read</code>",
        "which you do not have and so cannot give:",
        "Read audit logs <code>audit:read</code>",
        "you go back to http://127.0.0.1 next",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1;"), "{policy}");
    let query = request.split_once('?').unwrap().1;
    let page = browser.post("/oauth/authorize", &[("query", query), ("answer", "allow")]).await;
    assert!(page.to().starts_with(&format!("{CALLBACK}?code=")) && page.to().contains("&state=s%26t&iss="));
    let page = browser.get(&request).await;
    assert_eq!(page.status, StatusCode::OK, "on a device it is asked each time");
    let page = browser.get("/console/account").await;
    assert!(page.says("Loan &#60;Browser&#62;") && page.says("<code>openid</code>"), "{}", page.text);
    let page = browser.post("/console/account/applications/withdraw", &[("client", &client)]).await;
    assert_eq!(page.to(), "/console/account?done=withdrawn");
    assert!(bench.auth.consents(&bench.account.id).is_empty());
    assert_eq!(browser.get(&request).await.status, StatusCode::OK, "it is asked again");
}

#[tokio::test]
async fn who_refuses_is_sent_back_without_a_code() {
    let bench = Bench::lax();
    let (_, request) = bench.application("");
    let mut browser = bench.signed_in().await;
    browser.get(&request).await;
    let query = request.split_once('?').unwrap().1;
    for answer in ["refuse", "", "ALLOW"] {
        let page = browser.post("/oauth/authorize", &[("query", query), ("answer", answer)]).await;
        assert!(page.to().starts_with(&format!("{CALLBACK}?error=access_denied")), "{answer}");
    }
    assert!(bench.auth.consents(&bench.account.id).is_empty());
}

#[tokio::test]
async fn nobody_is_sent_where_no_application_is_registered() {
    let bench = Bench::lax();
    let (client, request) = bench.application("");
    let mut browser = bench.signed_in().await;
    browser.get("/console/account").await;
    let evil = request.replace(&encoded(CALLBACK), &encoded("https://evil.example/"));
    for bad in ["/oauth/authorize".to_owned(), "/oauth/authorize?client_id=nobody".to_owned(), evil] {
        let page = browser.get(&bad).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{bad}");
        assert!(page.says("The application cannot be let in"), "{}", page.text);
        let query = bad.split_once('?').map_or("", |(_, query)| query);
        let page = browser.post("/oauth/authorize", &[("query", query), ("answer", "allow")]).await;
        assert_eq!(page.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    let page = browser.get(&request.replace("loans%3Aread", "loans%3Awrite")).await;
    assert!(page.to().starts_with(&format!("{CALLBACK}?error=invalid_scope")));
    bench.auth.set_enabled(&client, false).unwrap();
    assert_eq!(browser.get(&request).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_sign_in_that_is_asked_for_anew_shows_its_page() {
    let bench = Bench::lax();
    let (_, request) = bench.application("&prompt=login&login_hint=joe%40bank.example");
    let mut browser = bench.signed_in().await;
    bench.later(61);
    let to = browser.get(&request).await.to().to_owned();
    let page = browser.get(&to).await;
    assert_eq!(page.status, StatusCode::OK, "not in a circle");
    assert!(page.says("value=\"joe@bank.example\""), "{}", page.text);
    assert_eq!(browser.sign_in(&request).await.to(), request);
    assert_eq!(browser.get(&request).await.status, StatusCode::OK);
}

#[tokio::test]
async fn duties_come_before_applications() {
    let bench = Bench::strict();
    let (_, request) = bench.application("");
    let mut browser = bench.signed_in().await;
    let to = browser.get(&request).await.to().to_owned();
    let page = browser.get(&to).await;
    assert_eq!(page.to(), format!("/console/account/second-factor?next={}", encoded(&request)));
}

#[tokio::test]
async fn signing_out_is_asked_where_nothing_shows_who_is_meant() {
    let bench = Bench::lax();
    let (client, _) = bench.application("");
    let mut browser = bench.signed_in().await;
    let back = encoded(CALLBACK);
    let there = format!("/oauth/logout?client_id={client}&post_logout_redirect_uri={back}&state=x");
    let page = browser.get(&there).await;
    assert!(page.says("Do you want to sign out, Jane") && browser.session().is_some(), "{}", page.text);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1;"), "{policy}");
    let fields = [("client_id", &*client), ("post_logout_redirect_uri", CALLBACK), ("state", "x")];
    let foreign = browser.post_as("/oauth/logout", &fields, &[("origin", "http://127.0.0.1")], "").await;
    assert_eq!(foreign.to(), there, "a form of an application is looked at as its address is");
    assert!(browser.session().is_some());
    let page = browser.post("/oauth/logout", &fields).await;
    assert_eq!(page.to(), format!("{CALLBACK}?state=x"));
    assert!(browser.session().is_none());
    assert_eq!(browser.get(&there).await.to(), format!("{CALLBACK}?state=x"), "there is nobody to ask");
    let evil = format!("/oauth/logout?client_id={client}&post_logout_redirect_uri={}", encoded("https://evil.example"));
    assert_eq!(browser.get(&evil).await.to(), "/console/sign-in?said=signed-out");
    assert_eq!(bench.auth.issuer(), ISSUER);
}
