//! Accounts made by administrators, and the one-time links with which their people set a password.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::account::{Account, AccountSettings, normalised};
use super::event::{AccountEvent, PasswordHash, PasswordSet};
use super::password;
use super::role::Role;
use super::session::Origin;
use super::sign_in::{SignInError, secret};
use crate::control::event::{By, Change};
use crate::control::force::InForce;
use crate::{Auth, AuthError};

/// Where a one-time link leads, below the server's address.
pub const LINK: &str = "/console/link/";

/// How long a one-time link is good.
pub const LINK_LIFE: Duration = Duration::from_hours(72);

impl Auth {
    /// Makes an account; its person sets a password through a link ([`Auth::make_link`]). Blocks until it is durable.
    pub fn create_account(&self, settings: AccountSettings) -> Result<Account, AuthError> {
        let settings = settings.checked()?;
        let id = uuid::Builder::from_random_bytes(crate::access::random()?).into_uuid().to_string();
        self.control().change(self.by(), |force, _| {
            if force.people.by_email(&settings.email).is_some() {
                return Err(AuthError::Conflict(format!("there is an account of {} already", settings.email)));
            }
            Ok(Some(Change::Account { id: id.clone(), what: AccountEvent::Created(settings.into()) }))
        })?;
        self.account(&id)
    }

    /// All accounts, oldest first.
    pub fn accounts(&self) -> Vec<Account> {
        self.people().views()
    }

    /// One account, by its id.
    pub fn account(&self, id: &str) -> Result<Account, AuthError> {
        Ok(self.people().account(id)?.view())
    }

    /// The id of an account, given that or its e-mail address.
    pub fn find_account(&self, name: &str) -> Result<Account, AuthError> {
        match self.people().by_email(&normalised(name)) {
            Some(row) => Ok(row.view()),
            None => self.account(name),
        }
    }

    /// Gives an account other settings. Blocks until it is durable; nothing is recorded when nothing changes.
    pub fn change_account(&self, id: &str, settings: AccountSettings) -> Result<Account, AuthError> {
        self.change_account_with(id, |_| Ok(settings))
    }

    /// As [`Auth::change_account`], with what `change` makes of the present settings: no change of somebody else is lost.
    pub fn change_account_with(
        &self,
        id: &str,
        change: impl FnOnce(&AccountSettings) -> Result<AccountSettings, AuthError>,
    ) -> Result<Account, AuthError> {
        self.control().change(self.by(), |force, _| {
            let before = force.people.account(id)?.view().settings;
            let settings = change(&before)?.checked()?;
            if force.people.by_email(&settings.email).is_some_and(|other| other.id != id) {
                return Err(AuthError::Conflict(format!("there is another account of {}", settings.email)));
            }
            if !settings.roles.contains(&Role::Admin) {
                leaves_an_administrator(force, id)?;
            }
            let changed = AccountEvent::Changed(settings.clone().into());
            Ok((before != settings).then(|| Change::Account { id: id.to_owned(), what: changed }))
        })?;
        self.account(id)
    }

    /// Enables or disables an account: disabled, its sessions end, and what it let applications do. Blocks until it is durable.
    pub fn set_account_enabled(&self, id: &str, enabled: bool) -> Result<Account, AuthError> {
        self.control().change(self.by(), |force, _| {
            let what = match (force.people.account(id)?.enabled, enabled) {
                (false, true) => AccountEvent::Enabled,
                (true, false) => {
                    leaves_an_administrator(force, id)?;
                    AccountEvent::Disabled
                }
                _ => return Ok(None),
            };
            Ok(Some(Change::Account { id: id.to_owned(), what }))
        })?;
        if !enabled {
            self.disable_applications_of(id)?;
        }
        self.account(id)
    }

    /// Nobody looks after them any more; an administrator may let them in again.
    fn disable_applications_of(&self, id: &str) -> Result<(), AuthError> {
        for client in self.list_clients().into_iter().filter(|client| client.settings.owner.as_deref() == Some(id)) {
            self.set_enabled(&client.id, false)?;
        }
        Ok(())
    }

    /// Deletes an account for good. Blocks until it is durable.
    pub fn delete_account(&self, id: &str) -> Result<(), AuthError> {
        self.control().change(self.by(), |force, _| {
            force.people.account(id)?;
            leaves_an_administrator(force, id)?;
            Ok(Some(Change::Account { id: id.to_owned(), what: AccountEvent::Deleted }))
        })?;
        self.disable_applications_of(id)
    }

    /// Takes an account's authenticator app, passkeys and recovery codes away, for somebody who lost them, and ends its
    /// sessions: one of them may be where they were lost. Blocks until it is durable.
    pub fn reset_second_factors(&self, id: &str) -> Result<Account, AuthError> {
        self.on_account(id, |_| Ok(AccountEvent::FactorsReset))?;
        self.account(id)
    }

    /// Makes a one-time link with which an account's person sets a password, good for 72 hours; one made before is no
    /// good any more. What has to be appended to the page's address. Blocks until it is durable.
    pub fn make_link(&self, id: &str) -> Result<Zeroizing<String>, AuthError> {
        let token = secret()?;
        let digest = self.desk().pepper.digest("link", &token);
        let until = self.now().plus(LINK_LIFE).as_micros();
        self.on_account(id, |_| Ok(AccountEvent::LinkMade { digest, until }))?;
        Ok(token)
    }

    /// The page that a one-time link opens.
    pub fn link_address(&self, token: &str) -> String {
        format!("{}{LINK}{token}", self.issuer())
    }

    /// Sets a password that has to be changed at the next sign-in, and ends all sessions: the way in when there is no
    /// other. Blocks until it is durable.
    pub fn set_temporary_password(&self, id: &str) -> Result<Zeroizing<String>, AuthError> {
        let mut bytes = Zeroizing::new([0; 15]);
        crate::keys::secret::random(&mut *bytes)?;
        let password = Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes));
        let hash = self.desk().passwords.hash(&password)?;
        self.on_account(id, |_| Ok(AccountEvent::PasswordSet(PasswordSet { hash, temporary: true, keeps: None })))?;
        Ok(password)
    }

    /// Whose one-time link it is, while it is good.
    pub fn link(&self, token: &str) -> Option<Account> {
        let digest = self.desk().pepper.digest("link", token.get(..token.len().min(200))?);
        self.people().by_link(&digest, self.now()).map(|row| row.view())
    }

    /// Sets a password by a one-time link, which is no good any more then; sessions of before end.
    pub async fn use_link(&self, token: &str, password: &str, origin: &Origin) -> Result<(), SignInError> {
        let account = self.link(token).ok_or(SignInError::Expired)?;
        password::check(password, &account.settings.email, &account.settings.name)?;
        let hash = self.hash(password, origin.address).await?;
        let digest = self.desk().pepper.digest("link", token);
        let address = origin.address.map(|address| address.to_string());
        let by = By { address, reason: Some("by a one-time link".to_owned()), ..By::actor(&account.settings.email) };
        let used = self.off_thread(move |auth| {
            auth.control().change(&by, |force, now| {
                let row = force.people.by_link(&digest, now);
                let row = row.ok_or_else(|| AuthError::Conflict("the link was used already".to_owned()))?;
                let set = PasswordSet { hash, temporary: false, keeps: None };
                Ok(Some(Change::Account { id: row.id, what: AccountEvent::PasswordSet(set) }))
            })
        });
        match used.await {
            Err(AuthError::Conflict(_)) => Err(SignInError::Expired),
            other => Ok(other?),
        }
    }

    /// The digest of a password, made in turn.
    pub(crate) async fn hash(&self, password: &str, address: Option<IpAddr>) -> Result<PasswordHash, SignInError> {
        let (auth, password) = (self.clone(), Zeroizing::new(password.to_owned()));
        let hash = self.desk().passwords.turns().take(address, move || auth.desk().passwords.hash(&password));
        Ok(hash.await.map_err(|_| SignInError::Busy)??)
    }

    /// Appends what `decide` makes of an account.
    pub(crate) fn on_account(
        &self,
        id: &str,
        decide: impl FnOnce(&super::row::AccountRow) -> Result<AccountEvent, AuthError>,
    ) -> Result<(), AuthError> {
        self.on_account_by(self.by(), id, decide)
    }

    pub(crate) fn on_account_by(
        &self,
        by: &By,
        id: &str,
        decide: impl FnOnce(&super::row::AccountRow) -> Result<AccountEvent, AuthError>,
    ) -> Result<(), AuthError> {
        self.control().change(by, |force, _| {
            let what = decide(&force.people.account(id)?)?;
            Ok(Some(Change::Account { id: id.to_owned(), what }))
        })
    }
}

/// Nobody would let anybody in again: the last administrator stays one.
fn leaves_an_administrator(force: &InForce, id: &str) -> Result<(), AuthError> {
    if force.people.is_last_administrator(id) {
        let why = "this is the last administrator who may sign in; make another one first";
        return Err(AuthError::Conflict(why.to_owned()));
    }
    Ok(())
}
