//! Filters and fields of every list, as its documentation has them.

use std::sync::LazyLock;

use http::StatusCode;
use serde_json::{Value, json};

use super::harness::{Answer, Feed, Replica};

static FILTERED: LazyLock<Replica> = LazyLock::new(|| Replica::of(feed()));

/// Two loans in every respect different, and a loan with two of everything.
fn feed() -> Feed {
    let mut feed = Feed::default();
    let loan = |n: u32, stage: &str, amount: &str| {
        format!(
            "\"reference\":\"PE-{n}\",\"status\":\"BID\",\"stage\":\"{stage}\",\"currency\":\"EUR\",\"team\":\"t{n}\",\
             \"requestedAmount\":{amount},\"product\":{{\"code\":\"P{n}\"}},\"assignedAgent\":{{\"id\":\"u{n}\"}},\
             \"createdAt\":\"2026-01-0{n}T10:00:00+01:00\",\"updatedAt\":\"2026-02-0{n}T00:00:00Z\""
        )
    };
    feed.loan("A", &loan(1, "Bidding", "\"250000.50\"")).loan("B", &loan(2, "Approval", "1e6"));
    let mut put = |entity: &str, id: &str, parent: &str, rest: &str| {
        feed.put("A", entity, id, parent, &format!("{{\"id\":\"{id}\",{rest}}}"));
    };
    put(
        "task",
        "t1",
        "",
        "\"type\":\"UPLOAD\",\"status\":\"ASSIGNED\",\"assignee\":{\"kind\":\"CLIENT\"},\"dueAt\":\"2026-01-05T00:00:00Z\"",
    );
    put(
        "task",
        "t2",
        "",
        "\"type\":\"FORM\",\"status\":\"COMPLETED\",\"assignee\":{\"kind\":\"LEGAL\"},\"sensitive\":true",
    );
    put("bidRequest", "b1", "", "\"status\":\"OPEN\",\"requestedAt\":\"2026-01-01T00:00:00Z\"");
    put("bidRequest", "b2", "", "\"status\":\"QUOTED\",\"requestedAt\":\"2026-01-02T00:00:00Z\"");
    put("bidQuote", "q1", "{\"bidRequestId\":\"b1\"}", "\"status\":\"DRAFT\",\"revision\":1");
    put("bidQuote", "q2", "{\"bidRequestId\":\"b1\"}", "\"status\":\"PUBLISHED\",\"revision\":2");
    put(
        "analysis",
        "a1",
        "",
        "\"type\":\"CREDIT\",\"status\":\"done\",\"scope\":\"PARTICIPANT\",\"participantId\":\"p1\"",
    );
    put("analysis", "a2", "", "\"type\":\"CUSTOM\",\"status\":\"failed\",\"scope\":\"LOAN_REQUEST\"");
    put("space", "s1", "", "\"order\":1");
    put(
        "document",
        "d1",
        "",
        "\"spaceId\":\"s1\",\"name\":\"Payslip JÄN\",\"category\":\"INCOME\",\"status\":\"ACCEPTED\",\"uploadedAt\":\"2026-01-31T23:30:00Z\"",
    );
    put(
        "document",
        "d2",
        "",
        "\"name\":\"Deed\",\"category\":\"OTHER\",\"status\":\"REJECTED\",\"uploadedAt\":\"2026-02-01T00:00:00Z\"",
    );
    put("comment", "k1", "", "\"target\":{\"type\":\"DOCUMENT\",\"id\":\"d1\"}");
    put("comment", "k2", "", "\"target\":{\"type\":\"TASK\",\"id\":\"t1\"}");
    put("view", "v1", "", "\"order\":1,\"status\":\"completed\"");
    put("view", "v2", "", "\"order\":2,\"status\":\"failed\"");
    put("worksheet", "w1", "", "\"status\":\"DRAFT\",\"updatedAt\":\"2026-01-01T00:00:00Z\"");
    put("worksheet", "w2", "", "\"status\":\"FINAL\",\"updatedAt\":\"2026-01-02T00:00:00Z\"");
    feed
}

async fn get(path: &str) -> Answer {
    let answer = FILTERED.get(&format!("/api/v1/loan-requests{path}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
    answer
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn loan_requests_are_filtered() {
    let cases: [(&str, &[&str]); 25] = [
        ("stage=Bidding", &["A"]),
        ("stage=Bidding,Approval", &["B", "A"]),
        ("productCode=P2&stage=Approval", &["B"]),
        ("productCode=P2&stage=Bidding", &[]),
        ("assignedAgentId=u1", &["A"]),
        ("team=t2", &["B"]),
        ("currency=EUR", &["B", "A"]),
        ("currency=CHF", &[]),
        ("reference=PE-1&reference=PE-9", &["A"]),
        ("createdFrom=2026-01-02T09:00:00Z", &["B"]),
        ("createdFrom=2026-01-02T10:00:00+01:00", &["B"]),
        ("createdFrom=2026-01-02T10:00:00%2B01:00", &["B"]),
        ("createdTo=2026-01-01", &["A"]),
        ("createdFrom=2026-01-01&createdTo=2026-01-02", &["B", "A"]),
        ("updatedSince=2026-02-02", &["B"]),
        ("updatedBefore=2026-02-02", &["A"]),
        ("amountMin=250000.5", &["B", "A"]),
        ("amountMin=250000.51", &["B"]),
        ("amountMax=2.5e5", &[]),
        ("amountMax=999999.99&status=BID", &["A"]),
        ("hasOpenTasks=true", &["A"]),
        ("hasOpenTasks=false&currency=EUR", &["B"]),
        ("hasOpenTasks=true&sortBy=position&sortOrder=DESC", &["A"]),
        ("sortBy=position&sortOrder=ASC&stage=Approval", &["B"]),
        ("stage=Bidding,Approval&offset=1", &["A"]),
    ];
    for (query, expected) in cases {
        let answer = get(&format!("?{query}")).await;
        assert_eq!(answer.ids(), expected, "{query}");
        let total = &answer.json()["pagination"]["total"];
        let skipped = usize::from(query.ends_with("offset=1"));
        assert_eq!(total, expected.len() + skipped, "{query}");
    }
}

#[tokio::test]
async fn nested_lists_are_filtered() {
    let cases: [(&str, &[&str]); 29] = [
        ("tasks?status=ASSIGNED", &["t1"]),
        ("tasks?type=FORM,UPLOAD&status[]=COMPLETED", &["t2"]),
        ("tasks?assigneeKind=CLIENT", &["t1"]),
        ("tasks?sensitive=true", &["t2"]),
        ("tasks?sensitive=false", &["t1"]),
        ("tasks?dueBefore=2026-01-05T00:00:00.001Z", &["t1"]),
        ("tasks?dueBefore=2026-01-05", &[]),
        ("bid-requests?status=QUOTED", &["b2"]),
        ("bid-requests?quoteStatus=PUBLISHED", &["b1"]),
        ("analysis?type=CREDIT", &["a1"]),
        ("analysis?status=failed", &["a2"]),
        ("analysis?scope=LOAN_REQUEST", &["a2"]),
        ("analysis?participantId=p1", &["a1"]),
        ("documents?spaceId=s1", &["d1"]),
        ("documents?category=OTHER", &["d2"]),
        ("documents?status=ACCEPTED", &["d1"]),
        ("documents?name=j%C3%A4n", &["d1"]),
        ("documents?uploadedFrom=2026-02-01", &["d2"]),
        ("documents?uploadedTo=2026-01-31", &["d1"]),
        ("spaces/s1/documents?name=deed", &[]),
        ("spaces/s1/documents?category=INCOME", &["d1"]),
        ("comments?targetType=TASK", &["k2"]),
        ("comments?targetId=d1", &["k1"]),
        ("comments?targetType=TASK&targetId=d1", &[]),
        ("views?status=failed", &["v2"]),
        ("worksheets?status=FINAL", &["w2"]),
        ("audit-log?action=NO_SUCH", &[]),
        ("audit-log?from=2100-01-01", &[]),
        ("audit-log?to=2000-01-01", &[]),
    ];
    for (path, expected) in cases {
        let answer = get(&format!("/A/{path}")).await;
        assert_eq!(ids(&answer.json()), expected, "{path}");
    }
    let all = get("/A/audit-log").await;
    let of_tasks = get("/A/audit-log?targetType=TASK&limit=1").await;
    assert_eq!(of_tasks.header("x-total-count"), "2");
    assert!(all.json().as_array().unwrap().len() > 10);
}

#[tokio::test]
async fn pages_keep_the_filter() {
    let first = get("/A/documents?status=ACCEPTED,REJECTED&limit=1").await;
    assert_eq!((ids(&first.json()), first.header("x-total-count")), (vec!["d2"], "2"));
    let link = first.header("link").to_owned();
    let next = link.strip_prefix('<').and_then(|rest| rest.split('>').next()).unwrap();
    assert!(next.contains("status=ACCEPTED&status=REJECTED&limit=1&cursor="), "{next}");
    let second = FILTERED.get(next).await;
    assert_eq!((ids(&second.json()), second.header("link")), (vec!["d1"], ""));
    let cursor = first.header("x-next-cursor");
    let other = FILTERED.get(&format!("/api/v1/loan-requests/A/documents?limit=1&cursor={cursor}")).await;
    assert_eq!(other.problem(), "cursor-mismatch", "a cursor belongs to its filter");
}

#[tokio::test]
async fn fields_select_members() {
    let answer = get("/A/documents?fields=id,status&fields=nothing").await;
    assert_eq!(answer.json(), json!([{"id": "d2", "status": "REJECTED"}, {"id": "d1", "status": "ACCEPTED"}]));
    let list = get("?fields[]=reference&stage=Bidding").await;
    assert_eq!(list.json()["loanRequests"], json!([{"reference": "PE-1"}]));
    assert_eq!(list.json()["pagination"]["total"], 1);
    assert_eq!(get("/A?fields=currency,id").await.text(), "{\"id\":\"A\",\"currency\":\"EUR\"}");
    assert_eq!(get("/A/tasks/t1?fields=type").await.text(), "{\"type\":\"UPLOAD\"}");
    assert_eq!(get("/A/worksheets/w1?fields=status").await.text(), "{\"status\":\"DRAFT\"}");
    let tags = [get("/A/documents").await, answer].map(|answer| answer.header("etag").to_owned());
    assert_ne!(tags[0], tags[1]);
}

#[tokio::test]
async fn polling_by_position_gives_what_changed() {
    let all = get("?sortBy=position&sortOrder=ASC").await;
    assert_eq!(all.ids(), ["B", "A"]);
    let changed = get("?sortBy=position&sortOrder=ASC&changedSince=2").await;
    assert_eq!((changed.ids(), &changed.json()["pagination"]["total"]), (vec!["A".to_owned()], &json!(1)));
    let end = all.header("x-replica-position");
    assert!(get(&format!("?sortBy=position&sortOrder=ASC&changedSince={end}")).await.ids().is_empty());
    let refused = FILTERED.get("/api/v1/loan-requests?changedSince=2").await;
    assert_eq!(refused.json()["detail"], "`changedSince` needs `sortBy=position` and `sortOrder=ASC`.");
}

#[tokio::test]
async fn unusable_filters_are_refused() {
    let cases = [
        (
            "?createdFrom=yesterday",
            "`createdFrom` must be a date (2026-01-31, in UTC) or an RFC 3339 time (2026-01-31T08:00:00Z).",
        ),
        (
            "?createdTo=2026-02-30",
            "`createdTo` must be a date (2026-01-31, in UTC) or an RFC 3339 time (2026-01-31T08:00:00Z).",
        ),
        ("?amountMin=much", "`amountMin` must be a decimal number such as 250000.50."),
        ("?amountMin=1&amountMin=2", "`amountMin` is given more than once."),
        ("?changedSince=-1", "`changedSince` must be a whole number from 0 to 9007199254740991."),
        ("/A/tasks?sensitive=1", "`sensitive` must be true or false."),
        ("/A/documents?name=", "`name` must be a text that is not empty."),
        ("?q=,;", "`q` must be one to 8 words of 200 characters together at most."),
        ("?q=a+b+c+d+e+f+g+h+i", "`q` must be one to 8 words of 200 characters together at most."),
    ];
    for (path, detail) in cases {
        let answer = FILTERED.get(&format!("/api/v1/loan-requests{path}")).await;
        assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::BAD_REQUEST, "bad-parameter"), "{path}");
        assert_eq!(answer.json()["detail"], detail);
    }
    let answer = FILTERED.get("/api/v1/loan-requests/A/views?type=x").await;
    assert_eq!(answer.problem(), "unknown-parameter");
}
