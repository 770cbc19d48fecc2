//! The bytes of documents and attachments: from the configuration to the service that looks after them.

mod origins;
mod references;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use continuity_blobs::origin::Origins;
use continuity_blobs::scan::{ClamdScanner, CommandScanner, Scanner};
use continuity_blobs::{BlobOptions, BlobPlaces, BlobService};
use continuity_ingest::Schedule;

use self::references::ReadModel;
use crate::config::Config;
use crate::core::Core;
use crate::sources;

pub(crate) use self::origins::of_config;

/// The service over the core's read models; `origins`: where bytes come from. It does nothing yet.
pub(crate) async fn open(core: &Core, config: &Config, origins: Origins) -> Result<BlobService> {
    let directory = core.dir.blobs();
    let shelf = store::open(&config.blobs.store, &directory).await?;
    let places = BlobPlaces {
        origin: Arc::new(origins),
        shelf,
        references: Arc::new(ReadModel { engine: core.handle.clone(), sync: core.sync.clone() }),
        scanner: scanner(config),
        clock: Arc::clone(&core.clock),
    };
    let options = BlobOptions { log_head: Some(core.log.head().position), ..options(config, directory)? };
    let opened = tokio::task::spawn_blocking(move || BlobService::new(options, places)).await?;
    opened.context("cannot open the blobs")
}

fn options(config: &Config, directory: PathBuf) -> Result<BlobOptions> {
    let blobs = &config.blobs;
    let mut schedule = sources::schedule(&config.source.schedule).map_err(anyhow::Error::msg)?;
    schedule.windows = sources::windows("blobs.windows", &blobs.windows).map_err(anyhow::Error::msg)?;
    let Schedule { windows, utc_offset_seconds, .. } = schedule;
    let window = Schedule { windows, utc_offset_seconds, ..Schedule::default() };
    Ok(BlobOptions {
        parallel: blobs.parallel,
        per_authority: blobs.per_host,
        max_bytes: blobs.max_bytes,
        max_bytes_per_second: blobs.max_bytes_per_second,
        allow_types: blobs.allow_types.clone(),
        deny_types: blobs.deny_types.clone(),
        open: Arc::new(move |now| window.is_open(now)),
        unreferenced_days: blobs.unreferenced_days,
        scrub_days: blobs.scrub_days,
        scrub_bytes_per_second: blobs.scrub_bytes_per_second,
        quarantine_bytes: blobs.quarantined_bytes,
        // The log comes first: bytes leave it as much again as it keeps free itself.
        min_free_bytes: config.ingest.min_free_bytes.saturating_mul(2),
        references_version: references::version(),
        ..BlobOptions::new(directory)
    })
}

fn scanner(config: &Config) -> Option<Arc<dyn Scanner>> {
    let scan = &config.blobs.scan;
    let limit = std::time::Duration::from_secs(scan.limit_seconds);
    if let Some((program, arguments)) = scan.command.split_first() {
        return Some(Arc::new(CommandScanner::new(program.into(), arguments.to_vec(), limit)));
    }
    (!scan.clamd.is_empty()).then(|| Arc::new(ClamdScanner::new(scan.clamd.clone(), limit)) as Arc<dyn Scanner>)
}
