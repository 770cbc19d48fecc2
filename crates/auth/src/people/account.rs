//! A person's account as administrators see it.

use continuity_base::Timestamp;
use serde::{Deserialize, Serialize};

use super::role::Role;
use crate::auth::invalid;
use crate::client::settings::scope_names;
use crate::client::{rfc3339, rfc3339_option};
use crate::{AuthError, Limits, ScopeSet};

/// The longest e-mail address in bytes (RFC 5321 section 4.5.3.1).
const MAX_EMAIL_BYTES: usize = 254;
/// The longest name in characters.
const MAX_NAME_CHARACTERS: usize = 200;

/// What an administrator decides of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountSettings {
    /// What the person signs in with; its case does not matter. No two accounts have the same.
    pub email: String,
    /// For people; 1 to 200 characters.
    pub name: String,
    /// What the person may do here.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// What the person may read of loans, and let applications read.
    #[serde(default, with = "scope_names")]
    pub scopes: ScopeSet,
    /// The teams whose loans the person may see; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// The kinds of channels that the person may see; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel_kinds: Vec<String>,
}

impl AccountSettings {
    /// Whether they can be kept, with what else is stored alike: the address in lower case, each role once.
    pub(crate) fn checked(mut self) -> Result<Self, AuthError> {
        self.email = normalised(&self.email);
        if !has_form_of_address(&self.email) {
            return invalid("an account needs an e-mail address such as jane@bank.example");
        }
        if self.email.len() > MAX_EMAIL_BYTES {
            return invalid("an e-mail address may have 254 bytes");
        }
        let characters = self.name.trim().chars().count();
        if characters == 0 || characters > MAX_NAME_CHARACTERS || self.name.chars().any(char::is_control) {
            return invalid("an account's name must have 1 to 200 characters, none of them control characters");
        }
        Limits::check(&self.teams, &self.channel_kinds)?;
        self.name = self.name.trim().to_owned();
        self.roles.sort_unstable();
        self.roles.dedup();
        Ok(self)
    }
}

/// Whether it could be an e-mail address.
fn has_form_of_address(email: &str) -> bool {
    let (local, domain) = email.split_once('@').unwrap_or_default();
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '@' && c != '<' && c != '>' && c != '"';
    !local.is_empty() && !domain.is_empty() && local.chars().all(plain) && domain.chars().all(plain)
}

/// Whether an account could have that address, which is compared as [`normalised`] makes it.
pub(crate) fn is_usable_address(email: &str) -> bool {
    has_form_of_address(email) && email.len() <= MAX_EMAIL_BYTES
}

/// An e-mail address as it is compared.
pub(crate) fn normalised(email: &str) -> String {
    email.trim().to_lowercase()
}

/// An account. Serializes for administrators and the command line; nothing that signs anybody in is in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "members of JSON, each a fact of its own")]
pub struct Account {
    /// A UUID; `sub` in tokens.
    pub id: String,
    /// What was decided of it.
    #[serde(flatten)]
    pub settings: AccountSettings,
    /// A disabled person signs in nowhere; sessions and tokens end at once.
    pub enabled: bool,
    /// When it was made.
    #[serde(serialize_with = "rfc3339")]
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// Whether a password was set.
    pub has_password: bool,
    /// Whether the password was given by somebody else and has to be changed at the next sign-in.
    pub must_change_password: bool,
    /// Whether codes of an authenticator app are asked for.
    pub has_totp: bool,
    /// Its passkeys.
    pub passkeys: Vec<PasskeyView>,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: usize,
    /// Until when a one-time link of it is good; `None` when there is none.
    #[serde(serialize_with = "rfc3339_option")]
    pub link_until: Option<Timestamp>,
    /// When its person signed in last.
    #[serde(serialize_with = "rfc3339_option")]
    pub last_sign_in_at: Option<Timestamp>,
    /// Who signs in as it at the bank's own provider.
    pub linked: Option<Linked>,
}

impl Account {
    /// Whether it has that role.
    pub fn has_role(&self, role: Role) -> bool {
        self.settings.roles.contains(&role)
    }

    /// Whether it has a role in the administration.
    pub fn administers(&self) -> bool {
        self.settings.roles.iter().any(|role| *role != Role::Viewer)
    }

    /// Whether there is something beside the password to prove.
    pub fn has_second_factor(&self) -> bool {
        self.has_totp || !self.passkeys.is_empty()
    }
}

/// Somebody at a provider.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Linked {
    /// The provider's `iss`.
    pub issuer: String,
    /// `sub` there.
    pub subject: String,
}

/// A passkey as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PasskeyView {
    /// The credential's id, in base64url.
    pub id: String,
    /// As the person named it.
    pub name: String,
    /// When it was added.
    #[serde(serialize_with = "rfc3339")]
    pub added_at: Timestamp,
    /// When it was used last.
    #[serde(serialize_with = "rfc3339_option")]
    pub used_at: Option<Timestamp>,
}
