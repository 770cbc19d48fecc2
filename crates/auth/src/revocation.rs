//! Tokens ended before their time (RFC 7009), and what they are (RFC 7662).

use serde_json::{Value, json};

use crate::control::event::{By, Change, TokenRevoked};
use crate::token_endpoint::Asked;
use crate::{Auth, OAuthError, TokenRequest, metrics};

impl Auth {
    /// Answers a request to the revocation endpoint: once it returns, the token is refused. Also good for a token that is
    /// unknown, expired or another client's, which tells nothing of it (RFC 7009 section 2.2).
    pub async fn revoke(&self, request: TokenRequest<'_>) -> Result<(), OAuthError> {
        let revoked = self.try_revoke(request).await;
        revoked.inspect_err(|error| metrics::token_request_refused(error.error))
    }

    async fn try_revoke(&self, request: TokenRequest<'_>) -> Result<(), OAuthError> {
        let Asked { client, token } = self.endpoint().about_token(&request)?;
        // What is no good any more needs no record.
        let Ok((owner, id, expires)) = self.verifier().issued(&token) else { return Ok(()) };
        if owner != client.id {
            return Ok(());
        }
        if self.control().in_force().revoked.is_full() {
            tracing::warn!(
                "too many tokens are revoked and have not expired; disable the client whose tokens they are"
            );
            return Err(OAuthError::unavailable("Too many tokens are revoked and have not expired"));
        }
        let by = By { address: request.address.map(|address| address.to_string()), ..By::actor(&client.id) };
        let revoked = TokenRevoked { id, client_id: client.id, expires };
        self.control().append(by, Change::TokenRevoked(revoked)).await.map_err(|error| {
            tracing::error!(%error, "a token could not be revoked: the control log did not take the record");
            OAuthError::unavailable("The revocation cannot be recorded")
        })
    }

    /// Answers a request to the introspection endpoint: what a token is, to its own client, and to clients that may ask
    /// about all. To others, and of what is no good any more, only that it is not active (RFC 7662 section 2.2).
    pub fn introspect(&self, request: &TokenRequest<'_>) -> Result<Value, OAuthError> {
        let asked = self.endpoint().about_token(request);
        let Asked { client, token } = asked.inspect_err(|error| metrics::token_request_refused(error.error))?;
        let Ok(verified) = self.verifier().examine(&token) else { return Ok(json!({ "active": false })) };
        if verified.client_id != client.id && !client.settings.may_introspect {
            return Ok(json!({ "active": false }));
        }
        Ok(json!({
            "active": true,
            "scope": verified.scopes.to_string(),
            "client_id": verified.client_id,
            "sub": verified.client_id,
            "token_type": "Bearer",
            "iss": self.issuer(),
            "aud": self.endpoint().audience,
            "jti": verified.token_id,
            "iat": verified.issued,
            "exp": verified.expires,
        }))
    }
}

#[cfg(test)]
mod tests;
