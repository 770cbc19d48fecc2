//! OAuth clients: created, changed, deleted, moved from one replica to another.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use continuity_auth::{Auth, AuthError, Client, ClientDefinition, ClientSettings, Created};
use continuity_base::{Clock, SystemClock};
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
            let clients =
                auth.list_clients().into_iter().filter(|client| unused_days.is_none_or(|days| is_unused(client, days)));
            Ok(Value::Array(clients.map(|client| shown(&client)).collect::<Result<_>>()?))
        }
        Command::ClientShow { id } => shown(&auth.client(id).ok_or_else(|| anyhow!("there is no client {id}"))?),
        Command::ClientChange { id, change } => {
            let merged = |settings: &ClientSettings| {
                let mut settings =
                    serde_json::to_value(settings).map_err(|error| AuthError::Invalid(error.to_string()))?;
                merge(&mut settings, change);
                let read = serde_json::from_value(settings);
                read.map_err(|error| AuthError::Invalid(format!("these are no settings of a client: {error}")))
            };
            shown(&auth.change_client_with(id, merged)?)
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

/// Merges a change of members into an object: null takes one away (RFC 7396, for members of one level).
pub(super) fn merge(settings: &mut Value, change: &Value) {
    let (Some(settings), Some(change)) = (settings.as_object_mut(), change.as_object()) else { return };
    for (name, value) in change {
        if value.is_null() {
            settings.remove(name);
        } else {
            settings.insert(name.clone(), value.clone());
        }
    }
}

/// Whether it got no token for so many days; one that never did counts from when it was created.
fn is_unused(client: &Client, days: u32) -> bool {
    let since = client.last_used_at.unwrap_or(client.created_at);
    since.plus(Duration::from_hours(24 * u64::from(days))) <= SystemClock::new().now()
}

fn shown(what: &impl Serialize) -> Result<Value> {
    serde_json::to_value(what).context("a client cannot be written as JSON")
}

fn with_secret(created: &Created) -> Result<Value> {
    let mut value = shown(&created.client)?;
    value["secret"] = json!(created.secret);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_leaves_what_it_does_not_name() {
        let mut settings = json!({ "name": "a", "tokenSeconds": 60, "description": "x" });
        merge(&mut settings, &json!({ "description": "y", "tokenSeconds": null }));
        assert_eq!(settings, json!({ "name": "a", "description": "y" }));
    }
}
