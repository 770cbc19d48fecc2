//! Browsers on other origins: which may ask what, and read the answer.

use axum::body::Body;
use continuity_auth::{Authentication, ClientSettings, GrantType, ScopeSet};
use http::{Request, StatusCode};

use super::harness::{Answer, Feed, Replica};
use super::scopes::concrete;
use crate::endpoint::{Access, Tag};
use crate::routes::TABLE;

const OURS: &str = "https://pad.example";

struct Scene {
    replica: Replica,
    client: String,
}

impl Scene {
    fn new() -> Self {
        let replica = Replica::of(Feed::house());
        let settings = ClientSettings {
            grant_types: vec![GrantType::AuthorizationCode],
            authentication: Authentication::None,
            redirect_uris: vec![format!("{OURS}/callback"), "com.example.pad:/cb".to_owned()],
            ..ClientSettings::named("Pad", ScopeSet::all())
        };
        let client = replica.state.auth.create_client(settings).unwrap().client.id;
        Self { replica, client }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.replica.send(request.body(Body::empty()).unwrap()).await
    }

    async fn preflight(&self, path: &str, origin: &str) -> Answer {
        let asked = [("origin", origin), ("access-control-request-method", "GET")];
        self.ask("OPTIONS", path, &[&asked[..], &[("access-control-request-headers", "authorization")]].concat()).await
    }
}

#[tokio::test]
async fn an_application_s_origin_reads_data_and_gets_tokens_and_nothing_else() {
    let scene = Scene::new();
    for endpoint in TABLE {
        let path = concrete(endpoint);
        let answer = scene.preflight(&path, OURS).await;
        let expected = match endpoint.access {
            Access::AnyOf(_) | Access::OpenId => true,
            Access::Open => endpoint.tag == Tag::Token && !path.contains("introspect"),
            Access::Roles { .. } => false,
        };
        let told = answer.header("access-control-allow-origin");
        if expected {
            assert_eq!((answer.status, told), (StatusCode::NO_CONTENT, OURS), "{path}");
            assert!(answer.header("access-control-allow-headers").contains("Authorization"), "{path}");
            assert_eq!(answer.header("access-control-allow-methods"), endpoint.verb.allow());
        } else {
            assert_eq!((answer.status, told), (StatusCode::METHOD_NOT_ALLOWED, ""), "{path}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), "", "never with cookies");
    }
    let bearer = format!("Bearer {}", scene.replica.token("all"));
    let list = scene.ask("GET", "/api/v1/loan-requests", &[("origin", OURS), ("authorization", &bearer)]).await;
    assert_eq!((list.status, list.header("access-control-allow-origin")), (StatusCode::OK, OURS));
    assert!(list.header("access-control-expose-headers").contains("X-Replica-As-Of"));
    assert!(list.header("vary").ends_with(", Origin"), "{:?}", list.headers);
    let refused = scene.ask("GET", "/api/v1/loan-requests", &[("origin", OURS)]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.header("access-control-allow-origin"), OURS, "the application reads why");
}

#[tokio::test]
async fn no_other_origin_is_told_anything() {
    let scene = Scene::new();
    let path = "/api/v1/loan-requests";
    for origin in [
        "https://evil.example",
        "http://pad.example",
        "https://pad.example:8443",
        "https://pad.example.evil.example",
        "https://evil.example/https://pad.example",
        "HTTPS://PAD.EXAMPLE",
        "https://pad.example/",
        "com.example.pad:",
        "null",
        "",
    ] {
        assert_eq!(scene.preflight(path, origin).await.status, StatusCode::METHOD_NOT_ALLOWED, "{origin}");
        let bearer = format!("Bearer {}", scene.replica.token("all"));
        let list = scene.ask("GET", path, &[("origin", origin), ("authorization", &bearer)]).await;
        assert_eq!((list.status, list.header("access-control-allow-origin")), (StatusCode::OK, ""), "{origin}");
    }
    let twice = [("origin", OURS), ("origin", "https://evil.example"), ("access-control-request-method", "GET")];
    assert_eq!(scene.ask("OPTIONS", path, &twice).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let plain = scene.ask("OPTIONS", path, &[("origin", OURS)]).await;
    assert_eq!(plain.status, StatusCode::METHOD_NOT_ALLOWED, "no question of a browser");
}

#[tokio::test]
async fn an_application_that_is_switched_off_loses_its_origin() {
    let scene = Scene::new();
    let path = "/api/v1/loan-requests";
    assert_eq!(scene.preflight(path, OURS).await.status, StatusCode::NO_CONTENT);
    scene.replica.state.auth.set_enabled(&scene.client, false).unwrap();
    assert_eq!(scene.preflight(path, OURS).await.status, StatusCode::METHOD_NOT_ALLOWED);
    scene.replica.state.auth.set_enabled(&scene.client, true).unwrap();
    let nowhere = |before: &ClientSettings| {
        Ok(ClientSettings { redirect_uris: vec!["https://elsewhere.example/cb".to_owned()], ..before.clone() })
    };
    scene.replica.state.auth.change_client_with(&scene.client, nowhere).unwrap();
    assert_eq!(scene.preflight(path, OURS).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(scene.preflight(path, "https://elsewhere.example").await.status, StatusCode::NO_CONTENT);
    let service = ClientSettings {
        authentication: Authentication::ClientSecret,
        ..ClientSettings::named("Web", ScopeSet::all())
    };
    let web = ClientSettings {
        grant_types: vec![GrantType::AuthorizationCode],
        redirect_uris: vec!["https://web.example/cb".to_owned()],
        ..service
    };
    scene.replica.state.auth.create_client(web).unwrap();
    let answer = scene.preflight(path, "https://web.example").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "a web server asks by itself, not by its pages");
}
