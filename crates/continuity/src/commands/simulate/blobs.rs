//! The files behind the events: within them, in a directory, or on a server beside.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use continuity_base::Clock;
use continuity_simulator::objects::{ObjectCounts, ObjectOptions, ObjectServer};
use continuity_simulator::{BlobMode, Emitted, Sizes};

use super::options::BlobOptions;
use crate::output;

/// Where the files are.
pub(super) enum Files {
    /// Within the events.
    Inline,
    /// Below this directory.
    Directory(PathBuf),
    /// On this server, which runs as long as this is kept.
    Server(ObjectServer),
}

impl Files {
    /// What the options ask for; starts the server. `to` is where events go, `seed` what chance and signatures follow from.
    pub(super) fn open(options: &BlobOptions, to: &str, seed: u64, clock: &Arc<dyn Clock>) -> Result<Self> {
        if let Some(port) = options.blobs.strip_prefix("http://") {
            return Ok(Self::Server(serve(options, port_of(port)?, seed, clock)?));
        }
        if options.large_blobs || options.blob_faults.is_some() || options.blob_token.is_some() {
            bail!("--large-blobs, --blob-faults and --blob-token need --blobs http://127.0.0.1:PORT");
        }
        match (options.blobs.as_str(), options.blobs.strip_prefix("files:"), to.strip_prefix("file:")) {
            ("inline", ..) => Ok(Self::Inline),
            (_, Some(directory), _) if !directory.is_empty() => Ok(Self::Directory(directory.into())),
            ("files", _, Some(feed)) => {
                Ok(Self::Directory(Path::new(feed).parent().unwrap_or(Path::new("")).join("blobs")))
            }
            ("files", ..) => {
                bail!("--blobs files puts them beside --to file:PATH; for a broker, say --blobs files:DIR")
            }
            (other, ..) => {
                bail!("--blobs is inline, files, files:DIR or http://127.0.0.1:PORT; it is {other:?}")
            }
        }
    }

    /// What the platform has to know.
    pub(super) fn mode(&self) -> BlobMode {
        match self {
            Self::Inline => BlobMode::Inline,
            Self::Directory(_) => BlobMode::Files,
            Self::Server(server) => BlobMode::Served(server.served()),
        }
    }

    /// What the server answered; `None` where there is none.
    pub(super) fn counts(&self) -> Option<ObjectCounts> {
        match self {
            Self::Server(server) => Some(server.handle().counts()),
            Self::Inline | Self::Directory(_) => None,
        }
    }
}

fn port_of(authority: &str) -> Result<u16> {
    let port = authority.trim_end_matches('/').strip_prefix("127.0.0.1:").and_then(|port| port.parse().ok());
    port.with_context(|| format!("--blobs http:// is 127.0.0.1:PORT, 0 for any free port; it is {authority:?}"))
}

fn serve(options: &BlobOptions, port: u16, seed: u64, clock: &Arc<dyn Clock>) -> Result<ObjectServer> {
    let server = ObjectServer::start(ObjectOptions {
        port,
        seed,
        sizes: if options.large_blobs { Sizes::Large } else { Sizes::Small },
        valid: Duration::from_hours(options.blob_url_hours),
        token: options.blob_token.clone(),
        faults: options.blob_faults.unwrap_or_default(),
        clock: Arc::clone(clock),
        ..ObjectOptions::default()
    });
    let server = server.with_context(|| format!("cannot serve files on 127.0.0.1:{port}"))?;
    output::note(&format!(
        "serving files at {}, fresh references at {}",
        server.served().base_url,
        server.reference_url()
    ));
    Ok(server)
}

/// A feed whose files are written before their events go on; ends where a file cannot be written.
pub(super) struct Writing<I> {
    inner: I,
    directory: Option<PathBuf>,
    failure: Option<std::io::Error>,
}

impl<I> Writing<I> {
    /// Writes the files of `inner` to where `files` says, if they are to be written at all.
    pub(super) fn over(inner: I, files: &Files) -> Self {
        let directory = match files {
            Files::Directory(directory) => Some(directory.clone()),
            Files::Inline | Files::Server(_) => None,
        };
        Self { inner, directory, failure: None }
    }

    /// Fails if a file could not be written.
    pub(super) fn outcome(self) -> Result<()> {
        let directory = self.directory.unwrap_or_default();
        self.failure.map_or(Ok(()), Err).with_context(|| format!("cannot write files to {}", directory.display()))
    }
}

impl<I: Iterator<Item = Emitted>> Iterator for Writing<I> {
    type Item = Emitted;

    fn next(&mut self) -> Option<Emitted> {
        if self.failure.is_some() {
            return None;
        }
        let emitted = self.inner.next()?;
        if let Some(directory) = &self.directory {
            self.failure = emitted.blobs.iter().find_map(|file| file.write_below(directory).err());
        }
        self.failure.is_none().then_some(emitted)
    }
}
