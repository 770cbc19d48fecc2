//! Tokens for the administration: for people with a role, through applications that may, and for nothing else.

use super::*;
use crate::testing::AUDIENCE;
use crate::{AccountSettings, Purpose, Role};

const ADMINISTRATION: &str = "https://replica.example:8083/api/v1/admin";
const ASKED: &[(&str, &str)] = &[("scope", "openid admin")];

/// Jane with that role, and an application that may administer.
async fn scene(role: Role) -> Scene {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let account = auth.account(&scene.session.account.id).unwrap();
    let settings = AccountSettings { roles: vec![role], ..account.settings };
    auth.change_account(&account.id, settings).unwrap();
    auth.change_client(&scene.client, ClientSettings { may_administer: true, ..settings_of(&scene) }).unwrap();
    let session = auth.session(&scene.cookie, &at("192.0.2.1")).unwrap();
    Scene { session, ..scene }
}

fn settings_of(scene: &Scene) -> ClientSettings {
    scene.bench.auth.client_settings(&scene.client).unwrap()
}

fn refusal(scene: &Scene, more: &[(&str, &str)]) -> String {
    match scene.bench.auth.authorization(&scene.query(more)) {
        Err(AuthorizationError::Redirect(url)) => parameter(&url, "error").unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_token_for_the_administration_opens_that_and_no_data() {
    let scene = scene(Role::Admin).await;
    let auth = &scene.bench.auth;
    let Decision::Ask(asked) = auth.decide(&scene.request(ASKED), Some(&scene.session)).unwrap() else { panic!() };
    assert!(
        asked.wants.contains(&("Change clients, people and keys of this server, as far as your roles allow", "admin")),
        "{asked:?}"
    );
    let response = scene.redeem(&scene.code(ASKED).await).await.unwrap();
    assert_eq!(claims(&response.access_token)["aud"], ADMINISTRATION);
    assert_eq!(scene.verify(&response), Err(TokenError::WrongAudience), "for one API, and no other");
    let principal = auth.verify_for(Purpose::Administration, &response.access_token, None).unwrap();
    let person = principal.person.unwrap();
    assert_eq!((&person.account, principal.scopes), (&scene.session.account.id, ScopeSet::EMPTY));
    assert_eq!(person.proved_at.as_seconds(), scene.session.started_at.as_seconds());

    let data = scene.redeem(&scene.code(&[("scope", "loans:read")]).await).await.unwrap();
    assert_eq!(auth.verify_for(Purpose::Administration, &data.access_token, None), Err(TokenError::WrongAudience));
    let refreshed = scene.refresh(response.refresh_token.as_ref().unwrap()).await.unwrap();
    assert!(auth.verify_for(Purpose::Administration, &refreshed.access_token, None).is_ok());

    let settings = ClientSettings { may_administer: false, ..settings_of(&scene) };
    auth.change_client(&scene.client, settings).unwrap();
    for token in [&response, &refreshed] {
        let verified = auth.verify_for(Purpose::Administration, &token.access_token, None);
        assert_eq!(verified, Err(TokenError::Revoked), "what the application may do no longer ends at once");
    }
}

#[tokio::test]
async fn nobody_else_gets_one() {
    let viewer = scene(Role::Viewer).await;
    let auth = &viewer.bench.auth;
    let Decision::Ask(asked) = auth.decide(&viewer.request(ASKED), Some(&viewer.session)).unwrap() else { panic!() };
    assert_eq!(asked.not_given, ["admin"], "who has no role cannot give it");
    let response = viewer.redeem(&viewer.code(ASKED).await).await.unwrap();
    assert_eq!((response.scope.as_str(), &claims(&response.access_token)["aud"]), ("openid", &json!(AUDIENCE)));

    let scene = scene(Role::Auditor).await;
    assert_eq!(refusal(&scene, &[("scope", "admin loans:read")]), "invalid_scope");
    assert_eq!(refusal(&scene, &[("scope", "admin offline_access")]), "invalid_scope");
    assert_eq!(refusal(&scene, &[("scope", "loans:read"), ("resource", ADMINISTRATION)]), "invalid_target");
    assert_eq!(refusal(&scene, &[("scope", "admin"), ("resource", AUDIENCE)]), "invalid_target");
    assert_eq!(refusal(&scene, &[("scope", "admin"), ("resource", "https://elsewhere.example")]), "invalid_target");
    assert!(scene.bench.auth.authorization(&scene.query(&[("scope", "admin"), ("resource", ADMINISTRATION)])).is_ok());
    let settings = ClientSettings { may_administer: false, ..settings_of(&scene) };
    scene.bench.auth.change_client(&scene.client, settings).unwrap();
    assert_eq!(refusal(&scene, &[("scope", "admin")]), "invalid_scope", "the application may not");
}
