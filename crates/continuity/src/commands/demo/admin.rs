//! The demo's administrator: all roles and scopes, a new temporary password at each run.

use anyhow::Result;
use continuity_auth::{AccountSettings, Auth, Role, ScopeSet};

/// Whom the demo signs in.
pub(super) const EMAIL: &str = "admin@demo.example";

/// Makes the account, or gives the one of an earlier run a new password; the password.
pub(super) fn with_all_roles(auth: &Auth) -> Result<String> {
    let auth = auth.acting_as("demo");
    let account = match auth.find_account(EMAIL) {
        Ok(account) => auth.set_account_enabled(&account.id, true)?,
        Err(_) => auth.create_account(AccountSettings {
            email: EMAIL.to_owned(),
            name: "Administrator".to_owned(),
            roles: Role::ALL.to_vec(),
            scopes: ScopeSet::all(),
            ..AccountSettings::default()
        })?,
    };
    auth.reset_second_factors(&account.id)?;
    Ok(auth.set_temporary_password(&account.id)?.to_string())
}
