//! The demo's client: all scopes, a new secret at each run.

use std::time::Duration;

use anyhow::Result;
use continuity_auth::{Auth, Created, NewClient, Scope};

const NAME: &str = "demo";

/// Creates the client, or gives the one of an earlier run a new secret.
pub(super) fn with_all_scopes(auth: &Auth) -> Result<Created> {
    let auth = auth.acting_as("demo");
    if let Some(client) = auth.list_clients().into_iter().find(|client| client.name == NAME) {
        auth.set_enabled(&client.id, true)?;
        return Ok(auth.rotate_secret(&client.id, Duration::ZERO)?);
    }
    let new = NewClient {
        name: NAME.to_owned(),
        description: "Made by the demo, with all scopes".to_owned(),
        scopes: Scope::ALL.into_iter().collect(),
        token_seconds: None,
    };
    Ok(auth.create_client(new)?)
}
