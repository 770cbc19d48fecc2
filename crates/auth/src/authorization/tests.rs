//! A person lets an application in: every step, and what is refused at each.

mod administration;

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::authorization::Decision;
use crate::people::tests::{Bench, EMAIL, PASSWORD, at, recorded};
use crate::testing::{ISSUER, base64url};
use crate::{
    Authentication, Authorization, AuthorizationError, ClientSettings, GrantType, LogoutRequest, OAuthError, ScopeSet,
    Session, TokenError, TokenRequest, TokenResponse,
};

pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const BACK: &str = "https://app.example/cb?kept=1";

/// Jane, signed in, and an application.
pub(crate) struct Scene {
    pub(crate) bench: Bench,
    pub(crate) session: Session,
    pub(crate) cookie: String,
    pub(crate) client: String,
}

pub(crate) fn settings() -> ClientSettings {
    ClientSettings {
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        authentication: Authentication::None,
        redirect_uris: vec![BACK.to_owned(), "http://127.0.0.1/cb".to_owned()],
        ..ClientSettings::named("Loan pad", ScopeSet::parse("loans:read documents:read").unwrap())
    }
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let bench = Bench::new();
        bench.jane().await;
        let signed_in = bench.signed_in().await;
        let client = bench.auth.create_client(settings()).unwrap().client.id;
        Self { bench, session: signed_in.session, cookie: signed_in.cookie.to_string(), client }
    }

    pub(crate) fn query(&self, more: &[(&str, &str)]) -> String {
        let challenge = base64url(digest(&SHA256, VERIFIER.as_bytes()));
        let all = [
            ("response_type", "code"),
            ("client_id", &self.client),
            ("redirect_uri", BACK),
            ("state", "s 1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in all.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)).chain(more) {
            query.append_pair(name, value);
        }
        query.finish()
    }

    fn request(&self, more: &[(&str, &str)]) -> Authorization {
        self.bench.auth.authorization(&self.query(more)).unwrap()
    }

    /// Jane agrees; the code.
    pub(crate) async fn code(&self, more: &[(&str, &str)]) -> String {
        let request = self.request(more);
        let url = self.bench.auth.agree(&request, &self.session).await.unwrap();
        parameter(&url, "code").unwrap_or_else(|| panic!("{url}"))
    }

    async fn post(&self, pairs: &[(&str, &str)]) -> Result<TokenResponse, OAuthError> {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(pairs).append_pair("client_id", &self.client);
        let body = body.finish();
        self.bench
            .auth
            .token(TokenRequest {
                content_type: Some("application/x-www-form-urlencoded"),
                authorization: None,
                address: "192.0.2.7".parse().ok(),
                body: body.as_bytes(),
            })
            .await
    }

    async fn redeem(&self, code: &str) -> Result<TokenResponse, OAuthError> {
        self.post(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    async fn refresh(&self, token: &str) -> Result<TokenResponse, OAuthError> {
        self.post(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    fn verify(&self, response: &TokenResponse) -> Result<crate::Principal, TokenError> {
        self.bench.auth.verify(&response.access_token, None)
    }
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn claims(token: &str) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn refused(outcome: &Result<TokenResponse, OAuthError>) -> &'static str {
    outcome.as_ref().err().map_or("issued", |error| error.error)
}

#[tokio::test]
async fn a_person_is_asked_once_and_the_application_gets_what_both_have() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let request = scene.request(&[("scope", "openid email loans:read documents:read"), ("nonce", "n-1")]);
    assert!(matches!(auth.decide(&request, None).unwrap(), Decision::SignIn));
    let Decision::Ask(asked) = auth.decide(&request, Some(&scene.session)).unwrap() else { panic!("not asked") };
    assert_eq!((asked.client_name.as_str(), asked.sent_to.as_str()), ("Loan pad", "https://app.example"));
    let names: Vec<&str> = asked.wants.iter().map(|(_, name)| *name).collect();
    assert_eq!((names, asked.not_given), (vec!["openid", "email", "loans:read"], vec!["documents:read"]));

    let url = auth.agree(&request, &scene.session).await.unwrap();
    assert!(url.starts_with("https://app.example/cb?kept=1&"), "{url}");
    assert_eq!(parameter(&url, "state").as_deref(), Some("s 1"));
    assert_eq!(parameter(&url, "iss").as_deref(), Some(ISSUER), "RFC 9207");
    let response = scene.redeem(&parameter(&url, "code").unwrap()).await.unwrap();
    assert_eq!((response.scope.as_str(), response.expires_in), ("openid email loans:read", 900));
    let principal = scene.verify(&response).unwrap();
    assert_eq!(principal.scopes.to_string(), "loans:read");
    assert_eq!(principal.person.unwrap().account, scene.session.account.id);
    let id = claims(response.id_token.as_ref().unwrap());
    assert_eq!(id["sub"], scene.session.account.id.as_str());
    assert_eq!(
        (&id["aud"], &id["nonce"], &id["email"]),
        (&scene.client.as_str().into(), &"n-1".into(), &"jane@bank.example".into())
    );
    assert!(id.get("name").is_none() && id["amr"][0] == "pwd" && id["at_hash"].is_string(), "{id}");
    let info = auth.userinfo(&scene.verify(&response).unwrap()).unwrap().unwrap();
    assert_eq!((&info["sub"], &info["email"]), (&id["sub"], &id["email"]));

    let again = scene.request(&[("scope", "loans:read")]);
    assert!(
        matches!(auth.decide(&again, Some(&scene.session)).unwrap(), Decision::Redirect(url) if url.contains("code="))
    );
    let prompted = scene.request(&[("scope", "loans:read"), ("prompt", "consent")]);
    assert!(matches!(auth.decide(&prompted, Some(&scene.session)).unwrap(), Decision::Ask(_)));
    let on_device = scene.request(&[("scope", "loans:read"), ("redirect_uri", "http://127.0.0.1:4711/cb")]);
    assert!(matches!(auth.decide(&on_device, Some(&scene.session)).unwrap(), Decision::Ask(_)), "RFC 8252 section 8.6");
    let no = auth.disagree(&again);
    assert_eq!(
        (parameter(&no, "error").as_deref(), parameter(&no, "state").as_deref()),
        (Some("access_denied"), Some("s 1"))
    );
}

#[tokio::test]
async fn nobody_is_sent_where_no_application_registered() {
    let scene = Scene::new().await;
    let page = |more: &[(&str, &str)]| {
        matches!(scene.bench.auth.authorization(&scene.query(more)), Err(AuthorizationError::Page(_)))
    };
    assert!(page(&[("client_id", "client-0000")]) && page(&[("client_id", "")]));
    for uri in [
        "",
        "https://app.example/cb",
        "https://app.example/cb?kept=1&x=2",
        "https://evil.example/cb?kept=1",
        "https://app.example@evil.example/cb?kept=1",
        "http://127.0.0.1/other",
        "http://localhost/cb",
        "//app.example/cb?kept=1",
    ] {
        assert!(page(&[("redirect_uri", uri)]), "{uri}");
    }
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example", scene.query(&[]));
    assert!(matches!(scene.bench.auth.authorization(&twice), Err(AuthorizationError::Page(_))));
    for uri in ["http://127.0.0.1:49152/cb", "http://127.0.0.1/cb"] {
        assert!(scene.bench.auth.authorization(&scene.query(&[("redirect_uri", uri)])).is_ok(), "RFC 8252 7.3: {uri}");
    }
    scene.bench.auth.set_enabled(&scene.client, false).unwrap();
    assert!(page(&[]));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_to_the_application() {
    let scene = Scene::new().await;
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "")], "invalid_request"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("scope", "loans:read audit:read")], "invalid_scope"),
        (&[("scope", "nothing")], "invalid_scope"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "jump")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("request", "x")], "request_not_supported"),
        (&[("request_uri", "x")], "request_uri_not_supported"),
        (&[("nonce", &"x".repeat(3_000))], "invalid_request"),
    ];
    for (more, error) in cases {
        match scene.bench.auth.authorization(&scene.query(more)) {
            Err(AuthorizationError::Redirect(url)) => {
                assert_eq!(parameter(&url, "error").as_deref(), Some(*error), "{more:?}");
                assert_eq!(parameter(&url, "state").as_deref(), Some("s 1"));
                assert!(url.starts_with("https://app.example/cb?kept=1&") && parameter(&url, "iss").is_some());
            }
            other => panic!("{more:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn prompt_none_never_shows_a_page() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let answer =
        |more: &[(&str, &str)], session: Option<&Session>| match auth.decide(&scene.request(more), session).unwrap() {
            Decision::Redirect(url) => parameter(&url, "error").unwrap_or_else(|| "code".to_owned()),
            other => format!("{other:?}"),
        };
    let (none, session) = (("prompt", "none"), Some(&scene.session));
    assert_eq!(answer(&[none], None), "login_required");
    assert_eq!(answer(&[none], session), "consent_required");
    scene.code(&[]).await;
    assert_eq!(answer(&[none], session), "code");
    scene.bench.clock.advance(Duration::from_secs(2));
    assert_eq!(answer(&[none, ("max_age", "0")], session), "code", "just signed in");
    scene.bench.clock.advance(Duration::from_mins(5));
    assert_eq!(answer(&[none, ("max_age", "60")], session), "login_required");
    assert_eq!(answer(&[("prompt", "login")], session), "SignIn");
    assert_eq!(answer(&[none, ("scope", "documents:read")], session), "access_denied");
}

#[tokio::test]
async fn a_code_is_good_once_for_who_asked_with_the_proof() {
    let scene = Scene::new().await;
    let code = scene.code(&[]).await;
    let other = scene.bench.auth.create_client(settings()).unwrap().client.id;
    let with = async |pairs: &[(&str, &str)]| {
        let code = scene.code(&[]).await;
        let mut all = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in pairs {
            all.retain(|(other, _)| other != name);
            all.push((name, value));
        }
        refused(&scene.post(&all).await)
    };
    let wrong = VERIFIER.replace('d', "e");
    assert_eq!(with(&[("code_verifier", &wrong)]).await, "invalid_grant", "RFC 7636 section 4.6");
    assert_eq!(with(&[("code_verifier", "")]).await, "invalid_request");
    assert_eq!(with(&[("redirect_uri", "http://127.0.0.1/cb")]).await, "invalid_grant");
    assert_eq!(with(&[("redirect_uri", "")]).await, "invalid_request");
    assert_eq!(with(&[("code", "x")]).await, "invalid_grant");
    assert_eq!(with(&[("code", "")]).await, "invalid_request");
    assert_eq!(with(&[("resource", "https://elsewhere.example")]).await, "invalid_target", "RFC 8707");

    let response = scene.redeem(&code).await.unwrap();
    assert!(scene.verify(&response).is_ok());
    assert_eq!(refused(&scene.redeem(&code).await), "invalid_grant");
    assert_eq!(scene.verify(&response), Err(TokenError::Revoked), "RFC 6749 section 4.1.2: what it began ends");
    assert_eq!(refused(&scene.refresh(response.refresh_token.as_ref().unwrap()).await), "invalid_grant");

    let code = scene.code(&[]).await;
    let foreign = Scene { client: other, ..scene };
    assert_eq!(refused(&foreign.redeem(&code).await), "invalid_grant", "a code of another client (code injection)");
    foreign.bench.clock.advance(Duration::from_mins(2));
    let late = foreign.code(&[]).await;
    foreign.bench.clock.advance(Duration::from_secs(61));
    assert_eq!(refused(&foreign.redeem(&late).await), "invalid_grant");
}

#[tokio::test]
async fn refresh_turns_and_a_stolen_token_ends_the_grant() {
    let scene = Scene::new().await;
    let first = scene.redeem(&scene.code(&[("scope", "openid loans:read")]).await).await.unwrap();
    let one = first.refresh_token.clone().unwrap();
    let second = scene.refresh(&one).await.unwrap();
    let two = second.refresh_token.clone().unwrap();
    assert!(one != two && second.id_token.is_some() && scene.verify(&first).is_ok());
    let lost = scene.refresh(&one).await.unwrap();
    assert_eq!(lost.refresh_token.as_ref(), Some(&two), "an answer that was lost is given again");
    let narrowed =
        scene.post(&[("grant_type", "refresh_token"), ("refresh_token", &two), ("scope", "openid")]).await.unwrap();
    assert_eq!(narrowed.scope, "openid");
    let three = narrowed.refresh_token.unwrap();
    let wider =
        scene.post(&[("grant_type", "refresh_token"), ("refresh_token", &three), ("scope", "audit:read")]).await;
    assert_eq!(refused(&wider), "invalid_scope");
    let again =
        [("grant_type", "refresh_token"), ("refresh_token", &three), ("scope", "openid loans:read documents:read")];
    let again = scene.post(&again).await.unwrap();
    assert_eq!(again.scope, "openid loans:read", "what was not granted is not given");
    assert_eq!(refused(&scene.refresh("rt_x.1.y").await), "invalid_grant");
    assert_eq!(refused(&scene.refresh(&one).await), "invalid_grant", "two turns ago: stolen");
    let four = again.refresh_token.unwrap();
    assert_eq!(refused(&scene.refresh(&four).await), "invalid_grant", "and the whole grant with it");
    assert_eq!(scene.verify(&second), Err(TokenError::Revoked));
    let ended = recorded(&scene.bench.auth).into_iter().filter(|line| line.contains("GrantEnded")).count();
    assert_eq!(ended, 1);
}

#[tokio::test]
async fn a_token_of_before_is_good_for_ten_seconds() {
    let scene = Scene::new().await;
    let one = scene.redeem(&scene.code(&[]).await).await.unwrap().refresh_token.unwrap();
    let two = scene.refresh(&one).await.unwrap().refresh_token.unwrap();
    scene.bench.clock.advance(Duration::from_secs(11));
    assert_eq!(refused(&scene.refresh(&one).await), "invalid_grant");
    assert_eq!(refused(&scene.refresh(&two).await), "invalid_grant");
}

#[tokio::test]
async fn what_a_person_takes_back_ends_at_once() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let tokens = async || scene.redeem(&scene.code(&[]).await).await.unwrap();
    let ended = async |response: &TokenResponse| {
        assert_eq!(scene.verify(response), Err(TokenError::Revoked));
        assert_eq!(refused(&scene.refresh(response.refresh_token.as_ref().unwrap()).await), "invalid_grant");
    };
    let response = tokens().await;
    scene.verify(&response).unwrap();
    let consent = &auth.consents(&scene.session.account.id)[0];
    assert_eq!((consent.client_name.as_str(), consent.scopes.as_str()), ("Loan pad", "loans:read"));
    assert!(consent.last_used_at.is_some());
    auth.withdraw(&scene.session, &scene.client).await.unwrap();
    ended(&response).await;
    assert!(auth.consents(&scene.session.account.id).is_empty());

    let (bound, offline) =
        (tokens().await, scene.redeem(&scene.code(&[("scope", "offline_access loans:read")]).await).await.unwrap());
    auth.sign_out(&scene.session).await.unwrap();
    ended(&bound).await;
    assert!(scene.verify(&offline).is_ok(), "offline_access outlives the session");
    auth.set_account_enabled(&scene.session.account.id, false).unwrap();
    ended(&offline).await;
    assert!(auth.session(&scene.cookie, &at("192.0.2.1")).is_none());
}

#[tokio::test]
async fn a_changed_client_or_person_narrows_what_lives() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let response = scene.redeem(&scene.code(&[("scope", "offline_access loans:read")]).await).await.unwrap();
    let account = auth.account(&scene.session.account.id).unwrap();
    let without = crate::AccountSettings { scopes: ScopeSet::EMPTY, ..account.settings.clone() };
    auth.change_account(&account.id, without).unwrap();
    assert!(scene.verify(&response).unwrap().scopes.is_empty(), "at once, cached or not");
    auth.change_account(&account.id, account.settings).unwrap();
    assert_eq!(scene.verify(&response).unwrap().scopes.to_string(), "loans:read");
    auth.set_enabled(&scene.client, false).unwrap();
    assert_eq!(scene.verify(&response), Err(TokenError::ClientDisabled));
    auth.set_enabled(&scene.client, true).unwrap();
    assert_eq!(scene.verify(&response), Err(TokenError::Revoked));
    assert_eq!(refused(&scene.refresh(response.refresh_token.as_ref().unwrap()).await), "invalid_grant");
}

#[tokio::test]
async fn a_restart_ends_no_grant() {
    let scene = Scene::new().await;
    let response = scene.redeem(&scene.code(&[]).await).await.unwrap();
    let scene = Scene { bench: scene.bench.reopen(), ..scene };
    assert!(scene.verify(&response).is_ok());
    let refreshed = scene.refresh(response.refresh_token.as_ref().unwrap()).await.unwrap();
    assert!(scene.verify(&refreshed).is_ok());
    assert_eq!(scene.bench.auth.consents(&scene.session.account.id).len(), 1);
}

#[tokio::test]
async fn refresh_tokens_are_revoked_and_introspected() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let response = scene.redeem(&scene.code(&[]).await).await.unwrap();
    let token = response.refresh_token.clone().unwrap();
    let body = format!("client_id={}&token={token}", scene.client);
    let about = || TokenRequest {
        content_type: Some("application/x-www-form-urlencoded"),
        authorization: None,
        address: None,
        body: body.as_bytes(),
    };
    let told = auth.introspect(&about()).unwrap();
    assert_eq!((&told["active"], &told["sub"]), (&true.into(), &scene.session.account.id.as_str().into()), "{told}");
    auth.revoke(about()).await.unwrap();
    assert_eq!(auth.introspect(&about()).unwrap(), serde_json::json!({ "active": false }));
    assert_eq!(scene.verify(&response), Err(TokenError::Revoked), "RFC 7009 section 2.1");
}

#[tokio::test]
async fn an_application_signs_its_person_out() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let id_token = scene.redeem(&scene.code(&[("scope", "openid")]).await).await.unwrap().id_token.unwrap();
    let request = LogoutRequest {
        id_token_hint: Some(id_token),
        post_logout_redirect_uri: Some(BACK.to_owned()),
        state: Some("bye".to_owned()),
        client_id: None,
    };
    let logout = auth.logout(&request, Some(&scene.session));
    assert!(!logout.ask);
    assert_eq!(logout.then.as_deref(), Some("https://app.example/cb?kept=1&state=bye"));
    let without = LogoutRequest { id_token_hint: None, ..request.clone() };
    let logout = auth.logout(&without, Some(&scene.session));
    assert!(logout.ask && logout.then.is_none(), "anybody could have sent it");
    let elsewhere =
        LogoutRequest { post_logout_redirect_uri: Some("https://evil.example".to_owned()), ..request.clone() };
    assert_eq!(auth.logout(&elsewhere, Some(&scene.session)).then, None);
    let forged = LogoutRequest { id_token_hint: Some("a.b.c".to_owned()), ..request };
    assert!(auth.logout(&forged, Some(&scene.session)).ask);
}

/// The second seed's request and answer, behind their switch.
#[tokio::test]
async fn a_password_and_a_code_are_a_token_where_that_is_switched_on() {
    let bench = Bench::new();
    bench.jane().await;
    let (secret, _) = bench.with_app().await;
    let client = bench.auth.create_client(settings()).unwrap().client.id;
    let clock = std::sync::Arc::clone(&bench.clock);
    let code = || crate::people::totp::code(&secret, continuity_base::Clock::now(&*clock));
    let ask = async |auth: &crate::Auth, body: Value| {
        let body = body.to_string();
        let request = TokenRequest {
            content_type: Some("application/json"),
            authorization: Some("Bearer null"),
            address: "192.0.2.1".parse().ok(),
            body: body.as_bytes(),
        };
        auth.token(request).await
    };
    let body = |otp: &str| json!({ "email": EMAIL, "password": PASSWORD, "otp": otp });
    let off = ask(&bench.auth, body(&code())).await.unwrap_err();
    assert_eq!((off.status, off.error), (400, "unsupported_grant_type"));
    let bench = bench.reopen_with(|options| options.password_client = Some(client.clone()));
    for body in [
        json!({ "email": EMAIL, "password": PASSWORD }),
        body("000000"),
        json!({ "email": EMAIL, "password": "x", "otp": "1" }),
    ] {
        let error = ask(&bench.auth, body).await.unwrap_err();
        assert_eq!(
            (error.status, error.to_json()),
            (401, r#"{"error":"access_denied","error_description":"Unauthorized"}"#.to_owned())
        );
    }
    let response = ask(&bench.auth, body(&code())).await.unwrap();
    assert_eq!(response.to_body(), ("text/javascript; charset=utf-8", response.access_token.clone()));
    assert_eq!((response.expires_in, response.scope.as_str()), (900, "loans:read"));
    let person = bench.auth.verify(&response.access_token, None).unwrap().person.unwrap();
    assert!(bench.auth.sessions(&person.account).len() <= 1, "no session is left behind");
    bench.clock.advance(Duration::from_secs(906));
    assert!(bench.auth.verify(&response.access_token, None).is_err());
}

#[tokio::test]
async fn an_application_goes_on_while_it_is_worked_with_and_the_browser_does_not() {
    let scene = Scene::new().await;
    let mut token = scene.redeem(&scene.code(&[]).await).await.unwrap().refresh_token.unwrap();
    for _ in 0..4 {
        scene.bench.clock.advance(Duration::from_mins(20));
        token = scene.refresh(&token).await.unwrap().refresh_token.unwrap();
    }
    assert!(scene.bench.auth.session(&scene.cookie, &at("192.0.2.1")).is_none(), "the browser was left alone");
    scene.bench.clock.advance(Duration::from_mins(31));
    assert_eq!(refused(&scene.refresh(&token).await), "invalid_grant");
}

#[tokio::test]
async fn no_token_outlives_its_grant() {
    let scene = Scene::new().await;
    let mut token = scene.redeem(&scene.code(&[]).await).await.unwrap().refresh_token.unwrap();
    for _ in 0..35 {
        scene.bench.clock.advance(Duration::from_mins(20));
        token = scene.refresh(&token).await.unwrap().refresh_token.unwrap();
    }
    scene.bench.clock.advance(Duration::from_mins(10));
    let last = scene.refresh(&token).await.unwrap();
    assert_eq!(last.expires_in, 600, "the session ends in ten minutes");
}

#[tokio::test]
async fn an_application_sees_no_more_than_its_person_and_itself() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let response = scene.redeem(&scene.code(&[]).await).await.unwrap();
    assert_eq!(scene.verify(&response).unwrap().limits, None);
    let account = auth.account(&scene.session.account.id).unwrap();
    let north = vec!["branch-north".to_owned()];
    auth.change_account(&account.id, crate::AccountSettings { teams: north.clone(), ..account.settings }).unwrap();
    let limits = |response: &TokenResponse| scene.verify(response).unwrap().limits.unwrap();
    assert!(
        limits(&response).admits_team(Some("branch-north")) && !limits(&response).admits_team(Some("branch-south"))
    );
    let south = ClientSettings { teams: vec!["branch-south".to_owned()], ..settings() };
    auth.change_client(&scene.client, south).unwrap();
    let none = limits(&response);
    assert!(
        !none.admits_team(Some("branch-north")) && !none.admits_team(Some("branch-south")) && !none.admits_team(None)
    );
}

/// OpenID Connect Core section 3.1.2.1.
#[tokio::test]
async fn an_id_token_hint_names_who_has_to_be_there() {
    let scene = Scene::new().await;
    let auth = &scene.bench.auth;
    let response = scene.redeem(&scene.code(&[("scope", "openid")]).await).await.unwrap();
    let id_token = response.id_token.as_ref().unwrap();
    let hinted = scene.request(&[("scope", "openid"), ("prompt", "none"), ("id_token_hint", id_token)]);
    let Decision::Redirect(url) = auth.decide(&hinted, Some(&scene.session)).unwrap() else { panic!("not silent") };
    assert!(parameter(&url, "code").is_some(), "{url}");

    let settings = crate::AccountSettings {
        email: "joe@bank.example".to_owned(),
        name: "Joe Galea".to_owned(),
        ..crate::AccountSettings::default()
    };
    let joe = auth.create_account(settings).unwrap();
    let link = auth.make_link(&joe.id).unwrap();
    auth.use_link(&link, PASSWORD, &at("192.0.2.9")).await.unwrap();
    let crate::Step::SignedIn(joe) = auth.sign_in("joe@bank.example", PASSWORD, &at("192.0.2.9")).await.unwrap() else {
        panic!("a second factor")
    };
    let Decision::Redirect(url) = auth.decide(&hinted, Some(&joe.session)).unwrap() else { panic!("not silent") };
    assert_eq!(parameter(&url, "error").as_deref(), Some("login_required"));
    let asked = scene.request(&[("scope", "openid"), ("id_token_hint", id_token)]);
    assert!(matches!(auth.decide(&asked, Some(&joe.session)).unwrap(), Decision::SignIn));

    let other = Scene { client: auth.create_client(settings_of_another()).unwrap().client.id, ..scene };
    let refused = other.bench.auth.authorization(&other.query(&[("scope", "openid"), ("id_token_hint", id_token)]));
    let Err(AuthorizationError::Redirect(url)) = refused else { panic!("{refused:?}") };
    assert_eq!(parameter(&url, "error").as_deref(), Some("invalid_request"), "another client's");
    for nothing in ["a.b.c", &response.access_token] {
        let asked = other.request(&[("scope", "openid"), ("id_token_hint", nothing)]);
        assert_eq!(asked.subject, None, "what cannot be read, as after a rotation of keys, says nothing");
    }
}

fn settings_of_another() -> ClientSettings {
    ClientSettings { name: "Another".to_owned(), ..settings() }
}
