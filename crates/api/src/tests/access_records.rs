//! Who read what: counted by the minute, in the loan's audit log and in the list of all.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use continuity_auth::Auth;
use continuity_base::Clock;
use continuity_log::MemoryDisk;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::harness::{Answer, Feed, Replica, auth_options};

const SENSITIVE: &str = "{\"id\":\"d9\",\"sensitive\":true,\"fileName\":\"s.txt\",\"uploadedAt\":\"2026-01-03T00:00:00Z\",\"blob\":{\"blobId\":\"b1\",\"sha256\":\"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\",\"sizeBytes\":5,\"fetch\":{\"kind\":\"INLINE\",\"base64\":\"aGVsbG8=\"}}}";

fn with_sensitive_document() -> Replica {
    let mut feed = Feed::house();
    feed.put("L1", "document", "d9", "", SENSITIVE);
    Replica::of(feed)
}

/// The minute is over, and its counts are written.
fn next_minute(replica: &Replica) {
    replica.clock.advance(Duration::from_mins(1));
    replica.state.auth.write_reads(false);
}

async fn own(replica: &Replica, query: &str) -> Vec<Value> {
    let entries = replica.of_loan(&format!("/audit-log{query}")).await.json();
    entries.as_array().unwrap().iter().filter(|entry| entry["origin"] == "REPLICA").cloned().collect()
}

/// (client, endpoint, count) of each, in order of the texts.
fn counts(entries: &[Value]) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut counts: Vec<_> = entries
        .iter()
        .map(|e| (text(&e["actor"]["displayName"]), text(&e["endpoint"]), e["count"].as_u64().unwrap()))
        .collect();
    counts.sort();
    counts
}

fn count(client: &str, endpoint: &str, count: u64) -> (String, String, u64) {
    (client.to_owned(), endpoint.to_owned(), count)
}

async fn accesses(replica: &Replica, query: &str) -> Answer {
    replica.get(&format!("/api/v1/replica/accesses{query}")).await
}

fn rows(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn reads_are_counted_by_client_loan_endpoint_and_minute() {
    let replica = Replica::of(Feed::house());
    for _ in 0..3 {
        replica.get_with("loans:read", "/api/v1/loan-requests/L1", &[]).await;
    }
    replica.get_with("loans:read", "/api/v1/loan-requests/L1/tasks", &[]).await;
    replica.get_with("tasks:read", "/api/v1/loan-requests/L1/tasks/", &[]).await;
    replica.get_with("loans:read", "/api/v1/loan-requests/bare", &[]).await;
    replica.get_with("loans:read", "/api/v1/loan-requests?limit=2", &[]).await;
    assert!(own(&replica, "").await.is_empty(), "the minute is not over");
    next_minute(&replica);
    let entries = own(&replica, "").await;
    let expected = [
        count("all", "listAuditEntries", 1),
        count("loans:read", "getLoanRequest", 3),
        count("loans:read", "listTasks", 1),
        count("tasks:read", "listTasks", 1),
    ];
    assert_eq!(counts(&entries), expected);
    let entry = entries.iter().find(|entry| entry["endpoint"] == "getLoanRequest").unwrap();
    assert_eq!((&entry["action"], &entry["count"]), (&json!("LOAN_REQUEST_READ"), &json!(3)));
    assert_eq!(entry["target"], json!({"type": "LOAN_REQUEST", "id": "L1"}));
    let times = (&entry["occurredAt"], &entry["until"]);
    assert_eq!(times, (&json!("2026-11-22T12:00:00.000Z"), &json!("2026-11-22T12:01:00.000Z")));

    let lists = rows(&accesses(&replica, "?action=LIST_READ").await);
    assert_eq!(counts(&lists), [count("loans:read", "listLoanRequests", 1)]);
    assert!(lists[0].get("loanRequestId").is_none());
    assert_eq!(rows(&accesses(&replica, "?loanRequestId=bare").await).len(), 1);
}

#[tokio::test]
async fn what_tells_nothing_is_no_read_and_what_tells_little_is_one() {
    let replica = Replica::of(Feed::house());
    let loan = "/api/v1/loan-requests/L1";
    let tag = replica.get_with("loans:read", loan, &[]).await.header("etag").to_owned();
    let unchanged = replica.get_with("loans:read", loan, &[("if-none-match", &tag)]).await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
    let bearer = format!("Bearer {}", replica.token("loans:read"));
    let head = Request::builder().method(Method::HEAD).uri(loan).header("authorization", bearer);
    assert_eq!(replica.send(head.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
    let refused = [
        ("loans:read", "/documents", StatusCode::FORBIDDEN),
        ("", "", StatusCode::UNAUTHORIZED),
        ("loans:read", "?nonsense=1", StatusCode::BAD_REQUEST),
        ("tasks:read", "/tasks/t99", StatusCode::NOT_FOUND),
        ("documents:read", "/documents/d2/download", StatusCode::SERVICE_UNAVAILABLE),
    ];
    for (scope, tail, status) in refused {
        assert_eq!(replica.get_with(scope, &format!("{loan}{tail}"), &[]).await.status, status, "{tail}");
    }
    for (id, status) in [("purged", StatusCode::GONE), ("nobody", StatusCode::NOT_FOUND)] {
        let answer = replica.get_with("loans:read", &format!("/api/v1/loan-requests/{id}"), &[]).await;
        assert_eq!(answer.status, status);
    }
    let tail = "/documents/d1/download";
    let outside = replica.get_with("documents:read", &format!("{loan}{tail}"), &[("range", "bytes=90-")]).await;
    assert_eq!(outside.status, StatusCode::RANGE_NOT_SATISFIABLE);
    next_minute(&replica);
    assert_eq!(counts(&rows(&accesses(&replica, "").await)), [count("loans:read", "getLoanRequest", 3)]);
}

#[tokio::test]
async fn filters_pages_totals_and_formats_hold_over_merged_entries() {
    let replica = Replica::of(Feed::house());
    for minute in 0..4 {
        replica.get_with("loans:read", "/api/v1/loan-requests/L1", &[]).await;
        replica.get_with("loans:read", "/api/v1/loan-requests/L1/bid-requests", &[]).await;
        replica.get_with("tasks:read", "/api/v1/loan-requests/L1/tasks/t2", &[]).await;
        if minute == 2 {
            replica.clock.advance(Duration::from_secs(59));
        }
        next_minute(&replica);
    }
    let whole = replica.of_loan("/audit-log").await;
    let replica_entries = 4 * (2 + 2); // two counted, form data, and the attachment within
    assert_eq!(whole.ids().len(), 23 + replica_entries);
    for (query, total) in [
        ("", 23 + replica_entries),
        ("&action=LOAN_REQUEST_READ", 8),
        ("&action=TASK_FORM_DATA_READ,LOAN_REQUEST_READ", 12),
        ("&targetType=LOAN_REQUEST&from=2026-11-22T12:01:00Z&to=2026-11-22T12:01:00Z", 2),
    ] {
        let (mut ids, mut next) = (Vec::new(), format!("?limit=3{query}"));
        while !next.is_empty() {
            let page = replica.of_loan(&format!("/audit-log{next}")).await;
            assert_eq!(page.header("x-total-count"), total.to_string(), "{query}");
            ids.extend(page.ids());
            let cursor = page.header("x-next-cursor");
            next = if cursor.is_empty() { String::new() } else { format!("?limit=3{query}&cursor={cursor}") };
        }
        assert_eq!(
            ids,
            replica.of_loan(&format!("/audit-log?{}", query.trim_start_matches('&'))).await.ids(),
            "{query}"
        );
        assert_eq!(ids.len(), total, "{query}");
    }
    let client = own(&replica, "?action=LOAN_REQUEST_READ").await[0]["actor"]["id"].as_str().unwrap().to_owned();
    assert_eq!(own(&replica, &format!("?actorId={client}")).await.len(), 8);
    let csv = replica.get_with("all", "/api/v1/loan-requests/L1/audit-log", &[("accept", "text/csv")]).await;
    assert_eq!(csv.text().lines().filter(|line| line.ends_with(",getLoanRequest,1")).count(), 4, "{}", csv.text());
    let lines =
        replica.get_with("all", "/api/v1/loan-requests/L1/audit-log", &[("accept", "application/x-ndjson")]).await;
    assert_eq!(lines.text().lines().count(), 23 + replica_entries);
}

#[tokio::test]
async fn the_list_of_all_is_walked_filtered_and_says_until_when_it_is_whole() {
    let replica = Replica::of(Feed::house());
    for _ in 0..3 {
        replica.get_with("loans:read", "/api/v1/loan-requests/L1", &[]).await;
        replica.get_with("loans:read", "/api/v1/loan-requests/bare", &[]).await;
        replica.get_with("loans:read", "/api/v1/loan-requests", &[]).await;
        next_minute(&replica);
    }
    let all = accesses(&replica, "").await;
    assert_eq!(all.header("x-accesses-complete-until"), "2026-11-22T12:03:00.000Z");
    assert_eq!((all.ids().len(), all.header("x-replica-complete"), all.header("x-next-cursor")), (9, "", ""));
    replica.clock.advance(Duration::from_secs(90));
    let later = accesses(&replica, "").await;
    assert_eq!(later.header("x-accesses-complete-until"), "2026-11-22T12:03:00.000Z", "a read of that minute waits");
    for (query, found) in [
        ("&loanRequestId=L1", 3),
        ("&loanRequestId=L1,bare", 6),
        ("&loanRequestId=nobody", 0),
        ("&clientId=nobody", 0),
        ("&from=2026-11-22T12:01:00Z", 6),
        ("&to=2026-11-22T12:01:00Z", 6),
        ("&loanRequestId=L1&from=2026-11-22T13:01:00%2B01:00&to=2026-11-22", 2),
        ("&from=2026-11-23", 0),
    ] {
        let (mut ids, mut next) = (Vec::new(), format!("?limit=2{query}"));
        while !next.is_empty() {
            let page = accesses(&replica, &next).await;
            ids.extend(page.ids());
            let cursor = page.header("x-next-cursor");
            next = if cursor.is_empty() { String::new() } else { format!("?limit=2{query}&cursor={cursor}") };
        }
        assert_eq!(ids, accesses(&replica, &format!("?{}", &query[1..])).await.ids(), "{query}");
        assert_eq!(ids.len(), found, "{query}");
    }
    let page = accesses(&replica, "?limit=2").await;
    let other = accesses(&replica, &format!("?limit=2&clientId=x&cursor={}", page.header("x-next-cursor"))).await;
    assert_eq!(other.problem(), "cursor-mismatch");
    let csv = replica.get_with("audit:read", "/api/v1/replica/accesses", &[("accept", "text/csv")]).await;
    let head = "id,occurredAt,until,action,actorId,actorType,actorName,loanRequestId,targetType,targetId,version,endpoint,count,scope,requestId,controlPosition,origin";
    assert_eq!((csv.text().lines().next(), csv.text().lines().count()), (Some(head), 10));
}

#[tokio::test]
async fn a_page_ends_once_enough_was_looked_at() {
    let replica = Replica::of(Feed::house());
    for n in 0..20_001 {
        replica.state.auth.count_read("somebody", Some(&format!("X{n}")), "getLoanRequest");
    }
    next_minute(&replica);
    replica.get_with("loans:read", "/api/v1/loan-requests/L1", &[]).await;
    next_minute(&replica);
    let first = accesses(&replica, "?loanRequestId=L1,L2").await;
    assert_eq!((first.ids().len(), first.header("link").contains("rel=\"next\"")), (0, true));
    let next = format!("?loanRequestId=L1,L2&cursor={}", first.header("x-next-cursor"));
    let second = accesses(&replica, &next).await;
    assert_eq!((second.ids().len(), second.header("x-next-cursor")), (1, ""));
}

#[tokio::test]
async fn bytes_of_a_sensitive_document_are_on_record_before_they_leave() {
    let replica = with_sensitive_document();
    let download = "/documents/d9/download";
    assert_eq!(replica.of_loan(download).await.text(), "hello");
    assert_eq!(replica.of_loan("/documents/d1/download").await.text(), "hello");
    let entries = own(&replica, "").await;
    assert_eq!(entries.len(), 1);
    assert_eq!((&entries[0]["action"], &entries[0]["endpoint"]), (&json!("DOCUMENT_READ"), &json!("downloadDocument")));
    assert_eq!((&entries[0]["target"]["id"], &entries[0]["scope"]), (&json!("d9"), &json!("documents:read")));
    let listed = replica.of_loan("/documents").await;
    assert!(listed.text().contains("aGVsbG8="), "{}", listed.text());
    replica.of_loan("/documents?fields=id,name").await;
    let endpoints: Vec<Value> = own(&replica, "").await.iter().map(|entry| entry["endpoint"].clone()).collect();
    assert_eq!(endpoints, ["listDocuments", "downloadDocument"]);
    next_minute(&replica);
    let counted = counts(&own(&replica, "?action=LOAN_REQUEST_READ").await);
    assert!(counted.contains(&count("all", "downloadDocument", 1)), "that of d1: {counted:?}");
    assert!(counted.contains(&count("all", "listDocuments", 1)), "that without bytes: {counted:?}");

    replica.state.auth.close();
    for tail in [download, "/documents"] {
        let answer = replica.of_loan(tail).await;
        let said = (answer.status, answer.problem());
        assert_eq!(said, (StatusCode::SERVICE_UNAVAILABLE, "access-not-recorded".to_owned()), "{tail}");
        assert!(!answer.text().contains("hello") && !answer.text().contains("aGVsbG8="));
    }
    for tail in ["/documents/d1/download", "/documents?fields=id", "/tasks"] {
        assert_eq!(replica.of_loan(tail).await.status, StatusCode::OK, "{tail}");
    }
}

async fn health(replica: &Replica) -> (String, Value) {
    let health = replica.get_with("", "/health", &[]).await.json();
    (health["status"].as_str().unwrap().to_owned(), health["components"]["accessRecords"].clone())
}

#[tokio::test]
async fn a_control_log_that_takes_no_more_stops_sensitive_reads_only_and_shows() {
    let disk = MemoryDisk::new();
    let dir = tempfile::tempdir().unwrap();
    let replica = Replica::with(Feed::house(), |state| {
        let options = auth_options(dir.path(), "https://localhost:8083", Arc::clone(&state.clock) as Arc<dyn Clock>);
        state.auth = Auth::open_on(Arc::new(disk.clone()), options).unwrap();
    });
    let (status, records) = health(&replica).await;
    assert_eq!(
        (status.as_str(), &records["state"], &records["unrecordedReads"]),
        ("healthy", &json!("recording"), &json!(0))
    );
    disk.fail_sync(0);
    assert_eq!(replica.of_loan("/tasks").await.status, StatusCode::OK);
    replica.state.auth.write_reads(true);
    assert_eq!(replica.of_loan("/tasks").await.status, StatusCode::OK, "reads go on");
    assert_eq!(replica.of_loan("/tasks/t2").await.problem(), "access-not-recorded");
    let ended = async {
        // The log's thread answers first and then ends.
        while replica.state.auth.control_log_failure().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap();
    let (status, records) = health(&replica).await;
    assert_eq!(
        (status.as_str(), &records["state"], &records["unrecordedReads"]),
        ("degraded", &json!("failed"), &json!(1))
    );
    assert_eq!(records["pendingRows"], 1);
    let listed = accesses(&replica, "").await;
    assert_eq!((listed.ids().len(), listed.header("x-replica-complete")), (0, "false"));
}
