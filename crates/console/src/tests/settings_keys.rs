//! What administrators do about signing keys.

use continuity_auth::{KeyState, Role, SigningKey};
use http::StatusCode;

use super::bench::{Bench, EMAIL};

const PATH: &str = "/console/settings/keys";
const EVIL: &str = "<script>alert(1)</script>";
const DAY: u64 = 24 * 60 * 60;

fn key(bench: &Bench, state: KeyState) -> SigningKey {
    let mut keys = bench.auth.signing_keys();
    keys.retain(|key| key.state == state);
    keys.pop().unwrap()
}

fn retire(key: &SigningKey) -> String {
    format!("{PATH}/{}/retire", key.id)
}

#[tokio::test]
async fn keys_are_listed_with_their_state_in_words() {
    let bench = Bench::lax();
    bench.auth.look_after_keys().unwrap();
    let mut browser = bench.signed_in().await;
    let page = browser.get(PATH).await;
    for text in ["Active: signs", "Next: published", "ES256", "signs since <time", "22 Nov 2026, 18:00 UTC"] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(page.says(&key(&bench, KeyState::Active).id) && page.says(&retire(&key(&bench, KeyState::Next))));
    bench.later(11 * 60);
    let page = browser.get(PATH).await;
    assert!(page.says("confirm first that it is you") && !page.says("atOnce"), "{}", page.text);
}

#[tokio::test]
async fn the_next_key_signs_once_it_is_known_or_at_once_after_a_leak() {
    let bench = Bench::lax();
    bench.auth.look_after_keys().unwrap();
    let next = key(&bench, KeyState::Next);
    let mut browser = bench.signed_in().await;
    browser.get(PATH).await;
    let rotate = format!("{PATH}/rotate");
    let page = browser.post(&rotate, &[]).await;
    assert!(page.status == StatusCode::CONFLICT && page.says("clients may not know it yet"), "{}", page.text);
    let page = browser.post(&rotate, &[("algorithm", "none")]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("There is no signing algorithm"));
    let page = browser.post(&rotate, &[("algorithm", ""), ("atOnce", "true"), ("reason", "it leaked")]).await;
    assert_eq!(page.to(), format!("{PATH}?done=rotated"));
    assert!(browser.get(page.to()).await.says("The next key signs now."));
    assert_eq!(key(&bench, KeyState::Active).id, next.id);
    let record = bench.last_record();
    assert_eq!((&*record.actor, record.reason.as_deref()), (EMAIL, Some("it leaked")));
    assert!(browser.get(PATH).await.says("Passive: signs no more"));

    let page = browser.post(&rotate, &[("algorithm", "EdDSA")]).await;
    assert_eq!(page.to(), format!("{PATH}?done=replaced"));
    let replaced = key(&bench, KeyState::Next);
    assert_eq!(replaced.algorithm, "EdDSA");
    bench.later(DAY + 60);
    let mut browser = bench.signed_in().await;
    browser.get(PATH).await;
    assert_eq!(browser.post(&rotate, &[]).await.to(), format!("{PATH}?done=rotated"));
    assert_eq!(key(&bench, KeyState::Active).id, replaced.id);
}

#[tokio::test]
async fn a_key_is_retired_with_a_reason_once_its_id_was_typed() {
    let bench = Bench::lax();
    let mut browser = bench.signed_in().await;
    let active = key(&bench, KeyState::Active);
    let (path, typed) = (retire(&active), &active.id[..8]);
    let page = browser.get(&path).await;
    assert!(page.says(&format!("to confirm: {typed}")) && page.says(&active.id), "{}", page.text);
    let page = browser.post(&path, &[("reason", EVIL), ("confirm", "x")]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("confirm-fault"), "{}", page.text);
    assert!(page.says("&#60;script&#62;") && !page.says(EVIL), "{}", page.text);
    let page = browser.post(&path, &[("reason", " "), ("confirm", typed)]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("reason-fault"), "{}", page.text);
    assert_eq!(key(&bench, KeyState::Active), active);
    let page = browser.post(&path, &[("reason", EVIL), ("confirm", typed)]).await;
    assert_eq!(page.to(), format!("{PATH}?done=retired"));
    let page = browser.get(page.to()).await;
    assert!(page.says("The key is retired.") && page.says("Retired: what it signed is refused"), "{}", page.text);
    assert!(page.says("&#60;script&#62;") && !page.says(EVIL), "{}", page.text);
    assert_ne!(key(&bench, KeyState::Active).id, active.id);
    for again in [browser.get(&path).await, browser.post(&path, &[("reason", "x"), ("confirm", typed)]).await] {
        assert_eq!(again.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn keys_are_for_administrators_with_a_proof() {
    let bench = Bench::lax();
    let active = key(&bench, KeyState::Active);
    let (path, rotate) = (retire(&active), format!("{PATH}/rotate"));
    let others = [Role::Operator, Role::Auditor, Role::Developer, Role::Viewer];
    let joe = bench.person("joe@bank.example", &others);
    let mut browser = bench.signed_in_as(&joe).await;
    let mut admin = bench.signed_in().await;
    let before = bench.auth.control_log().head();
    let confirm = [("reason", "x"), ("confirm", &active.id), ("atOnce", "true")];
    browser.get("/console/account").await;
    for answer in [browser.get(PATH).await, browser.get(&path).await, browser.post(&path, &confirm).await] {
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(browser.post(&rotate, &confirm).await.status, StatusCode::FORBIDDEN);
    assert_eq!(admin.get(&format!("{rotate}?atOnce=true")).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(admin.get(&format!("{path}?reason=x&confirm={}", active.id)).await.status, StatusCode::OK);
    bench.later(11 * 60);
    admin.get(PATH).await;
    let there = format!("/console/confirm?next=%2Fconsole%2Fsettings%2Fkeys%2F{}%2Fretire", active.id);
    assert_eq!(admin.get(&path).await.to(), there);
    assert_eq!(admin.post(&path, &confirm).await.to(), there);
    assert_eq!(admin.post(&rotate, &confirm).await.to(), "/console/confirm?next=%2Fconsole%2Fsettings%2Fkeys");
    assert_eq!(bench.auth.control_log().head(), before);
}
