//! `/api/v1/replica/completeness`.

use continuity_events::record::Completeness;
use serde_json::{Value, json};

use super::harness::{Feed, HOUSE, Replica};

const PATH: &str = "/api/v1/replica/completeness";

fn incomplete(manifest: u64) -> Completeness {
    Completeness {
        manifest,
        manifest_id: format!("m{manifest}"),
        as_of: "2026-11-22T10:00:00Z".to_owned(),
        through: manifest + 1,
        listed: true,
        loans: 3,
        events: 40,
        loans_missing: 1,
        events_missing: 3,
        loans_unlisted: 1,
        loans_ahead: 1,
        missing: vec![("L2".to_owned(), vec![(4, 5), (9, 9)])],
        unlisted: vec!["L9".to_owned()],
        ahead: vec![("L3".to_owned(), 7, 8)],
        note: "why".to_owned(),
        ..Completeness::default()
    }
}

/// Three results, one manifest that waits, two loans with a gap, one parked, two purged.
fn feed() -> Feed {
    let mut feed = Feed::house();
    for loan in ["gap1", "gap2"] {
        feed.loan(loan, "\"status\":\"BID\"").lose(loan).lose(loan).put(loan, "comment", "k", "", "{\"id\":\"k\"}");
    }
    feed.loan("park", "\"status\":\"BID\"").put("park", "task", "t", "", "7");
    feed.loan("purged2", "\"status\":\"BID\"").put("purged2", "loanRequest", "purged2", "", "null");
    feed.manifest("2026-11-22T11:00:00Z");
    let complete = Completeness { manifest: 3, complete: true, presence: true, ..Completeness::default() };
    feed.result(&incomplete(1)).result(&incomplete(2)).result(&complete);
    feed
}

#[tokio::test]
async fn before_any_manifest_the_status_is_unknown() {
    let report = HOUSE.get(PATH).await.json();
    let keys: Vec<&String> = report.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["status", "counts", "waiting", "results", "incomplete", "purged", "pagination"]);
    assert_eq!(report["status"], "unknown");
    assert_eq!(report["counts"], json!({"results": 0, "waiting": 0, "incomplete": 0, "purged": 1}));
    assert_eq!(report["purged"], json!([{"loanRequestId": "purged", "lastSequence": "2"}]));
    assert_eq!(report["pagination"], json!({"limit": 25, "hasMore": false, "nextCursor": null}));
}

#[tokio::test]
async fn the_report_has_history_and_names() {
    let replica = Replica::of(feed());
    let answer = replica.get(PATH).await;
    assert_eq!(answer.header("x-replica-complete"), "false", "loans lack something now");
    let report = answer.json();
    assert_eq!(report["status"], "complete", "the newest result's");
    assert_eq!(report["counts"], json!({"results": 3, "waiting": 1, "incomplete": 3, "purged": 2}));
    assert_eq!(report["waiting"][0]["asOf"], "2026-11-22T11:00:00Z");
    let words: Vec<&Value> = report["results"].as_array().unwrap().iter().map(|result| &result["result"]).collect();
    assert_eq!(words, ["complete", "incomplete", "incomplete"]);
    let result = &report["results"][1];
    assert_eq!((&result["manifest"], &result["manifestId"], &result["through"]), (&2.into(), &"m2".into(), &3.into()));
    assert_eq!((&result["evaluatedAt"], &result["content"]), (&"2026-11-22T12:00:00.000Z".into(), &Value::Null));
    let ranges = json!([{"from": "4", "to": "5"}, {"from": "9", "to": "9"}]);
    assert_eq!(result["missing"], json!([{"loanRequestId": "L2", "ranges": ranges}]));
    assert_eq!((&result["unlisted"], &result["note"]), (&json!(["L9"]), &"why".into()));
    assert_eq!(result["ahead"], json!([{"loanRequestId": "L3", "listed": "7", "here": "8"}]));
    assert_eq!(report["results"][0]["asOf"], Value::Null);
    let gap = json!([{"from": "2", "to": "3"}]);
    assert_eq!(report["incomplete"][0], json!({"loanRequestId": "gap1", "missing": gap, "parkedAt": null}));
    assert_eq!(report["incomplete"][2], json!({"loanRequestId": "park", "missing": [], "parkedAt": "2"}));
}

#[tokio::test]
async fn pages_walk_over_the_three_lists_without_a_gap() {
    let replica = Replica::of(feed());
    let whole = replica.get(PATH).await.json();
    for limit in [1, 2, 3, 5, 8] {
        let (mut cursor, mut found) = (String::new(), [Vec::new(), Vec::new(), Vec::new()]);
        for page in 0.. {
            assert!(page < 9, "it does not end");
            let report = replica.get(&format!("{PATH}?limit={limit}{cursor}")).await.json();
            assert_eq!((&report["status"], &report["counts"]), (&whole["status"], &whole["counts"]));
            let mut entries = 0;
            for (list, found) in ["results", "incomplete", "purged"].iter().zip(&mut found) {
                let list = report[list].as_array().unwrap();
                entries += list.len();
                found.extend(list.iter().cloned());
            }
            assert!(entries <= limit);
            let Some(next) = report["pagination"]["nextCursor"].as_str() else { break };
            assert_eq!(entries, limit);
            cursor = format!("&cursor={next}");
        }
        for (list, found) in ["results", "incomplete", "purged"].iter().zip(found) {
            assert_eq!(whole[list], Value::Array(found), "{list} by {limit}");
        }
    }
    let foreign = replica.get(&format!("{PATH}?cursor=AAAA")).await;
    assert_eq!(foreign.problem(), "bad-cursor");
}
