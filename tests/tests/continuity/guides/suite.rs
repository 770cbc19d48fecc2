//! The suite's own guide: client credentials, eight scopes, the API with the token, health.

use std::process::Command;

use continuity_tests::harness::Failure;
use serde_json::{Value, json};

use super::has_shape_of;
use crate::stage::{Registered, Sent, Stage, text};

const TOKEN: &str = r#"{
  "access_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9...",
  "token_type": "Bearer",
  "expires_in": 3600,
  "scope": "loans:read documents:read"
}"#;
const HEALTH: [&str; 6] = ["status", "timestamp", "version", "database", "sync", "uptime"];
const SCOPES: &str =
    "loans:read documents:read bids:read tasks:read analysis:read messages:read reports:read audit:read";

/// What `curl` with these words answers.
async fn curl(stage: &Stage, words: &[&str]) -> Result<Value, Failure> {
    let mut command = Command::new("curl");
    command.args(["-s", "--fail-with-body", "--cacert"]).arg(&stage.access().ca_file).args(words);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{words:?}: {error}: {said}").into())
}

fn request(client: &Registered, scope: &str) -> String {
    let (id, secret) = (&client.id, &client.secret);
    format!(
        r#"{{
    "grant_type": "client_credentials",
    "client_id": "{id}",
    "client_secret": "{secret}",
    "scope": "{scope}"
  }}"#
    )
}

/// Obtain a token, use it: both commands of the guide.
#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_guide_work() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    let client = stage.client("your integration", SCOPES, &["--description", "reads for the data warehouse"]).await?;
    let url = format!("{}/api/v1/oauth/token", stage.base());
    let body = request(&client, "loans:read documents:read");
    let words = ["-X", "POST", &url, "-H", "Content-Type: application/json", "-d", &body];
    let token = curl(&stage, &words).await?;
    has_shape_of(&token, TOKEN);
    let example: Value = serde_json::from_str(TOKEN)?;
    for member in ["token_type", "expires_in", "scope"] {
        assert_eq!(token[member], example[member], "{member}");
    }
    let access = text(&token, "access_token")?;
    assert!(access.starts_with("eyJ") && access.split('.').count() == 3, "a JWT");
    let (url, bearer) = (format!("{}/api/v1/loan-requests", stage.base()), format!("Authorization: Bearer {access}"));
    let loans = curl(&stage, &["-X", "GET", &url, "-H", &bearer]).await?;
    assert!(loans["loanRequests"].as_array().is_some_and(|loans| !loans.is_empty()), "{loans}");
    Ok(())
}

/// The client in Python of the guide, call by call: what it reads out of each answer is there.
#[tokio::test(flavor = "multi_thread")]
async fn the_calls_of_the_guides_client_are_answered() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    let client = stage.client("the client of the guide", SCOPES, &[]).await?;
    let wanted = "loans:read documents:read analysis:read";
    let reply = stage.send(&Sent::json("/api/v1/oauth/token", request(&client, wanted))).await?;
    let data: Value = serde_json::from_slice(&reply.bytes)?;
    assert!(data["expires_in"].as_u64().is_some_and(|seconds| seconds > 60));
    assert_eq!(data["scope"], json!(wanted));
    let few = text(&data, "access_token")?;
    let get = async |token: &str, path: &str| {
        let headers = Sent::get(path).header("authorization", format!("Bearer {token}"));
        let reply = stage.send(&headers.header("content-type", "application/json")).await?;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        Ok::<Value, Failure>(serde_json::from_slice(&reply.bytes)?)
    };
    let query = "status=BID&status=SANCTION&limit=25&sortBy=createdAt&sortOrder=DESC";
    get(&few, &format!("/api/v1/loan-requests?{query}")).await?["loanRequests"].as_array().ok_or("no list")?;
    let loans = get(&few, "/api/v1/loan-requests").await?;
    let loans = loans["loanRequests"].as_array().ok_or("no list")?;
    let all = stage.token(&client, &[]).await?;
    assert!(!loans.is_empty());
    for loan in loans.iter().take(5) {
        let id = text(loan, "id")?;
        assert_eq!(get(&few, &format!("/api/v1/loan-requests/{id}")).await?["id"], json!(id));
        for list in ["tasks", "analysis"] {
            assert!(get(&few, &format!("/api/v1/loan-requests/{id}/{list}")).await?.is_array(), "{list}");
        }
        for more in ["audit-log", "bid-requests", "documents", "spaces/", "guilds", "comments", "views/", "worksheets"]
        {
            get(&all, &format!("/api/v1/loan-requests/{id}/{more}")).await?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_managed_as_the_guide_says() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    let client = stage.client("managed", SCOPES, &["--description", "Purpose of the client"]).await?;
    let token = stage.token(&client, &[]).await?;
    assert_eq!(stage.reads(&token).await?, 200);
    let shown = stage.order(&["client", "show", &client.id]).await?;
    assert_eq!((&shown["name"], &shown["description"]), (&json!("managed"), &json!("Purpose of the client")));
    assert!(!shown.to_string().contains(&client.secret), "a secret is shown once");
    // The example of each scope's name is the name of a scope.
    for scope in SCOPES.split(' ') {
        let (status, answer) = ask(&stage, &client, scope).await?;
        assert_eq!((status, &answer["scope"]), (200, &json!(scope)));
    }
    let rotated = text(&stage.order(&["client", "rotate", &client.id]).await?, "secret")?;
    assert_eq!(ask(&stage, &client, "loans:read").await?.0, 401, "the secret before");
    let renewed = Registered { secret: rotated, ..client };
    assert_eq!(ask(&stage, &renewed, "loans:read").await?.0, 200);
    stage.order(&["client", "disable", &renewed.id]).await?;
    assert_eq!((ask(&stage, &renewed, "loans:read").await?.0, stage.reads(&token).await?), (401, 401));
    stage.order(&["client", "enable", &renewed.id]).await?;
    assert_eq!(ask(&stage, &renewed, "loans:read").await?.0, 200);
    Ok(())
}

async fn ask(stage: &Stage, client: &Registered, scope: &str) -> Result<(u16, Value), Failure> {
    let reply = stage.send(&Sent::json("/api/v1/oauth/token", request(client, scope))).await?;
    Ok((reply.status.as_u16(), serde_json::from_slice(&reply.bytes)?))
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_documents_are_where_the_guide_says() -> Result<(), Failure> {
    let stage = Stage::start("").await?;
    let health: Value = serde_json::from_slice(&stage.send(&Sent::get("/health")).await?.bytes)?;
    for member in HEALTH {
        assert!(health[member].is_string(), "{member} in {health}");
    }
    assert_eq!((&health["database"], stage.replica.ready().await?), (&json!("connected"), 200));
    let page = stage.send(&Sent::get("/~/open-api/")).await?;
    assert!(page.status == 200 && page.header("content-type").starts_with("text/html"));
    Ok(())
}
