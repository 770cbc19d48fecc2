//! HTTP/1.1 clients that take their time, and addresses with too many connections.

use std::time::Duration;

use continuity_tests::harness::{Client, Failure, poll};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::innocent::Innocent;
use super::{counted, replica};
use crate::rig::LIMIT;
use crate::wire;

const CUT: &str = "continuity_http_connections_cut_total";
const REFUSED: &str = "continuity_http_connections_refused_total";

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_letter_by_letter_is_cut() -> Result<(), Failure> {
    let (replica, _feed) = replica("[limits]\nfirst_request_seconds = 1").await?;
    let innocent = Innocent::start(&replica).await?;
    let mut running = JoinSet::new();
    for _ in 0..100 {
        let access = replica.access().clone();
        running.spawn(async move {
            let mut stream = wire::connect(&access, "http/1.1").await?;
            let mut byte = [0];
            for letter in b"GET /live HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".iter().chain([b'y'; 10_000].iter()) {
                tokio::select! {
                    read = stream.read(&mut byte) => return Ok::<_, Failure>(read.unwrap_or(0) == 0),
                    () = tokio::time::sleep(Duration::from_millis(100)) => {}
                }
                if stream.write_all(&[*letter]).await.is_err() {
                    return Ok(true);
                }
            }
            Ok(false)
        });
    }
    let all = async {
        while let Some(cut) = running.join_next().await {
            assert!(cut??, "it was let write to the end");
        }
        Ok::<_, Failure>(())
    };
    tokio::time::timeout(LIMIT, all).await??;
    assert!(counted(&replica, CUT, "silent").await? >= 100.0);
    innocent.end(64).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_read_is_cut() -> Result<(), Failure> {
    let (replica, _feed) = replica("[limits]\nwrite_seconds = 1\nidle_seconds = 2").await?;
    let innocent = Innocent::start(&replica).await?;
    let ask = "GET /~/open-api/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(50);
    let mut open = Vec::new();
    for _ in 0..20 {
        let mut stream = wire::connect(replica.access(), "http/1.1").await?;
        stream.write_all(ask.as_bytes()).await?;
        open.push(stream);
    }
    let cut = poll(LIMIT, async || Ok(counted(&replica, CUT, "stalled").await? >= 20.0)).await?;
    assert!(cut, "{} of 20 were cut", counted(&replica, CUT, "stalled").await?);
    let running = poll(LIMIT, async || Ok(replica.metric("continuity_http_requests_running").await? < Some(3.0)));
    assert!(running.await?, "their places were not given back");
    drop(open);
    innocent.end(96).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_has_so_many_connections_and_no_more() -> Result<(), Failure> {
    let (replica, _feed) = replica("[limits]\nconnections_per_address = 10\nfirst_request_seconds = 60").await?;
    let port = replica.access().base_url.rsplit(':').next().unwrap_or_default().to_owned();
    let mut open = Vec::new();
    for _ in 0..30 {
        open.push(TcpStream::connect(format!("127.0.0.1:{port}")).await?);
    }
    assert!(poll(LIMIT, async || Ok(counted(&replica, REFUSED, "address").await? >= 20.0)).await?);
    drop(open);
    let client = Client::without_token(replica.access())?;
    let served = poll(LIMIT, async || Ok(client.get("/live").await.is_ok_and(|reply| reply.status == 200)));
    assert!(served.await?, "nobody is served after they went");
    Ok(())
}
