//! The section about the bank's own OpenID provider.

use continuity_auth::Scope;

use super::{files, refuse_if};
use crate::config::{Auth, given};

pub(super) fn check(auth: &Auth) -> Result<(), String> {
    let provider = &auth.provider;
    if provider.issuer.is_empty() {
        return Ok(());
    }
    refuse_if(
        !continuity_provider::is_usable_issuer(&provider.issuer),
        "auth.provider.issuer has to be https://HOST[:PORT][/PATH], or http:// to this host itself",
    )?;
    let characters = provider.name.trim().chars().count();
    refuse_if(
        characters == 0 || characters > 100 || provider.name.chars().any(char::is_control),
        "auth.provider.name has to be 1 to 100 characters: what stands on the button",
    )?;
    refuse_if(
        provider.client_id.is_empty(),
        "auth.provider.client_id is empty; the provider gives one to its clients",
    )?;
    refuse_if(
        given(&provider.client_secret_file).is_none(),
        "auth.provider.client_secret_file is empty; it names the file of the client's secret",
    )?;
    refuse_if(
        !provider.scopes.split(' ').any(|scope| scope == "openid"),
        "auth.provider.scopes has to have openid among them, separated by spaces",
    )?;
    refuse_if(
        provider.groups_claim.is_empty(),
        "auth.provider.groups_claim is empty; it names the claim of the groups",
    )?;
    refuse_if(
        provider.group_prefix.trim().is_empty(),
        "auth.provider.group_prefix is empty: then groups for other programs would count here",
    )?;
    if let Some(name) = provider.scopes_of_viewers.iter().find(|name| Scope::parse(name).is_none()) {
        let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        return Err(format!("auth.provider.scopes_of_viewers has {name:?}; there are {}", known.join(", ")));
    }
    files("auth.provider", &[("client_secret_file", &provider.client_secret_file), ("ca", &provider.ca)])
}
