//! People's accounts: made, changed, let in again.

use anyhow::{Context, Result, bail};
use continuity_auth::{Account, AccountSettings, Auth, By, LINK};
use serde_json::{Value, json};

use crate::control::{AccountOrder, Command};

/// Carries out an order about accounts. `is_running`: a replica serves under the server's address.
pub(super) fn execute(auth: &Auth, actor: &str, is_running: bool, command: &Command) -> Result<Value> {
    let Command::Account { order } = command else { bail!("{command:?} is no order about accounts") };
    let auth = auth.acting(By { reason: order.reason().map(str::to_owned), ..By::actor(actor) });
    match order {
        AccountOrder::Create { settings } => {
            let account = auth.create_account(parse(settings.clone())?)?;
            with_link(&auth, &account, is_running)
        }
        AccountOrder::List => Ok(Value::Array(auth.accounts().iter().map(shown).collect::<Result<_>>()?)),
        AccountOrder::Show { account } => {
            let account = auth.find_account(account)?;
            let mut value = shown(&account)?;
            value["sessions"] = serde_json::to_value(auth.sessions(&account.id))?;
            value["consents"] = serde_json::to_value(auth.consents(&account.id))?;
            Ok(value)
        }
        AccountOrder::Change { account, change } => {
            let account = auth.find_account(account)?;
            shown(&auth.change_account_with(&account.id, |settings| settings.merged(change))?)
        }
        AccountOrder::SetEnabled { account, enabled } => {
            shown(&auth.set_account_enabled(&auth.find_account(account)?.id, *enabled)?)
        }
        AccountOrder::Delete { account } => {
            let id = auth.find_account(account)?.id;
            auth.delete_account(&id)?;
            Ok(json!({ "id": id, "deleted": true }))
        }
        AccountOrder::Link { account } => with_link(&auth, &auth.find_account(account)?, is_running),
        AccountOrder::LinkProvider { account, subject, issuer, reason } => {
            let account = auth.find_account(account)?;
            let of_configuration = || auth.provider().map(|provider| provider.issuer.clone());
            let issuer = issuer.clone().or_else(of_configuration);
            let issuer = issuer.context("no provider is configured here; say which one with --issuer")?;
            loudly(actor, "linked an account to somebody at a provider", &account, reason);
            shown(&auth.link_account(&account.id, &issuer, subject)?)
        }
        AccountOrder::UnlinkProvider { account, reason } => {
            let account = auth.find_account(account)?;
            loudly(actor, "unlinked an account from a provider", &account, reason);
            shown(&auth.unlink_account(&account.id)?)
        }
        AccountOrder::ResetPassword { account, reason } => {
            let account = auth.find_account(account)?;
            loudly(actor, "set a temporary password", &account, reason);
            let password = auth.set_temporary_password(&account.id)?;
            let mut value = shown(&auth.account(&account.id)?)?;
            value["temporaryPassword"] = json!(*password);
            Ok(value)
        }
        AccountOrder::ResetFactors { account, reason } => {
            let account = auth.find_account(account)?;
            loudly(actor, "took the second factors away", &account, reason);
            shown(&auth.reset_second_factors(&account.id)?)
        }
    }
}

/// Whoever watches the process has to see that somebody went around the usual way.
fn loudly(actor: &str, did: &str, account: &Account, reason: &str) {
    tracing::warn!(actor, account = account.settings.email, reason, "somebody {did}, on the command line");
}

fn with_link(auth: &Auth, account: &Account, is_running: bool) -> Result<Value> {
    let token = auth.make_link(&account.id)?;
    let path = format!("{LINK}{}", *token);
    let mut value = shown(&auth.account(&account.id)?)?;
    value["linkPath"] = json!(path);
    value["link"] = if is_running { json!(auth.link_address(&token)) } else { Value::Null };
    Ok(value)
}

fn parse(settings: Value) -> Result<AccountSettings> {
    serde_json::from_value(settings).context("these are no settings of an account")
}

fn shown(account: &Account) -> Result<Value> {
    serde_json::to_value(account).context("an account cannot be written as JSON")
}
