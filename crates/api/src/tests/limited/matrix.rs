//! Every endpoint that names a loan, with every parameter that it has.

use axum::body::Body;
use continuity_auth::ClientSettings;
use http::{Method, Request, StatusCode};

use super::super::harness::Replica;
use super::super::scopes::concrete;
use super::*;
use crate::endpoint::{Access, Endpoint, ParamKind, Verb};
use crate::filter::By;
use crate::routes::TABLE;

/// Of the length of the others, so that lengths can be compared.
const UNKNOWN: &str = "loan-x";

/// Headers that change answers.
const HEADERS: [&[(&str, &str)]; 6] = [
    &[],
    &[("if-none-match", "*")],
    &[("accept", "text/csv")],
    &[("accept-encoding", "gzip")],
    &[("range", "bytes=1-2")],
    &[("x-max-staleness", "3600")],
];

/// Data endpoints whose path names a loan.
fn of_loans() -> impl Iterator<Item = &'static Endpoint> {
    let data = TABLE.iter().filter(|endpoint| matches!(endpoint.access, Access::AnyOf(_)));
    data.copied().filter(|endpoint| endpoint.path.contains("{loanRequestId}") && endpoint.verb == Verb::Get)
}

fn path(endpoint: &Endpoint, loan: &str) -> String {
    concrete(endpoint).replace("/L1", &format!("/{loan}"))
}

/// No parameter, and each alone, with a usable and with an unusable value.
fn queries(endpoint: &Endpoint, position: u64) -> Vec<String> {
    let mut queries = vec![String::new(), "?nonsense=1".to_owned()];
    for param in endpoint.params {
        let values = match &param.kind {
            ParamKind::Integer { min, .. } => vec![min.to_string(), "x".to_owned()],
            ParamKind::AsOf => vec![position.to_string(), "1".to_owned(), "2026-11-22T10:00:30Z".to_owned()],
            ParamKind::Cursor => vec!["AAAA".to_owned()],
            ParamKind::Filter(By::Time(_), _) => vec!["2026-01-01".to_owned(), "x".to_owned()],
            ParamKind::Filter(By::Flag, _) | ParamKind::Flag => vec!["true".to_owned()],
            _ => vec!["id".to_owned()],
        };
        queries.extend(values.iter().map(|value| format!("?{}={value}", param.name)));
    }
    queries
}

async fn ask(replica: &Replica, method: &Method, token: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
    for (name, value) in headers.iter().chain([&REQUEST]) {
        request = request.header(*name, *value);
    }
    replica.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn an_outside_loan_is_answered_as_an_unknown_one_by_every_operation() {
    let position = NORTH.replica.state.engine.view().position;
    let mut asked = 0;
    for endpoint in of_loans() {
        for query in queries(endpoint, position) {
            for method in [Method::GET, Method::HEAD, Method::POST] {
                for headers in HEADERS {
                    let of = |loan: &str| format!("{}{query}", path(endpoint, loan));
                    let unknown = ask(&NORTH.replica, &method, &NORTH.token, &of(UNKNOWN), headers).await;
                    assert_ne!(unknown.status, StatusCode::OK);
                    for loan in OUTSIDE {
                        let outside = ask(&NORTH.replica, &method, &NORTH.token, &of(loan), headers).await;
                        let what = format!("{method} {} {headers:?}", of(loan));
                        assert_eq!(said(&outside, loan), said(&unknown, UNKNOWN), "{what}");
                        asked += 1;
                    }
                }
            }
        }
    }
    assert!(asked > 5_000, "{asked}");
}

/// As an unknown loan is told to a client without limits, too.
#[tokio::test]
async fn limits_do_not_show_in_what_is_refused() {
    let position = NORTH.replica.state.engine.view().position;
    for endpoint in of_loans() {
        for query in queries(endpoint, position) {
            let limited = NORTH.get(&format!("{}{query}", path(endpoint, "loan-b"))).await;
            let unlimited = NORTH.everybody(&format!("{}{query}", path(endpoint, UNKNOWN))).await;
            assert_eq!(said(&limited, "loan-b"), said(&unlimited, UNKNOWN), "{} {query}", endpoint.path);
        }
    }
}

#[tokio::test]
async fn a_loan_within_is_answered_as_to_everybody() {
    let position = NORTH.replica.state.engine.view().position;
    for endpoint in of_loans() {
        for query in queries(endpoint, position) {
            let path = format!("{}{query}", path(endpoint, "loan-a"));
            let (limited, unlimited) = (NORTH.get(&path).await, NORTH.everybody(&path).await);
            if query.is_empty() {
                assert_eq!(limited.status, StatusCode::OK, "{path}: {}", limited.text());
            }
            if endpoint.id != "listAuditEntries" {
                assert_eq!(said(&limited, "loan-a"), said(&unlimited, "loan-a"), "{path}");
            }
        }
    }
}

/// Data endpoints whose path names no loan. A new one belongs in here once it was made sure that it names no outside one.
const OF_MANY: [&str; 7] = [
    "/api/v1/loan-requests",
    "/api/v1/work-list",
    "/api/v1/unanswered-messages",
    "/api/v1/changes",
    "/api/v1/replica/completeness",
    "/api/v1/replica/accesses",
    "/api/v1/replica/blobs",
];

#[test]
fn every_data_endpoint_names_a_loan_or_was_looked_at() {
    let data = TABLE.iter().filter(|endpoint| matches!(endpoint.access, Access::AnyOf(_)));
    let of_many = data.map(|endpoint| endpoint.path).filter(|path| !path.contains("{loanRequestId}"));
    assert_eq!(of_many.collect::<Vec<_>>(), OF_MANY);
}

#[tokio::test]
async fn no_answer_about_no_loan_names_an_outside_one() {
    let others = TABLE.iter().filter(|endpoint| !endpoint.path.contains('{') && endpoint.verb == Verb::Get);
    for endpoint in others {
        for query in queries(endpoint, NORTH.replica.state.engine.view().position) {
            let answer = NORTH.get(&format!("{}{query}", endpoint.path)).await;
            let text = String::from_utf8_lossy(&answer.body);
            for loan in OUTSIDE {
                assert!(!text.contains(loan), "{}{query}: {text}", endpoint.path);
            }
        }
    }
}

#[tokio::test]
async fn a_read_that_is_refused_is_on_no_record() {
    let rig = Rig::new(feed(), &["north"], &[]);
    for endpoint in of_loans() {
        rig.get(&path(endpoint, "loan-b")).await;
    }
    rig.replica.clock.advance(std::time::Duration::from_mins(1));
    rig.replica.state.auth.write_reads(false);
    let entries = rig.replica.get("/api/v1/replica/accesses").await;
    assert_eq!(entries.text(), "[]");
}

#[tokio::test]
async fn while_teams_cannot_be_looked_up_nothing_is_told() {
    let replica = Replica::lacking("loan-requests");
    let (_, token) = replica.client(limited(&["north"], &[]));
    for endpoint in of_loans() {
        let known = ask(&replica, &Method::GET, &token, &concrete(endpoint), &[]).await;
        let unknown = ask(&replica, &Method::GET, &token, &path(endpoint, "L9"), &[]).await;
        assert_eq!(known.problem(), "rebuilding", "{}", endpoint.path);
        assert_eq!(said(&known, "L1"), said(&unknown, "L9"), "{}", endpoint.path);
    }
    for path in [
        "/api/v1/loan-requests",
        "/api/v1/work-list",
        "/api/v1/unanswered-messages",
        "/api/v1/replica/accesses",
        "/api/v1/replica/blobs",
    ] {
        assert_eq!(replica.get_as(&token, path).await.problem(), "rebuilding", "{path}");
    }
}

#[tokio::test]
async fn a_changed_limit_holds_for_a_live_token_at_once() {
    let rig = Rig::new(feed(), &[], &[]);
    let change = |teams: &[&str]| {
        let limited = limited(teams, &[]);
        let change =
            |settings: &ClientSettings| Ok(ClientSettings { teams: limited.teams.clone(), ..settings.clone() });
        rig.replica.state.auth.change_client_with(&rig.id, change).unwrap();
    };
    let statuses = async || {
        let mut statuses = Vec::new();
        for loan in ["loan-a", "loan-b", "loan-c"] {
            statuses.push(rig.get(&format!("/api/v1/loan-requests/{loan}")).await.status.as_u16());
        }
        statuses
    };
    assert_eq!(statuses().await, [200, 200, 200]);
    change(&["north"]);
    assert_eq!(statuses().await, [200, 404, 404]);
    change(&["east", "south"]);
    assert_eq!(statuses().await, [404, 200, 404]);
    change(&["north", "south"]);
    assert_eq!(statuses().await, [200, 200, 404], "a loan of no team is within no limit");
    change(&[]);
    assert_eq!(statuses().await, [200, 200, 200]);
}

#[tokio::test]
async fn a_loan_that_changes_its_team_is_seen_where_it_is_now() {
    let mut rig = Rig::new(feed(), &["north"], &[]);
    let status = async |rig: &Rig, path: &str| rig.get(&format!("/api/v1/loan-requests/{path}")).await.status.as_u16();
    let tag = rig.get("/api/v1/loan-requests/loan-e").await.header("etag").to_owned();
    rig.replica.tell(|feed| {
        feed.loan("loan-e", "\"team\":\"south\"").loan("loan-b", "\"team\":\"north\"");
    });
    assert_eq!((status(&rig, "loan-e").await, status(&rig, "loan-b").await), (404, 200));
    assert_eq!((status(&rig, "loan-e/tasks").await, status(&rig, "loan-b/tasks").await), (404, 200));
    let (held, path) = ([("if-none-match", tag.as_str())], "/api/v1/loan-requests/loan-e");
    let answer = ask(&rig.replica, &Method::GET, &rig.token, path, &held).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "no 304 for what it once had");
}

#[tokio::test]
async fn as_of_an_earlier_point_both_teams_have_to_be_admitted() {
    // The positions of both states of loan-i and loan-j are the last ones.
    let last = NORTH.replica.state.engine.view().position;
    for (loan, back, expected) in
        [("loan-j", 0, 200), ("loan-j", 1, 404), ("loan-i", 0, 404), ("loan-i", 2, 404), ("loan-i", 3, 404)]
    {
        let path = format!("/api/v1/loan-requests/{loan}?asOf={}", last - back);
        let answer = NORTH.get(&path).await;
        assert_eq!(answer.status.as_u16(), expected, "{path}");
        if expected == 404 {
            assert!(answer.text().contains("There was no loan request"), "{}", answer.text());
            assert_eq!(answer.problem(), "not-found");
        }
    }
}
