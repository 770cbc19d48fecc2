//! What the settings of a client have to be.

use jsonwebtoken::jwk::JwkSet;
use url::{Host, Url};

use super::{Authentication, ClientSettings, GrantType};
use crate::auth::invalid;
use crate::keys::assertion;
use crate::token::{MAX_TOKEN_SECONDS, MIN_TOKEN_SECONDS};
use crate::{AuthError, Limits};

const MAX_REDIRECT_URIS: usize = 20;
const MAX_URI_BYTES: usize = 2_000;
const MAX_KEYS: usize = 10;
const MAX_JWKS_BYTES: usize = 64 << 10;
const MAX_NETWORKS: usize = 100;
const MAX_RATE: u32 = 1_000_000;

impl ClientSettings {
    /// What is wrong with them, in words for whoever wrote them.
    pub(crate) fn check(&self) -> Result<(), AuthError> {
        self.check_texts()?;
        self.check_grants()?;
        self.check_keys()?;
        self.redirect_uris.iter().try_for_each(|uri| check_redirect_uri(uri))?;
        if self.redirect_uris.len() > MAX_REDIRECT_URIS {
            return invalid("a client may have at most 20 redirect URIs");
        }
        if self.allowed_networks.len() > MAX_NETWORKS {
            return invalid("a client may have at most 100 allowed networks");
        }
        Limits::check(&self.teams, &self.channel_kinds)?;
        let out_of_bounds = |count: u32| !(1..=MAX_RATE).contains(&count);
        if self.rate_limit.is_some_and(|rate| out_of_bounds(rate.requests_per_second) || out_of_bounds(rate.burst)) {
            return invalid("a client's rate and burst must be 1 to 1,000,000 requests");
        }
        self.token_seconds.map_or(Ok(()), check_token_seconds)
    }

    fn check_texts(&self) -> Result<(), AuthError> {
        if self.name.trim().is_empty() || self.name.chars().count() > 200 {
            return invalid("a client's name must have 1 to 200 characters");
        }
        if self.description.chars().count() > 2_000 {
            return invalid("a client's description may have at most 2,000 characters");
        }
        if self.scopes.is_empty() {
            return invalid("a client needs at least one scope");
        }
        Ok(())
    }

    fn check_grants(&self) -> Result<(), AuthError> {
        let has = |grant| self.grant_types.contains(&grant);
        if self.grant_types.is_empty() {
            return invalid("a client needs at least one grant type");
        }
        if has(GrantType::ClientCredentials) && self.authentication == Authentication::None {
            return invalid("a client that cannot prove who it is gets no client credentials");
        }
        if self.may_introspect && self.authentication == Authentication::None {
            return invalid("a client that cannot prove who it is may not ask about tokens of others");
        }
        if has(GrantType::AuthorizationCode) && self.redirect_uris.is_empty() {
            return invalid("a client with authorization codes needs a redirect URI");
        }
        if self.may_administer && !has(GrantType::AuthorizationCode) {
            return invalid("only people administer: a client that may needs authorization codes");
        }
        if has(GrantType::RefreshToken) && !has(GrantType::AuthorizationCode) {
            return invalid("refresh tokens come with authorization codes only");
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), AuthError> {
        let Some(jwks) = &self.jwks else {
            if self.authentication == Authentication::PrivateKeyJwt {
                return invalid("a client with private_key_jwt needs its public keys (jwks)");
            }
            return Ok(());
        };
        if jwks.to_string().len() > MAX_JWKS_BYTES {
            return invalid("jwks may have at most 64 KiB");
        }
        let private = |key: &serde_json::Value| ["d", "p", "q", "k"].iter().any(|member| key.get(member).is_some());
        if jwks["keys"].as_array().is_some_and(|keys| keys.iter().any(private)) {
            return invalid("jwks holds a private key: replace that key, and give the public half only");
        }
        let Ok(JwkSet { keys }) = serde_json::from_value(jwks.clone()) else {
            return invalid("jwks is no JWK Set (RFC 7517)");
        };
        if keys.is_empty() || keys.len() > MAX_KEYS {
            return invalid("jwks must have 1 to 10 keys");
        }
        if keys.iter().any(|key| assertion::usable(key).is_none()) {
            return invalid("a key in jwks is none for RS256, PS256, ES256 or EdDSA");
        }
        Ok(())
    }
}

/// RFC 9700 section 4.1.3, RFC 8252 section 7: https; http to this machine; or a scheme of an application's own, which has
/// a dot.
fn check_redirect_uri(text: &str) -> Result<(), AuthError> {
    let refused = |why: &str| Err(AuthError::Invalid(format!("the redirect URI {text:?} {why}")));
    if text.len() > MAX_URI_BYTES {
        return refused("has more than 2,000 bytes");
    }
    let Ok(url) = Url::parse(text) else { return refused("is no absolute URI") };
    if url.fragment().is_some() || text.contains('#') {
        return refused("has a fragment");
    }
    if text.contains('*') {
        return refused("has a wildcard: it is compared as it stands");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("has a user");
    }
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if here => Ok(()),
        "http" => refused("is http to another machine: use https, or http://127.0.0.1 or http://[::1]"),
        scheme if scheme.contains('.') => Ok(()),
        _ => refused("has a scheme that is neither https nor one of an application's own, such as com.example.app"),
    }
}

pub(crate) fn check_token_seconds(seconds: u32) -> Result<(), AuthError> {
    if (MIN_TOKEN_SECONDS..=MAX_TOKEN_SECONDS).contains(&seconds) {
        return Ok(());
    }
    invalid("the life of tokens must be 60 to 86400 seconds")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::GrantType::{AuthorizationCode, ClientCredentials, RefreshToken};
    use super::*;
    use crate::ScopeSet;

    fn refusal(settings: &ClientSettings) -> String {
        settings.check().err().map_or_else(String::new, |error| error.to_string())
    }

    fn settings() -> ClientSettings {
        ClientSettings::named("Reporting", ScopeSet::all())
    }

    #[test]
    fn redirect_uris_lead_to_where_they_say() {
        for good in [
            "https://app.example/cb",
            "https://app.example:8443/cb?x=1",
            "http://127.0.0.1/cb",
            "http://127.0.0.1:4711/cb",
            "http://[::1]:4711/cb",
            "com.example.app:/cb",
        ] {
            assert!(check_redirect_uri(good).is_ok(), "{good}");
        }
        for bad in [
            "/cb",
            "app.example/cb",
            "http://app.example/cb",
            "http://localhost/cb",
            "http://127.0.0.1.evil.example/cb",
            "https://app.example/cb#x",
            "https://*.app.example/cb",
            "https://user@app.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "app:/cb",
        ] {
            assert!(check_redirect_uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn grants_fit_how_a_client_proves_itself() {
        let with = |grants: &[GrantType], authentication, uris: &[&str]| {
            let redirect_uris = uris.iter().map(|uri| (*uri).to_owned()).collect();
            ClientSettings { grant_types: grants.to_vec(), authentication, redirect_uris, ..settings() }
        };
        let (secret, none) = (Authentication::ClientSecret, Authentication::None);
        let uri = "https://app.example/cb";
        assert_eq!(refusal(&with(&[AuthorizationCode, RefreshToken], none, &[uri])), "");
        assert!(refusal(&with(&[ClientCredentials], none, &[])).contains("prove"));
        assert!(refusal(&with(&[AuthorizationCode], secret, &[])).contains("redirect URI"));
        assert!(refusal(&with(&[ClientCredentials, RefreshToken], secret, &[uri])).contains("codes only"));
        assert!(refusal(&with(&[], secret, &[])).contains("at least one grant"));
    }

    #[test]
    fn keys_are_public_and_of_algorithms_that_are_understood() {
        let with = |jwks| ClientSettings { authentication: Authentication::PrivateKeyJwt, jwks, ..settings() };
        let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });
        assert_eq!(refusal(&with(Some(json!({ "keys": [ed] })))), "");
        assert!(refusal(&with(None)).contains("needs its public keys"));
        assert!(refusal(&with(Some(json!({ "keys": [] })))).contains("1 to 10"));
        assert!(refusal(&with(Some(json!([])))).contains("no JWK Set"));
        let mut long = ed.clone();
        long["x5c"] = json!(["x".repeat(MAX_JWKS_BYTES)]);
        assert!(refusal(&with(Some(json!({ "keys": [long] })))).contains("64 KiB"));
        let mut private = ed;
        private["d"] = json!("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
        assert!(refusal(&with(Some(json!({ "keys": [private] })))).contains("private key"));
        let symmetric = json!({ "kty": "oct", "k": "c2VjcmV0" });
        assert!(!refusal(&with(Some(json!({ "keys": [symmetric] })))).is_empty());
    }
}
