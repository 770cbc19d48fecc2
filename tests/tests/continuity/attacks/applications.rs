//! Redirects, codes and tokens on their way to applications.

use continuity_tests::harness::Failure;
use reqwest::Url;
use serde_json::{Value, json};

use crate::stage::{BACK, JANE, PASSWORD, Registered, Sent, Stage, VERIFIER, asking, encoded, parameter, text};

/// Jane, and an application that keeps no secret.
async fn scene() -> Result<(Stage, Registered), Failure> {
    let stage = Stage::start("").await?;
    stage.person(JANE).await?;
    let application = stage.application("Loan pad", "none").await?;
    Ok((stage, application))
}

#[tokio::test(flavor = "multi_thread")]
async fn open_redirects_lead_nowhere() -> Result<(), Failure> {
    let (stage, app) = scene().await?;
    let elsewhere = [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/%2f%2fevil.example",
        "/console/..//evil.example",
    ];
    for place in elsewhere {
        let mut browser = stage.browser();
        let page = browser.get(&format!("/console/sign-in?next={}", encoded(place))).await?;
        assert!(!page.text.contains("evil"), "{place}: {}", page.text);
        // In the form, and once more when somebody is signed in already.
        let fields = [("email", JANE), ("password", PASSWORD), ("next", place)];
        assert_eq!(browser.post("/console/sign-in", &fields).await?.to()?, "/console/account", "{place}");
        let page = browser.get(&format!("/console/sign-in?next={}", encoded(place))).await?;
        assert_eq!(page.to()?, "/console/account", "{place}");
        // An application's address is led to when it is registered and never else, whoever is signed in.
        let request = asking(&app, "").replace(&encoded(BACK), &encoded(place));
        let page = browser.get(&request).await?;
        assert!(page.status == 400 && !page.headers.contains_key("location"), "{place}: {:?}", page.headers);
        let query = request.replace("/oauth/authorize?", "");
        browser.get("/console/account").await?;
        for answer in ["allow", "refuse"] {
            let page = browser.post("/oauth/authorize", &[("query", &query), ("answer", answer)]).await?;
            assert!(page.status == 400 && !page.headers.contains_key("location"), "{place}: {:?}", page.headers);
        }
        let out = format!("/oauth/logout?client_id={}&post_logout_redirect_uri={}", app.id, encoded(place));
        browser.get(&out).await?;
        let fields = [("client_id", app.id.as_str()), ("post_logout_redirect_uri", place)];
        assert_eq!(browser.post("/oauth/logout", &fields).await?.to()?, "/console/sign-in?said=signed-out", "{place}");
    }
    Ok(())
}

/// RFC 9207: an application that speaks to several servers sees from which one an answer is.
#[tokio::test(flavor = "multi_thread")]
async fn mix_up_shows_in_the_issuer() -> Result<(), Failure> {
    let (stage, app) = scene().await?;
    let metadata = stage.send(&Sent::get("/.well-known/oauth-authorization-server")).await?.bytes;
    let metadata: Value = serde_json::from_slice(&metadata)?;
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], json!(true));
    let issuer = text(&metadata, "issuer")?;
    let issuers = |back: &Url| -> Vec<String> {
        back.query_pairs().filter(|(name, _)| name == "iss").map(|(_, value)| value.into_owned()).collect()
    };
    let mut browser = stage.jane().await?;
    // What the request says of an issuer does not come back.
    let request = asking(&app, "&iss=https%3A%2F%2Fevil.example");
    let page = browser.get(&request).await?;
    let query = page.value("query").ok_or("nobody is asked")?;
    let refused = browser.post("/oauth/authorize", &[("query", &query), ("answer", "refuse")]).await?;
    let refused = Url::parse(refused.to()?)?;
    assert_eq!(parameter(&refused, "error").as_deref(), Some("access_denied"));
    let good = stage.let_in(&mut browser, &request).await?;
    let code = parameter(&good, "code").ok_or("no code")?;
    let wrong = Url::parse(browser.get(&asking(&app, "&scope=audit:read")).await?.to()?)?;
    assert_eq!(parameter(&wrong, "error").as_deref(), Some("invalid_scope"));
    for back in [&refused, &good, &wrong] {
        assert_eq!(issuers(back), [issuer.as_str()], "{back}");
    }
    // A server that the application was led to in the place of this one has another name, and cannot use the code.
    let other = Stage::start("").await?;
    assert_ne!(other.base(), issuer);
    let named = other.application("Loan pad", "none").await?;
    let (status, answer) = other.redeem(&named, &code).await?;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    assert_eq!(stage.redeem(&app, &code).await?.0, 200, "its own server takes it");
    Ok(())
}

/// RFC 9700 section 4.5: a code that somebody saw on its way.
#[tokio::test(flavor = "multi_thread")]
async fn code_injection_gets_nothing_and_a_replay_ends_the_session() -> Result<(), Failure> {
    let (stage, app) = scene().await?;
    let (web, pad) = (stage.application("On a server", "client_secret").await?, &app);
    let own = "an-attackers-own-verifier-of-43-characters-0";
    let grant = |code: &str, verifier: &str, back: &str| {
        vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", back.to_owned()),
            ("code_verifier", verifier.to_owned()),
        ]
    };
    for (client, verifier, back) in [(pad, own, BACK), (&web, VERIFIER, BACK), (pad, VERIFIER, "https://evil.example")]
    {
        let code = stage.code(pad, "").await?;
        let fields = grant(&code, verifier, back);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).chain(client.proof()).collect();
        let (status, answer) = stage.post("/oauth/token", &fields).await?;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")), "{verifier} {back}");
        assert_eq!(stage.redeem(pad, &code).await?.0, 400, "it is used up by that");
    }
    // Seen and used after the application itself: what the application got ends too, as nobody knows who was first.
    let code = stage.code(pad, "").await?;
    let (status, tokens) = stage.redeem(pad, &code).await?;
    let (access, refresh) = (text(&tokens, "access_token")?, text(&tokens, "refresh_token")?);
    assert_eq!((status, stage.reads(&access).await?), (200, 200));
    let other = stage.redeem(pad, &stage.code(pad, "").await?).await?.1;
    let (status, answer) = stage.redeem(pad, &code).await?;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    assert_eq!((stage.reads(&access).await?, stage.refresh(pad, &refresh).await?.0), (401, 400));
    assert_eq!(stage.reads(&text(&other, "access_token")?).await?, 200, "what began otherwise goes on");
    Ok(())
}

/// RFC 9700 section 4.14: whichever of the two comes second shows that there are two.
#[tokio::test(flavor = "multi_thread")]
async fn refresh_theft_ends_the_grant_whoever_comes_first() -> Result<(), Failure> {
    let (stage, app) = scene().await?;
    for at_once in [false, true] {
        let (_, first) = stage.redeem(&app, &stage.code(&app, "").await?).await?;
        let stolen = text(&first, "refresh_token")?;
        let (_, second) = stage.refresh(&app, &stolen).await?;
        let next = text(&second, "refresh_token")?;
        if at_once {
            // The other one is beside it: that looks like an answer that was lost, and gets the same.
            let (status, same) = stage.refresh(&app, &stolen).await?;
            assert_eq!((status, text(&same, "refresh_token")?), (200, next.clone()));
        }
        let (status, third) = stage.refresh(&app, &next).await?;
        assert_eq!(status, 200, "one of them goes on: {third}");
        let (status, answer) = stage.refresh(&app, &stolen).await?;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")), "the other comes with what both had");
        for tokens in [&first, &second, &third] {
            assert_eq!(
                stage.reads(&text(tokens, "access_token")?).await?,
                401,
                "every access token of the grant ended"
            );
            let token = text(tokens, "refresh_token")?;
            assert_eq!(stage.refresh(&app, &token).await?.0, 400, "and every refresh token");
            let (_, told) = stage.post("/oauth/introspect", &[("client_id", &app.id), ("token", &token)]).await?;
            assert_eq!(told["active"], json!(false));
        }
    }
    assert_eq!(stage.replica.log()?.matches("a refresh token was used again").count(), 2, "an operator sees it");
    // A grant of the same person and application that nobody stole goes on.
    let (_, other) = stage.redeem(&app, &stage.code(&app, "").await?).await?;
    assert_eq!(stage.refresh(&app, &text(&other, "refresh_token")?).await?.0, 200);
    Ok(())
}
