//! The section about the bank's own OpenID provider.

use std::path::PathBuf;

use continuity_auth::{ProviderPolicy, Scope, ScopeSet};
use serde::Deserialize;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) name: String,
    pub(crate) client_id: String,
    pub(crate) client_secret_file: PathBuf,
    pub(crate) ca: PathBuf,
    pub(crate) scopes: String,
    pub(crate) groups_claim: String,
    pub(crate) group_prefix: String,
    pub(crate) scopes_of_viewers: Vec<String>,
    pub(crate) second_factor: SecondFactor,
}

/// Who looks at the second factor of people from the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecondFactor {
    Provider,
    Local,
}

impl Provider {
    /// What is believed of it; `None`: there is none.
    pub(crate) fn policy(&self) -> Option<ProviderPolicy> {
        (!self.issuer.is_empty()).then(|| ProviderPolicy {
            issuer: self.issuer.clone(),
            group_prefix: self.group_prefix.clone(),
            scopes_of_viewers: self.scopes_of_viewers(),
            trusts_second_factor: self.second_factor == SecondFactor::Provider,
        })
    }

    /// The names were checked when the configuration was read.
    fn scopes_of_viewers(&self) -> ScopeSet {
        self.scopes_of_viewers.iter().filter_map(|name| Scope::parse(name)).collect()
    }
}
