//! What is due, over all loan requests.

use continuity_auth::{ClientSettings, ScopeSet};
use http::StatusCode;
use serde_json::Value;

use super::harness::{Feed, Replica};

const PATH: &str = "/api/v1/work-list";

fn feed() -> Feed {
    let mut feed = Feed::default();
    let deed = |at: &str, team: &str| {
        format!(
            "\"reference\":\"PE-{team}\",\"status\":\"DEED\",\"team\":\"{team}\",\"deed\":{{\"scheduledAt\":\"{at}\"}}"
        )
    };
    feed.loan("late", &deed("2026-11-20T09:00:00Z", "north"))
        .loan("soon", &deed("2026-11-25T09:00:00Z", "south"))
        .loan("next", &deed("2026-11-26T09:00:00Z", "north"))
        .loan("far", &deed("2027-11-26T09:00:00Z", "north"))
        .loan("gone", &deed("2026-11-24T09:00:00Z", "north"))
        .put("gone", "loanRequest", "gone", "", "null")
        .put(
            "late",
            "task",
            "t",
            "",
            "{\"id\":\"t\",\"title\":\"Call\",\"dueAt\":\"2026-11-23T00:00:00Z\",\"formData\":{\"secret\":1}}",
        );
    feed
}

fn loans(answer: &Value) -> Vec<&str> {
    answer["workItems"].as_array().unwrap().iter().map(|item| item["loanRequestId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_due_comes_in_its_order_and_says_what_is_overdue() {
    let replica = Replica::of(feed());
    let deeds = replica.get(&format!("{PATH}?list=deeds")).await.json();
    assert_eq!(loans(&deeds), ["late", "soon", "next"]);
    let overdue: Vec<&Value> = deeds["workItems"].as_array().unwrap().iter().map(|item| &item["overdue"]).collect();
    assert_eq!(overdue, [true, false, false]);
    assert_eq!(deeds["workItems"][1]["reference"], "PE-south");
    assert_eq!(deeds["workItems"][1]["dueAt"], "2026-11-25T09:00:00Z");
    assert_eq!(loans(&replica.get(&format!("{PATH}?list=deeds&within=400")).await.json()).len(), 4);
    assert_eq!(loans(&replica.get(&format!("{PATH}?list=deeds&within=0")).await.json()), ["late"]);
    let tasks = replica.get(PATH).await;
    assert!(!tasks.text().contains("secret"), "{}", tasks.text());
    assert_eq!(tasks.json()["workItems"][0]["task"]["title"], "Call");
    assert_eq!(replica.get(&format!("{PATH}?list=all")).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn pages_go_on_where_they_ended() {
    let replica = Replica::of(feed());
    let (mut walked, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        assert!(page < 4, "it does not end");
        let answer = replica.get(&format!("{PATH}?list=deeds&limit=1{cursor}")).await.json();
        walked.extend(loans(&answer).into_iter().map(str::to_owned));
        let Some(next) = answer["pagination"]["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(walked, ["late", "soon", "next"]);
    let other = replica.get(&format!("{PATH}?list=tasks&limit=1{cursor}")).await;
    assert_eq!(other.problem(), "cursor-mismatch");
}

#[tokio::test]
async fn of_other_teams_nothing_is_told() {
    let replica = Replica::of(feed());
    let settings =
        ClientSettings { teams: vec!["south".to_owned()], ..ClientSettings::named("limited", ScopeSet::all()) };
    let (_, token) = replica.client(settings);
    let answer = replica.get_as(&token, &format!("{PATH}?list=deeds&within=400")).await;
    assert_eq!(loans(&answer.json()), ["soon"]);
    assert!(!answer.text().contains("north"), "{}", answer.text());
}
