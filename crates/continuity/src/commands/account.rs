//! `continuity account create|list|show|change|enable|disable|delete|link|link-provider|unlink-provider|reset-password|reset-factors`.

use anyhow::Result;
use serde_json::{Map, Value};

use crate::cli::{Account, AccountFlags, AccountName, OnData};
use crate::control::{AccountOrder, Command};
use crate::output;

/// Manages the accounts of people.
pub(crate) fn run(command: Account) -> Result<()> {
    match command {
        Account::Create { on, email, name, flags } => {
            link(&on, AccountOrder::Create { settings: members(Some(email), Some(name), flags) })
        }
        Account::List(on) => list(&on),
        Account::Show(AccountName { on, account }) => show(&on, AccountOrder::Show { account }),
        Account::Change { account: AccountName { on, account }, email, name, flags } => {
            show(&on, AccountOrder::Change { account, change: members(email, name, flags) })
        }
        Account::Enable(AccountName { on, account }) => {
            done(&on, AccountOrder::SetEnabled { account, enabled: true }, "is enabled")
        }
        Account::Disable(AccountName { on, account }) => {
            let said = "is disabled: its sessions and tokens are refused from now on";
            done(&on, AccountOrder::SetEnabled { account, enabled: false }, said)
        }
        Account::Delete(AccountName { on, account }) => {
            done(&on, AccountOrder::Delete { account }, "is deleted; what its person did stays on record")
        }
        Account::Link(AccountName { on, account }) => link(&on, AccountOrder::Link { account }),
        Account::LinkProvider { account: AccountName { on, account }, subject, issuer, reason } => {
            let said =
                "is linked: its person may sign in at the provider from now on, and gets what the groups there say";
            done(&on, AccountOrder::LinkProvider { account, subject, issuer, reason }, said)
        }
        Account::UnlinkProvider { account: AccountName { on, account }, reason } => {
            let said = "is linked to nobody at a provider any more; its sessions ended";
            done(&on, AccountOrder::UnlinkProvider { account, reason }, said)
        }
        Account::ResetPassword { account: AccountName { on, account }, reason } => {
            password(&on, AccountOrder::ResetPassword { account, reason })
        }
        Account::ResetFactors { account: AccountName { on, account }, reason } => {
            let said = "has no second factor any more; its person sets up another one at the next sign-in";
            done(&on, AccountOrder::ResetFactors { account, reason }, said)
        }
    }
}

/// The members that were named, as the settings of an account have them.
fn members(email: Option<String>, name: Option<String>, flags: AccountFlags) -> Value {
    let mut members = Map::new();
    let words = |text: String| text.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let named = [
        ("email", email.map(Value::from)),
        ("name", name.map(Value::from)),
        ("roles", flags.roles.map(words)),
        ("scopes", flags.scopes.map(words)),
        ("teams", super::client::list(flags.teams)),
        ("channelKinds", super::client::list(flags.channel_kinds)),
    ];
    members.extend(named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Value::Object(members)
}

fn ask(on: &OnData, order: AccountOrder) -> Result<Value> {
    super::on_data(on, &Command::Account { order }, &mut |_| {})
}

fn link(on: &OnData, order: AccountOrder) -> Result<()> {
    let account = ask(on, order)?;
    if on.json {
        return output::json(&account);
    }
    let (id, email) = (output::cell(&account, "id"), output::cell(&account, "email"));
    let link = match account["link"].as_str() {
        Some(link) => link.to_owned(),
        None => format!("the replica's address, then {}", output::cell(&account, "linkPath")),
    };
    output::text(&format!(
        "account  {id}\ne-mail   {email}\nlink     {link}\nThe link is shown this once. It sets the password, once, within 72 hours: hand it to its person by a safe way."
    ))
}

fn password(on: &OnData, order: AccountOrder) -> Result<()> {
    let account = ask(on, order)?;
    if on.json {
        return output::json(&account);
    }
    output::text(&format!(
        "e-mail              {}\ntemporary password  {}\nIt is shown this once, and has to be changed at the next sign-in. All sessions ended. This is on record.",
        output::cell(&account, "email"),
        output::cell(&account, "temporaryPassword")
    ))
}

fn list(on: &OnData) -> Result<()> {
    let result = ask(on, AccountOrder::List)?;
    if on.json {
        return output::json(&result);
    }
    let columns = ["email", "name", "enabled", "roles", "scopes", "hasTotp", "createdAt", "lastSignInAt"];
    let row = |account: &Value| columns.iter().map(|name| output::cell(account, name)).collect();
    let rows: Vec<Vec<String>> = result.as_array().into_iter().flatten().map(row).collect();
    output::text(&output::table(&columns, &rows))
}

/// An account, a member a line.
fn show(on: &OnData, order: AccountOrder) -> Result<()> {
    let account = ask(on, order)?;
    if on.json {
        return output::json(&account);
    }
    let names = account.as_object().into_iter().flatten().map(|(name, _)| name);
    let lines: Vec<String> = names.map(|name| format!("{name:<20} {}", output::cell(&account, name))).collect();
    output::text(&lines.join("\n"))
}

fn done(on: &OnData, order: AccountOrder, said: &str) -> Result<()> {
    let account = ask(on, order)?;
    if on.json {
        return output::json(&account);
    }
    output::text(&format!("account {} {said}", output::cell(&account, "id")))
}
