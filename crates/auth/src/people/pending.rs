//! What was begun and waits for its person's next step: in memory, for ten minutes.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyAuthentication, PasskeyRegistration};
use zeroize::Zeroizing;

use super::event::PasswordHash;
use super::provider::AtProvider;
use crate::AuthError;
use crate::keys::secret;

const LIFE: Duration = Duration::from_mins(10);
/// Steps that wait at once; some 2 KB each.
const MOST: usize = 10_000;
/// Of these, those that anybody can begin who has no account.
const MOST_ANONYMOUS: usize = MOST / 4;
/// Of these, people of one network who are at the bank's provider.
const MOST_OF_NETWORK: usize = 500;
/// Of these, second factors of one account.
const MOST_OF_ACCOUNT: usize = 10;
/// Wrong codes after which one has to begin again.
const MAX_TRIES: u32 = 5;

/// What is waited for.
pub(crate) enum Begun {
    /// The password was good, or the provider's word; the second factor is asked for.
    SecondFactor(SecondFactor),
    /// A passkey of whomever.
    Passkey(Box<DiscoverableAuthentication>),
    /// A code that shows that the app has the secret.
    Totp { session: String, secret: Zeroizing<Vec<u8>> },
    /// A passkey of whoever is signed in, as a proof.
    Proof { session: String, state: Box<PasskeyAuthentication> },
    /// A new passkey.
    NewPasskey { session: String, state: Box<PasskeyRegistration> },
    /// Somebody who was sent to the bank's provider.
    AtProvider(AtProvider),
}

#[derive(Clone)]
pub(crate) struct SecondFactor {
    pub(crate) account: String,
    /// The account's generation when its password was proved.
    pub(crate) generation: u32,
    pub(crate) passkey: Option<Box<PasskeyAuthentication>>,
    /// The digest of the password that was proved: with another one it was for nothing.
    pub(crate) password: Option<PasswordHash>,
    /// How the person proved who it is before.
    pub(crate) first: Vec<String>,
}

struct Waiting {
    begun: Begun,
    until: Duration,
    tries: u32,
}

/// By a handle that nobody can guess.
#[derive(Default)]
pub(crate) struct Pending(Mutex<HashMap<String, Waiting>>);

impl Pending {
    /// Keeps it; the handle to come back with. `None` while too many wait.
    pub(crate) fn keep(&self, begun: Begun, now: Duration) -> Result<Option<String>, AuthError> {
        let mut bytes = [0; 32];
        secret::random(&mut bytes)?;
        let handle = URL_SAFE_NO_PAD.encode(bytes);
        let mut waiting = self.0.lock();
        make_room(&mut waiting, &begun);
        if waiting.len() >= MOST {
            waiting.retain(|_, one| now < one.until);
        }
        if waiting.len() >= MOST {
            return Ok(None);
        }
        waiting.insert(handle.clone(), Waiting { begun, until: now + LIFE, tries: 0 });
        Ok(Some(handle))
    }

    /// Takes it out: it can be gone on with once.
    pub(crate) fn take(&self, handle: &str, now: Duration) -> Option<Begun> {
        let one = self.0.lock().remove(handle)?;
        (now < one.until).then_some(one.begun)
    }

    /// What a second factor is asked for. Each look is a try, and there are five.
    pub(crate) fn second_factor(&self, handle: &str, now: Duration) -> Option<SecondFactor> {
        let mut waiting = self.0.lock();
        let one = waiting.get_mut(handle).filter(|one| now < one.until)?;
        let Begun::SecondFactor(second) = &one.begun else { return None };
        let second = second.clone();
        one.tries += 1;
        if one.tries >= MAX_TRIES {
            waiting.remove(handle);
        }
        Some(second)
    }

    /// A passkey is asked for as the second factor; the answer comes back with the same handle.
    pub(crate) fn ask_passkey(&self, handle: &str, state: PasskeyAuthentication) {
        if let Some(Waiting { begun: Begun::SecondFactor(second), .. }) = self.0.lock().get_mut(handle) {
            second.passkey = Some(Box::new(state));
        }
    }

    /// The secret that an app is being given.
    pub(crate) fn totp(&self, handle: &str, session: &str, now: Duration) -> Option<Zeroizing<Vec<u8>>> {
        let waiting = self.0.lock();
        match &waiting.get(handle).filter(|one| now < one.until)?.begun {
            Begun::Totp { session: of, secret } if of == session => Some(secret.clone()),
            _ => None,
        }
    }

    /// It is done.
    pub(crate) fn done(&self, handle: &str) {
        self.0.lock().remove(handle);
    }

    pub(crate) fn forget_expired(&self, now: Duration) {
        self.0.lock().retain(|_, one| now < one.until);
    }
}

/// Nobody takes the place of others: who begins the same thing again has it in the place of what was begun before.
fn make_room(waiting: &mut HashMap<String, Waiting>, begun: &Begun) {
    let most = match begun {
        Begun::Passkey(_) => MOST_ANONYMOUS,
        Begun::AtProvider(_) => MOST_OF_NETWORK,
        Begun::SecondFactor(_) => MOST_OF_ACCOUNT,
        Begun::Totp { .. } | Begun::NewPasskey { .. } | Begun::Proof { .. } => 1,
    };
    let alike = |one: &Waiting| match (begun, &one.begun) {
        (Begun::Passkey(_), Begun::Passkey(_)) => true,
        (Begun::AtProvider(new), Begun::AtProvider(old)) => new.network() == old.network(),
        (Begun::SecondFactor(new), Begun::SecondFactor(old)) => new.account == old.account,
        (Begun::Totp { session: new, .. }, Begun::Totp { session: old, .. })
        | (Begun::NewPasskey { session: new, .. }, Begun::NewPasskey { session: old, .. })
        | (Begun::Proof { session: new, .. }, Begun::Proof { session: old, .. }) => new == old,
        _ => false,
    };
    if waiting.values().filter(|one| alike(one)).count() >= most {
        let oldest = waiting.iter().filter(|(_, one)| alike(one)).min_by_key(|(_, one)| one.until);
        if let Some(handle) = oldest.map(|(handle, _)| handle.clone()) {
            waiting.remove(&handle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_the_place_of_others() {
        let pending = Pending::default();
        let second = |account: &str| {
            Begun::SecondFactor(SecondFactor {
                account: account.to_owned(),
                generation: 0,
                passkey: None,
                password: None,
                first: vec!["pwd".to_owned()],
            })
        };
        let jane = pending.keep(second("jane"), Duration::ZERO).unwrap().unwrap();
        let joes: Vec<_> =
            (1..=20).map(|at| pending.keep(second("joe"), Duration::from_secs(at)).unwrap().unwrap()).collect();
        let now = Duration::from_secs(30);
        assert!(pending.second_factor(&jane, now).is_some());
        let left: Vec<bool> = joes.iter().map(|handle| pending.second_factor(handle, now).is_some()).collect();
        assert_eq!(left.iter().filter(|is_left| **is_left).count(), MOST_OF_ACCOUNT);
        assert!(!left[0] && left[19], "the oldest go");
    }
}
