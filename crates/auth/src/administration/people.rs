//! What administrators do about the sessions and consents of others.

use serde::Serialize;

use crate::authorization::event::GrantEvent;
use crate::control::event::Change;
use crate::{Auth, AuthError, Consent};

/// A consent, and whose it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentOf {
    /// The account's id.
    pub account_id: String,
    /// What its person let an application do.
    #[serde(flatten)]
    pub consent: Consent,
}

impl Auth {
    /// Ends a session of an account, or all of them; how many. They are refused once this returns. Blocks until it is durable.
    pub fn end_sessions(&self, account: &str, id: Option<&str>) -> Result<usize, AuthError> {
        self.account(account)?;
        let mut sessions = self.sessions(account);
        sessions.retain(|session| id.is_none_or(|id| session.id == id));
        for session in &sessions {
            self.record_end(self.by(), &session.id, Some(account), "ended by an administrator")?;
        }
        Ok(sessions.len())
    }

    /// What everybody let applications do.
    pub fn all_consents(&self) -> Vec<ConsentOf> {
        let of = |account: crate::Account| self.consents_of(&account.id).unwrap_or_default();
        self.accounts().into_iter().flat_map(of).collect()
    }

    /// What an account's person let applications do.
    pub fn consents_of(&self, account: &str) -> Result<Vec<ConsentOf>, AuthError> {
        self.account(account)?;
        let of = |consent| ConsentOf { account_id: account.to_owned(), consent };
        Ok(self.consents(account).into_iter().map(of).collect())
    }

    /// Takes back what an account's person let an application do, its tokens too; false where there was nothing. Blocks
    /// until it is durable.
    pub fn withdraw_for(&self, account: &str, client: &str) -> Result<bool, AuthError> {
        let mut there = false;
        self.control().change(self.by(), |force, _| {
            force.people.account(account)?;
            there = !force.grants.consented(account, client).is_empty();
            let event = GrantEvent::Withdrawn { account: account.to_owned(), client: client.to_owned() };
            Ok(there.then_some(Change::Grant(event)))
        })?;
        Ok(there)
    }
}
