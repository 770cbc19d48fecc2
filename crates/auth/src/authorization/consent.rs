//! Whether a person lets an application have what it asks for.

use continuity_base::Timestamp;
use serde::Serialize;

use super::codes::Granted;
use super::event::GrantEvent;
use super::identity::{Identity, Scopes};
use super::request::Authorization;
use crate::client::{rfc3339, rfc3339_option};
use crate::control::event::Change;
use crate::people::session::Session;
use crate::{Auth, AuthError};

/// A sign-in this recent satisfies `prompt=login`, in seconds.
const JUST_NOW: i64 = 60;
/// The way from signing in back to here, in seconds.
const SIGN_IN_TAKES: i64 = 5;

/// What has to happen next.
#[derive(Debug)]
pub enum Decision {
    /// The person has to sign in, or to do it again.
    SignIn,
    /// The person has to be asked.
    Ask(ConsentWanted),
    /// The person is sent to this address.
    Redirect(String),
}

/// What a person is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentWanted {
    /// Which application asks.
    pub client_name: String,
    /// What it says of itself.
    pub client_description: String,
    /// Where the person is sent afterwards: scheme, host and port.
    pub sent_to: String,
    /// What it wants, in words, with the scope's name.
    pub wants: Vec<(&'static str, &'static str)>,
    /// What it asks for and the person has not got: it will not have that.
    pub not_given: Vec<&'static str>,
}

/// A consent as its person sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// The application.
    pub client_id: String,
    /// Its name.
    pub client_name: String,
    /// What it may have, names with spaces between.
    pub scopes: String,
    /// When the person agreed.
    #[serde(serialize_with = "rfc3339")]
    pub granted_at: Timestamp,
    /// When the application last came for tokens, while it has any.
    #[serde(serialize_with = "rfc3339_option")]
    pub last_used_at: Option<Timestamp>,
}

impl Auth {
    /// What has to happen for a request, with the session that the browser has, if any.
    pub fn decide(&self, request: &Authorization, session: Option<&Session>) -> Result<Decision, AuthError> {
        let refused = |error, description| Ok(Decision::Redirect(self.refusal(request, error, description)));
        let Some(session) = session else {
            if request.prompt.none {
                return refused("login_required", "Nobody is signed in");
            }
            return Ok(Decision::SignIn);
        };
        if request.subject.as_ref().is_some_and(|subject| *subject != session.account.id) {
            if request.prompt.none {
                return refused("login_required", "Somebody else is signed in");
            }
            return Ok(Decision::SignIn);
        }
        let age = self.now().as_seconds().saturating_sub(session.proved_at.as_seconds());
        let longest = request.max_age.into_iter().chain(request.prompt.login.then_some(JUST_NOW)).min();
        // Who has just signed in is not asked again, however short a time is asked for.
        if longest.is_some_and(|longest| age > longest.max(SIGN_IN_TAKES)) {
            if request.prompt.none {
                return refused("login_required", "The person signed in too long ago");
            }
            return Ok(Decision::SignIn);
        }
        if !session.duties.is_empty() {
            if request.prompt.none {
                return refused("interaction_required", "The person has to do something first");
            }
            return Ok(Decision::SignIn);
        }
        let scopes = given(request, session);
        if scopes.is_empty() {
            return refused("access_denied", "The person may have none of what is asked for");
        }
        let agreed = self.grants().consented(&session.account.id, &request.client_id);
        // Any program of a device can say to be the application there: its person is asked each time (RFC 8252 section 8.6).
        let is_known = request.redirect_uri.scheme() == "https";
        if is_known && agreed.contains_all(scopes) && !request.prompt.consent {
            return Ok(Decision::Redirect(self.with_code(request, session, scopes)?));
        }
        if request.prompt.none {
            return refused("consent_required", "The person has to be asked");
        }
        Ok(Decision::Ask(self.question(request, session, scopes)?))
    }

    fn question(&self, request: &Authorization, session: &Session, scopes: Scopes) -> Result<ConsentWanted, AuthError> {
        let settings = self.clients().settings(&request.client_id)?;
        let identity = scopes.identity().map(|scope| (scope.in_words(), scope.name()));
        let data = scopes.data.iter().map(|scope| (scope.in_words(), scope.as_str()));
        let missing = request.scopes.data.iter().filter(|scope| !session.account.settings.scopes.contains(*scope));
        let admin = (request.scopes.administers() && !scopes.administers()).then_some(Identity::Admin.name());
        Ok(ConsentWanted {
            client_name: settings.name.clone(),
            client_description: settings.description.clone(),
            sent_to: request.sent_to(),
            wants: identity.chain(data).collect(),
            not_given: missing.map(crate::Scope::as_str).chain(admin).collect(),
        })
    }

    /// The person agreed: that is recorded, and the address to go to has a code.
    pub async fn agree(&self, request: &Authorization, session: &Session) -> Result<String, AuthError> {
        let scopes = given(request, session);
        if scopes.is_empty() || !session.duties.is_empty() {
            return Ok(self.refusal(request, "access_denied", "The person may have none of what is asked for"));
        }
        let (account, client) = (session.account.id.clone(), request.client_id.clone());
        let by = session.by();
        self.off_thread(move |auth| {
            auth.control().change(&by, |force, _| {
                let agreed = force.grants.consented(&account, &client);
                let scopes_now = agreed.union(scopes).to_string().split(' ').map(str::to_owned).collect();
                let event = GrantEvent::Consented { account, client, scopes: scopes_now };
                Ok((!agreed.contains_all(scopes)).then_some(Change::Grant(event)))
            })
        })
        .await?;
        self.with_code(request, session, scopes)
    }

    /// The person refused; the address to go to says so.
    pub fn disagree(&self, request: &Authorization) -> String {
        self.refusal(request, "access_denied", "The person refused")
    }

    fn refusal(&self, request: &Authorization, error: &str, description: &str) -> String {
        let answer = [("error", error), ("error_description", description)];
        self.answer(&request.redirect_uri, request.state.as_deref(), &answer)
    }

    fn with_code(&self, request: &Authorization, session: &Session, scopes: Scopes) -> Result<String, AuthError> {
        let granted = Granted {
            client: request.client_id.clone(),
            redirect_uri: request.asked_uri.clone(),
            challenge: request.challenge.clone(),
            key: request.key.clone(),
            scopes,
            nonce: request.nonce.clone(),
            account: session.account.id.clone(),
            account_generation: session.generation,
            session: session.id.clone(),
            methods: session.methods.clone(),
            authenticated_at: session.proved_at.as_seconds(),
        };
        match self.endpoint().codes.make(granted, self.monotonic())? {
            Some(code) => Ok(self.answer(&request.redirect_uri, request.state.as_deref(), &[("code", &code)])),
            None => {
                Ok(self.refusal(request, "temporarily_unavailable", "Too many sign-ins wait for their applications"))
            }
        }
    }

    /// What a person let applications do.
    pub fn consents(&self, account: &str) -> Vec<Consent> {
        let consent = |(row, last_used_at): (super::grants::ConsentRow, Option<Timestamp>)| Consent {
            client_name: self.clients().name(&row.client).unwrap_or_else(|| row.client.clone()),
            client_id: row.client,
            scopes: row.scopes,
            granted_at: row.at,
            last_used_at,
        };
        self.grants().consents(account).into_iter().map(consent).collect()
    }

    /// Takes back what an application was given; its tokens are refused once this returns.
    pub async fn withdraw(&self, session: &Session, client: &str) -> Result<(), AuthError> {
        let event = GrantEvent::Withdrawn { account: session.account.id.clone(), client: client.to_owned() };
        let by = session.by();
        // Decided on after whatever is being decided on now: no grant begins behind its back.
        self.off_thread(move |auth| auth.control().change(&by, |_, _| Ok(Some(Change::Grant(event))))).await
    }
}

/// What is asked for and the person has.
fn given(request: &Authorization, session: &Session) -> Scopes {
    let scopes = request.scopes.within(session.account.settings.scopes);
    if session.account.administers() { scopes } else { scopes.without(Identity::Admin) }
}
