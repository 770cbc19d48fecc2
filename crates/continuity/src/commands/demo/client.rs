//! The demo's client: all scopes, a new secret at each run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use continuity_auth::{Auth, ClientSettings, Created, ScopeSet};

use crate::certificates::write;
use crate::commands::get::Profile;

const NAME: &str = "demo";

/// Creates the client, or gives the one of an earlier run a new secret.
pub(super) fn with_all_scopes(auth: &Auth) -> Result<Created> {
    let auth = auth.acting_as("demo");
    if let Some(client) = auth.list_clients().into_iter().find(|client| client.settings.name == NAME) {
        auth.set_enabled(&client.id, true)?;
        return Ok(auth.rotate_secret(&client.id, Duration::ZERO)?);
    }
    let description = "Made by the demo, with all scopes".to_owned();
    Ok(auth.create_client(ClientSettings { description, ..ClientSettings::named(NAME, ScopeSet::all()) })?)
}

/// Writes the profile with which `continuity get` reads the demo, and the secret that it names.
pub(super) fn profile(dir: &Path, url: &str, authority: &Path, created: &Created) -> Result<PathBuf> {
    let secret = dir.join("client.secret");
    write(&secret, created.secret.as_deref().unwrap_or_default().as_bytes(), 0o600)?;
    let profile = Profile {
        url: Some(url.to_owned()),
        ca_file: Some(std::path::absolute(authority)?),
        client_id: Some(created.client.id.clone()),
        client_secret_file: Some(std::path::absolute(secret)?),
    };
    let path = std::path::absolute(dir.join("profile.toml"))?;
    write(&path, toml::to_string(&profile)?.as_bytes(), 0o600)?;
    Ok(path)
}
