//! What commands do to an open data directory, whether they came over the control socket or from this process.

mod accesses;
mod accounts;
mod backups;
mod blobs;
mod clients;
pub(crate) mod completeness;
mod in_force;
mod keys;
mod log;
mod ordered;
mod parked;
mod projections;
mod quarantine;
mod resync;
mod source;
mod status;
mod webhooks;

use std::sync::Arc;

use anyhow::{Result, anyhow};
use continuity_auth::{AccessRange, Auth};
use continuity_base::{Clock, Stop, Timestamp};
use continuity_blobs::BlobService;
use continuity_ingest::Schedule;
use continuity_ingest::completeness::Auditor;
use continuity_ingest::control::{By, IngestControl};
use continuity_log::Log;
use continuity_readmodel::ledger::LedgerReader;
use continuity_readmodel::{EngineHandle, SyncBoard};
use continuity_webhooks::Webhooks;
use serde_json::Value;

use crate::control::{Command, Reply};

pub(crate) use backups::Backups;
pub(crate) use in_force::InForce;
pub(crate) use ordered::Ordered;
pub(crate) use resync::Repair;

/// Handles of everything that a command may need.
#[derive(Clone)]
pub(crate) struct Operations {
    pub(crate) log: Log,
    pub(crate) ledger: LedgerReader,
    pub(crate) engine: EngineHandle,
    pub(crate) auth: Auth,
    pub(crate) sync: SyncBoard,
    /// Evaluates completeness manifests.
    pub(crate) auditor: Auditor,
    /// Ends what takes long.
    pub(crate) stop: Stop,
    /// What the process was started with; nothing on a directory at rest.
    pub(crate) in_force: InForce,
    /// What follows the source; `None` on a directory at rest.
    pub(crate) running: Option<Following>,
}

/// The part of a running process that follows the source.
#[derive(Clone)]
pub(crate) struct Following {
    pub(crate) ingest: IngestControl,
    pub(crate) schedule: Schedule,
    pub(crate) repair: Repair,
    pub(crate) blobs: BlobService,
    pub(crate) webhooks: Webhooks,
    pub(crate) backups: Backups,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Operations {
    /// Carries out `command` for `actor`, which stands in the records of what it changes.
    pub(crate) fn execute(&self, command: &Command, actor: &str, out: &mut dyn FnMut(Reply)) -> Result<Value> {
        match command {
            Command::Status => Ok(status::status(self)),
            Command::LogVerify { control: false } => log::verify(&self.log, out),
            Command::LogVerify { control: true } => log::verify(&self.auth.control_log(), out),
            Command::LogSegments { control: false } => Ok(log::segments(&self.log)),
            Command::LogSegments { control: true } => Ok(log::segments(&self.auth.control_log())),
            Command::LogCat { control: false, from, limit, payload } => {
                log::cat(&self.log, *from, *limit, &|at, record| log::item(at, record, *payload), out)
            }
            Command::LogCat { control: true, from, limit, .. } => {
                log::cat(&self.auth.control_log(), *from, *limit, &log::control_item, out)
            }
            Command::ProjectionList => Ok(projections::list(&self.engine)),
            Command::ProjectionRebuild { name } => projections::rebuild(&self.engine, name, out),
            Command::ProjectionRollback { name, build } => projections::roll_back(&self.engine, actor, name, *build),
            Command::ProjectionDiscard { name, build } => projections::discard(&self.engine, actor, name, *build),
            Command::QuarantineList { after, limit } => quarantine::list(&self.ledger, *after, *limit),
            Command::QuarantineShow { position } => quarantine::show(self, *position),
            Command::QuarantineRetry { position, reason } => quarantine::retry(self, actor, *position, reason),
            Command::QuarantineDismiss { position, reason } => quarantine::dismiss(self, actor, *position, reason),
            Command::Parked { after, limit } => parked::list(self, after.as_deref(), *limit),
            Command::Completeness { again: true, .. } => completeness::again(self, &self.stop),
            Command::Completeness { again: false, limit } => completeness::report(self, *limit),
            Command::AccessExport { from, to, loan, client } => {
                let time = |micros: &Option<i64>| micros.map(Timestamp::from_micros);
                let range = AccessRange { loan: loan.clone(), from: time(from), to: time(to) };
                accesses::export(&self.auth, &range, client.as_deref(), out)
            }
            Command::BlobStatus { loan } => blobs::status(self, loan.as_deref()),
            Command::BlobList { limit } => blobs::list(self, *limit),
            Command::BlobRetry { sha256 } => blobs::retry(self, sha256),
            Command::BlobScrub => blobs::scrub(self, out),
            Command::BlobVerify { sha256 } => blobs::verify(self, sha256),
            Command::Webhook { order } => webhooks::execute(self, actor, order),
            Command::Configuration => Ok(self.in_force.told()),
            Command::SourceStatus => source::status(self),
            Command::SourcePause { reason } => source::pause_reading(self, actor, reason),
            Command::SourceResume { reason } => source::resume_reading(self, actor, reason),
            Command::SourceSync => source::sync(self),
            Command::SourceResync { loan, from, reason } => {
                let why = By { actor: actor.to_owned(), reason: reason.trim().to_owned() };
                resync::resync(self, why, loan, from.as_deref(), out)
            }
            Command::BackupStatus => backups::status(self),
            Command::BackupCreate { to } => backups::create(self, to.as_deref(), out),
            Command::BackupVerify => backups::verify(self),
            Command::SourceAccept { reason } => source::accept(self, actor, reason),
            Command::KeyList | Command::KeyRotate { .. } | Command::KeyRetire { .. } => {
                keys::execute(&self.auth, actor, command)
            }
            Command::Account { .. } => accounts::execute(&self.auth, actor, self.running.is_some(), command),
            clients => clients::execute(&self.auth.acting_as(actor), clients),
        }
    }

    /// What follows the source, for commands that need it.
    pub(crate) fn following(&self) -> Result<&Following> {
        let nobody = "no process runs on this data directory; this needs the running replica";
        self.running.as_ref().ok_or_else(|| anyhow!(nobody))
    }
}
