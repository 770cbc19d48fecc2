//! The end session endpoint (OpenID Connect RP-Initiated Logout 1.0).

use url::Url;

use super::request::matches;
use crate::people::session::Session;
use crate::{Auth, AuthError};

/// What an application asks when it sends a person here to sign out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutRequest {
    /// An ID token of it: whom it means.
    pub id_token_hint: Option<String>,
    /// Which application asks.
    pub client_id: Option<String>,
    /// Where to go afterwards: one of its redirect URIs.
    pub post_logout_redirect_uri: Option<String>,
    /// To be handed back.
    pub state: Option<String>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logout {
    /// The person is asked first: nothing shows that the application means the one who is signed in.
    pub ask: bool,
    /// Where to go afterwards, if the application may say so.
    pub then: Option<String>,
}

impl Auth {
    /// Looks at a request to sign out.
    pub fn logout(&self, request: &LogoutRequest, session: Option<&Session>) -> Logout {
        let hint = request.id_token_hint.as_deref().and_then(|token| self.verifier().id_token(token));
        let client = hint.as_ref().map(|(_, client)| client.clone()).or_else(|| request.client_id.clone());
        let agrees = request.client_id.as_ref().is_none_or(|named| client.as_ref() == Some(named));
        let meant = hint.is_some_and(|(account, _)| session.is_none_or(|session| session.account.id == account));
        let then = client.filter(|_| agrees).and_then(|client| {
            let asked = request.post_logout_redirect_uri.as_deref()?;
            let settings = self.clients().settings(&client).ok()?;
            let registered = settings.redirect_uris.iter().any(|registered| matches(registered, asked));
            let mut url = Url::parse(asked).ok().filter(|_| registered)?;
            if let Some(state) = &request.state {
                url.query_pairs_mut().append_pair("state", state);
            }
            Some(url.to_string())
        });
        Logout { ask: session.is_some() && !meant, then }
    }

    /// Signs a session out.
    pub async fn sign_out(&self, session: &Session) -> Result<(), AuthError> {
        self.end_session(session, &session.id).await
    }
}
