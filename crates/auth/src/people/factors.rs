//! What people change of how they sign in: their password, authenticator app, passkeys and recovery codes.
//!
//! All of it asks for a proof of who somebody is that is no older than [`PROOF_LIFE`](super::proof::PROOF_LIFE).

use serde_json::Value;
use zeroize::Zeroizing;

use super::event::{AccountEvent, PasswordSet};
use super::pending::Begun;
use super::row::AccountRow;
use super::session::Session;
use super::sign_in::SignInError;
use super::{password, totp};
use crate::{Auth, AuthError};

/// Recovery codes that are made at once.
const RECOVERY_CODES: usize = 10;
/// Passkeys of one account.
const MAX_PASSKEYS: usize = 20;
/// Letters and digits that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A secret for an authenticator app, to be confirmed by a code of it.
pub struct TotpOffer {
    /// To come back with.
    pub handle: String,
    /// For typing.
    pub secret: String,
    /// For a QR code.
    pub uri: String,
}

impl std::fmt::Debug for TotpOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpOffer([redacted])")
    }
}

impl Auth {
    /// Changes the password of a session's person, who has to know the present one; other sessions end.
    pub async fn change_password(&self, session: &Session, present: &str, new: &str) -> Result<(), SignInError> {
        let row = self.people().account(&session.account.id)?;
        self.may_try(&row.stored.email, Some(&row), &session.origin)?;
        let (auth, given, hash) = (self.clone(), Zeroizing::new(present.to_owned()), row.password.clone());
        let matched = move || auth.desk().passwords.matches(&given, hash.as_ref());
        let matched = self.desk().passwords.turns().take(session.origin.address, matched);
        if !matched.await.map_err(|_| SignInError::Busy)?? {
            return Err(self.refuse(&row.stored.email, &session.origin));
        }
        if present == new {
            let same = "take another password than the present one";
            return Err(AuthError::Invalid(same.to_owned()).into());
        }
        password::check(new, &row.stored.email, &row.stored.name)?;
        let hash = self.hash(new, session.origin.address).await?;
        let set = PasswordSet { hash, temporary: false, keeps: Some(session.id.clone()) };
        Ok(self.change_own_alone(session, AccountEvent::PasswordSet(set), "the password was changed").await?)
    }

    /// A secret for an authenticator app.
    pub fn offer_totp(&self, session: &Session) -> Result<TotpOffer, SignInError> {
        self.want_proof(session)?;
        let secret = totp::generate()?;
        let handle = self.keep(Begun::Totp { session: session.id.clone(), secret: secret.clone() })?;
        Ok(offer(session, handle, &secret))
    }

    /// The secret that was offered before, to be shown once more; `None` once that is over.
    pub fn offered_totp(&self, session: &Session, handle: &str) -> Option<TotpOffer> {
        let secret = self.desk().pending.totp(handle, &session.id, self.monotonic())?;
        Some(offer(session, handle.to_owned(), &secret))
    }

    /// Whether everybody has to have a second factor: then the last one cannot be removed.
    pub fn second_factor_required(&self) -> bool {
        self.desk().policy.second_factor_required
    }

    /// Takes an authenticator app whose code shows that it has the secret. New recovery codes, where there were none.
    pub async fn confirm_totp(&self, session: &Session, handle: &str, code: &str) -> Result<Vec<String>, SignInError> {
        self.want_proof(session)?;
        let kept = self.desk().pending.totp(handle, &session.id, self.monotonic());
        let secret = kept.ok_or(SignInError::Expired)?;
        if totp::step(&secret, code, self.now(), 0).is_none() {
            return Err(SignInError::Refused);
        }
        let sealed = self.desk().sealing.seal(&session.account.id, &secret)?;
        self.add_factor(session, AccountEvent::TotpSet { sealed }).await?;
        self.desk().pending.done(handle);
        self.first_recovery_codes(session).await
    }

    /// Asks for no more codes of an app.
    pub async fn remove_totp(&self, session: &Session) -> Result<(), SignInError> {
        self.want_proof(session)?;
        Ok(self.change_own(session, AccountEvent::TotpRemoved).await?)
    }

    /// What a browser is asked for to make a passkey: the handle to come back with, and the options for
    /// `navigator.credentials.create`.
    pub fn offer_passkey(&self, session: &Session) -> Result<(String, Value), SignInError> {
        self.want_proof(session)?;
        let row = self.people().account(&session.account.id)?;
        if row.passkeys.len() >= MAX_PASSKEYS {
            return Err(AuthError::Conflict("an account may have 20 passkeys; remove one first".to_owned()).into());
        }
        let (options, state) = self.desk().passkeys.begin_new(&row)?;
        Ok((self.keep(Begun::NewPasskey { session: session.id.clone(), state: Box::new(state) })?, options))
    }

    /// Takes a new passkey, the JSON of a `PublicKeyCredential`. New recovery codes, where there were none.
    pub async fn add_passkey(
        &self,
        session: &Session,
        handle: &str,
        answer: &str,
        name: &str,
    ) -> Result<Vec<String>, SignInError> {
        self.want_proof(session)?;
        let begun = self.desk().pending.take(handle, self.monotonic());
        let Some(Begun::NewPasskey { session: of, state }) = begun else { return Err(SignInError::Expired) };
        if of != session.id {
            return Err(SignInError::Expired);
        }
        let (id, credential) = self.desk().passkeys.finish_new(answer, &state)?;
        let name: String = name.trim().chars().filter(|c| !c.is_control()).take(100).collect();
        let name = if name.is_empty() { "Passkey".to_owned() } else { name };
        self.add_factor(session, AccountEvent::PasskeyAdded { id, name, credential }).await?;
        self.first_recovery_codes(session).await
    }

    /// Whether this server can have passkeys at all.
    pub fn can_have_passkeys(&self) -> bool {
        self.desk().passkeys.is_possible()
    }

    /// Takes a passkey away.
    pub async fn remove_passkey(&self, session: &Session, id: &str) -> Result<(), SignInError> {
        self.want_proof(session)?;
        Ok(self.change_own(session, AccountEvent::PasskeyRemoved { id: id.to_owned() }).await?)
    }

    /// Ten new recovery codes, each good for one sign-in; those of before are no good any more.
    pub async fn make_recovery_codes(&self, session: &Session) -> Result<Vec<String>, SignInError> {
        self.want_proof(session)?;
        let mut bytes = Zeroizing::new([0; RECOVERY_CODES * 16]);
        crate::keys::secret::random(&mut *bytes)?;
        let code = |bytes: &[u8]| -> String {
            let letters: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
            letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
        };
        let codes: Vec<String> = bytes.chunks(16).map(code).collect();
        let context = format!("recovery {}", session.account.id);
        let digest = |code: &String| self.desk().pepper.digest(&context, &recovery_code(code));
        let digests = codes.iter().map(digest).collect();
        self.change_own(session, AccountEvent::RecoveryCodesMade { digests }).await?;
        Ok(codes)
    }

    async fn first_recovery_codes(&self, session: &Session) -> Result<Vec<String>, SignInError> {
        if self.people().account(&session.account.id)?.recovery.is_empty() {
            return self.make_recovery_codes(session).await;
        }
        Ok(Vec::new())
    }

    /// As [`Auth::change_own`], and no other session of the account goes on.
    async fn change_own_alone(
        &self,
        session: &Session,
        what: AccountEvent,
        why: &'static str,
    ) -> Result<(), AuthError> {
        let session = session.clone();
        self.off_thread(move |auth| {
            auth.record_own(&session, what)?;
            auth.end_others(&session, why)
        })
        .await
    }

    async fn change_own(&self, session: &Session, what: AccountEvent) -> Result<(), AuthError> {
        let session = session.clone();
        self.off_thread(move |auth| auth.record_own(&session, what)).await
    }

    /// A new factor. With the first one, sessions end that were begun with the password alone.
    async fn add_factor(&self, session: &Session, what: AccountEvent) -> Result<(), AuthError> {
        let row = self.people().account(&session.account.id)?;
        if row.totp.is_none() && row.passkeys.is_empty() {
            return self.change_own_alone(session, what, "a second factor was set up").await;
        }
        self.change_own(session, what).await
    }

    fn record_own(&self, session: &Session, what: AccountEvent) -> Result<(), AuthError> {
        self.on_account_by(&session.by(), &session.account.id, |row| {
            if row.generation != session.generation || !row.is_open() {
                return conflict("the session ended meanwhile; sign in again");
            }
            if self.second_factor_required() && takes_last_factor(&what, row) {
                return conflict("a second factor is required here; add another one before you remove the last");
            }
            Ok(what)
        })
    }

    fn end_others(&self, session: &Session, why: &str) -> Result<(), AuthError> {
        for other in self.sessions(&session.account.id).into_iter().filter(|other| other.id != session.id) {
            self.record_end(&session.by(), &other.id, Some(&session.account.id), why)?;
        }
        Ok(())
    }
}

fn offer(session: &Session, handle: String, secret: &[u8]) -> TotpOffer {
    let uri = totp::uri(secret, "Continuity", &session.account.settings.email);
    TotpOffer { handle, secret: totp::base32(secret), uri }
}

/// Whether the account has a second factor, and none any more after this.
fn takes_last_factor(what: &AccountEvent, row: &AccountRow) -> bool {
    match what {
        AccountEvent::TotpRemoved => row.totp.is_some() && row.passkeys.is_empty(),
        AccountEvent::PasskeyRemoved { id } => {
            row.totp.is_none() && row.passkeys.len() == 1 && row.passkeys[0].id == *id
        }
        _ => false,
    }
}

fn conflict<T>(why: &str) -> Result<T, AuthError> {
    Err(AuthError::Conflict(why.to_owned()))
}

/// A recovery code as it is compared: without what people add or leave out when they copy it.
pub(crate) fn recovery_code(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).take(64).collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
