//! People who sign in at the bank's own OpenID provider: what is begun there, who comes back, and what their groups say.
//!
//! Nothing here asks the provider anything: whoever does hands over what it said. An account belongs to an issuer and a
//! subject, never to an e-mail address.

mod admit;
pub(crate) mod groups;
pub(crate) mod id_token;
pub(crate) mod identity;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::Timestamp;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use self::identity::Identity;
use super::pending::{Begun, SecondFactor};
use super::row::AccountRow;
use super::session::Origin;
use super::sign_in::{Proof, SecondFactorWanted, SignInError, Step, secret};
use crate::{Auth, AuthError, ScopeSet};

/// How a session is marked that a provider vouched for; the other methods of it are those that the provider named.
pub(crate) const FEDERATED: &str = "fed";
/// How a session is marked that more than one kind of proof began.
pub(crate) const MULTI_FACTOR: &str = "mfa";
/// The longest page to go on to that is kept, in bytes.
const MAX_NEXT_BYTES: usize = 4_096;

/// What is believed of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderPolicy {
    /// Its `iss`.
    pub issuer: String,
    /// What groups begin with that mean something here: `{prefix}-{team}-{role}`.
    pub group_prefix: String,
    /// What viewers may read of loans.
    pub scopes_of_viewers: ScopeSet,
    /// Whether its word counts that somebody proved two factors.
    pub trusts_second_factor: bool,
}

/// Why nobody is signed in who comes from the provider.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It was not begun by this browser, took too long, or was done before.
    #[error("this browser began no such sign-in, or it took too long, or was done before")]
    Lost,
    /// The person, or the provider, does not want to.
    #[error("the provider refused: {0}")]
    Denied(String),
    /// The provider does not answer, or says itself that it cannot.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// What it answered is not to be believed.
    #[error("the provider's answer is not accepted: {0}")]
    Invalid(String),
    /// It names no confirmed e-mail address, which a new account needs.
    #[error("the provider names no confirmed e-mail address")]
    NoEmail,
    /// No group of the person means anything here.
    #[error("no group of the person means anything here")]
    NoGroup,
    /// There is an account with the address that is not linked.
    #[error("there is an account with this e-mail address that is not linked to the provider")]
    NotLinked,
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
    /// Too many sign in at once.
    #[error("too many people sign in at once; try again in a moment")]
    Busy,
    /// Something that is neither the person's fault nor the provider's.
    #[error("{0}")]
    Failed(#[from] AuthError),
}

impl ProviderError {
    /// Every `outcome` of the metric, the good one first.
    pub(crate) const OUTCOMES: [&str; 11] = [
        "ok",
        "lost",
        "denied",
        "unreachable",
        "invalid",
        "no-email",
        "no-group",
        "not-linked",
        "disabled",
        "busy",
        "failed",
    ];

    /// In one word, as metrics have it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Denied(_) => "denied",
            Self::Unreachable(_) => "unreachable",
            Self::Invalid(_) => "invalid",
            Self::NoEmail => "no-email",
            Self::NoGroup => "no-group",
            Self::NotLinked => "not-linked",
            Self::Disabled => "disabled",
            Self::Busy => "busy",
            Self::Failed(_) => "failed",
        }
    }
}

impl From<SignInError> for ProviderError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Busy | SignInError::TooMany(_) => Self::Busy,
            SignInError::Expired => Self::Lost,
            SignInError::Refused => Self::Disabled,
            SignInError::Failed(error) => Self::Failed(error),
        }
    }
}

/// A sign-in that waits for its person to come back from the provider.
pub(crate) struct AtProvider {
    /// Where it was begun.
    network: Option<IpAddr>,
    /// What the browser has to bring along.
    browser: String,
    nonce: String,
    verifier: Zeroizing<String>,
    next: Option<String>,
    /// When it was begun, where the person has to prove anew who it is.
    since: Option<Timestamp>,
}

impl AtProvider {
    pub(crate) fn network(&self) -> Option<IpAddr> {
        self.network
    }
}

/// What the provider is asked with.
pub struct ProviderRequest {
    /// `state`: good once, for ten minutes, for this browser.
    pub state: String,
    /// `nonce`: the ID token has to repeat it.
    pub nonce: String,
    /// `code_challenge` (RFC 7636, S256).
    pub challenge: String,
    /// Whether the person has to prove anew who it is, even if the provider knows the browser.
    pub again: bool,
}

/// A person who came back.
pub struct Returned {
    /// What the ID token has to repeat.
    pub nonce: String,
    /// What the code is exchanged with (RFC 7636).
    pub verifier: Zeroizing<String>,
    /// Where to go on, as it was given.
    pub next: Option<String>,
    /// Since when the person has to have proved who it is, if not at any time.
    pub since: Option<Timestamp>,
}

impl Auth {
    /// The provider of the configuration, if there is one.
    pub fn provider(&self) -> Option<&ProviderPolicy> {
        self.desk().provider.as_ref()
    }

    /// Begins a sign-in at the provider, for the browser that has that secret; `again`: its person has to prove anew who it is.
    pub fn begin_at_provider(
        &self,
        browser: &str,
        next: Option<&str>,
        again: bool,
        origin: &Origin,
    ) -> Result<ProviderRequest, ProviderError> {
        let (nonce, verifier) = (secret()?.to_string(), secret()?);
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let next = next.filter(|next| next.len() <= MAX_NEXT_BYTES).map(str::to_owned);
        let since = again.then(|| self.now());
        let network = origin.address.map(super::guard::network);
        let begun = AtProvider { network, browser: browser.to_owned(), nonce: nonce.clone(), verifier, next, since };
        let state = self.keep(Begun::AtProvider(begun))?;
        Ok(ProviderRequest { state, nonce, challenge, again })
    }

    /// What was begun by that browser, which it is done with now.
    pub fn back_from_provider(&self, state: &str, browser: &str) -> Result<Returned, ProviderError> {
        let begun = self.desk().pending.take(state, self.monotonic());
        let Some(Begun::AtProvider(begun)) = begun else { return Err(ProviderError::Lost) };
        if browser.is_empty() || !bool::from(begun.browser.as_bytes().ct_eq(browser.as_bytes())) {
            return Err(ProviderError::Lost);
        }
        let AtProvider { nonce, verifier, next, since, .. } = begun;
        Ok(Returned { nonce, verifier, next, since })
    }

    /// Signs in whom the provider vouched for: makes the account at the first time, and gives it what its groups say.
    pub async fn sign_in_from_provider(&self, who: &Identity, origin: &Origin) -> Result<Step, ProviderError> {
        let policy = self.provider().ok_or(ProviderError::Lost)?.clone();
        let methods = methods(&policy, who);
        let (who, address) = (who.clone(), origin.address);
        // The provider may know the browser: whoever sits there now proved nothing by that.
        let proved_at =
            who.proved_at.map_or(Timestamp::from_micros(0), |at| Timestamp::from_micros(at.saturating_mul(1_000_000)));
        let admitted = self.off_thread(move |auth| Ok(auth.admit(&policy, &who, address))).await??;
        Ok(self.enter(&admitted, methods, proved_at, origin).await?)
    }

    async fn enter(
        &self,
        row: &AccountRow,
        methods: Vec<String>,
        proved_at: Timestamp,
        origin: &Origin,
    ) -> Result<Step, SignInError> {
        let view = row.view();
        if is_vouched(&methods) || !view.has_second_factor() {
            let proof = Proof::Elsewhere { methods: &methods, at: proved_at.min(self.now()) };
            let signed_in = self.begin(row, None, proof, origin).await?;
            ::metrics::counter!(crate::metrics::SIGN_INS).increment(1);
            return Ok(Step::SignedIn(Box::new(signed_in)));
        }
        let second = SecondFactor {
            account: row.id.clone(),
            generation: row.generation,
            passkey: None,
            password: None,
            first: methods,
        };
        let handle = self.keep(Begun::SecondFactor(second))?;
        let (totp, passkey, recovery) = (view.has_totp, !view.passkeys.is_empty(), view.recovery_codes_left > 0);
        Ok(Step::SecondFactor(SecondFactorWanted { handle, totp, passkey, recovery }))
    }
}

/// How the person proved who it is: what the provider says of that, and that it is the provider who says it.
fn methods(policy: &ProviderPolicy, who: &Identity) -> Vec<String> {
    let named = who.methods.iter().filter(|method| *method != MULTI_FACTOR).cloned();
    let several = policy.trusts_second_factor && identity::is_multi_factor(&who.methods);
    std::iter::once(FEDERATED.to_owned()).chain(named).chain(several.then(|| MULTI_FACTOR.to_owned())).collect()
}

/// Whether a provider vouched for a session.
pub(crate) fn is_federated(methods: &[String]) -> bool {
    methods.first().is_some_and(|method| method == FEDERATED)
}

/// Whether a provider vouched for all that a sign-in has to prove.
pub(crate) fn is_vouched(methods: &[String]) -> bool {
    is_federated(methods) && methods.iter().any(|method| method == MULTI_FACTOR)
}
