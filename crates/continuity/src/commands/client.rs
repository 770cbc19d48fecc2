//! `continuity client create|list|show|change|enable|disable|delete|conflicts|rotate|export|import`.

use std::io::Read;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::cli::{Client, ClientFlags, ClientId, OnData};
use crate::control::Command;
use crate::output;

/// Manages OAuth clients.
pub(crate) fn run(command: Client) -> Result<()> {
    match command {
        Client::Create { on, name, scopes, settings } => {
            let settings = members(Some(name), Some(scopes), settings)?;
            secret(&on, &Command::ClientCreate { settings })
        }
        Client::List { on, unused_days } => all(&on, unused_days),
        Client::Show(ClientId { on, id }) => show(&on, &Command::ClientShow { id }),
        Client::Change { client: ClientId { on, id }, name, scopes, settings } => {
            show(&on, &Command::ClientChange { id, change: members(name, scopes, settings)? })
        }
        Client::Enable(client) => set_enabled(client, true),
        Client::Disable(client) => set_enabled(client, false),
        Client::Delete(ClientId { on, id }) => delete(&on, id),
        Client::Conflicts(on) => conflicts(&on),
        Client::Rotate { client: ClientId { on, id }, overlap_seconds } => {
            secret(&on, &Command::ClientRotate { id, overlap_seconds })
        }
        Client::Export(on) => export(&on),
        Client::Import { on, file } => import(&on, &file),
    }
}

fn conflicts(on: &OnData) -> Result<()> {
    table(on, &Command::ClientConflicts, &["subject", "what", "lostReplica", "lostAt", "keptReplica", "keptAt"])
}

/// The members that were named, as the settings of a client have them.
fn members(name: Option<String>, scopes: Option<String>, flags: ClientFlags) -> Result<Value> {
    let mut members = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    };
    let words = |text: String| text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    put("name", name.map(Value::from));
    put("scopes", scopes.map(words));
    put("description", flags.description.map(Value::from));
    put("tokenSeconds", flags.token_seconds.map(Value::from));
    put("tokenEndpointAuthMethod", flags.authentication.map(Value::from));
    put("jwks", flags.jwks.as_deref().map(jwks).transpose()?);
    put("grantTypes", list(flags.grants));
    put("redirectUris", list(flags.redirect_uris));
    put("allowedNetworks", list(flags.networks));
    put("teams", list(flags.teams));
    put("channelKinds", list(flags.channel_kinds));
    let rate = |count: u32| match count {
        0 => Value::Null,
        _ => json!({ "requestsPerSecond": count, "burst": flags.burst.unwrap_or(count.saturating_mul(2)) }),
    };
    put("rateLimit", flags.requests_per_second.map(rate));
    put("mayAdminister", flags.may_administer.map(Value::from));
    put("mayIntrospect", flags.may_introspect.map(Value::from));
    put("dpopBoundAccessTokens", flags.dpop_bound.map(Value::from));
    Ok(Value::Object(members))
}

/// A list that was given; an empty text makes it empty.
pub(super) fn list(values: Vec<String>) -> Option<Value> {
    (!values.is_empty()).then(|| values.into_iter().filter(|value| !value.is_empty()).collect())
}

fn jwks(path: &std::path::Path) -> Result<Value> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JWK Set", path.display()))
}

fn secret(on: &OnData, command: &Command) -> Result<()> {
    let created = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&created);
    }
    let id = output::cell(&created, "id");
    if created["secret"].is_null() {
        return output::text(&format!("client id      {id}\nIt has no secret: it proves itself in another way."));
    }
    output::text(&format!(
        "client id      {id}\nclient secret  {}\nThe secret is shown this once; only a digest of it is kept.",
        output::cell(&created, "secret")
    ))
}

fn all(on: &OnData, unused_days: Option<u32>) -> Result<()> {
    let columns = ["id", "name", "enabled", "scopes", "tokenSeconds", "createdAt", "createdBy", "lastUsedAt"];
    table(on, &Command::ClientList { unused_days }, &columns)
}

fn table(on: &OnData, command: &Command, columns: &[&str]) -> Result<()> {
    let result = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&result);
    }
    let row = |client: &Value| columns.iter().map(|name| output::cell(client, name)).collect();
    let rows: Vec<Vec<String>> = result.as_array().into_iter().flatten().map(row).collect();
    output::text(&output::table(columns, &rows))
}

/// A client, a member a line.
fn show(on: &OnData, command: &Command) -> Result<()> {
    let client = super::on_data(on, command, &mut |_| {})?;
    if on.json {
        return output::json(&client);
    }
    let names = client.as_object().into_iter().flatten().map(|(name, _)| name);
    let lines: Vec<String> = names.map(|name| format!("{name:<26} {}", output::cell(&client, name))).collect();
    output::text(&lines.join("\n"))
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

fn delete(on: &OnData, id: String) -> Result<()> {
    let result = super::on_data(on, &Command::ClientDelete { id }, &mut |_| {})?;
    if on.json {
        return output::json(&result);
    }
    let id = output::cell(&result, "id");
    output::text(&format!("client {id} is deleted: its tokens are refused from now on; what it read stays on record"))
}

fn export(on: &OnData) -> Result<()> {
    let definitions = super::on_data(on, &Command::ClientExport, &mut |_| {})?;
    let lines: Vec<String> = definitions.as_array().into_iter().flatten().map(Value::to_string).collect();
    output::text(&lines.join("\n"))
}

/// One definition a line. With a line that is no JSON none is imported; the first that is refused ends it, and those
/// before it stay.
fn import(on: &OnData, file: &std::path::Path) -> Result<()> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    } else {
        text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let definitions = lines.map(|(number, line)| {
        serde_json::from_str(line).with_context(|| format!("line {number} of {}", file.display()))
    });
    let definitions = definitions.collect::<Result<_>>()?;
    let outcomes = super::on_data(on, &Command::ClientImport { definitions }, &mut |_| {})?;
    if on.json {
        return output::json(&outcomes);
    }
    let row = |one| vec![output::cell(one, "id"), output::cell(one, "outcome")];
    let rows: Vec<Vec<String>> = outcomes.as_array().into_iter().flatten().map(row).collect();
    output::text(&output::table(&["id", "outcome"], &rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_named_is_changed() {
        assert_eq!(members(None, None, ClientFlags::default()).unwrap(), json!({}));
        let flags = ClientFlags {
            networks: vec![String::new()],
            teams: vec!["branch-north".to_owned(), "Key accounts, Vienna".to_owned()],
            channel_kinds: vec![String::new()],
            grants: vec!["authorization_code".to_owned(), "refresh_token".to_owned()],
            requests_per_second: Some(5),
            dpop_bound: Some(true),
            ..ClientFlags::default()
        };
        let expected = json!({
            "scopes": ["loans:read", "bids:read"],
            "grantTypes": ["authorization_code", "refresh_token"],
            "allowedNetworks": [],
            "teams": ["branch-north", "Key accounts, Vienna"],
            "channelKinds": [],
            "rateLimit": { "requestsPerSecond": 5, "burst": 10 },
            "dpopBoundAccessTokens": true,
        });
        assert_eq!(members(None, Some("loans:read, bids:read".to_owned()), flags).unwrap(), expected);
        let none = ClientFlags { requests_per_second: Some(0), ..ClientFlags::default() };
        assert_eq!(members(None, None, none).unwrap(), json!({ "rateLimit": null }));
    }
}
