//! The bank's own OpenID provider: from the configuration to what asks it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use continuity_base::Clock;
use continuity_console::PROVIDER_CALLBACK;
use continuity_provider::{Provider, ProviderOptions};

use crate::config::{Config, given};

/// How long one question to it may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The provider of the configuration, if there is one. It is asked nothing yet.
pub(crate) fn open(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Arc<Provider>>> {
    let settings = &config.auth.provider;
    if settings.issuer.is_empty() {
        return Ok(None);
    }
    let file = &settings.client_secret_file;
    let secret = std::fs::read_to_string(file);
    let secret = secret.with_context(|| format!("auth.provider.client_secret_file: cannot read {}", file.display()))?;
    let secret = secret.trim_end();
    if secret.is_empty() {
        bail!("auth.provider.client_secret_file: {} is empty", file.display());
    }
    let options = ProviderOptions {
        issuer: settings.issuer.clone(),
        name: settings.name.trim().to_owned(),
        client_id: settings.client_id.clone(),
        client_secret: secret.to_owned().into(),
        scopes: settings.scopes.clone(),
        groups_claim: settings.groups_claim.clone(),
        redirect_uri: format!("{}{PROVIDER_CALLBACK}", config.public_url),
        ca: given(&settings.ca),
        limit: LIMIT,
        clock: Arc::clone(clock),
    };
    Ok(Some(Arc::new(Provider::new(options).context("auth.provider cannot be used")?)))
}
