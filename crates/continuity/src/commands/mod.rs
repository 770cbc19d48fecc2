//! One file per command.

pub(crate) mod access;
pub(crate) mod account;
pub(crate) mod backup;
pub(crate) mod blobs;
pub(crate) mod check_config;
pub(crate) mod client;
pub(crate) mod completeness;
pub(crate) mod demo;
pub(crate) mod get;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod projection;
pub(crate) mod quarantine;
mod resync;
pub(crate) mod serve;
pub(crate) mod simulate;
pub(crate) mod source;
pub(crate) mod status;
pub(crate) mod webhooks;

use anyhow::Result;
use serde_json::Value;

use crate::cli::OnData;
use crate::control::client as socket;
use crate::control::{Command, Reply};
use crate::core::offline;
use crate::progress::Progress;

/// Carries out `command` on a data directory: by the process that runs on it, or directly when none does.
fn on_data(on: &OnData, command: &Command, item: &mut dyn FnMut(Value)) -> Result<Value> {
    let mut progress = None;
    let mut each = |reply| match reply {
        Reply::Progress { done, of } => progress.get_or_insert_with(|| Progress::new("working")).set(done, of),
        Reply::Item(value) => item(value),
        Reply::Result(_) | Reply::Error(_) => {}
    };
    let result = match socket::connect(&on.data_dir)? {
        Some(stream) => socket::ask(stream, command, &mut each),
        None => offline::execute(&on.data_dir, command, &mut each),
    };
    if let Some(progress) = progress {
        progress.finish();
    }
    result
}
