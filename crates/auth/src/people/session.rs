//! Sessions: what a browser has after its person signed in.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use continuity_base::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use super::account::Account;
use crate::authorization::identity::Scopes;
use crate::client::rfc3339;
use crate::{Limits, Person, Principal, ScopeSet, reader};

/// Where a request of a person comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The address, if it came over a network.
    pub address: Option<IpAddr>,
    /// What the browser calls itself; the first 200 characters are kept.
    pub agent: String,
}

impl Origin {
    pub(crate) fn agent(&self) -> String {
        self.agent.chars().filter(|c| !c.is_control()).take(200).collect()
    }
}

/// What somebody who signed in has to do before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// The password was given by somebody else.
    ChangePassword,
    /// The policy asks for a second factor, and there is none.
    SetUpSecondFactor,
}

/// A session in force, and whose it is.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its id; no secret.
    pub id: String,
    /// Whose it is.
    pub account: Account,
    /// How its person proved who it is (RFC 8176).
    pub methods: Vec<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When its person last proved it.
    pub proved_at: Timestamp,
    /// When it ends at the latest.
    pub until: Timestamp,
    /// Where requests with it come from now.
    pub origin: Origin,
    /// To be done first.
    pub duties: Vec<Duty>,
    pub(crate) generation: u32,
    /// What forms carry, so that no other page can send them: it follows from the session's secret.
    pub csrf: String,
}

/// What the console is called where clients are named.
pub(crate) const CONSOLE: &str = "console";

impl Session {
    /// Its person, for the administration: there are no data in it.
    pub fn principal(&self) -> Principal {
        self.to_read(ScopeSet::EMPTY, None)
    }

    /// Its person, who reads on the pages what the account may read.
    pub fn reader(&self) -> Principal {
        let settings = &self.account.settings;
        self.to_read(settings.scopes, Limits::of(&settings.teams, &settings.channel_kinds))
    }

    fn to_read(&self, scopes: ScopeSet, limits: Option<Arc<Limits>>) -> Principal {
        let account = self.account.id.clone();
        let reader = reader::join(CONSOLE, &account);
        let person = Person { account, scopes: Scopes::default(), proved_at: self.proved_at, reader };
        Principal {
            client_id: CONSOLE.to_owned(),
            scopes,
            expires_at: self.until,
            token_id: self.id.clone(),
            rate: None,
            limits,
            person: Some(Arc::new(person)),
        }
    }

    /// Who acts, for records.
    pub(crate) fn by(&self) -> crate::By {
        self.by_because(None)
    }

    pub(crate) fn by_because(&self, reason: Option<String>) -> crate::By {
        crate::By {
            actor: self.account.settings.email.clone(),
            address: self.origin.address.map(|address| address.to_string()),
            reason,
        }
    }
}

/// A session that has just begun, with the secret that its browser keeps.
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// For the cookie; only a digest of it is kept.
    pub cookie: Zeroizing<String>,
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn").field("session", &self.session.id).finish_non_exhaustive()
    }
}

/// A session as lists show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// Whose it is: the account's id.
    pub account_id: String,
    /// How its person proved who it is.
    pub methods: Vec<String>,
    /// Where it began.
    pub address: Option<String>,
    /// What the browser called itself.
    pub agent: String,
    /// When it began.
    #[serde(serialize_with = "rfc3339")]
    pub started_at: Timestamp,
    /// When it ends at the latest.
    #[serde(serialize_with = "rfc3339")]
    pub until: Timestamp,
}
