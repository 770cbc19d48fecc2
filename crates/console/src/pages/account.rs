//! `/console/account`: who somebody is here, and how they sign in.

pub(crate) mod applications;
pub(crate) mod authenticator;
pub(crate) mod passkeys;
pub(crate) mod password;
pub(crate) mod recovery;
pub(crate) mod second_factor;
pub(crate) mod sessions;

use askama::Template;
use axum::response::Response;
use continuity_auth::{Account, Duty, Session};

use crate::agent;
use crate::frame::Frame;
use crate::next;
use crate::pages::{confirm, status};
use crate::reply::{Answer, see_other};
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

pub(crate) const PATH: &str = "/console/account";

#[derive(Template)]
#[template(path = "account.html")]
struct Page {
    frame: Frame,
    done: Option<&'static str>,
    account: Account,
    roles: Vec<&'static str>,
    scopes: Vec<(&'static str, &'static str)>,
    /// Whether a proof of who it is has to come before a change of what signs it in.
    proof: Option<String>,
    /// Whether passkeys can be added.
    can_have_passkeys: bool,
    /// Whether the second factor that there is has to stay.
    has_last_factor: bool,
    passkeys: Vec<PasskeyLine>,
    recovery: String,
    sessions: Vec<SessionLine>,
    applications: Vec<ApplicationLine>,
}

struct PasskeyLine {
    id: String,
    name: String,
    added: When,
    used: Option<When>,
}

pub(crate) struct SessionLine {
    pub(crate) id: String,
    pub(crate) browser: String,
    pub(crate) place: String,
    pub(crate) methods: String,
    pub(crate) began: When,
    pub(crate) is_this: bool,
}

pub(crate) struct ApplicationLine {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) scopes: Vec<(&'static str, String)>,
    pub(crate) since: When,
    pub(crate) used: Option<When>,
}

/// What was done, to be said once on the page.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Done {
    PasswordChanged,
    AuthenticatorAdded,
    AuthenticatorRemoved,
    PasskeyAdded,
    PasskeyRemoved,
    SessionEnded,
    SessionsEnded,
    Withdrawn,
}

impl Done {
    const ALL: [(Self, &'static str); 8] = [
        (Self::PasswordChanged, "password-changed"),
        (Self::AuthenticatorAdded, "authenticator-added"),
        (Self::AuthenticatorRemoved, "authenticator-removed"),
        (Self::PasskeyAdded, "passkey-added"),
        (Self::PasskeyRemoved, "passkey-removed"),
        (Self::SessionEnded, "session-ended"),
        (Self::SessionsEnded, "sessions-ended"),
        (Self::Withdrawn, "withdrawn"),
    ];

    const fn said(self, t: &Texts) -> &'static str {
        match self {
            Self::PasswordChanged => t.done_password_changed,
            Self::AuthenticatorAdded => t.done_authenticator_added,
            Self::AuthenticatorRemoved => t.done_authenticator_removed,
            Self::PasskeyAdded => t.done_passkey_added,
            Self::PasskeyRemoved => t.done_passkey_removed,
            Self::SessionEnded => t.done_session_ended,
            Self::SessionsEnded => t.done_sessions_ended,
            Self::Withdrawn => t.done_withdrawn,
        }
    }

    /// The account's page with that said.
    pub(crate) fn address(self) -> String {
        let name = Self::ALL.iter().find(|(done, _)| *done as u8 == self as u8).map_or("", |(_, name)| name);
        format!("{PATH}?done={name}")
    }
}

/// Where somebody who is signed in goes: to what has to be done first, else on.
pub(crate) fn onward(session: &Session, next: Option<&str>) -> String {
    match session.duties.first() {
        Some(Duty::ChangePassword) => next::with(password::PATH, next),
        Some(Duty::SetUpSecondFactor) => next::with(second_factor::PATH, next),
        None => next.unwrap_or(PATH).to_owned(),
    }
}

/// Where somebody goes who just did something: on, where something waits, else to the account's page, which says what was
/// done. The session is looked at once more: what had to be done may be done now.
pub(crate) fn done(visit: &Visit, next: Option<&str>, done: Done) -> Response {
    let duties = visit.duties_now();
    match (duties.first(), next) {
        (Some(Duty::ChangePassword), next) => see_other(&next::with(password::PATH, next)),
        (Some(Duty::SetUpSecondFactor), next) => see_other(&next::with(second_factor::PATH, next)),
        (None, Some(next)) => see_other(next),
        (None, None) => see_other(&done.address()),
    }
}

/// `GET /console`.
pub(crate) async fn home(visit: Visit) -> Answer {
    visit.member()?;
    Ok(see_other(status::PATH))
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.member()?;
    let (t, auth, account) = (visit.texts(), &visit.console.auth, session.account.clone());
    let factors = usize::from(account.has_totp) + account.passkeys.len();
    let asked = visit.query();
    let done = Done::ALL.iter().find(|(_, name)| *name == asked.get("done"));
    let passkey = |view: &continuity_auth::PasskeyView| PasskeyLine {
        id: view.id.clone(),
        name: view.name.clone(),
        added: When::new(t, view.added_at),
        used: view.used_at.map(|at| When::new(t, at)),
    };
    let page = Page {
        frame: visit.frame(t.account),
        done: done.map(|(done, _)| done.said(t)),
        roles: account.settings.roles.iter().map(|role| t.role(role.name())).collect(),
        scopes: account
            .settings
            .scopes
            .iter()
            .map(|scope| (t.scope(scope.as_str()).unwrap_or(scope.in_words()), scope.as_str()))
            .collect(),
        proof: (!auth.is_proved(session)).then(|| next::with(confirm::PATH, Some(PATH))),
        can_have_passkeys: auth.can_have_passkeys(),
        has_last_factor: auth.second_factor_required() && factors == 1,
        passkeys: account.passkeys.iter().map(passkey).collect(),
        recovery: fill(t.recovery_left, &[&account.recovery_codes_left.to_string()]),
        sessions: sessions(&visit, &account.id),
        applications: applications(&visit, &account.id),
        account,
    };
    Ok(visit.page(&page))
}

/// Where an account's person is signed in.
pub(crate) fn sessions(visit: &Visit, account: &str) -> Vec<SessionLine> {
    let t = visit.texts();
    let line = |view: continuity_auth::SessionView| {
        let methods: Vec<&str> = view.methods.iter().filter_map(|method| t.method(method)).collect();
        let browser = agent::short(&view.agent);
        SessionLine {
            is_this: visit.session.as_ref().is_some_and(|session| session.id == view.id),
            browser: if browser.is_empty() { t.unknown_browser.to_owned() } else { browser },
            place: view.address.unwrap_or_default(),
            methods: methods.join(", "),
            began: When::new(t, view.started_at),
            id: view.id,
        }
    };
    visit.console.auth.sessions(account).into_iter().map(line).collect()
}

/// What an account's person let applications do.
pub(crate) fn applications(visit: &Visit, account: &str) -> Vec<ApplicationLine> {
    let t = visit.texts();
    let line = |consent: continuity_auth::Consent| ApplicationLine {
        scopes: consent.scopes.split(' ').map(|name| (t.scope(name).unwrap_or_default(), name.to_owned())).collect(),
        since: When::new(t, consent.granted_at),
        used: consent.last_used_at.map(|at| When::new(t, at)),
        id: consent.client_id,
        name: consent.client_name,
    };
    visit.console.auth.consents(account).into_iter().map(line).collect()
}
