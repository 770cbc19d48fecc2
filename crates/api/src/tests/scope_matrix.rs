//! Every operation of the document, times every scope, times every state that a token can be in: exactly the table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use continuity_auth::{Auth, Role, Scope};
use continuity_base::Clock;
use http::{Request, StatusCode};
use serde_json::Value;

use super::harness::{Answer, Feed, Replica, auth_options, tokens};
use super::people::People;
use super::scopes::with_ids;

/// Who may read what, written by hand: this table is the other side, and must not be made from the code. Empty: everybody.
const TABLE: &[(&str, &[&str])] = &[
    ("/api/v1/loan-requests", &["loans:read"]),
    ("/api/v1/loan-requests/{loanRequestId}", &["loans:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/audit-log", &["audit:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/tasks", &["tasks:read", "loans:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/tasks/{taskId}", &["tasks:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/tasks/{taskId}/items/{itemId}/download", &["tasks:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/bid-requests", &["bids:read", "loans:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/analysis", &["analysis:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/documents", &["documents:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/documents/{documentId}/download", &["documents:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/spaces/", &["documents:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/spaces/{spaceId}/documents/", &["documents:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/guilds", &["messages:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/guilds/{guildId}/channels/{channelId}", &["messages:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/comments", &["messages:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/views/", &["reports:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/worksheets", &["analysis:read", "reports:read"]),
    ("/api/v1/loan-requests/{loanRequestId}/worksheets/{worksheetId}", &["analysis:read", "reports:read"]),
    ("/api/v1/work-list", &["loans:read"]),
    ("/api/v1/unanswered-messages", &["messages:read"]),
    ("/api/v1/changes", &["loans:read"]),
    ("/api/v1/replica/accesses", &["audit:read"]),
    ("/api/v1/replica/completeness", &["audit:read"]),
    ("/api/v1/replica/blobs", &["audit:read"]),
    ("/api/v1/replica/blobs/{loanRequestId}", &["documents:read", "audit:read"]),
    ("/api/v1/oauth/token", &[]),
    ("/oauth/token", &[]),
    ("/api/v1/oauth/revoke", &[]),
    ("/oauth/revoke", &[]),
    ("/api/v1/oauth/introspect", &[]),
    ("/oauth/introspect", &[]),
    ("/.well-known/oauth-authorization-server", &[]),
    ("/.well-known/openid-configuration", &[]),
    ("/.well-known/jwks.json", &[]),
    ("/health", &[]),
    ("/ready", &[]),
    ("/live", &[]),
    ("/~/open-api/", &[]),
    ("/~/open-api/reference", &[]),
    ("/~/open-api/reference.css", &[]),
    ("/~/open-api/openapi.json", &[]),
    ("/~/open-api/swagger-ui-bundle.js", &[]),
    ("/~/open-api/swagger-ui.css", &[]),
    ("/~/open-api/start.js", &[]),
];

/// Where a person has to have let the client in; no scope of data opens it.
const OF_PEOPLE: &[&str] = &["/oauth/userinfo"];

/// For people with one of these roles, and whether a recent proof is wanted, by method; no token of a client opens them.
const OF_ROLES: &[(&str, &str, &[Role], bool)] = &[
    ("get", "/api/v1/admin/me", EVERYBODY, false),
    ("get", "/api/v1/admin/clients", ADMIN, false),
    ("post", "/api/v1/admin/clients", ADMIN, true),
    ("get", "/api/v1/admin/clients/{clientId}", ADMIN, false),
    ("patch", "/api/v1/admin/clients/{clientId}", ADMIN, true),
    ("delete", "/api/v1/admin/clients/{clientId}", ADMIN, true),
    ("post", "/api/v1/admin/clients/{clientId}/enable", ADMIN, true),
    ("post", "/api/v1/admin/clients/{clientId}/disable", ADMIN, false),
    ("post", "/api/v1/admin/clients/{clientId}/secret", ADMIN, true),
    ("get", "/api/v1/admin/client-definitions", ADMIN, false),
    ("post", "/api/v1/admin/client-definitions", ADMIN, true),
    ("get", "/api/v1/admin/applications", DEVELOPERS, false),
    ("post", "/api/v1/admin/applications", DEVELOPERS, true),
    ("get", "/api/v1/admin/applications/{clientId}", DEVELOPERS, false),
    ("patch", "/api/v1/admin/applications/{clientId}", DEVELOPERS, true),
    ("delete", "/api/v1/admin/applications/{clientId}", DEVELOPERS, true),
    ("post", "/api/v1/admin/applications/{clientId}/secret", DEVELOPERS, true),
    ("get", "/api/v1/admin/accounts", ADMIN, false),
    ("post", "/api/v1/admin/accounts", ADMIN, true),
    ("get", "/api/v1/admin/accounts/{accountId}", ADMIN, false),
    ("patch", "/api/v1/admin/accounts/{accountId}", ADMIN, true),
    ("delete", "/api/v1/admin/accounts/{accountId}", ADMIN, true),
    ("post", "/api/v1/admin/accounts/{accountId}/enable", ADMIN, true),
    ("post", "/api/v1/admin/accounts/{accountId}/disable", ADMIN, false),
    ("post", "/api/v1/admin/accounts/{accountId}/link", ADMIN, true),
    ("post", "/api/v1/admin/accounts/{accountId}/reset-factors", ADMIN, true),
    ("get", "/api/v1/admin/accounts/{accountId}/sessions", ADMIN, false),
    ("delete", "/api/v1/admin/accounts/{accountId}/sessions", ADMIN, false),
    ("delete", "/api/v1/admin/accounts/{accountId}/sessions/{sessionId}", ADMIN, false),
    ("get", "/api/v1/admin/accounts/{accountId}/consents", ADMIN, false),
    ("delete", "/api/v1/admin/accounts/{accountId}/consents/{clientId}", ADMIN, false),
    ("get", "/api/v1/admin/consents", ADMIN, false),
    ("get", "/api/v1/admin/keys", ADMIN, false),
    ("post", "/api/v1/admin/keys/rotate", ADMIN, true),
    ("post", "/api/v1/admin/keys/{keyId}/retire", ADMIN, true),
    ("get", "/api/v1/admin/records", &[Role::Admin, Role::Auditor], false),
];
const ADMIN: &[Role] = &[Role::Admin];
const DEVELOPERS: &[Role] = &[Role::Developer, Role::Admin];
const EVERYBODY: &[Role] = &[Role::Admin, Role::Operator, Role::Auditor, Role::Developer, Role::Viewer];

type Tokens = BTreeMap<&'static str, String>;

/// A replica, and tokens of each scope in each state.
struct Matrix {
    replica: Replica,
    good: Tokens,
    /// What is wrong with them, and the tokens.
    bad: Vec<(&'static str, Tokens)>,
}

impl Matrix {
    fn new() -> Self {
        let replica = Replica::of(Feed::house());
        let expired = tokens(&replica.state.auth);
        replica.clock.advance(Duration::from_hours(2));
        let clock = Arc::clone(&replica.clock) as Arc<dyn Clock>;
        let disabled = disabled(&replica.state.auth);
        let elsewhere = tempfile::tempdir().unwrap();
        let other_key = foreign(elsewhere.path(), "https://localhost:8083", &clock);
        let copied = tempfile::tempdir().unwrap();
        // The same signing key: it stands in the control log, sealed with the fleet key.
        for part in ["keys", "log"] {
            copy(&replica.dir.path().join(part), &copied.path().join(part));
        }
        let other_issuer = foreign(copied.path(), "https://cloud.example", &clock);
        let good = tokens(&replica.state.auth);
        let bad = vec![
            ("expired", expired),
            ("of a disabled client", disabled),
            ("signed by another key", other_key),
            ("of another issuer", other_issuer),
        ];
        Self { replica, good, bad }
    }

    async fn ask(&self, verb: &str, path: &str, token: Option<&str>) -> Answer {
        let mut request = Request::builder().method(verb.to_uppercase().as_str()).uri(with_ids(path));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.replica.send(request.body(Body::empty()).unwrap()).await
    }

    /// An operation that needs one of `scopes`.
    async fn guarded(&self, path: &str, scopes: &[&str]) {
        for scope in Scope::ALL.map(Scope::as_str) {
            let answer = self.ask("get", path, Some(&self.good[scope])).await;
            let what = format!("{path} with {scope}: {}", answer.status);
            if scopes.contains(&scope) {
                assert_eq!(answer.status, StatusCode::OK, "{what}");
            } else {
                assert_eq!(refusal(&answer), (StatusCode::FORBIDDEN, "insufficient-scope".to_owned()), "{what}");
                let names = format!("error=\"insufficient_scope\", scope=\"{}\"", scopes.join(" "));
                assert!(answer.header("www-authenticate").ends_with(&names), "{what}");
            }
            for (wrong, tokens) in &self.bad {
                let answer = self.ask("get", path, Some(&tokens[scope])).await;
                let expected = (StatusCode::UNAUTHORIZED, "invalid-token".to_owned());
                assert_eq!(refusal(&answer), expected, "{path} with {scope}, {wrong}");
                assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""));
            }
        }
        let answer = self.ask("get", path, None).await;
        assert_eq!(refusal(&answer), (StatusCode::UNAUTHORIZED, "unauthorized".to_owned()), "{path} without a token");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"continuity\"");
    }

    /// An operation about a person: no token of a client opens it, whatever its scope.
    async fn of_people(&self, verb: &str, path: &str) {
        assert_eq!(self.ask(verb, path, None).await.status, StatusCode::UNAUTHORIZED, "{path}");
        for scope in Scope::ALL.map(Scope::as_str) {
            let good = self.ask(verb, path, Some(&self.good[scope])).await;
            assert_eq!(refusal(&good), (StatusCode::FORBIDDEN, "insufficient-scope".to_owned()), "{path} with {scope}");
            for (wrong, tokens) in &self.bad {
                let answer = self.ask(verb, path, Some(&tokens[scope])).await;
                assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path} with {scope}, {wrong}");
            }
        }
    }

    /// Operations of the administration: no token of a client opens one, and each role the ones that the table says.
    async fn of_roles(&self, paths: &serde_json::Map<String, Value>) {
        let operations = paths.iter().filter(|(path, _)| path.starts_with("/api/v1/admin"));
        let documented =
            operations.flat_map(|(path, verbs)| verbs.as_object().unwrap().keys().map(move |verb| (verb, path)));
        let documented: BTreeSet<(&str, &str)> =
            documented.map(|(verb, path)| (verb.as_str(), path.as_str())).collect();
        assert_eq!(
            documented,
            OF_ROLES.iter().map(|row| (row.0, row.1)).collect(),
            "methods of the document and the table"
        );
        let people = People::new(&self.replica).await;
        for (verb, path, roles, proof) in OF_ROLES {
            let security = &paths[*path][*verb]["security"];
            assert_eq!(*security, serde_json::json!([{"session": []}, {"administrator": ["admin"]}]), "{path}");
            assert_eq!(refusal(&self.ask(verb, path, None).await).1, "unauthorized", "{path}");
            for scope in Scope::ALL.map(Scope::as_str) {
                for tokens in self.bad.iter().map(|(_, tokens)| tokens).chain([&self.good]) {
                    let answer = self.ask(verb, path, Some(&tokens[scope])).await;
                    assert_eq!(
                        refusal(&answer),
                        (StatusCode::UNAUTHORIZED, "invalid-token".to_owned()),
                        "{verb} {path}"
                    );
                }
            }
            for role in Role::ALL {
                let what = format!("{verb} {path} as {}", role.name());
                let fresh = refusal(&people.ask(verb, path, role, true).await).1;
                assert_eq!(fresh != "not-admitted", roles.contains(&role), "{what}: {fresh}");
                let stale = refusal(&people.ask(verb, path, role, false).await).1;
                let wanted = if !roles.contains(&role) {
                    "not-admitted"
                } else if *proof {
                    "proof-wanted"
                } else {
                    &fresh
                };
                assert_eq!(stale, wanted, "{what}, who proved it long ago");
            }
        }
    }

    /// An operation that anybody may use: a token, whatever it is worth, changes nothing.
    async fn open(&self, verb: &str, path: &str) {
        let plain = self.ask(verb, path, None).await;
        let expected = if verb == "post" { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        assert_eq!(plain.status, expected, "{path}");
        for scope in Scope::ALL.map(Scope::as_str) {
            for tokens in self.bad.iter().map(|(_, tokens)| tokens).chain([&self.good]) {
                assert_eq!(self.ask(verb, path, Some(&tokens[scope])).await.status, expected, "{path} with {scope}");
            }
        }
    }
}

fn refusal(answer: &Answer) -> (StatusCode, String) {
    let code = if answer.status == StatusCode::OK { String::new() } else { answer.problem() };
    (answer.status, code)
}

/// Tokens of clients that were disabled afterwards.
fn disabled(auth: &Auth) -> Tokens {
    let ids = |auth: &Auth| auth.list_clients().into_iter().map(|client| client.id).collect::<BTreeSet<_>>();
    let before = ids(auth);
    let tokens = tokens(auth);
    for id in ids(auth).difference(&before) {
        auth.set_enabled(id, false).unwrap();
    }
    tokens
}

/// Tokens of another authorization server.
fn foreign(dir: &Path, issuer: &str, clock: &Arc<dyn Clock>) -> Tokens {
    let auth = Auth::open(auth_options(dir, issuer, Arc::clone(clock))).unwrap();
    let tokens = tokens(&auth);
    auth.close();
    tokens
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn every_operation_is_open_to_exactly_who_the_table_says() {
    let document: Value = serde_json::from_str(&crate::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let ours: BTreeSet<&str> = paths.keys().map(String::as_str).collect();
    let of_roles = OF_ROLES.iter().map(|row| row.1);
    let table = TABLE.iter().map(|row| row.0).chain(OF_PEOPLE.iter().copied()).chain(of_roles);
    assert_eq!(ours, table.collect(), "the paths of the document and of the table");
    let matrix = Matrix::new();
    for path in OF_PEOPLE {
        for (verb, operation) in paths[*path].as_object().unwrap() {
            assert!(operation["security"].as_array().is_some_and(|one| !one.is_empty()), "{path}");
            matrix.of_people(verb, path).await;
        }
    }
    matrix.of_roles(paths).await;
    for (path, scopes) in TABLE {
        for (verb, operation) in paths[*path].as_object().unwrap() {
            let security = operation["security"].as_array().unwrap();
            let documented: Vec<_> = security.iter().filter_map(|one| one["oauth2"][0].as_str()).collect();
            assert_eq!((documented.as_slice(), security.len()), (*scopes, scopes.len()), "{path}");
            if scopes.is_empty() {
                matrix.open(verb, path).await;
            } else {
                matrix.guarded(path, scopes).await;
            }
        }
    }
}
