//! Second factors through the handle.

use super::*;
use crate::testing::{manual_clock, options};
use crate::{AccountSettings, Duty, Origin, SignInPolicy, Step};

const PASSWORD: &str = "trout lantern velvet";

async fn signed_in(auth: &Auth) -> Session {
    let settings = AccountSettings {
        email: "jane@bank.example".to_owned(),
        name: "Jane Doe".to_owned(),
        ..AccountSettings::default()
    };
    let account = auth.create_account(settings).unwrap();
    let link = auth.make_link(&account.id).unwrap();
    auth.use_link(&link, PASSWORD, &Origin::default()).await.unwrap();
    match auth.sign_in("jane@bank.example", PASSWORD, &Origin::default()).await.unwrap() {
        Step::SignedIn(signed_in) => signed_in.session,
        Step::SecondFactor(wanted) => panic!("{wanted:?}"),
    }
}

async fn with_app(auth: &Auth, session: &Session) {
    let offer = auth.offer_totp(session).unwrap();
    let again = auth.offered_totp(session, &offer.handle).unwrap();
    assert_eq!((&again.secret, &again.uri), (&offer.secret, &offer.uri), "a wrong code does not cost a new scan");
    let secret = auth.desk().pending.totp(&offer.handle, &session.id, auth.monotonic()).unwrap();
    let code = totp::code(&secret, auth.now());
    assert_eq!(auth.confirm_totp(session, &offer.handle, &code).await.unwrap().len(), RECOVERY_CODES);
    assert!(auth.offered_totp(session, &offer.handle).is_none());
}

#[tokio::test]
async fn the_last_second_factor_stays_where_one_is_required() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), manual_clock());
    let auth = Auth::open(options(dir.path(), &clock)).unwrap();
    let session = signed_in(&auth).await;
    assert_eq!(session.duties, [Duty::SetUpSecondFactor]);
    with_app(&auth, &session).await;
    let refused = auth.remove_totp(&session).await;
    assert!(matches!(refused, Err(SignInError::Failed(AuthError::Conflict(_)))), "{refused:?}");
    auth.remove_passkey(&session, "unknown").await.unwrap();
    assert!(auth.account(&session.account.id).unwrap().has_totp);
}

#[tokio::test]
async fn it_goes_where_none_is_required() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), manual_clock());
    let policy = SignInPolicy { second_factor_required: false, ..SignInPolicy::default() };
    let auth = Auth::open(crate::AuthOptions { sign_in: policy, ..options(dir.path(), &clock) }).unwrap();
    let session = signed_in(&auth).await;
    assert!(session.duties.is_empty() && !auth.second_factor_required());
    with_app(&auth, &session).await;
    auth.remove_totp(&session).await.unwrap();
    assert!(!auth.account(&session.account.id).unwrap().has_second_factor());
}
