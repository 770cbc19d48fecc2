//! What hangs on a loan: nesting, pages of bare arrays, the messages of a channel, the audit log.

use http::StatusCode;
use serde_json::json;

use super::harness::{Feed, HOUSE, Replica};

#[tokio::test]
async fn a_known_loan_without_rows_has_empty_lists() {
    for tail in
        ["tasks", "bid-requests", "analysis", "documents", "spaces", "guilds", "comments", "views", "worksheets"]
    {
        let answer = HOUSE.get(&format!("/api/v1/loan-requests/bare/{tail}")).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, "[]"), "{tail}");
    }
}

#[tokio::test]
async fn children_are_nested() {
    assert_eq!(HOUSE.of_loan("/bid-requests").await.json()[0]["quotes"][0]["id"], "q1");
    assert_eq!(HOUSE.of_loan("/tasks").await.json()[0]["items"][0]["id"], "i1");
    assert_eq!(HOUSE.of_loan("/guilds").await.json()[0]["channels"][0]["id"], "c1");
    assert_eq!(HOUSE.of_loan("/spaces/s1/documents/").await.ids(), ["d1"]);
    assert_eq!(HOUSE.of_loan("/documents").await.ids(), ["d2", "d1"]);
    assert!(HOUSE.of_loan("/worksheets").await.json()[0].get("sheets").is_none());
    assert_eq!(HOUSE.of_loan("/worksheets/w1").await.json()["sheets"], json!([1]));
}

#[tokio::test]
async fn arrays_page_by_headers() {
    let mut feed = Feed::house();
    for n in 0..5 {
        feed.put(
            "bare",
            "comment",
            &format!("k{n}"),
            "",
            &format!("{{\"id\":\"k{n}\",\"createdAt\":\"2026-01-0{}T00:00:00Z\"}}", n + 1),
        );
    }
    let replica = Replica::of(feed);
    let path = "/api/v1/loan-requests/bare/comments";
    let whole = replica.get(path).await;
    assert_eq!((whole.ids().len(), whole.header("link"), whole.header("x-total-count")), (5, "", ""));
    let (mut ids, mut next) = (Vec::new(), format!("{path}?limit=2"));
    while !next.is_empty() {
        let answer = replica.get(&next).await;
        assert_eq!(answer.header("x-total-count"), "5");
        ids.extend(answer.ids());
        let link = answer.header("link").to_owned();
        assert_eq!(link.is_empty(), answer.header("x-next-cursor").is_empty());
        assert!(link.is_empty() || link.ends_with("; rel=\"next\""), "{link}");
        next = link.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
    }
    assert_eq!(ids, whole.ids());
    let cursor = replica.get(&format!("{path}?limit=2")).await.header("x-next-cursor").to_owned();
    let other = replica.get(&format!("/api/v1/loan-requests/L1/comments?cursor={cursor}")).await;
    assert_eq!(other.problem(), "cursor-mismatch");
}

#[tokio::test]
async fn a_channel_gives_its_messages_ascending() {
    let path = "/guilds/g1/channels/c1";
    let whole = HOUSE.of_loan(path).await.json();
    assert_eq!((&whole["id"], &whole["name"], &whole["nextCursor"]), (&json!("c1"), &json!("general"), &json!(null)));
    let cases: [(&str, &[u64], bool); 8] = [
        ("", &[1, 2, 3, 4, 5, 6, 7], false),
        ("?limit=3", &[1, 2, 3], true),
        ("?after=2&limit=3", &[3, 4, 5], true),
        ("?after=7", &[], false),
        ("?before=4", &[1, 2, 3], true),
        ("?before=6&limit=2", &[4, 5], true),
        ("?before=99&limit=2", &[6, 7], false),
        ("?before=0", &[], false),
    ];
    for (query, expected, more) in cases {
        let value = HOUSE.of_loan(&format!("{path}{query}")).await.json();
        let seqs: Vec<u64> = value["messages"].as_array().unwrap().iter().map(|m| m["seq"].as_u64().unwrap()).collect();
        assert_eq!((seqs.as_slice(), value["nextCursor"].is_string()), (expected, more), "{query}");
    }
    let first = HOUSE.of_loan(&format!("{path}?limit=5")).await.json();
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = HOUSE.of_loan(&format!("{path}?cursor={cursor}")).await.json();
    assert_eq!((second["messages"].as_array().unwrap().len(), &second["nextCursor"]), (2, &json!(null)));
    for query in ["?after=1&before=5".to_owned(), format!("?cursor={cursor}&after=1"), "?limit=501".to_owned()] {
        assert_eq!(HOUSE.of_loan(&format!("{path}{query}")).await.problem(), "bad-parameter", "{query}");
    }
}

#[tokio::test]
async fn the_audit_log_is_newest_first_in_three_forms() {
    let answer = HOUSE.of_loan("/audit-log").await;
    let entries = answer.json();
    let entries = entries.as_array().unwrap();
    let cloud: Vec<u64> = entries.iter().filter(|e| e["origin"] == "CLOUD").map(sequence).collect();
    assert_eq!(cloud, (1..=23).rev().collect::<Vec<_>>());
    let path = "/api/v1/loan-requests/bare/audit-log";
    let lines = HOUSE.get_with("all", path, &[("accept", "application/x-ndjson")]).await;
    assert_eq!((lines.header("content-type"), lines.text().lines().count()), ("application/x-ndjson", 1));
    let csv = HOUSE.get_with("all", path, &[("accept", "text/csv, */*;q=0.1")]).await;
    assert!(csv.header("content-type").starts_with("text/csv") && csv.text().starts_with("id,sequence,"), "{csv:?}");
    assert_eq!(csv.text().lines().count(), 2);
}

#[tokio::test]
async fn an_audit_log_that_a_snapshot_left_incomplete_says_so() {
    let request = r#"{"entity":"loanRequest","id":"L9","version":2,"after":{"id":"L9"}}"#;
    let entry = |n| {
        let after = format!(r#"{{"id":"a{n}","sequence":"{n}","occurredAt":"2026-01-01T00:00:00Z"}}"#);
        format!(r#",{{"entity":"auditEntry","id":"a{n}","version":1,"after":{after}}}"#)
    };
    for (entries, marked) in [(String::new(), "false"), (entry(2), "false"), (entry(1) + &entry(2), "")] {
        let mut feed = Feed::default();
        feed.snapshot("L9", 2, &format!("{request}{entries}"));
        feed.put("L9", "task", "t1", "", r#"{"id":"t1"}"#);
        let replica = Replica::of(feed);
        let path = "/api/v1/loan-requests/L9";
        assert_eq!(replica.get(path).await.header("x-replica-complete"), "", "the loan itself is whole");
        assert_eq!(replica.get(&format!("{path}/audit-log")).await.header("x-replica-complete"), marked, "{entries}");
    }
}

fn sequence(entry: &serde_json::Value) -> u64 {
    entry["sequence"].as_u64().or_else(|| entry["sequence"].as_str()?.parse().ok()).unwrap()
}
