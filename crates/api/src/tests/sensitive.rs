//! Sensitive tasks: who sees what, and the record of it.

use http::StatusCode;

use super::harness::{Feed, HOUSE, Replica};

#[tokio::test]
async fn form_data_needs_the_scope_and_a_sensitive_one_its_own_path() {
    let with = HOUSE.get_with("tasks:read", "/api/v1/loan-requests/L1/tasks", &[]).await.json();
    assert_eq!((&with[0]["formData"]["income"], with[1].get("formData")), (&1.into(), None));
    let without = HOUSE.get_with("loans:read", "/api/v1/loan-requests/L1/tasks", &[]).await.json();
    assert_eq!((without[0].get("formData"), without[1].get("formData")), (None, None));
    let both = HOUSE.get("/api/v1/loan-requests/L1/tasks").await.json();
    assert_eq!(both, with);
}

async fn recorded(replica: &Replica) -> Vec<serde_json::Value> {
    let entries = replica.of_loan("/audit-log").await.json();
    entries.as_array().unwrap().iter().filter(|e| e["origin"] == "REPLICA").cloned().collect()
}

#[tokio::test]
async fn a_sensitive_read_is_on_record_before_it_is_answered() {
    let replica = Replica::of(Feed::house());
    assert_eq!(replica.of_loan("/tasks/t1").await.status, StatusCode::OK);
    assert_eq!(replica.of_loan("/tasks/t1/items/i1/download").await.status, StatusCode::OK);
    assert!(recorded(&replica).await.is_empty());
    let task = replica.of_loan("/tasks/t2").await;
    assert_eq!((task.status, &task.json()["formData"]["illness"]), (StatusCode::OK, &2.into()));
    assert_eq!(recorded(&replica).await.len(), 2, "its form data, and the attachment that it holds inline");
    replica.clock.advance(std::time::Duration::from_secs(1));
    let item = replica.of_loan("/tasks/t2/items/i2/download").await;
    assert_eq!((item.status, item.text()), (StatusCode::OK, "hello"));
    let entries = recorded(&replica).await;
    let actions: Vec<&str> = entries.iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["TASK_ATTACHMENT_READ", "TASK_ATTACHMENT_READ", "TASK_FORM_DATA_READ"]);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_answered() {
    let replica = Replica::of(Feed::house());
    replica.state.auth.close();
    for tail in ["/tasks/t2", "/tasks/t2/items/i2/download"] {
        let answer = replica.of_loan(tail).await;
        assert_eq!(
            (answer.status, answer.problem().as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, "access-not-recorded")
        );
        assert_eq!(answer.header("retry-after"), "5");
        assert!(!answer.text().contains("illness") && !answer.text().contains("hello"));
    }
    assert_eq!(replica.of_loan("/tasks/t1").await.status, StatusCode::OK);
}

#[tokio::test]
async fn pages_count_merged_entries() {
    let replica = Replica::of(Feed::house());
    for _ in 0..3 {
        replica.of_loan("/tasks/t2").await;
        replica.clock.advance(std::time::Duration::from_secs(1));
    }
    let whole = replica.of_loan("/audit-log").await;
    assert_eq!(whole.ids().len(), 29);
    let (mut ids, mut query) = (Vec::new(), "?limit=2".to_owned());
    while !query.is_empty() {
        let answer = replica.of_loan(&format!("/audit-log{query}")).await;
        assert_eq!(answer.header("x-total-count"), "29");
        ids.extend(answer.ids());
        let cursor = answer.header("x-next-cursor");
        query = if cursor.is_empty() { String::new() } else { format!("?limit=2&cursor={cursor}") };
    }
    assert_eq!(ids, whole.ids());
}
