//! Lists: as if the filter by team were added to whatever is asked.

use serde_json::Value;

use super::*;

const LOANS: &str = "/api/v1/loan-requests";

/// The answer to a client without limits that asks for the team itself, and to the limited one; without cursors, which
/// belong to their queries.
async fn both(query: &str) -> (Value, Value) {
    let asked = if query.contains("team=") { query.to_owned() } else { format!("team=north&{query}") };
    let without_cursor = |answer: &Answer| {
        let mut value = answer.json();
        value["pagination"]["nextCursor"] = value["pagination"]["nextCursor"].is_string().into();
        value
    };
    let limited = without_cursor(&NORTH.get(&format!("{LOANS}?{query}")).await);
    (limited, without_cursor(&NORTH.replica.get(&format!("{LOANS}?{asked}")).await))
}

#[tokio::test]
async fn a_list_is_as_if_the_team_had_been_asked_for() {
    let mut queries = vec![String::new(), "q=nowak".to_owned(), "q=pe-2".to_owned(), "q=pe".to_owned()];
    queries.extend(["status=BID", "status=DRAFT", "includeDeleted=true", "hasOpenTasks=true"].map(str::to_owned));
    queries.extend(["limit=1", "limit=1&offset=1", "offset=9", "fields=id", "reference=PE-2"].map(str::to_owned));
    queries.extend(["createdFrom=2026-01-02", "hasOpenTasks=false&q=anna"].map(str::to_owned));
    queries.push("sortBy=position&sortOrder=ASC&changedSince=20".to_owned());
    for sort in ["createdAt", "updatedAt", "statusChangedAt", "requestedAmount", "reference", "status", "position"] {
        queries.extend(["ASC", "DESC"].map(|order| format!("sortBy={sort}&sortOrder={order}&limit=2")));
        queries.push(format!("sortBy={sort}&q=nowak&includeDeleted=true&limit=2"));
    }
    for query in queries {
        let (limited, asked) = both(&query).await;
        assert_eq!(limited, asked, "{query}");
        let text = limited.to_string();
        assert!(OUTSIDE.iter().all(|loan| !text.contains(loan)), "{query}: {text}");
    }
}

#[tokio::test]
async fn totals_count_what_is_seen() {
    for (query, total) in [("", 3), ("includeDeleted=true", 4), ("q=nowak", 3), ("status=BID", 3), ("team=north", 3)] {
        let (limited, _) = both(query).await;
        assert_eq!(limited["pagination"]["total"], total, "{query}");
        assert_eq!(limited["pagination"].get("totalIsExact"), None, "{query}");
    }
    let everything = NORTH.replica.get(LOANS).await.json();
    assert_eq!(everything["pagination"]["total"], 7, "without limits nothing changes");
}

#[tokio::test]
async fn other_teams_are_asked_for_in_vain() {
    for team in ["team=south", "team=south&team=east", "team="] {
        let answer = NORTH.get(&format!("{LOANS}?includeDeleted=true&{team}")).await.json();
        assert_eq!((&answer["loanRequests"], &answer["pagination"]["total"]), (&Value::Array(vec![]), &0.into()));
    }
    let answer = NORTH.get(&format!("{LOANS}?team=south,north&includeDeleted=true&sortOrder=ASC")).await;
    assert_eq!(answer.ids(), SEEN);
}

#[tokio::test]
async fn a_walk_by_cursor_gives_each_once_and_no_other() {
    for order in ["sortBy=createdAt", "sortBy=position", "sortBy=createdAt&asOf=AT"] {
        let order = order.replace("AT", &NORTH.replica.state.engine.view().position.to_string());
        let (mut ids, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("{LOANS}?includeDeleted=true&sortOrder=ASC&limit=1&{order}{cursor}");
            let answer = NORTH.get(&path).await;
            ids.extend(answer.ids());
            let value = answer.json();
            let Some(next) = value["pagination"]["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(ids, SEEN, "{order}");
    }
}

#[tokio::test]
async fn the_past_lists_what_was_and_is_seen() {
    let last = NORTH.replica.state.engine.view().position;
    for (back, expected) in [
        (0, &["loan-a", "loan-e", "loan-j"][..]),
        // Then loan-j was of another team, and loan-i, which is of another team now, was not yet.
        (1, &["loan-a", "loan-e"]),
        (3, &["loan-a", "loan-e"]),
    ] {
        let answer = NORTH.get(&format!("{LOANS}?sortOrder=ASC&asOf={}", last - back)).await;
        assert_eq!(answer.ids(), expected, "{back}");
        assert_eq!(answer.json()["pagination"]["total"], expected.len());
    }
}

#[tokio::test]
async fn a_loan_that_changes_its_team_changes_lists() {
    let mut rig = Rig::new(feed(), &["north"], &[]);
    let polled = async |rig: &Rig, since: u64| {
        rig.get(&format!("{LOANS}?sortBy=position&sortOrder=ASC&changedSince={since}")).await.ids()
    };
    let before = rig.replica.state.engine.view().position;
    assert!(polled(&rig, before).await.is_empty());
    rig.replica.tell(|feed| {
        feed.loan("loan-b", "\"team\":\"north\"").loan("loan-e", "\"team\":\"south\"");
    });
    assert_eq!(polled(&rig, before).await, ["loan-b"], "what comes in is polled, what leaves is not");
    assert_eq!(rig.get(&format!("{LOANS}?sortBy=reference&sortOrder=ASC&fields=id,team")).await.ids().len(), 3);
}
