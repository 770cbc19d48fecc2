//! What was begun and waits for its person's next step: in memory, for ten minutes.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyAuthentication, PasskeyRegistration};
use zeroize::Zeroizing;

use crate::AuthError;
use crate::keys::secret;

const LIFE: Duration = Duration::from_mins(10);
/// Steps that wait at once; some 2 KB each.
const MOST: usize = 10_000;
/// Wrong codes after which one has to begin again.
const MAX_TRIES: u32 = 5;

/// What is waited for.
pub(crate) enum Begun {
    /// The password was good; the second factor is asked for.
    SecondFactor(SecondFactor),
    /// A passkey of whomever.
    Passkey(Box<DiscoverableAuthentication>),
    /// A code that shows that the app has the secret.
    Totp { session: String, secret: Zeroizing<Vec<u8>> },
    /// A new passkey.
    NewPasskey { session: String, state: Box<PasskeyRegistration> },
}

#[derive(Clone)]
pub(crate) struct SecondFactor {
    pub(crate) account: String,
    /// The account's generation when its password was proved.
    pub(crate) generation: u32,
    pub(crate) passkey: Option<Box<PasskeyAuthentication>>,
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
