//! What the server tells of itself (RFC 8414).

use serde_json::{Value, json};

use crate::{Auth, Scope, SigningAlgorithm};

impl Auth {
    /// The server's metadata (RFC 8414 section 2).
    pub fn metadata(&self) -> Value {
        let issuer = self.issuer();
        let at = |path: &str| format!("{issuer}{path}");
        let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"];
        let algorithms = SigningAlgorithm::ALL.map(SigningAlgorithm::name);
        json!({
            "issuer": issuer,
            "token_endpoint": at("/api/v1/oauth/token"),
            "revocation_endpoint": at("/api/v1/oauth/revoke"),
            "introspection_endpoint": at("/api/v1/oauth/introspect"),
            "jwks_uri": at("/.well-known/jwks.json"),
            "scopes_supported": Scope::ALL.map(Scope::as_str),
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "revocation_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint_auth_methods_supported": methods,
            "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
            "service_documentation": at("/~/open-api/"),
        })
    }
}
