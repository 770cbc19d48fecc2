//! An open data directory: log, ledger, read models and authorization server, in the order of the data.

pub(crate) mod offline;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use continuity_auth::{Auth, AuthOptions};
use continuity_base::{Clock, DirectorySpace, Stop};
use continuity_ingest::{HeldLimits, IngestOptions, QuarantineLimits};
use continuity_log::{Log, Opened, Options as LogOptions, RealDisk, Recovery, Writer};
use continuity_readmodel::ledger::{Ledger, LedgerReader};
use continuity_readmodel::{BatchLimits, Engine, EngineHandle, EngineOptions, SyncBoard, SyncBounds};

use crate::config::{Config, given};
use crate::datadir::DataDir;
use crate::operations::{InForce, Operations, completeness};

/// Everything below the API, opened and caught up with what the log holds, not yet running.
pub(crate) struct Core {
    pub(crate) dir: DataDir,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Log,
    pub(crate) writer: Writer,
    pub(crate) ledger: Ledger,
    pub(crate) reader: LedgerReader,
    pub(crate) engine: Engine,
    pub(crate) handle: EngineHandle,
    pub(crate) auth: Auth,
    pub(crate) sync: SyncBoard,
}

impl Core {
    /// Opens `dir` as `config` says. A damaged log is an error that names the place and the ways out.
    pub(crate) fn open(dir: DataDir, config: &Config, clock: Arc<dyn Clock>) -> Result<Self> {
        let mut checkpoints = Engine::checkpoints(&dir.read_models());
        checkpoints.extend(Ledger::checkpoint_in(&dir.read_models())?);
        let disk = Arc::new(RealDisk::new(dir.log())?);
        let options = LogOptions { segment_bytes: config.log.segment_bytes, ..LogOptions::default() };
        let Opened { log, writer, recovery } = Log::open(disk, options, &checkpoints)?;
        report(&recovery);
        let (ledger, reader) = Ledger::open(&dir.read_models(), &log)?;
        let (handle, engine) = Engine::open(EngineOptions {
            dir: dir.read_models(),
            log: log.clone(),
            ledger: reader.clone(),
            projections: continuity_projections::all(),
            clock: Arc::clone(&clock),
            cache_bytes: config.read_models.cache_bytes,
            batch: BatchLimits::default(),
        })?;
        let auth = Auth::open(AuthOptions {
            default_token_seconds: config.auth.token_seconds,
            fleet_key: given(&config.auth.fleet_key_file),
            replica: Some(config.auth.control_stream.replica.clone()).filter(|name| !name.is_empty()),
            shared: config.auth.control_stream.is_on(),
            rotation: config.auth.rotation(),
            read_period_seconds: config.audit.period_seconds,
            sign_in: config.auth.sign_in(),
            provider: config.auth.provider.policy(),
            password_client: Some(config.compat.password_token_client.clone()).filter(|id| !id.is_empty()),
            ..AuthOptions::new(dir.control(), &config.public_url, Arc::clone(&clock))
        })
        .context("cannot open the authorization server")?;
        let bounds = SyncBounds {
            stale_after: Duration::from_secs(config.source.stale_after_seconds),
            heartbeat_after: Duration::from_secs(config.source.heartbeat_after_seconds),
            ..SyncBounds::default()
        };
        let sync = SyncBoard::with(Arc::clone(&clock), bounds);
        Ok(Self { dir, clock, log, writer, ledger, reader, engine, handle, auth, sync })
    }

    /// The handles that commands work with.
    pub(crate) fn operations(&self) -> Operations {
        let parts = (&self.log, &self.reader, &self.sync);
        Operations {
            auditor: completeness::auditor(parts, None, completeness::inline_list(), &self.clock),
            stop: Stop::new(),
            log: self.log.clone(),
            ledger: self.reader.clone(),
            engine: self.handle.clone(),
            auth: self.auth.clone(),
            sync: self.sync.clone(),
            in_force: InForce::default(),
            running: None,
        }
    }
}

/// The ingester's options from the configuration.
pub(crate) fn ingest_options(config: &Config, data_dir: &Path, clock: Arc<dyn Clock>) -> Result<IngestOptions> {
    let mut options = IngestOptions { clock, ..IngestOptions::default() };
    let settings = &config.ingest;
    options.limits.max_event_bytes = settings.max_event_bytes;
    options.limits.max_snapshot_bytes = settings.max_snapshot_bytes;
    options.gap_release = Duration::from_secs(settings.gap_release_seconds);
    options.reconnect_most = Duration::from_secs(config.source.reconnect_most_seconds);
    options.schedule = crate::sources::schedule(&config.source.schedule).map_err(anyhow::Error::msg)?;
    if settings.min_free_bytes > 0 {
        options.space = Some(Arc::new(DirectorySpace::new(data_dir)));
        options.space_reserve = settings.min_free_bytes;
    }
    options.held =
        HeldLimits { loan_bytes: settings.held_bytes_per_loan, bytes: settings.held_bytes, ..HeldLimits::default() };
    options.quarantine = QuarantineLimits { bytes: settings.quarantined_bytes, ..QuarantineLimits::default() };
    Ok(options)
}

fn report(recovery: &Recovery) {
    tracing::info!(
        log.position = recovery.head.position,
        frames_checked = recovery.frames_checked,
        truncated_bytes = recovery.truncated_bytes,
        "the log is open"
    );
    for stale in &recovery.stale {
        tracing::error!(
            projection.name = stale.name,
            checkpoint.position = stale.position,
            log.position = stale.log_position,
            cause = ?stale.cause,
            "a read model does not belong to this log, as after a restore of an older one: it is rebuilt"
        );
    }
}
