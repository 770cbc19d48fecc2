//! Tokens ended before their time (RFC 7009), and what they are (RFC 7662).

use continuity_base::Timestamp;
use serde_json::{Value, json};

use crate::authorization::refresh::Read;
use crate::control::clients::Grantee;
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
        let by = By { address: request.address.map(|address| address.to_string()), ..By::actor(&client.id) };
        if let Some(read) = self.endpoint().refresh.read(&token) {
            let row = self.grants().get(&read.grant).filter(|row| row.started.client == client.id);
            // The whole grant, access tokens included (RFC 7009 section 2.1).
            return match row {
                Some(row) => self.end_grant(by, row.started.account, read.grant, "its refresh token was revoked").await,
                None => Ok(()),
            };
        }
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
        if let Some(read) = self.endpoint().refresh.read(&token) {
            return Ok(self.refresh_token(&client, &read));
        }
        let Ok(verified) = self.verifier().examine(&token) else { return Ok(json!({ "active": false })) };
        if verified.client_id != client.id && !client.settings.may_introspect {
            return Ok(json!({ "active": false }));
        }
        let mut told = json!({
            "active": true,
            "scope": verified.scope,
            "client_id": verified.client_id,
            "sub": verified.subject,
            "token_type": "Bearer",
            "iss": self.issuer(),
            "aud": verified.audience,
            "jti": verified.token_id,
            "iat": verified.issued,
            "exp": verified.expires,
        });
        if let Some(key) = verified.key {
            // RFC 9449 section 6.2.
            told["token_type"] = "DPoP".into();
            told["cnf"] = json!({ "jkt": &*key });
        }
        Ok(told)
    }

    /// What a refresh token is, to its own client (RFC 7662 section 2.2).
    fn refresh_token(&self, client: &Grantee, read: &Read) -> Value {
        let row = self.grants().get(&read.grant).filter(|row| {
            let of_client = row.started.client == client.id || client.settings.may_introspect;
            of_client && row.number == read.number && row.started.refreshes && !row.is_over(self.now())
        });
        let Some(row) = row else { return json!({ "active": false }) };
        let account = self.people().account(&row.started.account);
        if !account.is_ok_and(|account| account.is_open() && account.generation == row.started.account_generation) {
            return json!({ "active": false });
        }
        json!({
            "active": true,
            "scope": row.started.scopes,
            "client_id": row.started.client,
            "sub": row.started.account,
            "token_type": "refresh_token",
            "iss": self.issuer(),
            "exp": Timestamp::from_micros(row.started.until).as_seconds(),
        })
    }
}

#[cfg(test)]
mod tests;
