//! The guide of a bank's API for applications of others: register, obtain a token with the person's consent, send it, refresh.

use continuity_tests::harness::Failure;
use reqwest::Url;
use serde_json::json;

use super::shape;
use crate::stage::{JANE, PASSWORD, Sent, Stage, asking, parameter, text};

#[tokio::test(flavor = "multi_thread")]
async fn the_four_steps_of_an_application() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    stage.person(JANE).await?;
    // Step 1: the application is registered with the APIs that it wants; credentials are generated.
    let app = stage.application("Loan pad", "client_secret").await?;
    assert!(!app.id.is_empty() && !app.secret.is_empty());

    // Step 2: the person logs in and is asked; a refusal is an error, and an agreement a code.
    let (mut browser, request) = (stage.browser(), asking(&app, "&scope=loans%3Aread+offline_access"));
    let page = browser.get(&request).await?;
    let to = page.to()?.to_owned();
    assert!(to.starts_with("/console/sign-in?next="), "{to}");
    let next = browser.get(&to).await?.value("next").ok_or("the sign-in leads nowhere")?;
    let fields = [("email", JANE), ("password", PASSWORD), ("next", &next)];
    let back = browser.post("/console/sign-in", &fields).await?.to()?.to_owned();
    let consent = browser.get(&back).await?;
    assert!(consent.text.contains("Loan pad") && consent.text.contains("loans:read"), "{}", consent.text);
    let query = consent.value("query").ok_or("nobody is asked")?;
    let refused = browser.post("/oauth/authorize", &[("query", &query), ("answer", "refuse")]).await?;
    let refused = Url::parse(refused.to()?)?;
    assert_eq!(parameter(&refused, "error").as_deref(), Some("access_denied"));
    assert_eq!((parameter(&refused, "code"), parameter(&refused, "state").as_deref()), (None, Some("s-1")));
    let agreed = stage.let_in(&mut browser, &request).await?;
    let (status, tokens) = stage.redeem(&app, &parameter(&agreed, "code").ok_or("no code")?).await?;
    let example = json!({ "access_token": "", "token_type": "", "expires_in": 1, "refresh_token": "", "scope": "" });
    assert_eq!((status, shape(&tokens)), (200, shape(&example)), "{tokens}");

    // Step 3: in a header, never in an address; for what was asked for, and nothing else.
    let access = text(&tokens, "access_token")?;
    for _ in 0..2 {
        assert_eq!(stage.reads(&access).await?, 200, "as often as it likes");
    }
    let in_address = stage.send(&Sent::get(format!("/api/v1/loan-requests?access_token={access}"))).await?;
    assert!(in_address.status == 400 && !in_address.text().contains(&access));
    let with = |path: &str| Sent::get(path).header("authorization", format!("Bearer {access}"));
    let loans = stage.send(&with("/api/v1/loan-requests?limit=1")).await?.bytes;
    let loan: serde_json::Value = serde_json::from_slice(&loans)?;
    let id = text(&loan["loanRequests"][0], "id")?;
    let other = with(&format!("/api/v1/loan-requests/{id}/documents"));
    assert_eq!(stage.send(&other).await?.status, 403, "another API");

    // Step 4: a new access token and a new refresh token; one of its own has none, and is asked for again.
    let refresh = text(&tokens, "refresh_token")?;
    let (status, next) = stage.refresh(&app, &refresh).await?;
    assert_eq!((status, shape(&next)), (200, shape(&example)), "{next}");
    assert!(text(&next, "refresh_token")? != refresh && text(&next, "access_token")? != access);
    assert_eq!(stage.reads(&text(&next, "access_token")?).await?, 200);
    let own = stage.client("of its own", "loans:read", &[]).await?;
    let grant = [("grant_type", "client_credentials")];
    let (_, answer) = stage.post("/oauth/token", &[&grant[..], &own.proof()].concat()).await?;
    assert!(answer.get("refresh_token").is_none() && answer["access_token"].is_string(), "{answer}");
    // What cannot be refreshed leads to the beginning: the person takes the consent back.
    browser.get("/console/account").await?;
    let page = browser.post("/console/account/applications/withdraw", &[("client", &app.id)]).await?;
    assert!(page.to()?.starts_with("/console/account"), "{}", page.text);
    let (status, answer) = stage.refresh(&app, &text(&next, "refresh_token")?).await?;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    assert!(browser.get(&request).await?.text.contains("Loan pad"), "she is asked again");
    Ok(())
}
