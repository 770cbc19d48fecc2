//! What clients search for names people: it stands in no line that the replica writes, however much it is asked to say.

use continuity_simulator::Faults;
use continuity_tests::harness::{Client, Failure, Replica, poll};
use tempfile::TempDir;

use crate::feeds;
use crate::rig::LIMIT;

/// Nobody in the feed has such names.
const NAMES: [&str; 2] = ["zuckerbrot", "kaltenhuber"];

#[tokio::test(flavor = "multi_thread")]
async fn searches_stand_in_no_log_line_and_no_metric() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let feed = directory.path().join("feed.ndjson");
    feeds::write(&feed, 9, 2, Faults::default())?;
    let source = format!("[source]\nurl = 'file:{}'\n[telemetry]\nlog = 'debug'\n", feed.display());
    let replica = Replica::new().config(&source).start().await?;
    let ready = poll(LIMIT, async || Ok(replica.ready().await? == 200)).await?;
    assert!(ready, "not ready\n{}", replica.errors());
    let path = format!("/api/v1/loan-requests?q={}+{}", NAMES[0], NAMES[1]);
    let clients =
        [replica.client("").await?, replica.client("tasks:read").await?, Client::without_token(replica.access())?];
    for (client, status) in clients.iter().zip([200, 403, 401]) {
        assert_eq!(client.get(&path).await?.status.as_u16(), status);
    }
    for refused in ["&limit=0", "&q=again", "&cursor=none", "&unheard=of"] {
        assert_eq!(clients[0].get(&format!("{path}{refused}")).await?.status.as_u16(), 400, "{refused}");
    }
    let metrics = reqwest::get(&replica.access().metrics_url).await?.text().await?;
    let said = replica.said();
    assert!(said.contains("continuity_api::access") && metrics.contains("continuity_http_requests_total"), "{said}");
    for name in NAMES {
        assert!(!said.contains(name) && !metrics.contains(name), "{name}");
    }
    Ok(())
}
