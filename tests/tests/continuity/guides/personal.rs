//! The guide of a platform with service accounts and accounts of persons: both log in at `/oauth/token`.
//!
//! It says 201 for a token and 200 in its examples, of which this server answers 200; and 403 for a token that has expired or
//! was tampered with, where this server answers the 401 of RFC 6750.

use continuity_tests::harness::{Browser, Failure};
use serde_json::{Value, json};

use super::{has_shape_of, shape};
use crate::stage::{JANE, PASSWORD, Sent, Stage, claims, totp};

const SERVICE: &str =
    r#"{ "access_token": "eyJhbGciOiJSUzI1NiIs", "scope": "a b", "expires_in": 86400, "token_type": "Bearer" }"#;
const UNAUTHORIZED: &str = r#"{"error":"access_denied","error_description":"Unauthorized"}"#;

/// As the guide sends it: with the header that stands in for a token that there is not yet.
fn asking(body: &Value) -> Sent {
    Sent::json("/oauth/token", body.to_string())
        .header("accept", "gzip, deflate, br")
        .header("authorization", "Bearer null")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_account_has_its_token_for_a_day() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    let client = stage.client("a service account", "loans:read documents:read", &["--token-seconds", "86400"]).await?;
    let body = json!({
        "grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret,
    });
    let reply = stage.send(&asking(&body)).await?;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let token: Value = serde_json::from_slice(&reply.bytes)?;
    has_shape_of(&token, SERVICE);
    assert_eq!((&token["expires_in"], &token["token_type"]), (&json!(86_400), &json!("Bearer")));
    let access = token["access_token"].as_str().unwrap_or_default();
    assert_eq!(stage.reads(access).await?, 200);
    assert_eq!(stage.reads(&format!("{access}x")).await?, 401, "tampered with");
    let wrong = json!({ "grant_type": "client_credentials", "client_id": client.id, "client_secret": "x" });
    let refused = stage.send(&asking(&wrong)).await?;
    assert_eq!(
        (refused.status.as_u16(), shape(&serde_json::from_slice(&refused.bytes)?)),
        (401, shape(&json!({ "error": "", "error_description": "" })))
    );
    Ok(())
}

/// Sets up an authenticator app; its secret, and the recovery codes.
async fn set_up_app(browser: &mut Browser) -> Result<(String, Vec<String>), Failure> {
    let page = browser.get("/console/account/authenticator").await?;
    let secret = page.between("<p class=\"secret\"><code>", "</code>").ok_or("no secret is shown")?;
    let (handle, code) = (page.value("handle").ok_or("no handle")?, totp(&secret, 0)?);
    let page = browser.post("/console/account/authenticator", &[("handle", &handle), ("code", &code)]).await?;
    let codes = page.text.split("<li><code>").skip(1).filter_map(|rest| rest.split('<').next());
    Ok((secret, codes.map(str::to_owned).collect()))
}

#[tokio::test(flavor = "multi_thread")]
async fn address_password_and_code_are_a_token() -> Result<(), Failure> {
    let mut stage = Stage::start("").await?;
    let account = stage.person(JANE).await?;
    let (secret, codes) = set_up_app(&mut stage.jane().await?).await?;
    let person = |password: &str, otp: Option<&str>| {
        let mut body = json!({ "email": JANE, "password": password });
        if let Some(otp) = otp {
            body["otp"] = json!(otp);
        }
        asking(&body)
    };
    // Off, as it is unless somebody switches it on.
    let reply = stage.send(&person(PASSWORD, Some(&codes[0]))).await?;
    let refused: Value = serde_json::from_slice(&reply.bytes)?;
    assert_eq!((reply.status.as_u16(), &refused["error"]), (400, &json!("unsupported_grant_type")));

    let client = stage.client("tokens of persons", "loans:read audit:read", &[]).await?;
    stage.restart(&format!("[compat]\npassword_token_client = '{}'\n", client.id)).await?;
    for (password, otp) in
        [(PASSWORD, None), (PASSWORD, Some("000000")), ("wrong", Some(&*codes[0])), (PASSWORD, Some(""))]
    {
        let reply = stage.send(&person(password, otp)).await?;
        assert_eq!((reply.status.as_u16(), reply.text().as_str()), (401, UNAUTHORIZED), "{otp:?}");
        assert!(
            reply.header("www-authenticate").starts_with("Basic ")
                && reply.header("cache-control").contains("no-store")
        );
    }
    // The example's answer is the token alone, and its type is what the guide shows.
    for otp in [totp(&secret, 30)?, codes[0].clone()] {
        let reply = stage.send(&person(PASSWORD, Some(&otp))).await?;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.header("content-type").starts_with("text/javascript"), "{:?}", reply.headers);
        let token = reply.text();
        let claims = claims(&token)?;
        assert_eq!((&claims["sub"], &claims["scope"]), (&json!(account), &json!("loans:read")), "what both may");
        let life = claims["exp"].as_i64().zip(claims["iat"].as_i64()).map(|(end, start)| end - start);
        assert_eq!((life, stage.reads(&token).await?), (Some(900), 200));
        let again = stage.send(&person(PASSWORD, Some(&otp))).await?;
        assert_eq!(again.status, 401, "a code is good once");
    }
    Ok(())
}
