//! The demo's source: the simulator, or a feed on disk.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use continuity_base::Timestamp;
use continuity_blobs::Blobs;
use continuity_ingest::{Lines, Simulated, SimulatedOptions, Source};
use continuity_simulator::{Options, Simulator};
use serde_json::{Value, json};

use crate::cli::Demo;
use crate::config::Config;
use crate::core::Core;
use crate::sources;

const SEED: u64 = 2012;

/// The source that the options name, and where the bytes of its documents are.
pub(super) fn open(options: &Demo, config: &Config, core: &Core) -> Result<(Box<dyn Source>, Blobs)> {
    let url = url(options);
    if url == "simulator:" {
        return Ok((simulator(options, core)?, Blobs::new(None)));
    }
    sources::must_exist(&url)?;
    let source = sources::of_url(&url, "--source", config, &core.clock).context("or simulator:")?;
    Ok((source, sources::blobs(&url, config)))
}

/// The URL of what the options name.
pub(super) fn url(options: &Demo) -> String {
    match &options.feed {
        Some(file) => format!("file:{}", file.display()),
        None => options.source.clone(),
    }
}

fn simulator(options: &Demo, core: &Core) -> Result<Box<dyn Source>> {
    let history = remembered(&core.dir.root().join("simulator.json"), options.loans, core.clock.now())?;
    let initial = Simulator::new(history.clone()).history_len();
    let pace = SimulatedOptions { seed: SEED, initial, rate: options.rate };
    let make = move || -> Lines { Box::new(Simulator::new(history.clone()).map(|emitted| emitted.line)) };
    Ok(Box::new(Simulated::new(pace, Box::new(make), Arc::clone(&core.clock))))
}

/// The history of the run that began this data directory, or a new one that ends now: a feed must not change under a
/// replica that resumes in it.
fn remembered(path: &Path, loans: u32, now: Timestamp) -> Result<Options> {
    let named = || format!("cannot use {}", path.display());
    if path.exists() {
        let kept: Value = serde_json::from_slice(&fs::read(path).with_context(named)?).with_context(named)?;
        let number = |name| kept[name].as_i64().with_context(named);
        let loans = u64::try_from(number("loans")?).with_context(named)?;
        return Ok(Options::new(SEED, Timestamp::from_micros(number("startMicros")?), loans));
    }
    let span = Options::new(SEED, now, u64::from(loans)).history_span();
    let start = now.as_micros() - i64::try_from(span.as_micros()).with_context(named)?;
    let start = Timestamp::from_micros(start - start.rem_euclid(1_000));
    let kept = json!({ "loans": loans, "startMicros": start.as_micros() });
    fs::write(path, kept.to_string()).with_context(named)?;
    Ok(Options::new(SEED, start, u64::from(loans)))
}
