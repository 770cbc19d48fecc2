//! The account of whom a provider vouched for: made, changed, or refused; and linked by an administrator.

use std::net::IpAddr;

use super::groups::{Granted, granted};
use super::identity::Identity;
use super::{ProviderError, ProviderPolicy};
use crate::control::event::{By, Change};
use crate::people::account::{Account, AccountSettings};
use crate::people::directory::People;
use crate::people::event::AccountEvent;
use crate::people::row::AccountRow;
use crate::{Auth, AuthError};

/// The longest subject in bytes (OpenID Connect Core section 2).
const MAX_SUBJECT_BYTES: usize = 255;

impl Auth {
    /// The account that may sign in, as the groups say now. Blocks until it is durable.
    pub(super) fn admit(
        &self,
        policy: &ProviderPolicy,
        who: &Identity,
        address: Option<IpAddr>,
    ) -> Result<AccountRow, ProviderError> {
        let silent = || ProviderError::Invalid("it says nothing of the person's groups".to_owned());
        let groups = who.groups.as_ref().ok_or_else(silent)?;
        let given = granted(groups, policy);
        let reason = given.as_ref().map_or_else(|| "no group that means anything".to_owned(), Granted::reason);
        let by = By { address: address.map(|ip| ip.to_string()), reason: Some(reason), ..By::actor("provider") };
        let id = uuid::Builder::from_random_bytes(crate::access::random()?).into_uuid().to_string();
        let mut refused = None;
        self.control().change(&by, |force, _| {
            let (what, why) = decide(&force.people, policy, who, given.as_ref())?;
            refused = why;
            let known = force.people.by_subject(&policy.issuer, &who.subject).map(|row| row.id);
            Ok(what.map(|what| Change::Account { id: known.unwrap_or(id), what }))
        })?;
        match refused {
            Some(why) => Err(why),
            None => self.people().by_subject(&policy.issuer, &who.subject).ok_or(ProviderError::Disabled),
        }
    }

    /// Lets somebody who has that subject at that provider sign in as this account. Blocks until it is durable.
    pub fn link_account(&self, id: &str, issuer: &str, subject: &str) -> Result<Account, AuthError> {
        let good = |text: &str, most| !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control);
        if !good(subject, MAX_SUBJECT_BYTES) || !good(issuer, 2_048) {
            return crate::auth::invalid("a link needs the provider's issuer, and a subject of 1 to 255 bytes");
        }
        self.control().change(self.by(), |force, _| {
            let row = force.people.account(id)?;
            let other = force.people.by_subject(issuer, subject).filter(|other| other.id != row.id);
            if let Some(other) = other {
                let whose = other.stored.email;
                return Err(AuthError::Conflict(format!(
                    "this subject is linked to {whose}; unlink that account first"
                )));
            }
            match row.linked {
                Some(of) if of.issuer == issuer && of.subject == subject => Ok(None),
                Some(of) => {
                    let to = of.subject;
                    Err(AuthError::Conflict(format!("the account is linked to subject {to:?}; unlink it first")))
                }
                None => {
                    let what = AccountEvent::Linked { issuer: issuer.to_owned(), subject: subject.to_owned() };
                    Ok(Some(Change::Account { id: row.id, what }))
                }
            }
        })?;
        self.account(id)
    }

    /// Nobody signs in as this account by a provider any more, and its sessions end. Blocks until it is durable.
    pub fn unlink_account(&self, id: &str) -> Result<Account, AuthError> {
        self.on_account(id, |row| match row.linked {
            Some(_) => Ok(AccountEvent::Unlinked),
            None => Err(AuthError::Conflict("the account is not linked to a provider".to_owned())),
        })?;
        self.account(id)
    }
}

type Decision = (Option<AccountEvent>, Option<ProviderError>);

/// What becomes of the account, and why its person does not get in.
fn decide(
    people: &People,
    policy: &ProviderPolicy,
    who: &Identity,
    given: Option<&Granted>,
) -> Result<Decision, AuthError> {
    let refuse = |why| Ok((None, Some(why)));
    let known = people.by_subject(&policy.issuer, &who.subject);
    let administers = given.is_some_and(Granted::administers);
    if !administers && known.as_ref().is_some_and(|row| people.is_last_administrator(&row.id)) {
        tracing::warn!(
            subject = who.subject,
            "the provider's groups would take the last administrator: nothing is changed"
        );
        return refuse(ProviderError::NoGroup);
    }
    match (known, given) {
        (None, None) => refuse(ProviderError::NoGroup),
        (Some(row), _) if !row.enabled => refuse(ProviderError::Disabled),
        // What there was before is taken away now: it also ends in sessions and tokens that are in use.
        (Some(row), None) => {
            let before = AccountSettings::from(&row.stored);
            let nothing = AccountSettings { roles: Vec::new(), scopes: crate::ScopeSet::EMPTY, ..before.clone() };
            let what = (nothing != before).then(|| AccountEvent::Changed(nothing.into()));
            Ok((what, Some(ProviderError::NoGroup)))
        }
        (Some(row), Some(given)) => {
            let before = AccountSettings::from(&row.stored);
            let email = who.email.clone().filter(|email| people.by_email(email).is_none());
            let now = AccountSettings {
                email: email.unwrap_or_else(|| before.email.clone()),
                name: who.name.clone().unwrap_or_else(|| before.name.clone()),
                channel_kinds: before.channel_kinds.clone(),
                ..given.settings()
            };
            let now = now.checked()?;
            Ok(((now != before).then(|| AccountEvent::Changed(now.into())), None))
        }
        (None, Some(given)) => {
            let Some(email) = who.email.clone() else { return refuse(ProviderError::NoEmail) };
            if people.by_email(&email).is_some() {
                return refuse(ProviderError::NotLinked);
            }
            let name = who.name.clone().unwrap_or_else(|| email.clone());
            let stored = AccountSettings { email, name, ..given.settings() }.checked()?.into();
            let (issuer, subject) = (policy.issuer.clone(), who.subject.clone());
            Ok((Some(AccountEvent::CreatedLinked { stored, issuer, subject }), None))
        }
    }
}
