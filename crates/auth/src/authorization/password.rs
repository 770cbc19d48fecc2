//! The log-in of people at the token endpoint that other platforms have: an e-mail address, a password and a code, for a
//! token of fifteen minutes. RFC 9700 section 2.4 advises against it; it is off unless the configuration names the client
//! that such tokens belong to.

use super::event::{GrantEvent, GrantStarted};
use super::exchange::{on_behalf, unavailable};
use super::identity::Scopes;
use crate::control::event::{By, Change};
use crate::dpop::Holder;
use crate::people::session::Origin;
use crate::people::sign_in::{SignInError, Step};
use crate::token_endpoint::{ByPassword, Minting, PERSON_TOKEN_SECONDS};
use crate::{Auth, AuthError, OAuthError, TokenResponse};

impl Auth {
    /// Signs a person in for the length of one token.
    pub(crate) async fn exchange_password(
        &self,
        asked: ByPassword,
        holder: Holder,
        origin: Origin,
    ) -> Result<TokenResponse, OAuthError> {
        let ByPassword { client, email, password, otp } = asked;
        let refused = || OAuthError {
            error: "access_denied",
            description: "Unauthorized",
            ..OAuthError::invalid_client(&self.endpoint().realm)
        };
        let otp = otp.ok_or_else(refused)?;
        let signed_in = match self.sign_in(&email, &password, &origin).await {
            Ok(Step::SecondFactor(wanted)) => self.sign_in_with_code(&wanted.handle, &otp, &origin).await,
            // Without a second factor there is nothing that a code could prove.
            Ok(Step::SignedIn(signed_in)) => {
                self.sign_out(&signed_in.session).await.map_err(|error| unavailable(&error))?;
                return Err(refused());
            }
            Err(error) => Err(error),
        };
        let session = match signed_in {
            Ok(signed_in) => signed_in.session,
            Err(SignInError::Busy) => return Err(OAuthError::unavailable("Too many people sign in at once")),
            Err(SignInError::Failed(error)) => return Err(unavailable(&error)),
            Err(_) => return Err(refused()),
        };
        // The session was the way to prove it; the token has an end of its own.
        self.sign_out(&session).await.map_err(|error| unavailable(&error))?;
        if !session.duties.is_empty() {
            return Err(refused());
        }
        self.use_up(&holder, &client, Some(&session.account.id))?;
        let scopes = Scopes::of_data(client.settings.scopes).within(session.account.settings.scopes);
        let seconds = i64::from(PERSON_TOKEN_SECONDS);
        let now = self.now();
        let started = GrantStarted {
            id: hex::encode(crate::access::random().map_err(|error| unavailable(&error))?),
            account: session.account.id.clone(),
            account_generation: session.generation,
            client: client.id.clone(),
            client_generation: client.generation,
            session: None,
            scopes: scopes.to_string(),
            methods: session.methods.clone(),
            authenticated_at: now.as_seconds(),
            refreshes: false,
            until: now.as_micros().saturating_add(seconds * 1_000_000),
        };
        let on_behalf = on_behalf(&started);
        let by = session.by_because(Some("by e-mail address and password at the token endpoint".to_owned()));
        self.record(by, started).await.map_err(|error| unavailable(&error))?;
        let minting = Minting { client, scopes, on_behalf: Some(on_behalf), id_token: None, key: holder.into_key() };
        let mut response = self.endpoint().issue(minting).await?;
        response.bare = true;
        Ok(response)
    }

    async fn record(&self, by: By, started: GrantStarted) -> Result<(), AuthError> {
        self.control().append(by, Change::Grant(GrantEvent::Started(started))).await
    }
}
