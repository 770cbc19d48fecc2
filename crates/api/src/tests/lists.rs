//! The list of loan requests: envelope, filters, orders, pages.

use http::StatusCode;
use serde_json::json;

use super::harness::{Feed, HOUSE, Replica};

const LIST: &str = "/api/v1/loan-requests";

#[tokio::test]
async fn stored_bytes_are_served_bytes() {
    let answer = HOUSE.get(&format!("{LIST}/L1")).await;
    assert_eq!(
        answer.text(),
        "{\"id\":\"L1\",\"status\":\"BID\",\"createdAt\":\"2026-01-01T00:00:00Z\",\"amount\":1.50, \"odd\":{\"b\":1,\"a\":2}}"
    );
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(HOUSE.get(&format!("{LIST}/deleted")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_envelope_counts_what_is_listed() {
    let answer = HOUSE.get(LIST).await;
    assert_eq!(answer.ids(), ["bare", "L1"]);
    let pagination = json!({"limit": 25, "offset": 0, "total": 2, "hasMore": false, "nextCursor": null});
    assert_eq!(answer.json()["pagination"], pagination);
}

#[tokio::test]
async fn filters_and_orders() {
    let cases: [(&str, &[&str]); 12] = [
        ("status=BID", &["L1"]),
        ("status=BID&status=SANCTION", &["bare", "L1"]),
        ("status=BID,SANCTION", &["bare", "L1"]),
        ("status[]=SANCTION", &["bare"]),
        ("status=NO_SUCH", &[]),
        ("includeDeleted=true", &["deleted", "bare", "L1"]),
        ("includeDeleted=true&status=BID", &["deleted", "L1"]),
        ("sortOrder=asc", &["L1", "bare"]),
        ("sortBy=status&sortOrder=ASC", &["L1", "bare"]),
        ("sortBy=position&sortOrder=DESC", &["bare", "L1"]),
        ("offset=1", &["L1"]),
        ("offset=100000", &[]),
    ];
    for (query, expected) in cases {
        let answer = HOUSE.get(&format!("{LIST}?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text());
        assert_eq!(answer.ids(), expected, "{query}");
    }
}

#[tokio::test]
async fn unusable_values_are_400_and_explained() {
    let cases = [
        ("limit=0", "`limit` must be a whole number from 1 to 200."),
        ("limit=201", "`limit` must be a whole number from 1 to 200."),
        ("offset=100001", "`offset` must be a whole number from 0 to 100000."),
        ("sortOrder=DOWN", "`sortOrder` must be one of ASC, DESC."),
        ("includeDeleted=1", "`includeDeleted` must be true or false."),
    ];
    for (query, detail) in cases {
        let answer = HOUSE.get(&format!("{LIST}?{query}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::BAD_REQUEST, "bad-parameter"));
        assert_eq!(answer.json()["detail"], detail);
    }
    let answer = HOUSE.get(&format!("{LIST}?sortBy=name")).await;
    assert!(answer.text().contains("`sortBy` must be one of createdAt, updatedAt"), "{}", answer.text());
}

fn many() -> Feed {
    let mut feed = Feed::default();
    for n in 0..23 {
        let status = if n % 3 == 0 { "BID" } else { "SANCTION" };
        let day = n / 2 + 1;
        feed.loan(
            &format!("P{n:02}"),
            &format!("\"status\":\"{status}\",\"createdAt\":\"2026-01-{day:02}T00:00:00Z\""),
        );
    }
    feed
}

async fn walk(replica: &Replica, query: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = replica.get(&format!("{LIST}?{query}{cursor}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        ids.extend(answer.ids());
        let pagination = &answer.json()["pagination"];
        match pagination["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
        assert_eq!(pagination["hasMore"], true);
        assert!(ids.len() < 100);
    }
    ids
}

#[tokio::test]
async fn cursors_walk_every_row_once_in_every_order() {
    let replica = Replica::of(many());
    for query in ["", "sortOrder=ASC&", "status=BID&", "status=BID,SANCTION&", "sortBy=status&sortOrder=ASC&"] {
        let whole = replica.get(&format!("{LIST}?{query}limit=200")).await.ids();
        assert_eq!(whole.len(), if query == "status=BID&" { 8 } else { 23 });
        for limit in [1, 4, 23] {
            assert_eq!(walk(&replica, &format!("{query}limit={limit}")).await, whole, "{query}{limit}");
        }
    }
    let ascending = replica.get(&format!("{LIST}?limit=200&sortOrder=ASC")).await.ids();
    let mut descending = replica.get(&format!("{LIST}?limit=200")).await.ids();
    descending.reverse();
    assert_eq!(ascending, descending);
}

#[tokio::test]
async fn a_cursor_serves_its_own_query_only() {
    let replica = Replica::of(many());
    let first = replica.get(&format!("{LIST}?limit=2&status=BID")).await.json();
    let cursor = first["pagination"]["nextCursor"].as_str().unwrap();
    assert_eq!(first["pagination"]["total"], 8);
    for other in ["", "&status=SANCTION", "&status=BID&sortOrder=ASC", "&status=BID&sortBy=updatedAt"] {
        let answer = replica.get(&format!("{LIST}?cursor={cursor}{other}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::BAD_REQUEST, "cursor-mismatch"), "{other}");
    }
    let good = replica.get(&format!("{LIST}?cursor={cursor}&status=BID,BID&limit=200&sortOrder=desc")).await;
    assert_eq!(good.ids().len(), 6);
    let tampered = format!("{}{}", if cursor.starts_with('A') { "B" } else { "A" }, &cursor[1..]);
    for bad in [tampered.as_str(), "", "x", &cursor[..cursor.len() - 1]] {
        let answer = replica.get(&format!("{LIST}?cursor={bad}&status=BID")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::BAD_REQUEST, "bad-cursor"), "{bad}");
    }
    let both = replica.get(&format!("{LIST}?cursor={cursor}&status=BID&offset=1")).await;
    assert_eq!(both.problem(), "bad-parameter");
    let nested = replica.get(&format!("{LIST}/P00/tasks?cursor={cursor}&limit=2")).await;
    assert_eq!(nested.problem(), "cursor-mismatch");
}
