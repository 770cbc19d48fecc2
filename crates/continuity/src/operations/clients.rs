//! OAuth clients: create, list, enable, disable, rotate.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use continuity_auth::{Auth, Client, Created, NewClient, Scope, ScopeSet};
use serde_json::{Value, json};

use crate::control::Command;

/// Carries out one of the client commands.
pub(super) fn execute(auth: &Auth, command: &Command) -> Result<Value> {
    match command {
        Command::ClientCreate { name, description, scopes, token_seconds } => {
            let new = NewClient {
                name: name.clone(),
                description: description.clone(),
                scopes: parse(scopes)?,
                token_seconds: *token_seconds,
            };
            with_secret(&auth.create_client(new)?)
        }
        Command::ClientList => Ok(Value::Array(auth.list_clients().iter().map(shown).collect::<Result<_>>()?)),
        Command::ClientSetEnabled { id, enabled } => shown(&auth.set_enabled(id, *enabled)?),
        Command::ClientRotate { id, overlap_seconds } => {
            with_secret(&auth.rotate_secret(id, Duration::from_secs(*overlap_seconds))?)
        }
        other => bail!("{other:?} is not a command on clients"),
    }
}

fn parse(scopes: &str) -> Result<ScopeSet> {
    let known = || Scope::ALL.map(Scope::as_str).join(" ");
    let parse = |name| Scope::parse(name).ok_or_else(|| anyhow!("there is no scope {name:?}; there are {}", known()));
    scopes.split([' ', ',']).filter(|name| !name.is_empty()).map(parse).collect()
}

fn shown(client: &Client) -> Result<Value> {
    serde_json::to_value(client).context("a client cannot be written as JSON")
}

fn with_secret(created: &Created) -> Result<Value> {
    let mut value = shown(&created.client)?;
    value["secret"] = json!(created.secret);
    Ok(value)
}
