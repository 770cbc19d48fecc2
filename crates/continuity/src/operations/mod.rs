//! What commands do to an open data directory, whether they came over the control socket or from this process.

mod clients;
mod log;
mod projections;
mod quarantine;
mod status;

use anyhow::Result;
use continuity_auth::Auth;
use continuity_log::Log;
use continuity_readmodel::ledger::LedgerReader;
use continuity_readmodel::{EngineHandle, SyncBoard};
use serde_json::Value;

use crate::control::{Command, Reply};

/// Handles of everything that a command may need.
#[derive(Clone)]
pub(crate) struct Operations {
    pub(crate) log: Log,
    pub(crate) ledger: LedgerReader,
    pub(crate) engine: EngineHandle,
    pub(crate) auth: Auth,
    pub(crate) sync: SyncBoard,
}

impl Operations {
    /// Carries out `command` for `actor`, which stands in the records of what it changes.
    pub(crate) fn execute(&self, command: &Command, actor: &str, out: &mut dyn FnMut(Reply)) -> Result<Value> {
        match command {
            Command::Status => Ok(status::status(self)),
            Command::LogVerify => log::verify(&self.log, out),
            Command::LogCat { from, limit, payload } => log::cat(&self.log, *from, *limit, *payload, out),
            Command::ProjectionList => Ok(projections::list(&self.engine)),
            Command::ProjectionRebuild { name } => projections::rebuild(&self.engine, name, out),
            Command::QuarantineList { after, limit } => quarantine::list(&self.ledger, *after, *limit),
            Command::QuarantineShow { position } => quarantine::show(&self.log, *position),
            clients => clients::execute(&self.auth.acting_as(actor), clients),
        }
    }
}
