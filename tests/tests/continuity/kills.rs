//! kill -9 at random moments during ingest: nothing is lost, nothing comes twice.

mod sources;
mod witness;

use std::time::Duration;

use continuity_tests::harness::{Demo, Failure};
use tempfile::TempDir;

use crate::feeds::{self, Feed};
use crate::simulated;

/// In short, 6 kills over some 20,000 events (1 minute unoptimised); in full, 50 over 120,000.
#[tokio::test(flavor = "multi_thread")]
async fn survives_kill() -> Result<(), Failure> {
    let (kills, loans) = (feeds::size(6, 50), feeds::size(165, 1_000));
    let directory = TempDir::new()?;
    let feed = directory.path().join("feed.ndjson");
    let data = directory.path().join("data");
    let fold = feeds::write_feed(&feed, Feed { seed: 33, loans, faults: feeds::rough(), snapshots: true })?;
    let mut before_the_end = 0;
    for kill in 0..kills {
        // Spread over start-up, ingest and, when it is quick, the quiet after it.
        let moment = Duration::from_millis(60 + (kill * 7_919) % 1_900);
        let (feed, data) = (feed.clone(), data.clone());
        let ready = tokio::task::spawn_blocking(move || {
            let mut running = Demo::new().feed(&feed).data_dir(&data).spawn()?;
            let ready = running.wait(moment)?;
            running.kill()?;
            Ok::<_, Failure>(ready)
        });
        before_the_end += u64::from(!ready.await??);
    }
    assert!(before_the_end > 0, "every kill came after the whole ingest");
    let demo = Demo::new().feed(&feed).data_dir(&data).within(Duration::from_mins(5)).start().await?;
    simulated::agrees(&demo, fold).await
}
