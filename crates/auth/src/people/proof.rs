//! Whoever is signed in proves once more who it is, before what only that person may do: a session may have been left open,
//! or its cookie taken.

use std::time::Duration;

use continuity_base::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use super::event::{SessionEvent, SessionProved, Used};
use super::passkey::Proved;
use super::pending::Begun;
use super::row::AccountRow;
use super::session::Session;
use super::sign_in::SignInError;
use crate::control::event::Change;
use crate::{Auth, AuthError};

/// How long a proof of who somebody is counts for what only that person may do.
pub const PROOF_LIFE: Duration = Duration::from_mins(10);

/// What somebody can prove it with who is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// A code of an authenticator app or of recovery, or a passkey: what the account has.
    SecondFactor {
        /// A code of an authenticator app.
        totp: bool,
        /// A passkey.
        passkey: bool,
        /// A recovery code.
        recovery: bool,
    },
    /// The password: there is nothing else.
    Password,
    /// Nothing that is known here: only a new sign-in.
    SignIn,
}

impl Auth {
    /// Whether the person of a session proved a short while ago who it is.
    pub fn is_proved(&self, session: &Session) -> bool {
        self.is_recent(session.proved_at)
    }

    /// Whether a proof of then still counts.
    pub fn is_recent(&self, proved_at: Timestamp) -> bool {
        self.now() < proved_at.plus(PROOF_LIFE)
    }

    pub(crate) fn want_proof(&self, session: &Session) -> Result<(), AuthError> {
        if self.is_proved(session) { Ok(()) } else { Err(AuthError::ProofWanted) }
    }

    /// What the person of a session can prove it with.
    pub fn proof(&self, session: &Session) -> Means {
        let account = &session.account;
        if account.has_second_factor() {
            let passkey = !account.passkeys.is_empty() && self.can_have_passkeys();
            let recovery = account.recovery_codes_left > 0;
            return Means::SecondFactor { totp: account.has_totp, passkey, recovery };
        }
        if account.has_password { Means::Password } else { Means::SignIn }
    }

    /// Takes the password for a proof, where the account has nothing else.
    pub async fn prove_with_password(&self, session: &Session, password: &str) -> Result<(), SignInError> {
        let row = self.asked(session)?;
        if row.view().has_second_factor() {
            return Err(SignInError::Refused);
        }
        let (auth, password, hash) =
            (self.clone(), Zeroizing::new(password.to_owned()), row.password.clone().filter(|_| row.takes_password()));
        let matched = move || auth.desk().passwords.matches(&password, hash.as_ref());
        let matched = self.desk().passwords.turns().take(session.origin.address, matched);
        if !matched.await.map_err(|_| SignInError::Busy)?? {
            return Err(self.refuse(&row.stored.email, &session.origin));
        }
        self.proved(session, "pwd", Used::Nothing).await
    }

    /// Takes a code for a proof: of an authenticator app, or one of recovery.
    pub async fn prove_with_code(&self, session: &Session, code: &str) -> Result<(), SignInError> {
        let row = self.asked(session)?;
        let Some((method, used)) = self.code(&row, code)? else {
            return Err(self.refuse(&row.stored.email, &session.origin));
        };
        self.proved(session, method, used).await
    }

    /// What a browser is asked for to prove it with a passkey: the handle to come back with, and the options for
    /// `navigator.credentials.get`.
    pub fn ask_to_prove_with_passkey(&self, session: &Session) -> Result<(String, Value), SignInError> {
        let (options, state) = self.desk().passkeys.begin_known(&self.asked(session)?)?;
        let begun = Begun::Proof { session: session.id.clone(), state: Box::new(state) };
        Ok((self.keep(begun)?, options))
    }

    /// Takes a browser's answer, the JSON of a `PublicKeyCredential`, for a proof.
    pub async fn prove_with_passkey(&self, session: &Session, handle: &str, answer: &str) -> Result<(), SignInError> {
        let begun = self.desk().pending.take(handle, self.monotonic());
        let Some(Begun::Proof { session: of, state }) = begun else { return Err(SignInError::Expired) };
        if of != session.id {
            return Err(SignInError::Expired);
        }
        let row = self.people().account(&session.account.id)?;
        let proved = self.desk().passkeys.finish_known(answer, &state, &row)?;
        let Some(Proved { id, credential }) = proved else { return Err(SignInError::Refused) };
        self.proved(session, "hwk", Used::Passkey { id, credential }).await
    }

    /// The account that is asked, unless too much was tried.
    fn asked(&self, session: &Session) -> Result<AccountRow, SignInError> {
        let row = self.people().account(&session.account.id)?;
        self.may_try(&row.stored.email, Some(&row), &session.origin)?;
        Ok(row)
    }

    async fn proved(&self, session: &Session, method: &str, used: Used) -> Result<(), SignInError> {
        let proved = SessionProved {
            id: session.id.clone(),
            account: session.account.id.clone(),
            until: session.until.as_micros(),
            method: method.to_owned(),
            used,
        };
        let (by, generation) = (session.by(), session.generation);
        let recorded = self.off_thread(move |auth| {
            auth.control().change(&by, |force, _| {
                let row = force.people.account(&proved.account)?;
                if row.is_used_up(&proved.used) || !row.is_open() || row.generation != generation {
                    return Err(AuthError::Conflict("the account changed meanwhile".to_owned()));
                }
                Ok(Some(Change::Session(SessionEvent::Proved(proved))))
            })
        });
        match recorded.await {
            Err(AuthError::Conflict(_)) => Err(self.refuse(&session.account.settings.email, &session.origin)),
            other => Ok(other?),
        }
    }
}

#[cfg(test)]
mod tests;
