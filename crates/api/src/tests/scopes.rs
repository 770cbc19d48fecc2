//! Every endpoint times every scope, out of the table of endpoints.

use std::time::Duration;

use axum::body::Body;
use continuity_auth::Scope;
use http::{Method, Request, StatusCode};

use super::harness::{Feed, HOUSE, Replica};
use crate::endpoint::{Access, Endpoint, Verb};
use crate::routes::TABLE;

/// The endpoint's path with ids that exist.
pub(super) fn concrete(endpoint: &Endpoint) -> String {
    with_ids(endpoint.path)
}

/// The path with ids that exist.
pub(super) fn with_ids(path: &str) -> String {
    let ids = [
        ("{loanRequestId}", "L1"),
        ("{taskId}", "t1"),
        ("{itemId}", "i1"),
        ("{documentId}", "d1"),
        ("{spaceId}", "s1"),
        ("{guildId}", "g1"),
        ("{channelId}", "c1"),
        ("{worksheetId}", "w1"),
        ("{clientId}", "client-0"),
        ("{accountId}", "account-0"),
        ("{sessionId}", "session-0"),
        ("{keyId}", "key-0"),
    ];
    let path = ids.iter().fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
    assert!(!path.contains('{'), "{path}");
    path
}

fn guarded() -> impl Iterator<Item = (&'static Endpoint, &'static [Scope])> {
    TABLE.iter().filter_map(|endpoint| match endpoint.access {
        Access::AnyOf(scopes) => Some((*endpoint, scopes)),
        Access::Open | Access::OpenId | Access::Roles { .. } => None,
    })
}

#[tokio::test]
async fn each_scope_opens_exactly_its_endpoints() {
    for (endpoint, scopes) in guarded() {
        for scope in Scope::ALL {
            let answer = HOUSE.get_with(scope.as_str(), &concrete(endpoint), &[]).await;
            let what = format!("{} with {scope}: {}", endpoint.path, answer.text());
            if scopes.contains(&scope) {
                assert_eq!(answer.status, StatusCode::OK, "{what}");
            } else {
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}");
                assert_eq!(answer.problem(), "insufficient-scope");
                let names: Vec<&str> = scopes.iter().map(|s| s.as_str()).collect();
                let wanted = format!("error=\"insufficient_scope\", scope=\"{}\"", names.join(" "));
                assert!(answer.header("www-authenticate").ends_with(&wanted), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_token_there_is_a_challenge_and_no_error_code() {
    for (endpoint, _) in guarded() {
        let answer = HOUSE.get_with("", &concrete(endpoint), &[]).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNAUTHORIZED, "unauthorized"));
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"continuity\"");
    }
}

#[tokio::test]
async fn a_bad_token_is_invalid_token() {
    let good = HOUSE.token("all").to_owned();
    let (head, signature) = good.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{head}.{other}{}", &signature[1..]);
    for token in [forged.as_str(), "null", "", "a.b.c"] {
        for (endpoint, _) in guarded() {
            let headers = [("authorization", &*format!("Bearer {token}"))];
            let answer = HOUSE.get_with("", &concrete(endpoint), &headers).await;
            assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::UNAUTHORIZED, "invalid-token"));
            assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{token}");
        }
    }
}

#[tokio::test]
async fn who_somebody_is_is_told_for_a_person_s_token_alone() {
    for method in [Method::GET, Method::POST] {
        for (token, status, challenge) in [
            ("", StatusCode::UNAUTHORIZED, "Bearer realm=\"continuity\""),
            ("a.b.c", StatusCode::UNAUTHORIZED, "error=\"invalid_token\""),
            (HOUSE.token("all"), StatusCode::FORBIDDEN, "error=\"insufficient_scope\", scope=\"openid\""),
        ] {
            let mut request = Request::builder().method(&method).uri("/oauth/userinfo");
            if !token.is_empty() {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let answer = HOUSE.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status, status, "{method} {token}");
            assert!(answer.header("www-authenticate").ends_with(challenge) || token == "a.b.c", "{method} {token}");
            assert!(answer.header("www-authenticate").contains(challenge), "{method} {token}");
        }
    }
    let delete = Request::builder().method(Method::DELETE).uri("/oauth/userinfo").body(Body::empty()).unwrap();
    assert_eq!(HOUSE.send(delete).await.header("allow"), "GET, HEAD, POST");
}

#[tokio::test]
async fn every_path_answers_get_and_head_with_and_without_its_last_slash() {
    let of_people = |e: &Endpoint| matches!(e.access, Access::Roles { .. });
    for endpoint in TABLE.iter().filter(|e| e.verb == Verb::Get && !of_people(e)) {
        let bare = concrete(endpoint).trim_end_matches('/').to_owned();
        let with = HOUSE.get(&format!("{bare}/")).await;
        let without = HOUSE.get(&bare).await;
        assert_eq!((with.status, without.status), (StatusCode::OK, StatusCode::OK), "{bare}: {}", with.text());
        assert_eq!(with.body, without.body, "{bare}");
        let request = Request::builder()
            .method(Method::HEAD)
            .uri(&bare)
            .header("authorization", format!("Bearer {}", HOUSE.token("all")));
        let head = HOUSE.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((head.status, head.body.len()), (StatusCode::OK, 0), "{bare}");
        assert_eq!(head.header("content-length"), without.body.len().to_string(), "{bare}");
        assert_eq!(head.header("etag"), without.header("etag"), "{bare}");
    }
}

#[tokio::test]
async fn other_methods_are_405_and_told_what_is_allowed() {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    for endpoints in crate::routes::by_path() {
        let (path, allow) = (concrete(endpoints[0]), endpoints.iter().map(|e| e.verb.allow()).collect::<Vec<_>>());
        for method in methods.iter().filter(|m| !endpoints.iter().any(|e| e.verb.admits(m))) {
            let request = Request::builder().method(method).uri(&path).body(Body::empty()).unwrap();
            let answer = HOUSE.send(request).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.problem(), "method-not-allowed");
            assert_eq!(answer.header("allow"), allow.join(", "));
        }
    }
}

/// As RFC 6750 has it, or as programs of other platforms expect it.
#[tokio::test]
async fn a_token_that_expired_is_401_or_403_as_configured() {
    for (forbidden, status, code) in
        [(false, StatusCode::UNAUTHORIZED, "invalid-token"), (true, StatusCode::FORBIDDEN, "expired-token")]
    {
        let replica = Replica::with(Feed::house(), |state| state.expired_is_forbidden = forbidden);
        let token = replica.token("all").to_owned();
        replica.clock.advance(Duration::from_hours(2));
        let expired = replica.get_as(&token, "/api/v1/loan-requests").await;
        assert_eq!((expired.status, expired.problem().as_str()), (status, code));
        let forged = replica.get_as("a.b.c", "/api/v1/loan-requests").await;
        assert_eq!((forged.status, forged.problem().as_str()), (StatusCode::UNAUTHORIZED, "invalid-token"));
    }
}
