//! A client that asks ten times as much as another does not push it out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use continuity_tests::harness::{Access, Client, Failure, Replica};
use continuity_tests::json::Json;
use reqwest::Method;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use super::frames::{DATA, HEADERS, hello, next, request};
use super::{counted, replica};
use crate::rig::{LIMIT, succeeded};

const LIMITED: &str = "continuity_http_limited_total";
const LIST: &str = "/api/v1/loan-requests?limit=200";

/// One more client of the replica.
async fn another(replica: &Replica) -> Result<Client, Failure> {
    let words = ["client", "create", "--name", "modest", "--json", "--scopes", "loans:read"];
    let output = replica.order(&words).await?;
    succeeded(&output);
    let created = Json::parse(std::str::from_utf8(&output.stdout)?)?;
    let text = |name: &str| created.text(name).map(str::to_owned).ok_or(format!("no {name}"));
    let access = Access { client_id: text("id")?, client_secret: text("secret")?, ..replica.access().clone() };
    Client::with_access(&access, "").await
}

/// Statuses of requests by this many tasks until the stop.
fn ask(client: &Client, tasks: usize, stop: &Arc<AtomicBool>) -> JoinSet<Result<Vec<u16>, Failure>> {
    let mut running = JoinSet::new();
    for _ in 0..tasks {
        let (client, stop) = (client.clone(), Arc::clone(stop));
        running.spawn(async move {
            let mut seen = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                seen.push(client.send(Method::GET, "/api/v1/loan-requests?limit=1").await?.status.as_u16());
            }
            Ok(seen)
        });
    }
    running
}

async fn statuses(mut running: JoinSet<Result<Vec<u16>, Failure>>) -> Result<Vec<u16>, Failure> {
    let mut all = Vec::new();
    while let Some(seen) = running.join_next().await {
        all.extend(seen??);
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greedy_client_meets_its_own_rate() -> Result<(), Failure> {
    let (replica, _feed) = replica("[limits]\nclient_requests_per_second = 20\nclient_burst = 40").await?;
    let (greedy, modest) = (replica.client("").await?, another(&replica).await?);
    let stop = Arc::new(AtomicBool::new(false));
    let running = ask(&greedy, 20, &stop);
    for _ in 0..30 {
        let reply = modest.send(Method::GET, LIST).await?;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.header("ratelimit").starts_with("\"client\";r="), "{:?}", reply.headers);
    }
    let limited =
        continuity_tests::harness::poll(LIMIT, async || Ok(counted(&replica, LIMITED, "client-rate").await? > 0.0));
    assert!(limited.await?, "the greedy client was never slowed");
    stop.store(true, Ordering::Relaxed);
    let seen = statuses(running).await?;
    let (good, slowed) =
        (seen.iter().filter(|status| **status == 200).count(), seen.iter().filter(|status| **status == 429).count());
    assert!(good >= 40 && slowed > 0 && good + slowed == seen.len(), "{good} good, {slowed} slowed of {}", seen.len());
    Ok(())
}

/// The greedy client asks for all that the replica can hold and takes nothing of it; the modest one never notices.
#[tokio::test(flavor = "multi_thread")]
async fn a_greedy_client_fills_its_own_share() -> Result<(), Failure> {
    let limits = "[limits]\nrequests = 8\nrequests_per_client = 6\nqueued = 20\nqueue_seconds = 5\nwrite_seconds = 60\nclient_requests_per_second = 0";
    let (replica, _feed) = replica(limits).await?;
    let (greedy, modest) = (replica.client("").await?, another(&replica).await?);
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = hello(replica.access(), 0).await?;
        for number in 0..100_u32 {
            stream.write_all(&request(2 * number + 1, LIST, greedy.token())).await?;
        }
        streams.push(stream);
    }
    let full =
        continuity_tests::harness::poll(LIMIT, async || Ok(counted(&replica, LIMITED, "queue-full").await? >= 100.0));
    assert!(full.await?, "{} were refused", counted(&replica, LIMITED, "queue-full").await?);
    for _ in 0..100 {
        let reply = modest.send(Method::GET, LIST).await?;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(Client::without_token(replica.access())?.get("/health").await?.status, 200);
    }
    // What was refused was answered: heads come without a window, and 503 among them.
    let mut heads = 0;
    let reading = async {
        while let Some(frame) = next(&mut streams[0]).await {
            assert!(frame.kind != DATA || frame.payload.is_empty(), "the window is closed");
            heads += usize::from(frame.kind == HEADERS);
            if heads >= 70 {
                break;
            }
        }
    };
    tokio::time::timeout(LIMIT, reading).await?;
    assert!(heads >= 70, "{heads} of 100 were answered");
    Ok(())
}
