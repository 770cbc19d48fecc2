//! What the platform could send to hold a page up, or to make it say what is not so.

use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use continuity_auth::{AccountSettings, Scope, ScopeSet};
use http::{HeaderMap, StatusCode};

use super::bench::{Bench, ISSUER};
use super::loans_stub::{Answers, LOAN, api, reader};
use super::parts_stub;

const TASKS: &str = r#"[{"id":"t","title":"Form","sensitive":false}]"#;
/// A schema that is made of itself, many times over; and a time that is in the year 10000 elsewhere.
const TASK: &str = r##"{"id":"t","title":"Form","dueAt":"9999-12-31T23:59:59-01:00","sensitive":false,
    "formSchema":{"properties":{"a":{"title":"The field"}},"allOf":[{"$ref":"#"},{"$ref":"#/$defs/b"},{"$ref":"#/$defs/c"}],
    "$defs":{"b":{"allOf":[{"$ref":"#"},{"$ref":"#/$defs/c"},{"$ref":"#"},{"$ref":"#/$defs/c"}]},
             "c":{"allOf":[{"$ref":"#"},{"$ref":"#/$defs/b"},{"$ref":"#"},{"$ref":"#/$defs/b"}]}}},
    "formData":{"a":1e400}}"##;
const GOOD: Answers = &[
    ("/api/v1/loan-requests/L1/tasks/t", 200, TASK),
    ("/api/v1/loan-requests/L1/tasks", 200, TASKS),
    ("/api/v1/loan-requests/L1", 200, LOAN),
    ("/api/v1/loan-requests/L2", 200, r#"{"id":"L2","reference":"HO-2","rate":1e400}"#),
];

#[tokio::test]
async fn schemas_that_refer_to_each_other_end_and_odd_numbers_and_times_stand_as_they_came() {
    let bench = Bench::with_api(api(GOOD).0);
    let ann = reader(&bench, &[Scope::LoansRead, Scope::TasksRead]);
    let mut browser = bench.signed_in_as(&ann).await;
    let page = browser.get("/console/loans/L1/tasks/t").await;
    assert!(page.says("<dt>The field</dt><dd>1e400</dd>"), "{}", page.text);
    assert!(page.says("9999-12-31T23:59:59-01:00"), "{}", page.text);
    assert!(browser.get("/console/loans/L2").await.says("<dd>1e400</dd>"));
}

#[tokio::test]
async fn a_read_is_said_to_be_recorded_only_where_it_is() {
    let bench = Bench::with_api(api(GOOD).0);
    let ann = reader(&bench, &[Scope::LoansRead, Scope::TasksRead]);
    let mut browser = bench.signed_in_as(&ann).await;
    let path = "/console/loans/L1/tasks/t";
    browser.get("/console/account").await;
    let form = format!("token={}", browser.token);
    let (status, _, bytes) = browser.bytes(path, &[("origin", ISSUER)], Some(&form)).await;
    let text = String::from_utf8(bytes.unwrap().to_vec()).unwrap();
    assert!(status == StatusCode::OK && text.contains("The field") && !text.contains("was recorded"), "{text}");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_taken_for_an_empty_one() {
    let broken = async || {
        let pieces = [Ok(Bytes::from("[")), Err(std::io::Error::other("broken"))];
        Response::new(Body::from_stream(futures_util::stream::iter(pieces)))
    };
    let odd = async || "{}";
    let root = "/api/v1/loan-requests/x";
    let api = parts_stub::api()
        .route(&format!("{root}/comments"), get(broken))
        .route(&format!("{root}/views/"), get(odd))
        .route(&format!("{root}/guilds"), get(async || "no JSON"));
    let bench = Bench::with_api(api);
    let mut browser = bench.signed_in_as(&parts_stub::reader(&bench, ScopeSet::all())).await;
    for tab in ["comments", "views", "guilds"] {
        let page = browser.get(&format!("/console/loans/x/{tab}")).await;
        assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR, "{tab}");
    }
    browser.get("/console/loans/x/dossier").await;
    let form = format!("token={}", browser.token);
    assert!(browser.bytes("/console/loans/x/dossier", &[("origin", ISSUER)], Some(&form)).await.2.is_err());
}

#[tokio::test]
async fn styles_are_let_into_pictures_alone() {
    let odd = async || ([("content-type", "Application/PDF; x=y")], "%PDF-");
    let api = parts_stub::api().route("/api/v1/loan-requests/x/documents/odd/download", get(odd));
    let bench = Bench::with_api(api);
    let mut browser = bench.signed_in_as(&parts_stub::reader(&bench, ScopeSet::all())).await;
    let policy = |headers: &HeaderMap| headers["content-security-policy"].to_str().unwrap().to_owned();
    let (_, headers, _) = browser.bytes("/console/loans/x/documents/odd/shown", &[], None).await;
    assert!(policy(&headers).starts_with("sandbox;") && !policy(&headers).contains("unsafe"), "{headers:?}");
    let (_, headers, _) = browser.bytes("/console/loans/x/documents/secret/shown", &[], None).await;
    assert!(policy(&headers).starts_with("sandbox;") && policy(&headers).contains("style-src"), "{headers:?}");
}

/// The note of a dossier as of an earlier point, made without what is sensitive.
async fn note(bench: &Bench, settings: AccountSettings) -> String {
    let account = bench.auth.create_account(settings).unwrap();
    let mut browser = bench.signed_in_as(&account).await;
    let path = "/console/loans/x/dossier?asOf=42";
    let page = browser.get(path).await;
    assert!(page.says("<dt>Sensitive documents and tasks</dt><dd>3</dd>"), "{}", page.text);
    let form = format!("token={}", browser.token);
    let zip = browser.bytes(path, &[("origin", ISSUER)], Some(&form)).await.2.unwrap();
    super::parts_dossier::readme(&zip)
}

#[tokio::test]
async fn what_is_sensitive_today_or_in_part_is_in_no_dossier_unasked() {
    let (then, now) =
        (r#"[{"id":"d","name":"Deed"},{"id":"e","name":"Letter","sensitive":true}]"#, "\"sensitive\":true");
    let documents = async move |request: axum::extract::Request| match request.uri().query() {
        Some(query) if query.contains("asOf") => then.to_owned(),
        _ => format!(r#"[{{"id":"d",{now}}}]"#),
    };
    let tasks = async || r#"[{"id":"t","title":"Pay","items":[{"id":"i","name":"Payslip","sensitive":true}]}]"#;
    let root = "/api/v1/loan-requests/x";
    let api = parts_stub::api()
        .route(&format!("{root}/documents"), get(documents))
        .route(&format!("{root}/tasks"), get(tasks));
    let bench = Bench::with_api(api);
    let settings = AccountSettings {
        email: "ann@bank.example".to_owned(),
        name: "Ann".to_owned(),
        scopes: ScopeSet::all(),
        channel_kinds: vec!["GENERAL".to_owned()],
        ..AccountSettings::default()
    };
    let note = note(&bench, settings).await;
    for name in ["Deed", "Letter", "Payslip"] {
        assert!(note.contains(&format!("- {name} (sensitive, and not asked for)")), "{note}");
    }
    assert!(note.contains("- Messages in channels of other kinds (your account may not read it)"), "{note}");
}
