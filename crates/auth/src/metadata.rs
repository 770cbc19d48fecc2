//! What the server tells of itself (RFC 8414, OpenID Connect Discovery 1.0).

use serde_json::{Value, json};

use crate::authorization::identity::Identity;
use crate::{Auth, GrantType, Scope, SigningAlgorithm};

impl Auth {
    /// The server's metadata (RFC 8414 section 2).
    pub fn metadata(&self) -> Value {
        let issuer = self.issuer();
        let at = |path: &str| format!("{issuer}{path}");
        let methods = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"];
        let algorithms = SigningAlgorithm::ALL.map(SigningAlgorithm::name);
        let identity = Identity::ALL.map(Identity::name);
        let scopes: Vec<&str> = identity.into_iter().chain(Scope::ALL.map(Scope::as_str)).collect();
        json!({
            "issuer": issuer,
            "authorization_endpoint": at("/oauth/authorize"),
            "token_endpoint": at("/api/v1/oauth/token"),
            "userinfo_endpoint": at("/oauth/userinfo"),
            "end_session_endpoint": at("/oauth/logout"),
            "revocation_endpoint": at("/api/v1/oauth/revoke"),
            "introspection_endpoint": at("/api/v1/oauth/introspect"),
            "jwks_uri": at("/.well-known/jwks.json"),
            "scopes_supported": scopes,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": GrantType::ALL.map(GrantType::name),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
            "claims_supported": ["iss", "sub", "aud", "iat", "exp", "auth_time", "amr", "sid", "nonce", "at_hash", "name", "email"],
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": algorithms,
            "revocation_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_signing_alg_values_supported": algorithms,
            "introspection_endpoint_auth_methods_supported": methods,
            "introspection_endpoint_auth_signing_alg_values_supported": algorithms,
            "dpop_signing_alg_values_supported": algorithms,
            "service_documentation": at("/~/open-api/"),
        })
    }
}
