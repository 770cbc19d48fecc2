//! Clients that take more than they may: the replica bounds what they get, goes on serving others, and does not grow.

mod fairness;
mod frames;
mod http2;
mod innocent;
mod slow;

use continuity_simulator::Faults;
use continuity_tests::harness::{Failure, Replica};
use tempfile::TempDir;

use crate::feeds;

/// A replica over a small feed, with these lines under `[limits]`.
async fn replica(limits: &str) -> Result<(Replica, TempDir), Failure> {
    let directory = TempDir::new()?;
    let feed = directory.path().join("feed.ndjson");
    feeds::write(&feed, 22, 30, Faults::default())?;
    let config = format!("[source]\nurl = 'file:{}'\n[limits]\n{limits}\n", feed.display());
    let replica = Replica::new().config(&config).start().await?;
    replica.until("live", crate::rig::LIMIT, |health| crate::rig::state(health) == "live").await?;
    Ok((replica, directory))
}

/// A counter of a reason; 0 while it is not there.
async fn counted(replica: &Replica, metric: &str, reason: &str) -> Result<f64, Failure> {
    Ok(replica.metric(&format!("{metric}{{reason=\"{reason}\"}}")).await?.unwrap_or(0.0))
}
