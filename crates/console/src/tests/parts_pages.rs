//! The parts of a loan, as a browser sees them.

use continuity_auth::{Scope, ScopeSet};
use http::StatusCode;

use super::bench::{Bench, Browser};
use super::parts_stub::{api, reader};

const PAGES: [&str; 11] = [
    "documents",
    "documents/here/view",
    "tasks/t/items/i/view",
    "guilds",
    "guilds/g/channels/c",
    "comments",
    "views",
    "worksheets",
    "worksheets/w",
    "analysis",
    "timeline",
];

async fn signed_in(bench: &Bench, scopes: ScopeSet) -> Browser<'_> {
    bench.signed_in_as(&reader(bench, scopes)).await
}

#[tokio::test]
async fn hostile_texts_are_text_on_every_page() {
    let bench = Bench::with_api(api());
    let mut browser = signed_in(&bench, ScopeSet::all()).await;
    for end in PAGES.into_iter().chain(["dossier"]) {
        let page = browser.get(&format!("/console/loans/x/{end}?asOf=%3Cimg%3E&status=%22%3E%3Cscript%3E")).await;
        assert_eq!(page.status, StatusCode::OK, "{end}: {}", page.text);
        for harm in
            ["<img", "<script>", "<b>", "<i>", "<u>", "\u{202e}", "href=\"javascript", " style=", "onerror=alert(1)>"]
        {
            assert!(!page.says(harm), "{end} has {harm}");
        }
        assert!(page.says("&#60;img"), "{end} shows what there is");
        assert!(page.says("log position 4711") && page.says("class=\"stamp"), "{end} is stamped");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert_eq!(policy.contains("frame-src 'self'"), end.ends_with("/view"), "{end}: {policy}");
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{end}: {policy}");
    }
}

#[tokio::test]
async fn tabs_are_those_that_the_account_may_read() {
    let bench = Bench::with_api(api());
    let mut browser = signed_in(&bench, ScopeSet::EMPTY.with(Scope::MessagesRead)).await;
    let page = browser.get("/console/loans/x/guilds").await;
    for (tab, is_there) in [
        ("guilds", true),
        ("comments", true),
        ("dossier", true),
        ("documents", false),
        ("analysis", false),
        ("timeline", false),
    ] {
        assert_eq!(page.says(&format!("href=\"/console/loans/x/{tab}\"")), is_there, "{tab}");
    }
    assert!(bench.browser().get("/console/loans/x/guilds").await.to().starts_with("/console/sign-in"));
}

#[tokio::test]
async fn documents_say_how_their_files_are() {
    let bench = Bench::with_api(api());
    let mut browser = signed_in(&bench, ScopeSet::all()).await;
    let page = browser.get("/console/loans/x/documents?asOf=12&category=A%26B").await;
    assert!(page.says("Still on its way to this replica") && page.says("is recorded in your name"));
    assert!(page.says("/console/loans/x/documents/here/file?asOf=12\""), "{}", page.text);
    assert!(page.says("/console/loans/x/documents/secret/view?asOf=12\""));
    for none in ["documents/gone/file?asOf=12\"", "documents/page/view", "documents/drawing/view"] {
        assert!(!page.says(none), "{none}");
    }
    assert!(
        page.says("?asOf=12&#38;category=A%26B&#38;cursor=next%3C%26%22\" rel=\"next\">Next page"),
        "{}",
        page.text
    );
    assert!(page.says("5 in all") && page.says("Show all"));
}

#[tokio::test]
async fn messages_stand_in_their_order_and_lead_on() {
    let bench = Bench::with_api(api());
    let mut browser = signed_in(&bench, ScopeSet::all()).await;
    let page = browser.get("/console/loans/x/guilds/g/channels/c").await;
    let at = |id: &str| page.text.find(&format!("id=\"{id}\"")).unwrap();
    assert!(at("m7") < at("m8") && at("m8") < at("m9"));
    assert!(page.says("?before=7\">Older") && !page.says(">Newer"), "{}", page.text);
    assert!(page.says("Deleted by") && page.says("href=\"#m7\""));
    let page = browser.get("/console/loans/x/guilds/g/channels/c?before=100").await;
    assert!(page.says("?after=9\">Newer"), "{}", page.text);
}

#[tokio::test]
async fn values_are_shown_by_their_type_and_numbers_as_they_are_written() {
    let bench = Bench::with_api(api());
    let mut browser = signed_in(&bench, ScopeSet::all()).await;
    let page = browser.get("/console/loans/x/views").await;
    assert!(page.says("<td class=\"number\">206072.00</td>") && page.says(">30 Nov 2026</time>"), "{}", page.text);
    let page = browser.get("/console/loans/x/worksheets/w").await;
    assert!(page.says("<td class=\"number\">1.50") && page.says("<th scope=\"row\">9</th>"), "{}", page.text);
    assert!(page.says("<th scope=\"col\">C</th>") && !page.says("<th scope=\"col\">B</th>"));
    let csv = browser.get("/console/loans/x/worksheets/w/csv?sheet=0").await;
    assert_eq!(csv.text, "ref,value,formula\r\nA1,1.50,'=<i>\r\nC9,<img src=x>,\r\n<u>,2,\r\n");
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(
        browser.get("/console/loans/x/worksheets/w?sheet=1").await.text.matches("This sheet is empty").count(),
        1
    );
    assert_eq!(browser.get("/console/loans/x/worksheets/none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_timeline_says_who_recorded_what() {
    let bench = Bench::with_api(api());
    let mut browser = signed_in(&bench, ScopeSet::all()).await;
    let page = browser.get("/console/loans/x/timeline?from=2026-01-01").await;
    assert!(page.says("This replica</span>") && page.says("Platform</span>") && page.says("3 times until"));
    assert!(page.says("<del>&#60;img") && page.says("value=\"2026-01-01\""), "{}", page.text);
}
