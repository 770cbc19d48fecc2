//! People who come from the provider.

use super::*;
use crate::people::session::{Duty, SignedIn};
use crate::people::tests::{Bench, EMAIL, PASSWORD, at, recorded};
use crate::people::totp;
use crate::{Role, Scope};

const PROVIDER: &str = "https://login.bank.example";

fn policy() -> ProviderPolicy {
    ProviderPolicy {
        issuer: PROVIDER.to_owned(),
        group_prefix: "bcl".to_owned(),
        scopes_of_viewers: ScopeSet::EMPTY.with(Scope::LoansRead),
        trusts_second_factor: true,
    }
}

fn bench() -> Bench {
    Bench::new().reopen_with(|options| options.provider = Some(policy()))
}

fn joe(groups: &[&str]) -> Identity {
    Identity {
        subject: "u1".to_owned(),
        email: Some("joe@bank.example".to_owned()),
        name: Some("Joe Doe".to_owned()),
        groups: Some(groups.iter().map(|&group| group.to_owned()).collect()),
        proved_at: None,
        methods: vec!["pwd".to_owned()],
    }
}

async fn comes(bench: &Bench, who: &Identity) -> Result<SignedIn, ProviderError> {
    match bench.auth.sign_in_from_provider(who, &at("192.0.2.1")).await? {
        Step::SignedIn(signed_in) => Ok(*signed_in),
        Step::SecondFactor(_) => panic!("a second factor is asked for"),
    }
}

#[tokio::test]
async fn an_account_is_made_at_the_first_time_and_follows_the_groups() {
    let bench = bench();
    let first = comes(&bench, &joe(&["bcl-East-viewer", "bcl-all-operator"])).await.unwrap();
    let account = &first.session.account;
    assert_eq!(account.settings.roles, [Role::Operator, Role::Viewer]);
    assert_eq!(
        (account.settings.teams.join(" "), account.settings.scopes),
        ("East".into(), policy().scopes_of_viewers)
    );
    assert_eq!((account.created_by.as_str(), first.session.methods.join(" ")), ("provider", "fed pwd".to_owned()));
    assert!(!account.has_password && account.linked.as_ref().is_some_and(|linked| linked.subject == "u1"));

    let renamed = Identity { email: Some("joseph@bank.example".to_owned()), ..joe(&["bcl-West-viewer"]) };
    let second = comes(&bench, &renamed).await.unwrap();
    assert_eq!((&second.session.account.id, bench.auth.accounts().len()), (&account.id, 1));
    let settings = &second.session.account.settings;
    assert_eq!((settings.email.as_str(), settings.teams.join(" ")), ("joseph@bank.example", "West".to_owned()));
    let first = bench.auth.session(&first.cookie, &at("192.0.2.1")).unwrap();
    assert_eq!(first.account.settings.roles, [Role::Viewer], "sessions in use too");

    let bench = bench.reopen_with(|options| options.provider = Some(policy()));
    let again = comes(&bench, &renamed).await.unwrap();
    assert_eq!(again.session.account.id, second.session.account.id, "a restart forgets no link");
    let lines = recorded(&bench.auth);
    let told = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!((told("AccountCreatedLinked"), told("AccountChanged"), told("SignedIn")), (1, 1, 3), "{lines:#?}");
    assert!(told("provider from 192.0.2.1: ") == 2 && told("(groups bcl-West-viewer)") == 1, "{lines:#?}");
}

#[tokio::test]
async fn who_has_no_group_does_not_get_in_and_loses_what_was_there() {
    let bench = bench();
    assert!(matches!(comes(&bench, &joe(&["everybody"])).await, Err(ProviderError::NoGroup)));
    assert!(bench.auth.accounts().is_empty());
    let session = comes(&bench, &joe(&["bcl-all-viewer"])).await.unwrap();
    assert!(matches!(comes(&bench, &joe(&[])).await, Err(ProviderError::NoGroup)));
    let left = bench.auth.session(&session.cookie, &at("192.0.2.1")).unwrap().account.settings;
    assert!(left.roles.is_empty() && left.scopes == ScopeSet::EMPTY, "{left:?}");
    assert!(comes(&bench, &joe(&["bcl-all-viewer"])).await.is_ok(), "and has it again with the group");
}

#[tokio::test]
async fn an_address_is_no_proof() {
    let bench = bench();
    let id = bench.jane().await;
    let jane = Identity { email: Some(EMAIL.to_owned()), ..joe(&["bcl-all-viewer"]) };
    assert!(matches!(comes(&bench, &jane).await, Err(ProviderError::NotLinked)));
    let nameless = Identity { email: None, ..joe(&["bcl-all-viewer"]) };
    assert!(matches!(comes(&bench, &nameless).await, Err(ProviderError::NoEmail)));

    bench.auth.link_account(&id, PROVIDER, "u1").unwrap();
    bench.auth.link_account(&id, PROVIDER, "u1").unwrap();
    assert!(matches!(bench.auth.link_account(&id, PROVIDER, "u2"), Err(AuthError::Conflict(_))));
    for (issuer, subject) in [(PROVIDER, ""), ("", "u1"), (PROVIDER, "a\nb"), (PROVIDER, &"x".repeat(256))] {
        assert!(matches!(bench.auth.link_account(&id, issuer, subject), Err(AuthError::Invalid(_))));
    }
    let session = comes(&bench, &jane).await.unwrap();
    assert_eq!(session.session.account.id, id);
    assert!(matches!(bench.in_with(PASSWORD, "192.0.2.1").await, Ok(Step::SignedIn(_))), "the password stays good");
    let own = comes(&bench, &Identity { subject: "u9".to_owned(), ..joe(&["bcl-all-viewer"]) }).await.unwrap();
    assert!(matches!(bench.auth.link_account(&own.session.account.id, PROVIDER, "u1"), Err(AuthError::Conflict(_))));
    let squatter = Identity { subject: "u9".to_owned(), ..jane.clone() };
    let still = comes(&bench, &squatter).await.unwrap().session.account.settings.email;
    assert_eq!(still, "joe@bank.example", "nobody takes the address of another account");

    bench.auth.unlink_account(&id).unwrap();
    assert!(matches!(bench.auth.unlink_account(&id), Err(AuthError::Conflict(_))));
    assert!(bench.auth.session(&session.cookie, &at("192.0.2.1")).is_none());
    assert!(matches!(comes(&bench, &jane).await, Err(ProviderError::NotLinked)));
}

#[tokio::test]
async fn who_is_disabled_or_deleted_here_does_not_come_back_as_before() {
    let bench = bench();
    let who = joe(&["bcl-all-viewer"]);
    let id = comes(&bench, &who).await.unwrap().session.account.id;
    bench.auth.set_account_enabled(&id, false).unwrap();
    assert!(matches!(comes(&bench, &who).await, Err(ProviderError::Disabled)));
    bench.auth.delete_account(&id).unwrap();
    let new = comes(&bench, &who).await.unwrap().session.account.id;
    assert_ne!(new, id);
}

#[tokio::test]
async fn the_provider_is_believed_about_second_factors_only_where_that_is_said() {
    for trusts in [true, false] {
        let bench = Bench::new().reopen_with(|options| {
            options.sign_in.second_factor_required = true;
            options.provider = Some(ProviderPolicy { trusts_second_factor: trusts, ..policy() });
        });
        let alone = comes(&bench, &joe(&["bcl-all-viewer"])).await.unwrap();
        assert_eq!(alone.session.duties, [Duty::SetUpSecondFactor]);
        let both = Identity { methods: ["pwd", "otp", "mfa"].map(str::to_owned).to_vec(), ..joe(&["bcl-all-viewer"]) };
        let both = comes(&bench, &both).await.unwrap();
        assert_eq!(both.session.duties.is_empty(), trusts);
        let methods = if trusts { "fed pwd otp mfa" } else { "fed pwd otp" };
        assert_eq!(both.session.methods.join(" "), methods);
    }
}

#[tokio::test]
async fn a_second_factor_of_here_is_asked_for_unless_the_provider_asked_for_one() {
    let bench = bench();
    let id = bench.jane().await;
    let (secret, _) = bench.with_app().await;
    bench.auth.link_account(&id, PROVIDER, "u1").unwrap();
    let step = bench.auth.sign_in_from_provider(&joe(&["bcl-all-viewer"]), &at("192.0.2.1")).await.unwrap();
    let Step::SecondFactor(wanted) = step else { panic!("nothing is asked for") };
    assert!(wanted.totp && wanted.recovery);
    let code = totp::code(&secret, bench.auth.now());
    let signed_in = bench.auth.sign_in_with_code(&wanted.handle, &code, &at("192.0.2.1")).await.unwrap();
    assert_eq!(signed_in.session.methods.join(" "), "fed pwd otp mfa");
    let both = Identity { methods: vec!["pwd".to_owned(), "hwk".to_owned()], ..joe(&["bcl-all-viewer"]) };
    assert_eq!(comes(&bench, &both).await.unwrap().session.methods.join(" "), "fed pwd hwk mfa");
}

#[tokio::test]
async fn a_password_of_the_provider_is_not_the_temporary_one_of_here() {
    let bench = bench();
    let id = bench.jane().await;
    bench.auth.link_account(&id, PROVIDER, "u1").unwrap();
    let temporary = bench.auth.set_temporary_password(&id).unwrap();
    let session = comes(&bench, &joe(&["bcl-all-viewer"])).await.unwrap().session;
    assert!(session.duties.is_empty());
    let Ok(Step::SignedIn(by_password)) = bench.auth.sign_in("joe@bank.example", &temporary, &at("192.0.2.1")).await
    else {
        panic!("the temporary password was spent")
    };
    assert_eq!(by_password.session.duties, [Duty::ChangePassword]);
}

#[test]
fn what_was_begun_is_good_once_for_its_browser_and_for_ten_minutes() {
    let bench = bench();
    let begin = || bench.auth.begin_at_provider("browser", Some("/console/account"), false, &at("192.0.2.1")).unwrap();
    let begun = begin();
    let back = bench.auth.back_from_provider(&begun.state, "browser").unwrap();
    assert_eq!((&back.nonce, back.next.as_deref()), (&begun.nonce, Some("/console/account")));
    assert_eq!(URL_SAFE_NO_PAD.encode(digest(&SHA256, back.verifier.as_bytes())), begun.challenge);
    let lost = |state: &str, browser: &str| {
        assert!(matches!(bench.auth.back_from_provider(state, browser), Err(ProviderError::Lost)), "{state} {browser}");
    };
    lost(&begun.state, "browser");
    lost(&begin().state, "another");
    lost(&begin().state, "");
    lost("", "browser");
    lost("forged", "browser");
    let late = begin();
    bench.clock.advance(std::time::Duration::from_mins(10));
    lost(&late.state, "browser");
    let long = bench.auth.begin_at_provider("browser", Some(&"x".repeat(5_000)), true, &at("192.0.2.1")).unwrap();
    let back = bench.auth.back_from_provider(&long.state, "browser").unwrap();
    assert_eq!((back.next, back.since), (None, Some(bench.auth.now())));
}

/// The provider may know the browser: whoever sits there now proved nothing by that.
#[tokio::test]
async fn a_silent_sign_in_is_no_proof_of_who_sits_there() {
    let bench = bench();
    let silent = comes(&bench, &joe(&["bcl-all-viewer"])).await.unwrap();
    assert!(!bench.auth.is_proved(&silent.session), "the provider does not say when the person proved it");
    let offered = bench.auth.offer_totp(&silent.session);
    assert!(matches!(offered, Err(SignInError::Failed(AuthError::ProofWanted))), "{:?}", offered.err());
    let now = bench.auth.now().as_seconds();
    for (at, is_proved) in [(now, true), (now - 60, true), (now - 660, false), (now + 3_600, true)] {
        let who = Identity { proved_at: Some(at), ..joe(&["bcl-all-viewer"]) };
        let session = comes(&bench, &who).await.unwrap().session;
        assert_eq!(bench.auth.is_proved(&session), is_proved, "{}", at - now);
        assert!(session.proved_at <= bench.auth.now(), "nobody proved anything in the future");
    }
    let bench = bench.reopen_with(|options| options.provider = Some(policy()));
    let session = bench.auth.session(&silent.cookie, &at("192.0.2.1")).unwrap();
    assert!(!bench.auth.is_proved(&session), "nor after a restart");
}

#[tokio::test]
async fn what_the_provider_does_not_say_takes_nothing_away() {
    let bench = bench();
    let first = comes(&bench, &joe(&["bcl-all-admin", "bcl-all-viewer"])).await.unwrap();
    let silent = Identity { groups: None, ..joe(&[]) };
    assert!(matches!(comes(&bench, &silent).await, Err(ProviderError::Invalid(_))));
    let account = bench.auth.account(&first.session.account.id).unwrap();
    assert_eq!(account.settings.roles, [Role::Admin, Role::Viewer]);

    // The last administrator stays one, and does not get in as anything else.
    for groups in [&[][..], &["bcl-all-viewer"]] {
        assert!(matches!(comes(&bench, &joe(groups)).await, Err(ProviderError::NoGroup)), "{groups:?}");
        assert!(bench.auth.account(&account.id).unwrap().has_role(Role::Admin));
    }
    let settings = crate::AccountSettings {
        email: "admin@bank.example".to_owned(),
        name: "Administrator".to_owned(),
        roles: vec![Role::Admin],
        ..crate::AccountSettings::default()
    };
    bench.auth.create_account(settings).unwrap();
    comes(&bench, &joe(&["bcl-all-viewer"])).await.unwrap();
    assert!(!bench.auth.account(&account.id).unwrap().has_role(Role::Admin), "groups are heeded");
}
