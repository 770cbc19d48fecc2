//! Authorization codes (RFC 6749 section 4.1.2): in memory, good once, for a minute.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use zeroize::Zeroizing;

use super::identity::Scopes;
use crate::AuthError;

/// How long a code is good (RFC 6749 says at most ten minutes).
const LIFE: Duration = Duration::from_mins(1);
/// How long a used one is remembered: who comes with it again ends what it began.
const MEMORY: Duration = Duration::from_mins(10);
/// Codes at once, some 1 KB each.
const MOST: usize = 10_000;
/// Of these, good ones of one person.
const MOST_OF_ACCOUNT: usize = 20;

/// What a code stands for.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    /// The thumbprint of the key that has to be proved with it, if one has to.
    pub(crate) key: Option<String>,
    pub(crate) scopes: Scopes,
    pub(crate) nonce: Option<String>,
    pub(crate) account: String,
    pub(crate) account_generation: u32,
    pub(crate) session: String,
    pub(crate) methods: Vec<String>,
    /// In seconds since 1970.
    pub(crate) authenticated_at: i64,
}

enum State {
    Good(Box<Granted>),
    /// It was used; the grant that came of it.
    Used {
        account: String,
        grant: String,
        again: bool,
    },
}

struct Entry {
    state: State,
    until: Duration,
}

/// What a code that somebody came with is.
pub(crate) enum Taken {
    /// Good; it is used now, for a grant of that id.
    Good(Box<Granted>),
    /// It was used before, for this grant, which has to end (RFC 6749 section 4.1.2).
    Used {
        account: String,
        grant: String,
    },
    Unknown,
}

/// The codes.
#[derive(Default)]
pub(crate) struct Codes(Mutex<HashMap<String, Entry>>);

impl Codes {
    /// A new code. `None` while there are too many.
    pub(crate) fn make(&self, granted: Granted, now: Duration) -> Result<Option<Zeroizing<String>>, AuthError> {
        let code = crate::people::sign_in::secret()?;
        let mut codes = self.0.lock();
        if codes.len() >= MOST {
            codes.retain(|_, entry| now < entry.until);
        }
        if codes.len() >= MOST {
            return Ok(None);
        }
        // Who asks for many has the newest: nobody takes the place of others.
        let of_account = |entry: &Entry| matches!(&entry.state, State::Good(other) if other.account == granted.account);
        if codes.values().filter(|entry| of_account(entry)).count() >= MOST_OF_ACCOUNT {
            let oldest = codes.iter().filter(|(_, entry)| of_account(entry)).min_by_key(|(_, entry)| entry.until);
            if let Some(oldest) = oldest.map(|(code, _)| code.clone()) {
                codes.remove(&oldest);
            }
        }
        codes.insert(code.to_string(), Entry { state: State::Good(Box::new(granted)), until: now + LIFE });
        Ok(Some(code))
    }

    /// Takes a code for a grant of that id; whoever comes with it later is told of that grant.
    pub(crate) fn take(&self, code: &str, grant: &str, now: Duration) -> Taken {
        let mut codes = self.0.lock();
        let Some(entry) = codes.remove(code).filter(|entry| now < entry.until) else { return Taken::Unknown };
        match entry.state {
            State::Good(granted) => {
                let state = State::Used { account: granted.account.clone(), grant: grant.to_owned(), again: false };
                codes.insert(code.to_owned(), Entry { state, until: now + MEMORY });
                Taken::Good(granted)
            }
            State::Used { account, grant, .. } => {
                let state = State::Used { account: account.clone(), grant: grant.clone(), again: true };
                codes.insert(code.to_owned(), Entry { state, until: entry.until });
                Taken::Used { account, grant }
            }
        }
    }

    /// Whether somebody came with it again since it was taken.
    pub(crate) fn came_again(&self, code: &str) -> bool {
        self.0.lock().get(code).is_some_and(|entry| matches!(entry.state, State::Used { again: true, .. }))
    }

    pub(crate) fn forget_expired(&self, now: Duration) {
        self.0.lock().retain(|_, entry| now < entry.until);
    }
}
