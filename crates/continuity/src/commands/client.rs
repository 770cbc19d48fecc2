//! `continuity client create|list|enable|disable|rotate`.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{Client, ClientId, OnData};
use crate::control::Command;
use crate::output;

/// Manages OAuth clients.
pub(crate) fn run(command: Client) -> Result<()> {
    match command {
        Client::Create { on, name, description, scopes, token_seconds } => {
            secret(&on, &Command::ClientCreate { name, description, scopes, token_seconds })
        }
        Client::List(on) => list(&on),
        Client::Enable(client) => set_enabled(client, true),
        Client::Disable(client) => set_enabled(client, false),
        Client::Rotate { client: ClientId { on, id }, overlap_seconds } => {
            secret(&on, &Command::ClientRotate { id, overlap_seconds })
        }
    }
}

fn secret(on: &OnData, command: &Command) -> Result<()> {
    let created = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&created);
    }
    output::text(&format!(
        "client id      {}\nclient secret  {}\nThe secret is shown this once; only a digest of it is kept.",
        output::cell(&created, "id"),
        output::cell(&created, "secret")
    ))
}

fn list(on: &OnData) -> Result<()> {
    let result = super::on_data(on, &Command::ClientList, &mut |_| {})?;
    if on.json {
        return output::json(&result);
    }
    let columns = ["id", "name", "enabled", "scopes", "tokenSeconds", "createdAt", "createdBy"];
    let row = |client: &Value| columns.iter().map(|name| output::cell(client, name)).collect();
    let rows: Vec<Vec<String>> = result.as_array().into_iter().flatten().map(row).collect();
    output::text(&output::table(&columns, &rows))
}

fn set_enabled(client: ClientId, enabled: bool) -> Result<()> {
    let ClientId { on, id } = client;
    let result = super::on_data(&on, &Command::ClientSetEnabled { id, enabled }, &mut |_| {})?;
    if on.json {
        return output::json(&result);
    }
    let state = if enabled { "enabled" } else { "disabled: its tokens are refused from now on" };
    output::text(&format!("client {} is {state}", output::cell(&result, "id")))
}
