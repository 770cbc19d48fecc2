//! Signing in: a password and a second factor, or a passkey, which is both.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use super::account::normalised;
use super::event::{PasswordHash, SessionEvent, SessionStarted, Used};
use super::guard::{Attempt, Guard, network};
use super::passkey::{Passkeys, Proved};
use super::password::Passwords;
use super::pending::{Begun, Pending, SecondFactor};
use super::provider::{MULTI_FACTOR, ProviderPolicy, is_federated, is_vouched};
use super::row::AccountRow;
use super::session::{Duty, Origin, Session, SessionView, SignedIn};
use super::totp;
use crate::control::event::{By, Change};
use crate::keys::fleet::{FleetKey, Sealing};
use crate::keys::secret::{self, Pepper};
use crate::{Auth, AuthError, metrics};

/// How people sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignInPolicy {
    /// Whether everybody has to have a second factor.
    pub second_factor_required: bool,
    /// How long a session lasts at the longest: five minutes to 30 days.
    pub session: Duration,
    /// After how long without a request it ends: one minute to `session`.
    pub idle: Duration,
}

impl Default for SignInPolicy {
    fn default() -> Self {
        Self { second_factor_required: true, session: Duration::from_hours(12), idle: Duration::from_mins(30) }
    }
}

impl SignInPolicy {
    pub(crate) fn check(&self) -> Result<(), AuthError> {
        if self.session < Duration::from_mins(5) || self.session > Duration::from_hours(30 * 24) {
            return crate::auth::invalid("a session may last five minutes to 30 days");
        }
        if self.idle < Duration::from_mins(1) || self.idle > self.session {
            return crate::auth::invalid("a session may be idle for one minute up to its whole length");
        }
        Ok(())
    }
}

/// What a sign-in needs beside the accounts.
pub(crate) struct Desk {
    pub(crate) policy: SignInPolicy,
    /// The bank's own provider, if people may come from there.
    pub(crate) provider: Option<ProviderPolicy>,
    pub(crate) passwords: Passwords,
    pub(crate) passkeys: Passkeys,
    pub(crate) pending: Pending,
    pub(crate) guard: Guard,
    /// What secrets of sessions, links and recovery codes are digested with.
    pub(crate) pepper: Pepper,
    /// What secrets of authenticator apps are sealed with.
    pub(crate) sealing: Sealing,
    /// Sign-ins that failed and are in no record yet: account -> how many, and where from.
    pub(crate) failures: parking_lot::Mutex<std::collections::HashMap<String, (u32, Option<IpAddr>)>>,
}

impl Desk {
    pub(crate) fn new(
        policy: SignInPolicy,
        provider: Option<ProviderPolicy>,
        fleet: &FleetKey,
        issuer: &str,
    ) -> Result<Self, AuthError> {
        policy.check()?;
        Ok(Self {
            policy,
            provider,
            passwords: Passwords::new(fleet.derive("passwords")?)?,
            passkeys: Passkeys::new(issuer),
            pending: Pending::default(),
            guard: Guard::new(),
            pepper: Pepper::new(&*fleet.derive("secrets of people")?),
            sealing: fleet.sealing("authenticator apps")?,
            failures: parking_lot::Mutex::default(),
        })
    }
}

/// What comes after a good password.
#[derive(Debug)]
pub enum Step {
    /// The person is in.
    SignedIn(Box<SignedIn>),
    /// Something more has to be proved.
    SecondFactor(SecondFactorWanted),
}

/// How a person proved who it is, and what was used up by that.
pub(crate) enum Proof<'a> {
    /// Just now, here.
    Here { methods: &'a [String], used: Used },
    /// At the bank's provider, then.
    Elsewhere { methods: &'a [String], at: Timestamp },
}

/// What may be proved beside the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecondFactorWanted {
    /// To come back with; good for ten minutes and five tries.
    pub handle: String,
    /// A code of an authenticator app.
    pub totp: bool,
    /// A passkey.
    pub passkey: bool,
    /// A recovery code.
    pub recovery: bool,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The same whether the account is unknown, disabled, or something did not match.
    #[error("the e-mail address, the password or the code is not right")]
    Refused,
    /// Too many failures; the time to wait.
    #[error("too many sign-ins failed; try again in {} s", .0.as_secs().max(1))]
    TooMany(Duration),
    /// What was begun is over.
    #[error("the sign-in took too long; begin again")]
    Expired,
    /// Too many people sign in at once.
    #[error("too many people sign in at once; try again in a moment")]
    Busy,
    /// Something that is not the person's fault.
    #[error("{0}")]
    Failed(#[from] AuthError),
}

impl SignInError {
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::TooMany(_) => "too-many",
            Self::Expired => "expired",
            Self::Busy => "busy",
            Self::Failed(_) => "failed",
        }
    }
}

impl Auth {
    /// Looks at a password. Takes the same time whether the account is there or not.
    pub async fn sign_in(&self, email: &str, password: &str, origin: &Origin) -> Result<Step, SignInError> {
        let step = self.try_password(&normalised(email), password, origin).await;
        counted(step, |step| matches!(step, Step::SignedIn(_)))
    }

    async fn try_password(&self, email: &str, password: &str, origin: &Origin) -> Result<Step, SignInError> {
        let row = self.people().by_email(email);
        self.may_try(email, row.as_ref(), origin)?;
        let hash = row.as_ref().filter(|row| row.takes_password()).and_then(|row| row.password.clone());
        let (auth, password, known) = (self.clone(), Zeroizing::new(password.to_owned()), hash.clone());
        let matched = move || auth.desk().passwords.matches(&password, known.as_ref());
        let matched = self.desk().passwords.turns().take(origin.address, matched);
        let proved = matched.await.map_err(|_| SignInError::Busy)??;
        let Some(row) = row.filter(|_| proved) else {
            return Err(self.refuse(email, origin));
        };
        let (view, first) = (row.view(), vec!["pwd".to_owned()]);
        if !view.has_second_factor() {
            return Ok(Step::SignedIn(Box::new(
                self.begin(&row, hash, Proof::Here { methods: &first, used: Used::Nothing }, origin).await?,
            )));
        }
        let second =
            SecondFactor { account: row.id.clone(), generation: row.generation, passkey: None, password: hash, first };
        let handle = self.keep(Begun::SecondFactor(second))?;
        let (totp, passkey, recovery) = (view.has_totp, !view.passkeys.is_empty(), view.recovery_codes_left > 0);
        Ok(Step::SecondFactor(SecondFactorWanted { handle, totp, passkey, recovery }))
    }

    /// Looks at a code: of an authenticator app, or one of recovery.
    pub async fn sign_in_with_code(&self, handle: &str, code: &str, origin: &Origin) -> Result<SignedIn, SignInError> {
        let signed_in = self.try_code(handle, code, origin).await;
        counted(signed_in, |_| true)
    }

    async fn try_code(&self, handle: &str, code: &str, origin: &Origin) -> Result<SignedIn, SignInError> {
        let (second, mut row) = self.second_factor(handle, origin)?;
        let Some((method, used)) = self.code(&row, code)? else {
            return Err(self.refuse(&row.stored.email, origin));
        };
        row.generation = second.generation;
        let methods = also(second.first, method);
        let signed_in = self.begin(&row, second.password, Proof::Here { methods: &methods, used }, origin).await?;
        self.desk().pending.done(handle);
        Ok(signed_in)
    }

    /// What a code proves, if anything.
    pub(crate) fn code(&self, row: &AccountRow, code: &str) -> Result<Option<(&'static str, Used)>, AuthError> {
        if let Some(sealed) = &row.totp {
            let unreadable = || AuthError::ControlLog(format!("the secret of {}'s app cannot be opened", row.id));
            let secret = self.desk().sealing.open(&row.id, sealed).ok_or_else(unreadable)?;
            if let Some(step) = totp::step(&secret, code, self.now(), row.totp_step) {
                return Ok(Some(("otp", Used::TotpStep(step))));
            }
        }
        let digest = self.desk().pepper.digest(&format!("recovery {}", row.id), &super::factors::recovery_code(code));
        let known = row.recovery.iter().fold(false, |known, one| known | bool::from(one.matches(&digest)));
        Ok(known.then_some(("kba", Used::RecoveryCode(digest))))
    }

    /// What a browser is asked for: a passkey beside the password, or of whomever where there is no handle. The handle to
    /// come back with, and the options for `navigator.credentials.get`.
    pub fn ask_for_passkey(&self, handle: Option<&str>, origin: &Origin) -> Result<(String, Value), SignInError> {
        let Some(handle) = handle else {
            let (options, state) = self.desk().passkeys.begin_any()?;
            return Ok((self.keep(Begun::Passkey(Box::new(state)))?, options));
        };
        let (_, row) = self.second_factor(handle, origin)?;
        let (options, state) = self.desk().passkeys.begin_known(&row)?;
        self.desk().pending.ask_passkey(handle, state);
        Ok((handle.to_owned(), options))
    }

    /// Looks at a browser's answer, the JSON of a `PublicKeyCredential`.
    pub async fn sign_in_with_passkey(
        &self,
        handle: &str,
        answer: &str,
        origin: &Origin,
    ) -> Result<SignedIn, SignInError> {
        let signed_in = self.try_passkey(handle, answer, origin).await;
        counted(signed_in, |_| true)
    }

    async fn try_passkey(&self, handle: &str, answer: &str, origin: &Origin) -> Result<SignedIn, SignInError> {
        let begun = self.desk().pending.take(handle, self.monotonic()).ok_or(SignInError::Expired)?;
        let (row, proved, first, password) = match begun {
            Begun::Passkey(state) => {
                let claimed = self.desk().passkeys.claimed(answer).ok_or(SignInError::Refused)?;
                // Passkeys cannot be guessed: whatever was tried before, they are looked at.
                let row = self.people().account(&claimed).map_err(|_| SignInError::Refused)?;
                // Who comes from the bank's provider comes through it, unless an administrator gave a way in here too.
                if row.linked.is_some() && row.password.is_none() {
                    return Err(SignInError::Refused);
                }
                let proved = self.desk().passkeys.finish_any(answer, *state, &row)?;
                (row, proved, Vec::new(), None)
            }
            Begun::SecondFactor(SecondFactor { account, generation, passkey: Some(state), password, first }) => {
                let mut row = self.people().account(&account).map_err(|_| SignInError::Refused)?;
                let proved = self.desk().passkeys.finish_known(answer, &state, &row)?;
                row.generation = generation;
                (row, proved, first, password)
            }
            _ => return Err(SignInError::Expired),
        };
        let Some(Proved { id, credential }) = proved.filter(|_| row.is_open()) else {
            return Err(SignInError::Refused);
        };
        let methods = also(first, "hwk");
        self.begin(&row, password, Proof::Here { methods: &methods, used: Used::Passkey { id, credential } }, origin)
            .await
    }

    /// Whose second factor is asked for; each look is a try.
    fn second_factor(&self, handle: &str, origin: &Origin) -> Result<(SecondFactor, AccountRow), SignInError> {
        let second = self.desk().pending.second_factor(handle, self.monotonic()).ok_or(SignInError::Expired)?;
        let row = self.people().account(&second.account).map_err(|_| SignInError::Expired)?;
        self.may_try(&row.stored.email, Some(&row), origin)?;
        Ok((second, row))
    }

    pub(crate) fn keep(&self, begun: Begun) -> Result<String, SignInError> {
        self.desk().pending.keep(begun, self.monotonic())?.ok_or(SignInError::Busy)
    }

    pub(crate) fn may_try(&self, email: &str, row: Option<&AccountRow>, origin: &Origin) -> Result<(), SignInError> {
        let attempt = attempt(email, row, origin);
        self.desk().guard.may_try(attempt, self.monotonic()).map_err(SignInError::TooMany)
    }

    /// Counts a failure.
    pub(crate) fn refuse(&self, email: &str, origin: &Origin) -> SignInError {
        let row = self.people().by_email(email);
        self.desk().guard.failed(attempt(email, row.as_ref(), origin), self.monotonic());
        if let Some(row) = row {
            let mut failures = self.desk().failures.lock();
            let of_account = failures.entry(row.id).or_default();
            *of_account = (of_account.0.saturating_add(1), origin.address);
        }
        SignInError::Refused
    }

    /// Begins a session, by that password if by one. What was used up by the sign-in is used up by nobody else: that is looked at once more where one
    /// change is decided on after the other.
    pub(crate) async fn begin(
        &self,
        row: &AccountRow,
        password: Option<PasswordHash>,
        proof: Proof<'_>,
        origin: &Origin,
    ) -> Result<SignedIn, SignInError> {
        let (methods, used, elsewhere) = match proof {
            Proof::Here { methods, used } => (methods, used, None),
            Proof::Elsewhere { methods, at } => (methods, Used::Nothing, Some(at)),
        };
        let (id, secret) = (hex::encode(crate::access::random()?), secret()?);
        let cookie = Zeroizing::new(format!("{id}.{}", *secret));
        let started = SessionStarted {
            id,
            account: row.id.clone(),
            generation: row.generation,
            digest: self.desk().pepper.digest("session", &cookie),
            methods: methods.to_vec(),
            agent: origin.agent(),
            until: self.now().plus(self.desk().policy.session).as_micros(),
            used,
        };
        let by = By { address: origin.address.map(|address| address.to_string()), ..By::actor(&row.stored.email) };
        let recorded = self.off_thread(move |auth| auth.record_start(&by, password.as_ref(), started, elsewhere)).await;
        match recorded {
            Err(AuthError::Conflict(_)) => return Err(self.refuse(&row.stored.email, origin)),
            other => other?,
        }
        let session = self.session(&cookie, origin).ok_or(SignInError::Expired)?;
        Ok(SignedIn { session, cookie })
    }

    fn record_start(
        &self,
        by: &By,
        password: Option<&PasswordHash>,
        started: SessionStarted,
        elsewhere: Option<Timestamp>,
    ) -> Result<(), AuthError> {
        self.control().change(by, |force, _| {
            let row = force.people.account(&started.account)?;
            // A second factor that was set up meanwhile is asked for, unless the bank's provider vouches for one.
            let vouched = started.used == Used::Nothing && is_vouched(&started.methods);
            let over = !vouched && row.is_used_up(&started.used);
            let other = password.is_some_and(|hash| row.password.as_ref() != Some(hash) || !row.takes_password());
            if over || other || !row.is_open() || row.generation != started.generation {
                return Err(AuthError::Conflict("the account changed while its person signed in".to_owned()));
            }
            Ok(Some(Change::Session(match elsewhere {
                Some(at) => SessionEvent::StartedElsewhere { started, proved_at: at.as_micros() },
                None => SessionEvent::Started(started),
            })))
        })
    }

    /// The session whose secret a browser sent, if it is in force.
    pub fn session(&self, cookie: &str, origin: &Origin) -> Option<Session> {
        if cookie.len() > 200 {
            return None;
        }
        let digest = self.desk().pepper.digest("session", cookie);
        let (row, account) = self.people().session(&digest, self.now(), self.desk().policy.idle)?;
        let account = account.view();
        let mut duties = Vec::new();
        // Who came from the provider came without the password that somebody else knows.
        if account.must_change_password && !is_federated(&row.started.methods) {
            duties.push(Duty::ChangePassword);
        }
        let proved_enough = account.has_second_factor() || is_vouched(&row.started.methods);
        if self.desk().policy.second_factor_required && !proved_enough {
            duties.push(Duty::SetUpSecondFactor);
        }
        Some(Session {
            csrf: self.desk().pepper.digest("csrf", cookie).to_text(),
            id: row.started.id,
            account,
            methods: row.started.methods,
            started_at: row.at,
            proved_at: row.proved_at,
            until: Timestamp::from_micros(row.started.until),
            origin: origin.clone(),
            duties,
            generation: row.started.generation,
        })
    }

    /// The sessions of an account, newest first.
    pub fn sessions(&self, account: &str) -> Vec<SessionView> {
        self.people().sessions(account, self.now())
    }

    /// Ends a session of the same account: it is refused once this returns.
    pub async fn end_session(&self, session: &Session, id: &str) -> Result<(), AuthError> {
        let why = if session.id == id { "signed out" } else { "ended from another session" };
        let (by, account, id) = (session.by(), session.account.id.clone(), id.to_owned());
        self.off_thread(move |auth| auth.record_end(&by, &id, Some(&account), why)).await
    }

    /// Ends a session, whose ever it is; nothing when there is none.
    pub(crate) fn record_end(&self, by: &By, id: &str, of: Option<&str>, why: &str) -> Result<(), AuthError> {
        self.control().change(by, |force, _| {
            let place = force.people.place(id).filter(|(account, _)| of.is_none_or(|of| of == account));
            let ended =
                |(account, until)| SessionEvent::Ended { id: id.to_owned(), account, until, why: why.to_owned() };
            Ok(place.map(|place| Change::Session(ended(place))))
        })
    }

    /// Ends sessions that were idle for too long, so that no restart brings them back. Blocks until it is durable.
    pub(crate) fn end_idle(&self) -> Result<(), AuthError> {
        for id in self.people().idle(self.now(), self.desk().policy.idle) {
            self.record_end(&By::actor("replica"), &id, None, "idle")?;
        }
        Ok(())
    }

    /// Records sign-ins that failed since the last time. Blocks until it is durable.
    pub(crate) fn write_failures(&self) -> Result<(), AuthError> {
        let failures = std::mem::take(&mut *self.desk().failures.lock());
        for (id, (count, address)) in failures {
            let by = By { address: address.map(|address| address.to_string()), ..By::actor("replica") };
            let what = super::event::AccountEvent::SignInsFailed { count };
            self.control().append_blocking(by, Change::Account { id, what })?;
        }
        Ok(())
    }
}

fn attempt<'a>(email: &'a str, row: Option<&AccountRow>, origin: &Origin) -> Attempt<'a> {
    let there = origin.address.map(|address| network(address).to_string());
    let is_known = row.zip(there).is_some_and(|(row, there)| row.networks.contains(&there));
    Attempt { email, address: origin.address, is_known }
}

/// The ways of before and this one, which is of another kind.
fn also(mut methods: Vec<String>, method: &str) -> Vec<String> {
    for one in [method, MULTI_FACTOR] {
        if !methods.iter().any(|known| known == one) {
            methods.push(one.to_owned());
        }
    }
    methods
}

/// 256 random bits as text.
pub(crate) fn secret() -> Result<Zeroizing<String>, AuthError> {
    let mut bytes = Zeroizing::new([0; 32]);
    secret::random(&mut *bytes)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

fn counted<T>(outcome: Result<T, SignInError>, is_in: impl Fn(&T) -> bool) -> Result<T, SignInError> {
    match &outcome {
        Ok(step) if is_in(step) => ::metrics::counter!(metrics::SIGN_INS).increment(1),
        Ok(_) => {}
        Err(error) => metrics::sign_in_refused(error.reason()),
    }
    outcome
}
