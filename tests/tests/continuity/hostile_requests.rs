//! Requests that no sane client sends, byte for byte over TLS: each gets the problem that is documented for it, none a 500,
//! and nothing that is secret in them shows in the log.

mod bodies;
mod case;
mod framing;
mod headers;
mod queries;
mod urls;

use std::sync::Arc;
use std::time::Duration;

use continuity_tests::harness::{Client, Failure, Replica};
use continuity_tests::json::Json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::{abuse, wire};
use case::{Case, Facts, LIST, MARKER};

/// How many of them there have to be.
const LEAST: usize = 150;
/// How long one may take; a body that does not come takes ten seconds.
const LIMIT: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn each_gets_its_problem_and_no_secret_is_logged() -> Result<(), Failure> {
    let (replica, _feed) = abuse::replica("[telemetry]\nlog = 'debug'").await?;
    let facts = facts(&replica).await?;
    let mut cases = framing::cases(&facts);
    cases.extend(urls::cases(&facts));
    cases.extend(queries::cases(&facts));
    cases.extend(headers::cases(&facts));
    cases.extend(bodies::cases());
    assert!(cases.len() >= LEAST, "{} cases", cases.len());
    let count = cases.len();
    let failed = send(&replica, cases).await?;
    assert!(failed.is_empty(), "{} of {count}:\n{}", failed.len(), failed.join("\n"));
    over_http_2(&replica).await?;
    let served = replica.metric("continuity_http_requests_total").await?;
    assert!(served.is_some_and(|served| served > 100.0), "{served:?}");
    nothing_secret_is_logged(&replica, &facts)
}

/// Each on a connection of its own; what is wrong with the answers.
async fn send(replica: &Replica, cases: Vec<Case>) -> Result<Vec<String>, Failure> {
    let (room, mut running) = (Arc::new(Semaphore::new(16)), JoinSet::new());
    for case in cases {
        let (access, room) = (replica.access().clone(), Arc::clone(&room));
        running.spawn(async move {
            let _room = room.acquire().await.map_err(|error| error.to_string())?;
            let received = wire::exchange(&access, &case.bytes, LIMIT).await;
            let judged = received.map_err(|error| error.to_string()).and_then(|received| case.judge(&received));
            judged.map_err(|wrong| format!("{}: {}", case.name, wrong.chars().take(600).collect::<String>()))
        });
    }
    let mut failed = Vec::new();
    while let Some(judged) = running.join_next().await {
        failed.extend(judged?.err());
    }
    Ok(failed)
}

/// The same secrets where HTTP/2 carries them.
async fn over_http_2(replica: &Replica) -> Result<(), Failure> {
    let authority = reqwest::Certificate::from_pem(&std::fs::read(&replica.access().ca_file)?)?;
    let client = reqwest::Client::builder().tls_certs_only([authority]).build()?;
    let url = |path: &str| format!("{}{path}", replica.access().base_url);
    let bad = client.get(url(LIST)).bearer_auth(MARKER).send().await?;
    assert_eq!((bad.version(), bad.status().as_u16()), (reqwest::Version::HTTP_2, 401));
    assert_eq!(client.get(url(&format!("{LIST}?access_token={MARKER}"))).send().await?.status(), 400);
    let form = [("grant_type", "client_credentials"), ("client_id", "nobody"), ("client_secret", MARKER)];
    assert_eq!(
        client.post(url("/oauth/token")).json(&std::collections::BTreeMap::from(form)).send().await?.status(),
        401
    );
    assert_eq!(client.get(url(LIST)).header("x-long", "y".repeat(40_000)).send().await?.status(), 431);
    Ok(())
}

fn nothing_secret_is_logged(replica: &Replica, facts: &Facts) -> Result<(), Failure> {
    let log = replica.log()?;
    assert!(log.contains("DEBUG") && log.contains("continuity_api::access"), "the log holds what it should hold");
    let secret = replica.access().client_secret.as_str();
    for (what, text) in [("the marker", MARKER), ("the token", facts.token.as_str()), ("the client's secret", secret)] {
        let line = log.lines().find(|line| line.contains(text));
        assert!(line.is_none(), "{what} stands in the log: {line:?}");
    }
    Ok(())
}

async fn facts(replica: &Replica) -> Result<Facts, Failure> {
    let client = replica.client("").await?;
    let first = client.get(&format!("{LIST}?sortBy=reference&limit=2")).await?.json()?;
    let cursor = first.get("pagination").and_then(|page| page.text("nextCursor")).ok_or("no cursor")?.to_owned();
    let all = client.get(&format!("{LIST}?limit=200")).await?.json()?;
    let ids: Vec<String> = all
        .get("loanRequests")
        .map(Json::elements)
        .unwrap_or_default()
        .iter()
        .filter_map(|loan| loan.text("id").map(str::to_owned))
        .collect();
    for loan in ids {
        if let Some(download) = download(&client, &loan).await? {
            return Ok(Facts { token: client.token().to_owned(), loan, download, cursor });
        }
    }
    Err("no loan has a document that is there".into())
}

/// A download of a loan that works.
async fn download(client: &Client, loan: &str) -> Result<Option<String>, Failure> {
    let documents = client.get(&format!("{LIST}/{loan}/documents")).await?.json()?;
    for document in documents.elements() {
        let path = format!("{LIST}/{loan}/documents/{}/download", document.text("id").unwrap_or_default());
        if client.get(&path).await?.status == 200 {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
