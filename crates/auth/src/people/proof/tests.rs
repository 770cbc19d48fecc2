//! What only the person may do asks for a fresh proof, and no proof counts twice.

use std::time::Duration;

use super::{Means, PROOF_LIFE};
use crate::AuthError;
use crate::people::session::{Session, SignedIn};
use crate::people::sign_in::SignInError;
use crate::people::tests::{Bench, PASSWORD, at};
use crate::people::totp;

fn again(bench: &Bench, signed_in: &SignedIn) -> Session {
    bench.auth.session(&signed_in.cookie, &at("192.0.2.1")).unwrap()
}

fn is_wanted<T>(outcome: &Result<T, SignInError>) -> bool {
    matches!(outcome, Err(SignInError::Failed(AuthError::ProofWanted)))
}

#[tokio::test]
async fn a_session_that_was_left_open_changes_nothing_that_signs_anybody_in() {
    let bench = Bench::new();
    bench.jane().await;
    let signed_in = bench.signed_in().await;
    assert!(bench.auth.is_proved(&signed_in.session), "who has just signed in has proved it");
    let offer = bench.auth.offer_totp(&signed_in.session).unwrap();
    bench.clock.advance(PROOF_LIFE);
    let session = again(&bench, &signed_in);
    assert!(is_wanted(&bench.auth.offer_totp(&session)) && is_wanted(&bench.auth.offer_passkey(&session)));
    assert!(is_wanted(&bench.auth.confirm_totp(&session, &offer.handle, "000000").await));
    assert!(is_wanted(&bench.auth.add_passkey(&session, "x", "{}", "").await));
    assert!(is_wanted(&bench.auth.remove_totp(&session).await));
    assert!(is_wanted(&bench.auth.remove_passkey(&session, "x").await));
    assert!(is_wanted(&bench.auth.make_recovery_codes(&session).await));

    assert_eq!(bench.auth.proof(&session), Means::Password, "there is nothing else");
    let wrong = bench.auth.prove_with_password(&session, "wrong").await;
    assert!(matches!(wrong, Err(SignInError::Refused)) && is_wanted(&bench.auth.offer_totp(&session)));
    bench.auth.prove_with_password(&session, PASSWORD).await.unwrap();
    assert!(bench.auth.offer_totp(&again(&bench, &signed_in)).is_ok());
}

#[tokio::test]
async fn a_code_proves_it_once_and_the_proof_outlives_a_restart() {
    let bench = Bench::new();
    bench.jane().await;
    let (secret, recovery) = bench.with_app().await;
    let code = totp::code(&secret, bench.auth.now());
    let signed_in = bench.signed_in_with(&secret).await;
    let session = &signed_in.session;
    let sessions = bench.auth.sessions(&session.account.id).len();
    assert_eq!(bench.auth.proof(session), Means::SecondFactor { totp: true, passkey: false, recovery: true });
    let by_password = bench.auth.prove_with_password(session, PASSWORD).await;
    assert!(matches!(by_password, Err(SignInError::Refused)), "what is known is not enough where there is more");
    assert!(matches!(bench.auth.prove_with_code(session, &code).await, Err(SignInError::Refused)), "it was used");
    bench.clock.advance(PROOF_LIFE);
    let code = totp::code(&secret, bench.auth.now());
    bench.auth.prove_with_code(session, &code).await.unwrap();
    assert!(matches!(bench.auth.prove_with_code(session, &code).await, Err(SignInError::Refused)));
    bench.auth.prove_with_code(session, &recovery[0]).await.unwrap();
    assert!(matches!(bench.auth.prove_with_code(session, &recovery[0]).await, Err(SignInError::Refused)));

    let bench = bench.reopen();
    assert!(bench.auth.is_proved(&again(&bench, &signed_in)));
    assert!(matches!(bench.auth.prove_with_code(session, &code).await, Err(SignInError::Refused)), "nor after that");
    bench.clock.advance(PROOF_LIFE + Duration::from_secs(1));
    assert!(!bench.auth.is_proved(&again(&bench, &signed_in)));
    assert_eq!(bench.auth.sessions(&session.account.id).len(), sessions, "no session began by it");
}

#[tokio::test]
async fn proofs_cannot_be_guessed() {
    let bench = Bench::new();
    bench.jane().await;
    let (secret, _) = bench.with_app().await;
    let signed_in = bench.signed_in_with(&secret).await;
    let mut outcome = Ok(());
    for _ in 0..200 {
        outcome = bench.auth.prove_with_code(&signed_in.session, "000000").await;
        if matches!(outcome, Err(SignInError::TooMany(_))) {
            break;
        }
    }
    assert!(matches!(outcome, Err(SignInError::TooMany(_))), "{outcome:?}");
}
