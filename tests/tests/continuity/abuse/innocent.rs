//! A client that does nothing wrong, while others do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use continuity_base::{Clock, SystemClock};
use continuity_tests::harness::{Client, Failure, Replica};
use reqwest::Method;
use tokio::task::JoinSet;

/// Slower than this is not served. Optimised it is some milliseconds.
const SLOWEST: Duration = Duration::from_secs(5);

pub(super) struct Innocent {
    stop: Arc<AtomicBool>,
    running: JoinSet<Result<u32, Failure>>,
    replica: u32,
    before: u64,
}

impl Innocent {
    /// Asks for loans and for health, one after the other, until the end.
    pub(super) async fn start(replica: &Replica) -> Result<Self, Failure> {
        let client = replica.client("").await?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = JoinSet::new();
        running.spawn(ask(client, Arc::clone(&stop)));
        Ok(Self { stop, running, replica: replica.id(), before: resident(replica.id()) })
    }

    /// Every answer was good and in time, and the replica did not grow by more than `most` MiB.
    pub(super) async fn end(mut self, most: u64) -> Result<(), Failure> {
        self.stop.store(true, Ordering::Relaxed);
        let asked = self.running.join_next().await.ok_or("it did not begin")???;
        assert!(asked > 0, "nothing was asked");
        let grown = resident(self.replica).saturating_sub(self.before) >> 20;
        assert!(grown <= most, "the replica grew by {grown} MiB, {most} are allowed");
        Ok(())
    }
}

async fn ask(client: Client, stop: Arc<AtomicBool>) -> Result<u32, Failure> {
    let clock = SystemClock::new();
    let mut asked = 0;
    while asked == 0 || !stop.load(Ordering::Relaxed) {
        for path in ["/health", "/api/v1/loan-requests?limit=5"] {
            let before = clock.monotonic();
            let reply = client.send(Method::GET, path).await?;
            let took = clock.monotonic().saturating_sub(before);
            if reply.status != 200 || took > SLOWEST {
                return Err(format!("{path} was answered {} after {took:?}: {}", reply.status, reply.text()).into());
            }
            asked += 1;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(asked)
}

/// Anonymous memory of a process, in bytes.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).expect("a line RssAnon") * 1_024
}
