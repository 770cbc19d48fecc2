//! People sign in: with what, how often, for how long.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::ManualClock;
use tempfile::TempDir;

use super::account::AccountSettings;
use super::role::Role;
use super::session::{Duty, Origin, SignedIn};
use super::sign_in::{SignInError, SignInPolicy, Step};
use super::totp;
use crate::testing::{manual_clock, options};
use crate::{Auth, AuthError, AuthOptions, Scope, ScopeSet};

pub(crate) const PASSWORD: &str = "Trout-Lantern-42-Velvet";
pub(crate) const EMAIL: &str = "jane@bank.example";

pub(crate) struct Bench {
    pub(crate) dir: TempDir,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) auth: Auth,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), manual_clock());
        let auth = Auth::open(optional(&dir, &clock)).unwrap();
        Self { dir, clock, auth }
    }

    pub(crate) fn reopen(self) -> Self {
        self.reopen_with(|_| {})
    }

    pub(crate) fn reopen_with(self, change: impl FnOnce(&mut AuthOptions)) -> Self {
        let Self { dir, clock, auth } = self;
        auth.close();
        drop(auth);
        let mut options = optional(&dir, &clock);
        change(&mut options);
        let auth = Auth::open(options).unwrap();
        Self { dir, clock, auth }
    }

    /// Jane, with a password that she set by her link.
    pub(crate) async fn jane(&self) -> String {
        let account = self.auth.create_account(jane()).unwrap();
        let link = self.auth.make_link(&account.id).unwrap();
        self.auth.use_link(&link, PASSWORD, &at("192.0.2.1")).await.unwrap();
        account.id
    }

    pub(crate) async fn in_with(&self, password: &str, from: &str) -> Result<Step, SignInError> {
        self.auth.sign_in(EMAIL, password, &at(from)).await
    }

    pub(crate) async fn signed_in(&self) -> SignedIn {
        match self.in_with(PASSWORD, "192.0.2.1").await.unwrap() {
            Step::SignedIn(signed_in) => *signed_in,
            Step::SecondFactor(_) => panic!("a second factor is asked for"),
        }
    }

    /// Gives Jane an authenticator app; its secret and her recovery codes.
    pub(crate) async fn with_app(&self) -> (Vec<u8>, Vec<String>) {
        let session = self.signed_in().await.session;
        let offer = self.auth.offer_totp(&session).unwrap();
        let secret = self.auth.desk().pending.totp(&offer.handle, &session.id, self.auth.monotonic()).unwrap().to_vec();
        let code = totp::code(&secret, self.auth.now());
        let codes = self.auth.confirm_totp(&session, &offer.handle, &code).await.unwrap();
        self.clock.advance(Duration::from_mins(1));
        (secret, codes)
    }

    /// In with a code of the app.
    pub(crate) async fn signed_in_with(&self, secret: &[u8]) -> SignedIn {
        let (handle, code) = (self.second().await, totp::code(secret, self.auth.now()));
        self.auth.sign_in_with_code(&handle, &code, &at("192.0.2.1")).await.unwrap()
    }

    async fn second(&self) -> String {
        match self.in_with(PASSWORD, "192.0.2.1").await.unwrap() {
            Step::SecondFactor(wanted) => wanted.handle,
            Step::SignedIn(_) => panic!("no second factor is asked for"),
        }
    }
}

fn optional(dir: &TempDir, clock: &Arc<ManualClock>) -> AuthOptions {
    let sign_in = SignInPolicy { second_factor_required: false, ..SignInPolicy::default() };
    AuthOptions { sign_in, ..options(dir.path(), clock) }
}

fn jane() -> AccountSettings {
    let scopes = ScopeSet::EMPTY.with(Scope::LoansRead).with(Scope::AuditRead);
    AccountSettings {
        email: " Jane@Bank.example".to_owned(),
        name: "Jane Doering".to_owned(),
        roles: vec![Role::Viewer],
        scopes,
        ..AccountSettings::default()
    }
}

pub(crate) fn at(address: &str) -> Origin {
    Origin { address: address.parse().ok(), agent: "A browser\n".to_owned() }
}

#[tokio::test]
async fn an_invited_person_sets_a_password_and_is_in() {
    let bench = Bench::new();
    let id = bench.jane().await;
    let signed_in = bench.signed_in().await;
    let session = &signed_in.session;
    assert_eq!((&session.account.id, session.methods.join(" ").as_str()), (&id, "pwd"));
    assert!(session.duties.is_empty());
    assert_eq!(session.account.settings.email, EMAIL, "in lower case, without spaces");
    let found = bench.auth.session(&signed_in.cookie, &at("192.0.2.1")).unwrap();
    assert_eq!((found.id.as_str(), found.csrf.as_str()), (session.id.as_str(), session.csrf.as_str()));
    assert!(bench.auth.session(&signed_in.cookie.replace('.', ".A"), &at("192.0.2.1")).is_none());
    assert!(bench.auth.session("", &at("192.0.2.1")).is_none());

    let bench = bench.reopen();
    assert!(bench.auth.session(&signed_in.cookie, &at("192.0.2.1")).is_some(), "a restart ends no session");
    assert_eq!(bench.auth.sessions(&id)[0].agent, "A browser");
    bench.auth.sign_out(session).await.unwrap();
    assert!(bench.auth.session(&signed_in.cookie, &at("192.0.2.1")).is_none());
    let bench = bench.reopen();
    assert!(bench.auth.session(&signed_in.cookie, &at("192.0.2.1")).is_none());
}

#[tokio::test]
async fn a_link_is_good_once_and_for_a_while() {
    let bench = Bench::new();
    let account = bench.auth.create_account(jane()).unwrap();
    let (first, second) = (bench.auth.make_link(&account.id).unwrap(), bench.auth.make_link(&account.id).unwrap());
    assert!(bench.auth.link(&first).is_none(), "the newest one alone is good");
    assert!(bench.auth.link("").is_none() && bench.auth.link(&"x".repeat(10_000)).is_none());
    let weak = bench.auth.use_link(&second, "short", &at("192.0.2.1")).await.unwrap_err();
    assert!(weak.to_string().contains("12 characters"), "{weak}");
    bench.auth.use_link(&second, PASSWORD, &at("192.0.2.1")).await.unwrap();
    let again = bench.auth.use_link(&second, PASSWORD, &at("192.0.2.1")).await;
    assert!(matches!(again, Err(SignInError::Expired)));
    let third = bench.auth.make_link(&account.id).unwrap();
    bench.clock.advance(Duration::from_hours(73));
    assert!(bench.auth.link(&third).is_none());
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_good_once() {
    let bench = Bench::new();
    bench.jane().await;
    let (secret, codes) = bench.with_app().await;
    assert_eq!(codes.len(), 10);
    let handle = bench.second().await;
    let wrong = bench.auth.sign_in_with_code(&handle, "000000", &at("192.0.2.1")).await;
    assert!(matches!(wrong, Err(SignInError::Refused)));
    let code = totp::code(&secret, bench.auth.now());
    let signed_in = bench.auth.sign_in_with_code(&handle, &code, &at("192.0.2.1")).await.unwrap();
    assert_eq!(signed_in.session.methods, ["pwd", "otp", "mfa"]);
    assert!(matches!(bench.auth.sign_in_with_code(&handle, &code, &at("192.0.2.1")).await, Err(SignInError::Expired)));
    let handle = bench.second().await;
    let replayed = bench.auth.sign_in_with_code(&handle, &code, &at("192.0.2.1")).await;
    assert!(matches!(replayed, Err(SignInError::Refused)), "RFC 6238 section 5.2");
}

#[tokio::test]
async fn a_recovery_code_is_good_once() {
    let bench = Bench::new();
    let id = bench.jane().await;
    let (_, codes) = bench.with_app().await;
    let typed = codes[3].to_uppercase().replace('-', " ");
    let handle = bench.second().await;
    let signed_in = bench.auth.sign_in_with_code(&handle, &typed, &at("192.0.2.1")).await.unwrap();
    assert_eq!(signed_in.session.account.recovery_codes_left, 9);
    let handle = bench.second().await;
    assert!(bench.auth.sign_in_with_code(&handle, &codes[3], &at("192.0.2.1")).await.is_err());
    bench.auth.reset_second_factors(&id).unwrap();
    assert!(matches!(bench.in_with(PASSWORD, "192.0.2.1").await.unwrap(), Step::SignedIn(_)));
}

/// Of many at once with one code, one gets in.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_used_by_many_at_once_signs_one_in() {
    let bench = Bench::new();
    bench.jane().await;
    let (_, codes) = bench.with_app().await;
    let mut handles = Vec::new();
    for _ in 0..4 {
        handles.push(bench.second().await);
    }
    let mut tries = tokio::task::JoinSet::new();
    for handle in handles {
        let (auth, code) = (bench.auth.clone(), codes[0].clone());
        tries.spawn(async move { auth.sign_in_with_code(&handle, &code, &at("192.0.2.1")).await.is_ok() });
    }
    let ins = tries.join_all().await.into_iter().filter(|is_in| *is_in).count();
    assert_eq!(ins, 1);
}

#[tokio::test]
async fn guessing_is_slowed_and_locks_nobody_out() {
    let bench = Bench::new();
    bench.jane().await;
    bench.signed_in().await;
    for _ in 0..5 {
        assert!(matches!(bench.in_with("wrong-password-here", "198.51.100.9").await, Err(SignInError::Refused)));
    }
    let slowed = bench.in_with(PASSWORD, "198.51.100.9").await;
    assert!(matches!(slowed, Err(SignInError::TooMany(wait)) if wait <= Duration::from_mins(1)), "the right one too");
    assert!(matches!(bench.in_with(PASSWORD, "192.0.2.1").await, Ok(Step::SignedIn(_))));
    bench.clock.advance(Duration::from_mins(1));
    assert!(matches!(bench.in_with(PASSWORD, "198.51.100.9").await, Ok(Step::SignedIn(_))));
    bench.auth.write_failures().unwrap();
    assert!(recorded(&bench.auth).iter().any(|line| line.contains("SignInsFailed") && line.contains("5 times")));
}

#[tokio::test]
async fn unknown_and_disabled_are_refused_alike() {
    let bench = Bench::new();
    let id = bench.jane().await;
    let signed_in = bench.signed_in().await;
    bench.auth.set_account_enabled(&id, false).unwrap();
    assert!(bench.auth.session(&signed_in.cookie, &at("192.0.2.1")).is_none(), "at once");
    let disabled = bench.in_with(PASSWORD, "192.0.2.1").await.unwrap_err().to_string();
    let unknown = bench.auth.sign_in("joe@bank.example", PASSWORD, &at("192.0.2.1")).await.unwrap_err().to_string();
    let wrong = bench.in_with("wrong-password-here", "192.0.2.1").await.unwrap_err().to_string();
    assert_eq!((&disabled, &wrong), (&unknown, &unknown));
    bench.auth.set_account_enabled(&id, true).unwrap();
    assert!(bench.auth.session(&signed_in.cookie, &at("192.0.2.1")).is_none(), "what ended stays so");
}

#[tokio::test]
async fn sessions_end_by_time_and_by_idleness() {
    let bench = Bench::new();
    bench.jane().await;
    let cookie = bench.signed_in().await.cookie;
    let there = |bench: &Bench| bench.auth.session(&cookie, &at("192.0.2.1")).is_some();
    for _ in 0..24 {
        assert!(there(&bench));
        bench.clock.advance(Duration::from_mins(29));
    }
    assert!(there(&bench));
    bench.clock.advance(Duration::from_mins(30));
    assert!(!there(&bench), "idle for half an hour");
    let cookie = bench.signed_in().await.cookie;
    for _ in 0..25 {
        bench.clock.advance(Duration::from_mins(29));
        bench.auth.session(&cookie, &at("192.0.2.1"));
    }
    assert!(bench.auth.session(&cookie, &at("192.0.2.1")).is_none(), "twelve hours are over");
}

#[tokio::test]
async fn a_temporary_password_has_to_be_changed() {
    let bench = Bench::new();
    let id = bench.jane().await;
    let before = bench.signed_in().await;
    let temporary = bench.auth.acting_as("cli").set_temporary_password(&id).unwrap();
    assert!(bench.auth.session(&before.cookie, &at("192.0.2.1")).is_none());
    let Step::SignedIn(signed_in) = bench.in_with(&temporary, "192.0.2.1").await.unwrap() else {
        panic!("a second factor")
    };
    assert_eq!(signed_in.session.duties, [Duty::ChangePassword]);
    let (session, new) = (&signed_in.session, "Marble-Kettle-77-Orchard");
    let wrong = bench.auth.change_password(session, "wrong-password-here", new).await;
    assert!(matches!(wrong, Err(SignInError::Refused)));
    let same = bench.auth.change_password(session, &temporary, &temporary).await;
    assert!(matches!(same, Err(SignInError::Failed(AuthError::Invalid(_)))));
    bench.auth.change_password(session, &temporary, new).await.unwrap();
    let after = bench.auth.session(&signed_in.cookie, &at("192.0.2.1")).unwrap();
    assert!(after.duties.is_empty(), "and the session goes on");
    assert!(bench.in_with(&temporary, "192.0.2.1").await.is_err());
    let again = bench.auth.set_temporary_password(&id).unwrap();
    assert!(bench.in_with(&again, "192.0.2.1").await.is_ok());
    assert!(bench.in_with(&again, "192.0.2.1").await.is_err(), "it was good for one sign-in");
}

#[tokio::test]
async fn sessions_of_the_password_alone_end_with_the_first_second_factor() {
    let bench = Bench::new();
    let id = bench.jane().await;
    let (intruder, begun) = (bench.signed_in().await, bench.signed_in().await);
    bench.with_app().await;
    for session in [intruder, begun] {
        assert!(bench.auth.session(&session.cookie, &at("192.0.2.1")).is_none());
    }
    assert_eq!(bench.auth.sessions(&id).len(), 1, "the one goes on that set it up");
    bench.auth.reset_second_factors(&id).unwrap();
    assert!(bench.auth.sessions(&id).is_empty(), "a lost phone may have a session");
}

#[tokio::test]
async fn a_proof_of_the_password_before_is_for_nothing() {
    let bench = Bench::new();
    bench.jane().await;
    let (secret, _) = bench.with_app().await;
    let (before, own) = (bench.second().await, bench.second().await);
    let code = totp::code(&secret, bench.auth.now());
    let session = bench.auth.sign_in_with_code(&own, &code, &at("192.0.2.1")).await.unwrap().session;
    bench.auth.change_password(&session, PASSWORD, "Marble-Kettle-77-Orchard").await.unwrap();
    bench.clock.advance(Duration::from_mins(1));
    let code = totp::code(&secret, bench.auth.now());
    assert!(matches!(bench.auth.sign_in_with_code(&before, &code, &at("192.0.2.1")).await, Err(SignInError::Refused)));
}

#[tokio::test]
async fn a_restart_brings_no_idle_session_back() {
    let bench = Bench::new();
    bench.jane().await;
    let cookie = bench.signed_in().await.cookie;
    bench.clock.advance(Duration::from_mins(31));
    bench.auth.end_idle().unwrap();
    let bench = bench.reopen();
    assert!(bench.auth.session(&cookie, &at("192.0.2.1")).is_none());
}

#[tokio::test]
async fn a_policy_asks_for_a_second_factor() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), manual_clock());
    let auth = Auth::open(options(dir.path(), &clock)).unwrap();
    let bench = Bench { dir, clock, auth };
    bench.jane().await;
    assert_eq!(bench.signed_in().await.session.duties, [Duty::SetUpSecondFactor]);
}

#[test]
fn two_accounts_do_not_share_an_address() {
    let bench = Bench::new();
    let one = bench.auth.create_account(jane()).unwrap();
    assert!(matches!(bench.auth.create_account(jane()), Err(AuthError::Conflict(_))));
    let other = AccountSettings { email: "joe@bank.example".to_owned(), ..jane() };
    let two = bench.auth.create_account(other.clone()).unwrap();
    assert!(matches!(bench.auth.change_account(&two.id, jane()), Err(AuthError::Conflict(_))));
    bench.auth.delete_account(&one.id).unwrap();
    assert!(matches!(bench.auth.account(&one.id), Err(AuthError::UnknownAccount(_))));
    bench.auth.change_account(&two.id, jane()).unwrap();
    assert_eq!(bench.auth.find_account("JANE@bank.example").unwrap().id, two.id);
    assert!(bench.auth.find_account("joe@bank.example").is_err());
    for email in ["", "jane", "@bank.example", "jane@", "a b@bank.example", "a@b@c", "<a>@b"] {
        let settings = AccountSettings { email: email.to_owned(), ..jane() };
        assert!(matches!(bench.auth.create_account(settings), Err(AuthError::Invalid(_))), "{email}");
    }
}

#[tokio::test]
async fn what_is_recorded_gives_nothing_away() {
    let bench = Bench::new();
    let id = bench.jane().await;
    let (secret, codes) = bench.with_app().await;
    let link = bench.auth.make_link(&id).unwrap();
    let temporary = bench.auth.set_temporary_password(&id).unwrap();
    let cookie = match bench.in_with(&temporary, "192.0.2.1").await.unwrap() {
        Step::SecondFactor(wanted) => {
            let code = totp::code(&secret, bench.auth.now());
            bench.auth.sign_in_with_code(&wanted.handle, &code, &at("192.0.2.1")).await.unwrap().cookie
        }
        Step::SignedIn(signed_in) => signed_in.cookie,
    };
    bench.auth.close();
    let mut canaries = vec![PASSWORD.to_owned(), link.to_string(), temporary.to_string(), totp::base32(&secret)];
    canaries.extend(cookie.split('.').nth(1).map(str::to_owned));
    canaries.extend(codes.iter().map(|code| code.replace('-', "")).chain(codes.clone()));
    let mut files = vec![bench.dir.path().to_owned()];
    let mut looked = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        looked += 1;
        for canary in canaries.iter().map(String::as_bytes).chain([&secret[..]]) {
            assert!(!bytes.windows(canary.len()).any(|window| window == canary), "{}", path.display());
        }
    }
    assert!(looked > 2, "{looked} files");
}

/// The control log, a line each record.
pub(crate) fn recorded(auth: &Auth) -> Vec<String> {
    let mut reader = auth.control_log().reader(1);
    let mut lines = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        lines.extend(
            frame.records.iter().map(|record| crate::ControlRecord::read(&record.payload).unwrap().to_string()),
        );
    }
    lines
}

#[tokio::test]
async fn every_step_is_on_record() {
    let bench = Bench::new();
    let id = bench.jane().await;
    bench.with_app().await;
    let lines = recorded(&bench.auth);
    let of_jane: Vec<&String> = lines.iter().filter(|line| line.contains(&id)).collect();
    let told = ["AccountCreated", "AccountLinkMade", "PasswordSet", "SignedIn", "TotpSet", "RecoveryCodesMade"];
    assert_eq!(of_jane.len(), told.len(), "{of_jane:#?}");
    for (line, name) in of_jane.iter().zip(told) {
        assert!(line.contains(name), "{line}");
    }
    assert!(
        of_jane[2].starts_with("jane@bank.example from 192.0.2.1: ") && of_jane[2].ends_with("(by a one-time link)")
    );
}
