//! OAuth clients: created, changed, deleted, moved from one replica to another.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use continuity_auth::{Auth, ClientDefinition, ClientSettings, Created};
use serde::Serialize;
use serde_json::{Value, json};

use crate::control::Command;

/// Conflicts between replicas that are listed; older ones are in the log lines of their time.
const CONFLICTS: usize = 1_000;

/// Carries out one of the client commands.
pub(super) fn execute(auth: &Auth, command: &Command) -> Result<Value> {
    match command {
        Command::ClientCreate { settings } => with_secret(&auth.create_client(parse(settings.clone())?)?),
        Command::ClientList { unused_days } => {
            shown(&unused_days.map_or_else(|| auth.list_clients(), |days| auth.unused_clients(days)))
        }
        Command::ClientShow { id } => shown(&auth.client(id).ok_or_else(|| anyhow!("there is no client {id}"))?),
        Command::ClientChange { id, change } => {
            shown(&auth.change_client_with(id, |settings| settings.merged(change))?)
        }
        Command::ClientSetEnabled { id, enabled } => shown(&auth.set_enabled(id, *enabled)?),
        Command::ClientDelete { id } => {
            auth.delete_client(id)?;
            Ok(json!({ "id": id, "deleted": true }))
        }
        Command::ClientRotate { id, overlap_seconds } => {
            with_secret(&auth.rotate_secret(id, Duration::from_secs(*overlap_seconds))?)
        }
        Command::ClientConflicts => shown(&auth.control_stream().conflicts(CONFLICTS)?.0),
        Command::ClientExport => shown(&auth.export_clients()?),
        Command::ClientImport { definitions } => {
            let import = |(number, definition)| {
                import(auth, definition).with_context(|| format!("definition {number} was not imported"))
            };
            Ok(Value::Array((1..).zip(definitions).map(import).collect::<Result<_>>()?))
        }
        other => bail!("{other:?} is not a command on clients"),
    }
}

fn import(auth: &Auth, definition: &Value) -> Result<Value> {
    let definition: ClientDefinition =
        serde_json::from_value(definition.clone()).context("that is no definition of a client")?;
    let id = definition.id.clone();
    Ok(json!({ "id": id, "outcome": auth.import_client(definition)? }))
}

fn parse(settings: Value) -> Result<ClientSettings> {
    serde_json::from_value(settings).context("these are no settings of a client")
}

fn shown(what: &impl Serialize) -> Result<Value> {
    serde_json::to_value(what).context("a client cannot be written as JSON")
}

fn with_secret(created: &Created) -> Result<Value> {
    let mut value = shown(&created.client)?;
    value["secret"] = json!(created.secret);
    Ok(value)
}
