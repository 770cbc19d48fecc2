//! `asOf`: by position what was answered there, by time what had happened by then.

use http::StatusCode;
use serde_json::json;

use super::harness::{Feed, HOUSE, Replica};

const LOANS: &str = "/api/v1/loan-requests";

/// Three loans over time; [`Feed::loan`] counts minutes and seconds from 10:00:00 by the number of the record.
fn feed() -> Feed {
    let mut feed = Feed::default();
    feed.loan("A", "\"status\":\"DRAFT\",\"createdAt\":\"2026-11-22T10:00:01Z\"") // 1
        .put("A", "comment", "k1", "", "{\"id\":\"k1\",\"createdAt\":\"2026-01-01T00:00:00Z\"}") // 2
        .loan("B", "\"status\":\"BID\",\"createdAt\":\"2026-11-22T10:00:03Z\"") // 3
        .loan("A", "\"status\":\"BID\",\"createdAt\":\"2026-11-22T10:00:01Z\"") // 4
        .put("A", "comment", "k1", "", "null") // 5
        .loan("B", "\"status\":\"BID\",\"createdAt\":\"2026-11-22T10:00:03Z\",\"deletedAt\":\"2026-11-22T10:00:06Z\"") // 6
        .loan("C", "\"status\":\"BID\",\"createdAt\":\"2026-11-22T10:00:07Z\"") // 7
        .put("C", "loanRequest", "C", "", "null"); // 8
    feed
}

fn second(n: u32) -> String {
    format!("asOf=2026-11-22T10:00:{n:02}Z")
}

#[tokio::test]
async fn a_loan_and_what_hangs_on_it_are_as_they_were() {
    let replica = Replica::of(feed());
    for (n, status, comments) in [(1, "DRAFT", 0), (2, "DRAFT", 1), (3, "DRAFT", 1), (4, "BID", 1), (5, "BID", 0)] {
        for as_of in [second(n), format!("asOf={n}")] {
            let loan = replica.get(&format!("{LOANS}/A?{as_of}")).await;
            assert_eq!((loan.status, &loan.json()["status"]), (StatusCode::OK, &json!(status)), "{as_of}");
            assert_eq!(loan.header("x-replica-position"), "8", "the headers tell of now");
            assert_eq!(loan.header("x-replica-complete"), "");
            let list = replica.get(&format!("{LOANS}/A/comments?{as_of}")).await;
            assert_eq!(list.json().as_array().unwrap().len(), comments, "{as_of}");
            let entries = replica.get(&format!("{LOANS}/A/audit-log?{as_of}")).await;
            let expected = [1, 2, 4, 5].iter().filter(|at| **at <= n).count();
            assert_eq!(entries.json().as_array().unwrap().len(), expected, "{as_of}");
        }
    }
}

#[tokio::test]
async fn what_was_not_there_is_404_and_what_is_purged_is_410() {
    let replica = Replica::of(feed());
    for (query, problem) in [
        ("B?asOf=2", "not-found"),
        ("B?asOf=2026-11-22T10:00:02.999Z", "not-found"),
        ("B?asOf=0", "not-found"),
        ("nobody?asOf=3", "not-found"),
        ("C?asOf=7", "loan-purged"),
        ("C/tasks?asOf=7", "loan-purged"),
        ("A?asOf=9", "position-ahead"),
        ("A?asOf=2026-11-22T12:00:01Z", "position-ahead"),
        ("A?asOf=yesterday", "bad-parameter"),
        ("A?asOf=2026-11-22", "bad-parameter"),
        ("A?asOf=1&asOf=2", "bad-parameter"),
    ] {
        assert_eq!(replica.get(&format!("{LOANS}/{query}")).await.problem(), problem, "{query}");
    }
}

#[tokio::test]
async fn the_list_is_as_it_was() {
    let replica = Replica::of(feed());
    for (query, ids) in [
        ("asOf=1", vec!["A"]),
        ("asOf=3", vec!["B", "A"]),
        ("asOf=5&sortOrder=asc", vec!["A", "B"]),
        ("asOf=6", vec!["A"]),
        ("asOf=6&includeDeleted=true", vec!["B", "A"]),
        ("asOf=3&status=DRAFT", vec!["A"]),
        ("asOf=4&status=DRAFT", vec![]),
        ("asOf=0", vec![]),
        ("asOf=7", vec!["A"]),
    ] {
        let answer = replica.get(&format!("{LOANS}?{query}")).await;
        assert_eq!(answer.ids(), ids, "{query}");
        assert_eq!(answer.json()["pagination"]["total"], ids.len(), "{query}");
        let number: u32 = query.split(['=', '&']).nth(1).unwrap().parse().unwrap();
        let by_time = query.replacen(&format!("asOf={number}"), &second(number), 1);
        assert_eq!(replica.get(&format!("{LOANS}?{by_time}")).await.ids(), ids, "{by_time}");
    }
    for query in ["sortBy=updatedAt", "offset=1", "sortBy=position&sortOrder=ASC&changedSince=1"] {
        assert_eq!(replica.get(&format!("{LOANS}?asOf=3&{query}")).await.problem(), "bad-parameter", "{query}");
    }
}

#[tokio::test]
async fn a_walk_over_the_past_gives_every_loan_once() {
    let mut feed = Feed::default();
    for n in 0..130 {
        feed.loan(
            &format!("L{n:03}"),
            &format!("\"status\":\"BID\",\"createdAt\":\"2026-10-01T00:00:{:02}Z\"", n % 60),
        );
    }
    for n in 0..130 {
        feed.loan(
            &format!("L{n:03}"),
            &format!("\"status\":\"SANCTION\",\"createdAt\":\"2026-10-01T00:00:{:02}Z\"", n % 60),
        );
    }
    let replica = Replica::of(feed);
    for order in ["asc", "desc"] {
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = replica.get(&format!("{LOANS}?asOf=100&limit=7&sortOrder={order}{cursor}")).await;
            assert!(answer.json()["loanRequests"].as_array().unwrap().iter().all(|loan| loan["status"] == "BID"));
            ids.extend(answer.ids());
            let page = answer.json()["pagination"].clone();
            assert_eq!(page["hasMore"], !page["nextCursor"].is_null());
            assert_eq!(page.get("totalIsExact"), Some(&json!(false)), "a page of several does not know the total");
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
            let other = replica.get(&format!("{LOANS}?asOf=99&limit=7&sortOrder={order}{cursor}")).await;
            assert_eq!(other.problem(), "cursor-mismatch");
        }
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!((ids.len(), unique.len()), (100, 100), "{order}");
    }
}

#[tokio::test]
async fn a_history_that_begins_with_a_snapshot_tells_nothing_of_before() {
    let mut feed = Feed::default();
    let entity = "{\"entity\":\"loanRequest\",\"id\":\"S\",\"version\":4,\"after\":{\"id\":\"S\",\"status\":\"BID\",\"createdAt\":\"2026-11-22T09:00:00Z\"}}";
    feed.snapshot("S", 4, entity);
    let replica = Replica::of(feed);
    let before = "asOf=2026-11-22T09:30:00Z";
    let answer = replica.get(&format!("{LOANS}/S?{before}")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::NOT_FOUND, "as-of-untold"));
    assert_eq!(replica.get(&format!("{LOANS}?{before}")).await.problem(), "as-of-untold");
    assert_eq!(replica.get(&format!("{LOANS}?asOf=2026-11-22T08:00:00Z")).await.ids(), Vec::<String>::new());
    assert_eq!(replica.get(&format!("{LOANS}?{}", second(1))).await.ids(), ["S"]);
}

#[tokio::test]
async fn every_data_path_takes_it_and_no_other() {
    let now = HOUSE.get(LOANS).await.header("x-replica-position").to_owned();
    for tail in [
        "",
        "/audit-log",
        "/tasks",
        "/tasks/t1",
        "/bid-requests",
        "/analysis",
        "/documents",
        "/spaces",
        "/spaces/s1/documents",
        "/guilds",
        "/guilds/g1/channels/c1",
        "/comments",
        "/views",
        "/worksheets",
        "/worksheets/w1",
    ] {
        let live = HOUSE.of_loan(tail).await;
        let then = HOUSE.of_loan(&format!("{tail}?asOf={now}")).await;
        assert_eq!((then.status, then.text()), (StatusCode::OK, live.text()), "{tail}");
        assert_eq!(then.header("etag"), live.header("etag"), "{tail}");
        assert_eq!(HOUSE.of_loan(&format!("{tail}?asOf=0")).await.problem(), "not-found", "{tail}");
    }
    assert_eq!(HOUSE.get("/health?asOf=1").await.problem(), "unknown-parameter");
}

#[tokio::test]
async fn what_is_sensitive_now_is_so_as_of_any_point() {
    let mut feed = Feed::default();
    let task = |sensitive: bool| {
        format!(
            "{{\"id\":\"t\",\"assignedAt\":\"2026-01-01T00:00:00Z\",\"sensitive\":{sensitive},\"formData\":{{\"income\":1}}}}"
        )
    };
    feed.loan("A", "\"status\":\"BID\",\"createdAt\":\"2026-11-22T10:00:01Z\"")
        .put("A", "task", "t", "", &task(false))
        .put("A", "task", "t", "", &task(true));
    let replica = Replica::of(feed);
    let list = replica.get(&format!("{LOANS}/A/tasks?asOf=2")).await;
    assert!(list.json()[0].get("formData").is_none(), "{}", list.text());
    let whole = replica.get(&format!("{LOANS}/A/tasks/t?asOf=2")).await;
    assert_eq!((&whole.json()["sensitive"], &whole.json()["formData"]), (&json!(false), &json!({"income": 1})));
    let entries = replica.get(&format!("{LOANS}/A/audit-log?action=TASK_FORM_DATA_READ")).await.json();
    assert_eq!(entries.as_array().unwrap().len(), 1, "{entries}");
}
