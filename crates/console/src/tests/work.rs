//! The work lists.

use http::StatusCode;

use super::bench::Bench;
use super::loans_stub::{Answers, api};

const PATH: &str = "/console/work";
const TASKS: &str = r#"{"workItems":[{"loanRequestId":"L1","reference":"HO-1","status":"BID","team":"North","overdue":true,
    "dueAt":"2026-11-20T10:00:00Z","task":{"id":"t","title":"<script>alert(1)</script>","assignee":{"kind":"CLIENT"}}}],
    "until":"2026-12-06T18:00:00.000Z","pagination":{"limit":50,"hasMore":true,"nextCursor":"c"}}"#;
const DEEDS: &str = r#"{"workItems":[{"loanRequestId":"L2","overdue":false,"dueAt":"2026-12-02"}],
    "until":"2026-12-06T18:00:00.000Z","pagination":{"limit":50,"hasMore":false,"nextCursor":null}}"#;
const NONE: &str = r#"{"workItems":[],"until":"2026-12-06T18:00:00.000Z","pagination":{"limit":50,"hasMore":false,"nextCursor":null}}"#;
const BAD: &str = r#"{"type":"urn:continuity:problem:bad-parameter","title":"x","detail":"`within` must be a number"}"#;
const GOOD: Answers = &[
    ("/api/v1/work-list?list=tasks&within=14", 200, TASKS),
    ("/api/v1/work-list?list=tasks&within=x", 400, BAD),
    ("/api/v1/work-list?list=deeds", 200, DEEDS),
    ("/api/v1/work-list?list=promises", 200, NONE),
];

#[tokio::test]
async fn lists_say_what_is_due_and_whether_that_is_all() {
    let (api, _) = api(GOOD);
    let bench = Bench::with_api(api);
    let mut browser = bench.signed_in().await;
    let page = browser.get(PATH).await;
    for text in [
        "A part of what is due until 6 Dec 2026, 18:00 UTC: there is more on the next page.",
        "<span class=\"chip missing\">overdue</span>",
        "<a href=\"/console/loans/L1/tasks\">HO-1</a>",
        "&#60;script&#62;alert(1)",
        "href=\"/console/work?list=tasks&#38;within=14&#38;cursor=c\" rel=\"next\"",
        "href=\"/console/work\" aria-current=\"page\"",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    let page = browser.get(&format!("{PATH}?list=deeds&within=7")).await;
    assert!(
        page.says("Everything that is due until") && page.says("<a href=\"/console/loans/L2\">L2</a>"),
        "{}",
        page.text
    );
    assert!(page.says("2 Dec 2026") && !page.says("overdue"));
    let page = browser.get(&format!("{PATH}?list=promises")).await;
    assert!(page.says("Nothing is due until") && page.says("which does not mean that none expires"), "{}", page.text);
    let page = browser.get(&format!("{PATH}?within=x")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(page.says("id=\"within-fault\">Write a number of days"), "{}", page.text);
}
