//! Which key signs: by schedule, by hand, and after a leak.

use std::time::Duration;

use continuity_base::Timestamp;

use crate::auth::invalid;
use crate::control::event::Change;
use crate::keys::row::{KeyRow, KeyState};
use crate::token::MAX_TOKEN_SECONDS;
use crate::verifier::LEEWAY_SECONDS;
use crate::{Auth, AuthError, SigningAlgorithm, SigningKey};

/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 500;

/// How much longer a key is accepted where there are other replicas: one that is cut off signs with it until it learns of
/// the next one.
const KEPT_FOR_OTHERS: Duration = Duration::from_hours(30 * 24);

/// How tokens are signed, and when keys change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// The algorithm of new keys.
    pub algorithm: SigningAlgorithm,
    /// For how long a key signs, at least an hour; `None`: until somebody rotates it.
    pub every: Option<Duration>,
    /// For how long a key is published before it may sign, at most 30 days: longer than any client keeps a key set.
    pub published_for: Duration,
}

impl Default for KeyRotation {
    /// RS256, for 90 days, published a day before.
    fn default() -> Self {
        let every = Some(Duration::from_hours(90 * 24));
        Self { algorithm: SigningAlgorithm::default(), every, published_for: Duration::from_hours(24) }
    }
}

impl KeyRotation {
    pub(crate) fn check(&self) -> Result<(), AuthError> {
        if self.every.is_some_and(|every| every < Duration::from_hours(1)) {
            return invalid("a signing key must sign for an hour at least, or until it is rotated by hand");
        }
        if self.published_for > Duration::from_hours(30 * 24) {
            return invalid("a signing key may be published for at most 30 days before it signs");
        }
        if self.every.is_some_and(|every| every < self.published_for) {
            return invalid("a signing key must be published for less time than the one before it signs");
        }
        Ok(())
    }
}

impl Auth {
    /// Every signing key there ever was, the oldest first.
    pub fn signing_keys(&self) -> Vec<SigningKey> {
        self.keys().iter().filter_map(KeyRow::view).collect()
    }

    /// Makes the next key, rotates and retires keys as their time comes. Blocks, half a second when a key is made.
    pub fn look_after_keys(&self) -> Result<(), AuthError> {
        let _one_at_a_time = self.rotating().lock();
        let now = self.now();
        for row in self.keys() {
            if row.state() == KeyState::Passive && row.passive_until.is_some_and(|until| until <= now) {
                let by = self.by().clone();
                self.control().append_blocking(by, Change::KeyExpired { id: row.id.clone() })?;
            }
        }
        let Some(next) = self.key_in(KeyState::Next) else { return self.make_key(self.rotation().algorithm).map(drop) };
        let due = match self.key_in(KeyState::Active) {
            // Nothing can be signed: what clients may not know yet is better than that.
            None => true,
            Some(active) => {
                let since = active.activated_at().unwrap_or_else(|| active.made_at());
                let over = self.rotation().every.is_some_and(|every| since.plus(every) <= now);
                over && self.may_sign_at(&next) <= now
            }
        };
        if due {
            self.activate(&next.id)?;
            self.ensure_next()?;
        }
        Ok(())
    }

    /// The next key signs from now on, and another one is made and published. Tokens of the one before are good until they
    /// expire. Refused until the next key was published for long enough, unless `at_once`. With an algorithm that the next
    /// key has not, that key is replaced first: by one that signs when its time has come, or `at_once`. The key that was
    /// asked for; its state says whether it signs.
    pub fn rotate_key(&self, algorithm: Option<SigningAlgorithm>, at_once: bool) -> Result<SigningKey, AuthError> {
        let _one_at_a_time = self.rotating().lock();
        let wanted = algorithm.unwrap_or(self.rotation().algorithm);
        let mut next = self.key_in(KeyState::Next);
        let mut replaced = false;
        if let Some(other) = next.take_if(|next| algorithm.is_some() && next.algorithm() != Some(wanted)) {
            self.retire(&other.id, &format!("replaced by a key for {} before it signed", wanted.name()))?;
            replaced = true;
        }
        let next = match next {
            Some(next) => next,
            None => self.make_key(wanted)?,
        };
        let from = self.may_sign_at(&next);
        if self.now() < from && !at_once {
            if replaced {
                return self.view(&next.id);
            }
            return Err(AuthError::Conflict(format!(
                "the next key, {}, is published since {} and clients may not know it yet; rotate after {from}, or at once if the \
                 present key leaked",
                next.id,
                next.made_at()
            )));
        }
        self.activate(&next.id)?;
        self.ensure_next()?;
        self.view(&next.id)
    }

    /// Whatever the key signed is refused from now on: after a leak. When it is the active one, the next one takes its
    /// place at once.
    pub fn retire_key(&self, id: &str, reason: &str) -> Result<SigningKey, AuthError> {
        if reason.trim().is_empty() || reason.chars().count() > MAX_REASON {
            return invalid("say in 1 to 500 characters why the key is retired");
        }
        let _one_at_a_time = self.rotating().lock();
        match self.key(id)?.state() {
            KeyState::Retired => {}
            KeyState::Active => {
                let next = match self.key_in(KeyState::Next) {
                    Some(next) => next,
                    None => self.make_key(self.rotation().algorithm)?,
                };
                self.activate(&next.id)?;
                // Before anything else that may fail: it leaked.
                self.retire(id, reason)?;
                self.ensure_next()?;
            }
            KeyState::Next | KeyState::Passive => self.retire(id, reason)?,
        }
        self.view(id)
    }

    /// At the first start there is no key: one is made, and signs at once.
    pub(crate) fn ensure_signing_key(&self) -> Result<(), AuthError> {
        self.control().in_force().ring.check()?;
        if self.key_in(KeyState::Active).is_some() {
            return Ok(());
        }
        let made = match self.key_in(KeyState::Next) {
            Some(next) => next,
            None => self.make_key(self.rotation().algorithm)?,
        };
        self.activate(&made.id)
    }

    /// Another replica may have made one.
    fn ensure_next(&self) -> Result<(), AuthError> {
        match self.key_in(KeyState::Next) {
            Some(_) => Ok(()),
            None => self.make_key(self.rotation().algorithm).map(drop),
        }
    }

    fn make_key(&self, algorithm: SigningAlgorithm) -> Result<KeyRow, AuthError> {
        let made = self.control().in_force().ring.make(algorithm)?;
        let id = made.id.clone();
        self.control().change(self.by(), |_, _| Ok(Some(Change::KeyMade(made))))?;
        tracing::info!(key.id = id, algorithm = algorithm.name(), "a signing key was made and published");
        self.key(&id)
    }

    fn activate(&self, id: &str) -> Result<(), AuthError> {
        let life = Duration::from_secs(u64::from(MAX_TOKEN_SECONDS) + 2 * LEEWAY_SECONDS.unsigned_abs());
        let life = life + if self.is_shared() { KEPT_FOR_OTHERS } else { Duration::ZERO };
        self.control().change(self.by(), |force, now| {
            let state = force.ring.rows().iter().find(|row| row.id == id).map(KeyRow::state);
            if state != Some(KeyState::Next) {
                return Err(AuthError::Conflict(format!("key {id} cannot begin to sign: it is not the next one")));
            }
            Ok(Some(Change::KeyActivated { id: id.to_owned(), previous_until: now.plus(life).as_micros() }))
        })?;
        tracing::info!(key.id = id, "another key signs tokens from now on");
        Ok(())
    }

    fn retire(&self, id: &str, reason: &str) -> Result<(), AuthError> {
        let (id, reason) = (id.to_owned(), reason.to_owned());
        self.control().change(self.by(), |_, _| Ok(Some(Change::KeyRetired { id, reason })))
    }

    /// From when on a key may sign: whoever fetched the key set since it was published knows it.
    fn may_sign_at(&self, next: &KeyRow) -> Timestamp {
        next.made_at().plus(self.rotation().published_for)
    }

    fn view(&self, id: &str) -> Result<SigningKey, AuthError> {
        self.key(id)?.view().ok_or_else(|| AuthError::UnknownKey(id.to_owned()))
    }

    fn keys(&self) -> Vec<KeyRow> {
        self.control().in_force().ring.rows()
    }

    fn key_in(&self, state: KeyState) -> Option<KeyRow> {
        self.keys().into_iter().find(|row| row.state() == state)
    }

    fn key(&self, id: &str) -> Result<KeyRow, AuthError> {
        self.keys().into_iter().find(|row| row.id == id).ok_or_else(|| AuthError::UnknownKey(id.to_owned()))
    }
}

#[cfg(test)]
mod tests;
