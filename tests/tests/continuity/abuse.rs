//! Clients that take more than they may: the replica bounds what they get, goes on serving others, and does not grow.

mod fairness;
mod frames;
mod http2;
mod innocent;
mod slow;

use continuity_simulator::Faults;
use continuity_tests::harness::{Failure, Replica};
use continuity_tests::json::Json;
use tempfile::TempDir;

use crate::{feeds, rig};

/// A replica over a small feed that it has read, with these lines of configuration.
pub(crate) async fn replica(more: &str) -> Result<(Replica, TempDir), Failure> {
    let directory = TempDir::new()?;
    let feed = directory.path().join("feed.ndjson");
    feeds::write(&feed, 22, 30, Faults::default())?;
    let config = format!("[source]\nurl = 'file:{}'\n{more}\n", feed.display());
    let replica = Replica::new().config(&config).start().await?;
    let read = |health: &Json| {
        let component = |name| rig::component(health, name);
        let position = component("log").number("position");
        let models = component("readModels");
        component("source").get("synchronised") == Some(&Json::Bool(true))
            && models.elements().iter().all(|model| model.number("position") == position)
    };
    replica.until("read", rig::LIMIT, read).await?;
    replica.until_bytes(rig::LIMIT).await?;
    Ok((replica, directory))
}

/// A counter of a reason; 0 while it is not there.
async fn counted(replica: &Replica, metric: &str, reason: &str) -> Result<f64, Failure> {
    Ok(replica.metric(&format!("{metric}{{reason=\"{reason}\"}}")).await?.unwrap_or(0.0))
}
