//! What the replica tells of itself: it names no outside loan.

use std::time::Duration;

use continuity_events::record::Completeness;
use serde_json::{Value, json};

use super::*;

/// Loans of both teams that lack something, one with wrong bytes each, and what a manifest showed of them.
fn troubled() -> Feed {
    let mut feed = feed();
    for loan in ["loan-a", "loan-b", "loan-e"] {
        feed.lose(loan).put(loan, "comment", "late", "", "{\"id\":\"late\"}");
    }
    let wrong = |of: char| {
        let sha256 = of.to_string().repeat(64);
        format!(
            "{{\"id\":\"w\",\"blob\":{{\"sha256\":\"{sha256}\",\"sizeBytes\":5,\"fetch\":{{\"kind\":\"INLINE\",\"base64\":\"aGVsbG8=\"}}}}}}"
        )
    };
    feed.put("loan-a", "document", "w", "", &wrong('a'));
    feed.put("loan-b", "document", "w", "", &wrong('b'));
    feed.put("loan-b", "document", "v", "", &wrong('a').replace("\"w\"", "\"v\""));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    feed.result(&Completeness {
        manifest: 1,
        manifest_id: "m1".to_owned(),
        loans_missing: 3,
        missing: ["loan-a", "loan-b", "never"].map(|loan| (loan.to_owned(), vec![(1, 2)])).to_vec(),
        unlisted: names(&["loan-b", "loan-e", "loan-h"]),
        note: "the list of loans names loan-b twice".to_owned(),
        ahead: ["loan-a", "loan-i"].map(|loan| (loan.to_owned(), 1, 2)).to_vec(),
        ..Completeness::default()
    });
    feed
}

static TROUBLED: LazyLock<Rig> = LazyLock::new(|| Rig::new(troubled(), &["north"], &[]));

/// The loans that a list of a report names.
fn named(list: &Value) -> Vec<&str> {
    let name = |one: &'_ Value| one["loanRequestId"].as_str().or(one.as_str()).unwrap_or_default().len();
    let entries = list.as_array().unwrap();
    assert!(entries.iter().all(|one| name(one) > 0), "{list}");
    entries.iter().filter_map(|one| one["loanRequestId"].as_str().or(one.as_str())).collect()
}

#[tokio::test]
async fn completeness_names_what_is_seen() {
    let path = "/api/v1/replica/completeness";
    let report = TROUBLED.get(path).await.json();
    let result = &report["results"][0];
    assert_eq!(named(&result["missing"]), ["loan-a"]);
    assert_eq!(named(&result["unlisted"]), ["loan-e"]);
    assert_eq!(named(&result["ahead"]), ["loan-a"]);
    assert_eq!(named(&report["incomplete"]), ["loan-a", "loan-e"]);
    assert_eq!(result["note"], "", "it may name what is outside");
    assert_eq!(report["purged"], json!([]));
    assert_eq!(report["counts"], json!({"results": 1, "waiting": 0, "incomplete": 2, "purged": 0}));
    let everybody = TROUBLED.replica.get(path).await.json();
    assert_eq!(named(&everybody["incomplete"]), ["loan-a", "loan-b", "loan-e"]);
    assert_eq!(everybody["counts"], json!({"results": 1, "waiting": 0, "incomplete": 3, "purged": 1}));
}

#[tokio::test]
async fn pages_of_completeness_are_full_and_end() {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        assert!(page < 4, "it does not end");
        let report = TROUBLED.get(&format!("/api/v1/replica/completeness?limit=1{cursor}")).await.json();
        let lists = ["results", "incomplete", "purged"].map(|list| report[list].as_array().unwrap().len());
        assert_eq!(lists.iter().sum::<usize>(), 1);
        found.extend(report["incomplete"].as_array().unwrap().clone());
        let Some(next) = report["pagination"]["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(named(&found.into()), ["loan-a", "loan-e"]);
}

#[tokio::test]
async fn files_in_trouble_are_those_of_what_is_seen() {
    let troubled = |report: &Value| -> Vec<(String, Value)> {
        let files = report["troubled"].as_array().unwrap().iter();
        files.map(|file| (file["sha256"].as_str().unwrap()[..1].to_owned(), file["loanRequestIds"].clone())).collect()
    };
    let path = "/api/v1/replica/blobs";
    let (limited, everybody) = (TROUBLED.get(path).await.json(), TROUBLED.replica.get(path).await.json());
    assert_eq!(troubled(&limited), [("a".to_owned(), json!(["loan-a"]))]);
    let all = [("a".to_owned(), json!(["loan-a", "loan-b"])), ("b".to_owned(), json!(["loan-b"]))];
    assert_eq!(troubled(&everybody), all);
    for figure in ["pending", "available", "failed", "damaged"] {
        assert_eq!(limited[figure], everybody[figure], "figures are those of `/health`");
    }
}

#[tokio::test]
async fn accesses_are_those_of_what_is_seen() {
    let rig = Rig::new(feed(), &["north"], &[]);
    for path in ["", "/loan-a", "/loan-b", "/loan-c", "/loan-b/tasks/t2", "/loan-a/tasks/t2", "/loan-i"] {
        rig.replica.get(&format!("/api/v1/loan-requests{path}")).await;
    }
    rig.replica.clock.advance(Duration::from_mins(1));
    rig.replica.state.auth.write_reads(false);
    let loans = |answer: &Answer| -> Vec<Value> {
        let entries = answer.json();
        entries.as_array().unwrap().iter().map(|entry| entry["loanRequestId"].clone()).collect()
    };
    let path = "/api/v1/replica/accesses";
    // A sensitive task has an entry for its form and one for its attachment.
    assert_eq!(loans(&rig.replica.get(path).await).len(), 9);
    assert_eq!(loans(&rig.get(path).await), ["loan-a"; 3]);
    let unknown = rig.get(&format!("{path}?loanRequestId=loan-x&limit=1")).await;
    for loan in ["loan-b", "loan-c", "loan-i"] {
        let outside = rig.get(&format!("{path}?loanRequestId={loan}&limit=1")).await;
        assert_eq!(said(&outside, loan), said(&unknown, "loan-x"));
    }
    assert_eq!(loans(&rig.get(&format!("{path}?loanRequestId=loan-a,loan-b")).await), ["loan-a"; 3]);
    assert_eq!(loans(&rig.get(&format!("{path}?action=LIST_READ")).await), Vec::<Value>::new());
    let csv = rig.get_with(path, &[("accept", "text/csv")]).await;
    assert!(csv.text().contains("loan-a") && !csv.text().contains("loan-b"), "{}", csv.text());
}
