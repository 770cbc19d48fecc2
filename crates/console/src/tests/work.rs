//! The work lists.

use continuity_auth::Scope;
use http::StatusCode;

use super::bench::Bench;
use super::loans_stub::{Answers, api, reader};

const PATH: &str = "/console/work";
const TASKS: &str = r#"{"workItems":[{"loanRequestId":"L1","reference":"HO-1","status":"BID","team":"North","overdue":true,
    "dueAt":"2026-11-20T10:00:00Z","task":{"id":"t","title":"<script>alert(1)</script>","assignee":{"kind":"CLIENT"}}}],
    "until":"2026-12-06T18:00:00.000Z","pagination":{"limit":50,"hasMore":true,"nextCursor":"c"}}"#;
const DEEDS: &str = r#"{"workItems":[{"loanRequestId":"L2","overdue":false,"dueAt":"2026-12-02"}],
    "until":"2026-12-06T18:00:00.000Z","pagination":{"limit":50,"hasMore":false,"nextCursor":null}}"#;
const NONE: &str = r#"{"workItems":[],"until":"2026-12-06T18:00:00.000Z","pagination":{"limit":50,"hasMore":false,"nextCursor":null}}"#;
const WAITING: &str = r#"{"unansweredMessages":[{"loanRequestId":"L 1","reference":"HO-1","status":"BID","team":"North",
    "assignedAgent":{"displayName":"Ann"},"guildId":"g/1","channel":{"id":"c?","name":"<b>Legal</b>","kind":"LEGAL",
    "archivedAt":"2026-11-21T10:00:00Z"},"waitingSince":"2026-11-20T10:00:00Z","message":{"id":"m","seq":3,
    "author":{"displayName":"<script>alert(1)</script>","role":"client"}}},
    {"loanRequestId":"L2","guildId":"g","channel":{"id":"c2"},"message":{"id":"m","author":{"id":"u9","role":"client"}}}],
    "pagination":{"limit":50,"hasMore":true,"nextCursor":"c"}}"#;
const NOBODY: &str = r#"{"unansweredMessages":[],"pagination":{"limit":50,"hasMore":false,"nextCursor":null}}"#;
const BAD_CURSOR: &str = r#"{"type":"urn:continuity:problem:bad-cursor","title":"x","detail":"y"}"#;
const BAD: &str = r#"{"type":"urn:continuity:problem:bad-parameter","title":"x","detail":"`within` must be a number"}"#;
const GOOD: Answers = &[
    ("/api/v1/work-list?list=tasks&within=14", 200, TASKS),
    ("/api/v1/work-list?list=tasks&within=x", 400, BAD),
    ("/api/v1/work-list?list=deeds", 200, DEEDS),
    ("/api/v1/work-list?list=promises", 200, NONE),
    ("/api/v1/unanswered-messages?cursor=bad", 400, BAD_CURSOR),
    ("/api/v1/unanswered-messages?cursor=none", 200, NOBODY),
    ("/api/v1/unanswered-messages", 200, WAITING),
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

#[tokio::test]
async fn unanswered_messages_lead_to_their_channels() {
    let (api, _) = api(GOOD);
    let bench = Bench::with_api(api);
    let mut browser = bench.signed_in_as(&reader(&bench, &[Scope::LoansRead, Scope::MessagesRead])).await;
    let page = browser.get(&format!("{PATH}?list=messages")).await;
    for text in [
        "Some of the channels in which a client waits",
        "<time datetime=\"2026-11-20T10:00:00Z\">20 Nov 2026, 10:00 UTC</time>",
        "<a href=\"/console/loans/L%201/guilds/g%2F1/channels/c%3F\">&#60;b&#62;Legal",
        "<span class=\"chip off\">Legal</span> <span class=\"chip off\">Archived</span>",
        "&#60;script&#62;alert(1)",
        "<a href=\"/console/loans/L%201\">HO-1</a>",
        "<a href=\"/console/loans/L2/guilds/g/channels/c2\">c2</a>",
        ">not told</td>",
        ">u9</td>",
        "href=\"/console/work?list=messages&#38;cursor=c\" rel=\"next\"",
        "<a href=\"/console/work?list=messages\" aria-current=\"page\">Unanswered messages</a>",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    let page = browser.get(&format!("{PATH}?list=messages&cursor=none")).await;
    assert!(
        page.says("The last of the channels")
            && page.says("<a class=\"button other\" href=\"/console/work?list=messages\""),
        "{}",
        page.text
    );
    let page = browser.get(&format!("{PATH}?list=messages&cursor=bad")).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST, "{}", page.text);
}

#[tokio::test]
async fn who_may_not_read_messages_is_not_offered_them() {
    let (api, _) = api(GOOD);
    let way = "href=\"/console/work?list=messages\"";
    for (scopes, offered) in [(&[Scope::LoansRead][..], false), (&[Scope::LoansRead, Scope::MessagesRead], true)] {
        let bench = Bench::with_api(api.clone());
        let mut browser = bench.signed_in_as(&reader(&bench, scopes)).await;
        let page = browser.get(PATH).await;
        assert_eq!(page.says(way), offered, "{scopes:?}");
    }
}
