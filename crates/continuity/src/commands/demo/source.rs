//! The demo's source: the simulator, or a feed on disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use continuity_base::Timestamp;
use continuity_ingest::{Lines, Simulated, SimulatedOptions, Source};
use continuity_simulator::objects::{ObjectOptions, ObjectServer};
use continuity_simulator::{BlobMode, Options, Simulator, Sizes};
use serde::{Deserialize, Serialize};

use crate::cli::Demo;
use crate::config::Config;
use crate::core::Core;
use crate::sources;

const SEED: u64 = 2012;

/// A source, and where the bytes of its documents are.
pub(super) struct Opened {
    pub(super) source: Box<dyn Source>,
    /// The files that a feed brings along.
    pub(super) directory: Option<PathBuf>,
    /// The simulator's files; it ends when this is dropped.
    pub(super) objects: Option<ObjectServer>,
}

/// The source that the options name. `config` is told whom to ask for bytes.
pub(super) fn open(options: &Demo, config: &mut Config, core: &Core) -> Result<Opened> {
    let url = url(options);
    if url == "simulator:" {
        return simulator(options, config, core);
    }
    sources::must_exist(&url)?;
    let source = sources::of_url(&url, "--source", config, &core.clock).context("or simulator:")?;
    Ok(Opened { source, directory: sources::blobs_dir(&url, config), objects: None })
}

/// The URL of what the options name.
pub(super) fn url(options: &Demo) -> String {
    match &options.feed {
        Some(file) => format!("file:{}", file.display()),
        None => options.source.clone(),
    }
}

fn simulator(options: &Demo, config: &mut Config, core: &Core) -> Result<Opened> {
    let path = core.dir.root().join("simulator.json");
    let kept = remembered(&path, options, core.clock.now())?;
    let objects = kept.sizes().map(|sizes| serve(sizes, kept.port)).transpose()?;
    let kept = Kept { port: objects.as_ref().map_or(0, |objects| objects.address().port()), ..kept };
    fs::write(&path, serde_json::to_vec(&kept)?).with_context(|| format!("cannot write {}", path.display()))?;
    let mut history = Options::new(SEED, Timestamp::from_micros(kept.start_micros), kept.loans.into());
    if let Some(objects) = &objects {
        history.blobs = BlobMode::Served(objects.served());
        let http = &mut config.blobs.http;
        (http.hosts, http.allow_http) = (vec![objects.address().to_string()], true);
        http.reference_url = objects.reference_url();
    }
    let initial = Simulator::new(history.clone()).history_len();
    let pace = SimulatedOptions { seed: SEED, initial, rate: options.rate };
    let make = move || -> Lines { Box::new(Simulator::new(history.clone()).map(|emitted| emitted.line)) };
    let source = Box::new(Simulated::new(pace, Box::new(make), Arc::clone(&core.clock)));
    Ok(Opened { source, directory: None, objects })
}

fn serve(sizes: Sizes, port: u16) -> Result<ObjectServer> {
    let started = ObjectServer::start(ObjectOptions { port, seed: SEED, sizes, ..ObjectOptions::default() });
    started.with_context(|| {
        format!("cannot serve the simulator's documents on 127.0.0.1:{port}; references to them are in the log already")
    })
}

/// What a data directory's history was made of: a feed must not change under a replica that resumes in it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    loans: u32,
    start_micros: i64,
    /// Where documents are served; 0: not yet known.
    #[serde(default)]
    port: u16,
    /// Absent in directories from before documents were served: theirs stand in the events.
    #[serde(default)]
    large_blobs: Option<bool>,
}

impl Kept {
    fn sizes(&self) -> Option<Sizes> {
        self.large_blobs.map(|large| if large { Sizes::Large } else { Sizes::Small })
    }
}

/// The history of the run that began this data directory, or a new one that ends now.
fn remembered(path: &Path, options: &Demo, now: Timestamp) -> Result<Kept> {
    let named = || format!("cannot use {}", path.display());
    if path.exists() {
        return serde_json::from_slice(&fs::read(path).with_context(named)?).with_context(named);
    }
    let span = Options::new(SEED, now, u64::from(options.loans)).history_span();
    let start = now.as_micros() - i64::try_from(span.as_micros()).with_context(named)?;
    let start_micros = start - start.rem_euclid(1_000);
    Ok(Kept { loans: options.loans, start_micros, port: 0, large_blobs: Some(options.large_blobs) })
}
