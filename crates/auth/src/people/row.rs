//! An account and a session as the control log makes them.

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

use super::account::{Account, AccountSettings, Linked, PasskeyView};
use super::event::{AccountEvent, AccountStored, PasswordHash, PasswordSet, SessionStarted, Used};
use super::guard::network;
use super::provider::is_federated;
use crate::AuthError;
use crate::control::event::By;
use crate::keys::secret::SecretDigest;

/// An account as the control store keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AccountRow {
    pub(crate) id: String,
    pub(crate) stored: AccountStored,
    pub(crate) enabled: bool,
    /// It is shown to nobody and signs nobody in; the row keeps its id.
    pub(crate) deleted: bool,
    /// Raised by what ends everything that it began: disabling, and a password that somebody else set.
    pub(crate) generation: u32,
    created_at: Timestamp,
    created_by: String,
    pub(crate) password: Option<PasswordHash>,
    password_life: PasswordLife,
    /// A one-time link, and until when it is good.
    pub(crate) link: Option<(SecretDigest, Timestamp)>,
    /// Sealed.
    pub(crate) totp: Option<Vec<u8>>,
    /// The step of the newest code that was used.
    pub(crate) totp_step: u64,
    pub(crate) passkeys: Vec<PasskeyRow>,
    pub(crate) recovery: Vec<SecretDigest>,
    last_sign_in_at: Option<Timestamp>,
    /// Networks that its person signed in from, the newest last.
    pub(crate) networks: Vec<String>,
    /// Who signs in as it at a provider.
    pub(crate) linked: Option<Linked>,
}

/// How long a password is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum PasswordLife {
    /// Its person chose it.
    Own,
    /// Somebody else knows it: for one sign-in.
    Temporary,
    /// That sign-in was.
    Spent,
}

/// Networks that are remembered of a person.
const MAX_NETWORKS: usize = 10;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PasskeyRow {
    pub(crate) id: String,
    name: String,
    pub(crate) credential: String,
    added_at: Timestamp,
    used_at: Option<Timestamp>,
}

impl AccountRow {
    fn created(id: &str, stored: AccountStored, by: &By, at: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            stored,
            enabled: true,
            deleted: false,
            generation: 0,
            created_at: at,
            created_by: by.actor.clone(),
            password: None,
            password_life: PasswordLife::Own,
            link: None,
            totp: None,
            totp_step: 0,
            passkeys: Vec::new(),
            recovery: Vec::new(),
            last_sign_in_at: None,
            networks: Vec::new(),
            linked: None,
        }
    }

    /// Whether its person may sign in at all.
    pub(crate) fn is_open(&self) -> bool {
        self.enabled && !self.deleted
    }

    /// Whether its password signs its person in.
    pub(crate) fn takes_password(&self) -> bool {
        self.is_open() && self.password_life != PasswordLife::Spent
    }

    fn end_all(&mut self) {
        self.generation = self.generation.wrapping_add(1);
    }

    fn delete(&mut self) {
        self.end_all();
        (self.deleted, self.enabled, self.password, self.link, self.totp) = (true, false, None, None, None);
        self.linked = None;
        self.passkeys.clear();
        self.recovery.clear();
    }

    fn set_password(&mut self, set: PasswordSet) {
        if set.keeps.is_none() {
            self.end_all();
        }
        (self.password, self.link) = (Some(set.hash), None);
        self.password_life = if set.temporary { PasswordLife::Temporary } else { PasswordLife::Own };
    }

    /// Its person was there: from where somebody else's failures do not count.
    fn was_at(&mut self, address: Option<&str>) {
        if let Some(there) = address.and_then(|address| address.parse().ok()).map(|ip| network(ip).to_string()) {
            self.networks.retain(|known| *known != there);
            self.networks.push(there);
            let over = self.networks.len().saturating_sub(MAX_NETWORKS);
            self.networks.drain(..over);
        }
    }

    /// Its person signed in.
    pub(crate) fn signed_in(&mut self, started: &SessionStarted, address: Option<&str>, at: Timestamp) {
        self.last_sign_in_at = self.last_sign_in_at.max(Some(at));
        // A provider's password is another one.
        let by_password = !is_federated(&started.methods) && started.methods.iter().any(|method| method == "pwd");
        if by_password && self.password_life == PasswordLife::Temporary {
            self.password_life = PasswordLife::Spent;
        }
        self.was_at(address);
        self.used(&started.used, at);
    }

    /// Whether that proves nothing any more, or would be no proof beside what else there is.
    pub(crate) fn is_used_up(&self, used: &Used) -> bool {
        match used {
            Used::Nothing => self.totp.is_some() || !self.passkeys.is_empty(),
            Used::TotpStep(step) => self.totp.is_none() || *step <= self.totp_step,
            Used::RecoveryCode(digest) => !self.recovery.contains(digest),
            Used::Passkey { id, .. } => !self.passkeys.iter().any(|passkey| passkey.id == *id),
        }
    }

    pub(crate) fn used(&mut self, used: &Used, at: Timestamp) {
        match used {
            Used::Nothing => {}
            Used::TotpStep(step) => self.totp_step = self.totp_step.max(*step),
            Used::RecoveryCode(digest) => self.recovery.retain(|code| code != digest),
            Used::Passkey { id, credential } => {
                for passkey in self.passkeys.iter_mut().filter(|passkey| passkey.id == *id) {
                    passkey.credential.clone_from(credential);
                    passkey.used_at = passkey.used_at.max(Some(at));
                }
            }
        }
    }

    pub(crate) fn view(&self) -> Account {
        let passkey = |row: &PasskeyRow| PasskeyView {
            id: row.id.clone(),
            name: row.name.clone(),
            added_at: row.added_at,
            used_at: row.used_at,
        };
        Account {
            id: self.id.clone(),
            settings: AccountSettings::from(&self.stored),
            enabled: self.enabled,
            created_at: self.created_at,
            created_by: self.created_by.clone(),
            has_password: self.password.is_some(),
            must_change_password: self.password_life != PasswordLife::Own,
            has_totp: self.totp.is_some(),
            passkeys: self.passkeys.iter().map(passkey).collect(),
            recovery_codes_left: self.recovery.len(),
            link_until: self.link.as_ref().map(|(_, until)| *until),
            last_sign_in_at: self.last_sign_in_at,
            linked: self.linked.clone(),
        }
    }
}

/// What one event makes of an account.
pub(crate) fn fold(
    before: Option<AccountRow>,
    id: &str,
    event: AccountEvent,
    by: &By,
    at: Timestamp,
) -> Result<AccountRow, AuthError> {
    let missing =
        || AuthError::ControlLog(format!("a record changes account {id}, which no record creates; verify the log"));
    let mut row = match event {
        AccountEvent::Created(stored) => return Ok(AccountRow::created(id, stored, by, at)),
        AccountEvent::CreatedLinked { stored, issuer, subject } => {
            let linked = Some(Linked { issuer, subject });
            return Ok(AccountRow { linked, ..AccountRow::created(id, stored, by, at) });
        }
        _ => before.ok_or_else(missing)?,
    };
    match event {
        AccountEvent::Created(_) | AccountEvent::CreatedLinked { .. } | AccountEvent::SignInsFailed { .. } => {}
        AccountEvent::Linked { issuer, subject } => row.linked = Some(Linked { issuer, subject }),
        AccountEvent::Unlinked => {
            row.linked = None;
            row.end_all();
        }
        AccountEvent::Changed(stored) => row.stored = stored,
        AccountEvent::Enabled => row.enabled = true,
        AccountEvent::Disabled => {
            row.enabled = false;
            row.end_all();
        }
        AccountEvent::Deleted => row.delete(),
        AccountEvent::LinkMade { digest, until } => row.link = Some((digest, Timestamp::from_micros(until))),
        AccountEvent::PasswordSet(set) => {
            if !set.temporary {
                row.was_at(by.address.as_deref());
            }
            row.set_password(set);
        }
        AccountEvent::TotpSet { sealed } => {
            row.totp = Some(sealed);
            // The code that showed that the app has the secret was used.
            row.totp_step = u64::try_from(at.as_seconds()).unwrap_or_default() / 30;
        }
        AccountEvent::TotpRemoved => row.totp = None,
        AccountEvent::PasskeyAdded { id, name, credential } => {
            row.passkeys.retain(|passkey| passkey.id != id);
            row.passkeys.push(PasskeyRow { id, name, credential, added_at: at, used_at: None });
        }
        AccountEvent::PasskeyRemoved { id } => row.passkeys.retain(|passkey| passkey.id != id),
        AccountEvent::RecoveryCodesMade { digests } => row.recovery = digests,
        AccountEvent::FactorsReset => {
            (row.totp, row.totp_step) = (None, 0);
            row.passkeys.clear();
            row.recovery.clear();
            row.end_all();
        }
    }
    Ok(row)
}

/// A session as the control store keeps it. Those that ended have no row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SessionRow {
    pub(crate) started: SessionStarted,
    pub(crate) at: Timestamp,
    pub(crate) address: Option<String>,
    /// When its person last proved who it is.
    pub(crate) proved_at: Timestamp,
}
