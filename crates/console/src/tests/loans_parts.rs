//! The pages of one loan request.

use continuity_auth::Scope;
use http::StatusCode;

use super::bench::Bench;
use super::loans_stub::{Answers, LOAN, api, reader};

const TASKS: &str = r#"[{"id":"t1","type":"FORM","title":"Employment details","status":"ASSIGNED","assignedAt":"2026-11-20T10:00:00Z",
    "dueAt":"2026-11-30T10:00:00Z","assignee":{"kind":"CLIENT"},"sensitive":true,"items":[]},
    {"id":"t2","type":"FORM","title":"Budget","status":"COMPLETED","assignedAt":"2026-11-20T10:00:00Z","sensitive":false,"items":[]}]"#;
const TASK: &str = r##"{"id":"t2","type":"FORM","title":"Budget","status":"COMPLETED","sensitive":false,
    "formSchema":{"type":"object","required":["net","gone"],"properties":{
        "net":{"type":"number","title":"Net income","description":"In euro"},"gone":{"type":"string"},
        "kind":{"oneOf":[{"const":"A","title":"Employed"},{"const":"B","title":"On her own"}]},
        "when":{"type":"string","format":"date"},"home":{"$ref":"#/$defs/home"},
        "odd":{"anyOf":[{"type":"string"},{"type":"number"}]},
        "children":{"type":"array","items":{"type":"object","properties":{"age":{"type":"integer","title":"Age"}}}}},
        "$defs":{"home":{"type":"object","title":"Home","properties":{"rent":{"type":"number","title":"Rent"}}}}},
    "formData":{"net":0.30,"kind":"B","when":"2026-11-30","home":{"rent":12345678901234567890.10,"loft":true},
        "odd":7,"children":[{"age":3},{"age":5}],"extra":"<script>alert(1)</script>"},
    "items":[{"id":"i1","fileName":"a.pdf","mediaType":"application/pdf","sizeBytes":2755,"blob":{"state":"AVAILABLE"}},
    {"id":"i2","fileName":"\u202eb.doc","mediaType":"application/msword","blob":{"state":"AVAILABLE"}},
    {"id":"i3","fileName":"c.png","mediaType":"image/png","blob":{"state":"PENDING"}}]}"##;
const BIDS: &str = r#"[{"id":"b1","status":"ACCEPTED","requestedAt":"2026-10-26T19:52:01Z","currency":"GBP","quotes":[
    {"id":"q2","revision":2,"status":"ACCEPTED","principalAmount":"466147.00","currency":"GBP","termMonths":300,"ltv":"43.09",
    "periods":[{"order":1,"type":"FIXED","months":36,"rate":"2.73"},{"order":2,"type":"VARIABLE","months":204,"baseRateCode":"BASE","margin":"1.39","cap":"4"}],
    "charges":[],"approvals":[{"layer":1,"approver":{"displayName":"Perla"},"decision":"APPROVED"}]}]}]"#;
const GOOD: Answers = &[
    ("/api/v1/loan-requests/L1/tasks/t2", 200, TASK),
    ("/api/v1/loan-requests/L1/tasks/t1", 200, TASK),
    ("/api/v1/loan-requests/L1/tasks", 200, TASKS),
    ("/api/v1/loan-requests/L1/bid-requests", 200, BIDS),
    ("/api/v1/loan-requests/L1", 200, LOAN),
];

#[tokio::test]
async fn a_loan_is_told_in_words_and_whole() {
    let (api, _) = api(GOOD);
    let bench = Bench::with_api(api);
    let page = bench.signed_in().await.get("/console/loans/L1").await;
    for text in [
        "<h1>HO-2026-000037</h1><span class=\"chip\">Sanction</span>",
        "<dt>Amount asked for</dt><dd>GBP 466,147.00</dd>",
        "<dt>Term</dt><dd>300 months</dd>",
        "<dt>Rate</dt><dd>0.30</dd>",
        "<dt>Address</dt><dd>158 Quarry Lane, XM</dd>",
        "<h2 id=\"participants-1\">Participant: &#60;script&#62;alert(1)",
        "<h2 id=\"promise\">Promise of sale</h2>",
        "<time datetime=\"2026-12-31\">31 Dec 2026</time>",
        "<dt>unheard</dt>",
        "<dd>1.50</dd>",
        "<dd>two</dd>",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says("<script>alert"));
}

#[tokio::test]
async fn an_earlier_point_is_said_loudly_and_kept_on_the_way() {
    let (api, asked) = api(GOOD);
    let bench = Bench::with_api(api);
    let page = bench.signed_in().await.get("/console/loans/L1/bids?asOf=2026-11-01T10%3A00").await;
    assert!(page.says("<strong>As of an earlier point: 1 Nov 2026, 10:00:00 UTC.</strong>"), "{}", page.text);
    assert!(page.says("href=\"/console/loans/L1/tasks?asOf=2026-11-01T10%3A00%3A00Z\""), "{}", page.text);
    assert!(page.says("href=\"/console/loans/L1/changes?from=2026-11-01T10%3A00%3A00Z\""), "{}", page.text);
    let asked = asked.lock().unwrap();
    assert!(asked.iter().all(|path| path.ends_with("?asOf=2026-11-01T10%3A00%3A00Z")) && asked.len() == 2, "{asked:?}");
}

#[tokio::test]
async fn the_checklist_says_what_is_missing() {
    let (api, _) = api(GOOD);
    let bench = Bench::with_api(api);
    let page = bench.signed_in().await.get("/console/loans/L1/checklist").await;
    assert!(page.says("1 of 3 are done. 1 that a stage cannot end without are missing."), "{}", page.text);
    assert!(page.says("Approval <span class=\"chip\">Present stage</span>"), "{}", page.text);
    assert!(page.says("27 Oct 2026, 03:25 UTC") && page.says("<span class=\"chip missing\">Missing</span>"));
}

#[tokio::test]
async fn bids_show_periods_charges_and_approvals() {
    let (api, _) = api(GOOD);
    let bench = Bench::with_api(api);
    let page = bench.signed_in().await.get("/console/loans/L1/bids").await;
    for text in [
        "<h3>Quote, revision 2 <span class=\"chip\">Accepted</span></h3>",
        "<dt>Loan to value</dt><dd>43.09 %</dd>",
        "data-label=\"Margin\">1.39 %</td>",
        "data-label=\"cap\">4</td>",
        "data-label=\"By\">Perla</td>",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says("<h4>Charges</h4>"));
}

#[tokio::test]
async fn a_form_is_shown_with_everything_that_was_filled_in() {
    let (api, _) = api(GOOD);
    let bench = Bench::with_api(api);
    let ann = reader(&bench, &[Scope::LoansRead, Scope::TasksRead]);
    let page = bench.signed_in_as(&ann).await.get("/console/loans/L1/tasks/t2").await;
    for text in [
        "<dt>Net income</dt><dd>0.30<p class=\"hint\">In euro</p></dd>",
        "<dt>gone</dt><dd>not filled in, though it has to be</dd>",
        "<dt>kind</dt><dd>On her own (B)</dd>",
        "<time datetime=\"2026-11-30\">30 Nov 2026</time>",
        "<dt>Rent</dt><dd>12345678901234567890.10</dd>",
        "<dt>loft</dt><dd>yes</dd>",
        "<dt>odd</dt><dd>7<p class=\"hint\">The form says more",
        "<dt>Age</dt><dd>5</dd>",
        "<dt>extra</dt><dd>&#60;script&#62;alert(1)",
        "<summary>As it came</summary>",
        "data-label=\"Bytes\">Here</td>",
    ] {
        assert!(page.says(text), "{text} in {}", page.text);
    }
    assert!(!page.says("<script>alert") && !page.says("was recorded"));
}

#[tokio::test]
async fn files_of_a_task_can_be_had_where_their_bytes_are_here() {
    let (api, _) = api(GOOD);
    let bench = Bench::with_api(api);
    let ann = reader(&bench, &[Scope::LoansRead, Scope::TasksRead]);
    let page = bench.signed_in_as(&ann).await.get("/console/loans/L1/tasks/t2?asOf=7").await;
    let items = "href=\"/console/loans/L1/tasks/t2/items";
    assert!(
        page.says(&format!("{items}/i1/view?asOf=7\" aria-label=\"Preview: a.pdf\">Preview</a> · ")),
        "{}",
        page.text
    );
    assert!(page.says(&format!("{items}/i1/file?asOf=7\" aria-label=\"Download: a.pdf\">Download</a>")));
    assert!(page.says(&format!("{items}/i2/file?asOf=7\" aria-label=\"Download: [U+202E]b.doc\"")), "{}", page.text);
    assert!(!page.says("/i2/view") && !page.says("/items/i3/"), "{}", page.text);
    assert!(!page.says("is recorded in your name"), "{}", page.text);
}

#[tokio::test]
async fn a_sensitive_task_is_opened_by_whoever_read_that_it_is_recorded() {
    let (api, asked) = api(GOOD);
    let bench = Bench::with_api(api);
    let ann = reader(&bench, &[Scope::LoansRead, Scope::TasksRead]);
    let mut browser = bench.signed_in_as(&ann).await;
    let reads = || asked.lock().unwrap().iter().filter(|path| path.ends_with("/tasks/t1")).count();
    let page = browser.get("/console/loans/L1/tasks/t1").await;
    assert!(page.says("this read is recorded in your name") && reads() == 0, "{}", page.text);
    let page = browser.post("/console/loans/L1/tasks/t1", &[]).await;
    assert!(page.says("This read was recorded in your name.") && reads() == 1, "{}", page.text);
    assert!(page.says("a preview or download of it is recorded in your name"), "{}", page.text);
    assert_eq!(browser.get("/console/loans/L1/tasks/t9").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_task_of_a_loan_that_is_gone_by_now_counts_as_sensitive() {
    let (api, _) = api(&[
        ("/api/v1/loan-requests/L1/tasks?asOf=7", 200, TASKS),
        ("/api/v1/loan-requests/L1/tasks/t2?asOf=7", 200, TASK),
        ("/api/v1/loan-requests/L1?asOf=7", 200, r#"{"id":"L1"}"#),
    ]);
    let bench = Bench::with_api(api);
    let mut browser = bench.signed_in_as(&reader(&bench, &[Scope::LoansRead, Scope::TasksRead])).await;
    let path = "/console/loans/L1/tasks/t2?asOf=7";
    let page = browser.get(path).await;
    assert!(page.status == StatusCode::OK && page.says("this read is recorded in your name"), "{}", page.text);
    assert!(browser.post(path, &[]).await.says("This read was recorded in your name."));
}

#[tokio::test]
async fn tabs_and_tasks_are_for_whoever_has_the_scope() {
    let (api, _) = api(GOOD);
    let bench = Bench::with_api(api);
    let page = bench.signed_in().await.get("/console/loans/L1/tasks").await;
    assert!(page.says("<strong>Employment details</strong>") && !page.says("/tasks/t1\""), "{}", page.text);
    assert!(page.says("Due <time datetime=\"2026-11-30T10:00:00Z\">"), "{}", page.text);
}

#[tokio::test]
async fn what_is_not_shown_is_explained() {
    for (code, status, says) in [
        ("as-of-untold", 404, "does not know that far back"),
        ("as-of-erased", 410, "A person’s data was erased"),
        ("position-ahead", 409, "That point is still to come"),
        ("loan-purged", 410, "erased for good"),
        ("not-found", 404, "There was no such loan request"),
    ] {
        let text: &str = format!(r#"{{"type":"urn:continuity:problem:{code}","title":"x","detail":"y"}}"#).leak();
        let (api, _) = api(Box::leak(Box::new([("/api/v1/", status, text)])));
        let bench = Bench::with_api(api);
        let page = bench.signed_in().await.get("/console/loans/L1?asOf=7").await;
        assert_eq!(page.status.as_u16(), status);
        let says = if code == "not-found" { "It was not there yet" } else { says };
        assert!(page.says(says), "{code}: {}", page.text);
        assert_eq!(page.says("href=\"/console/loans/L1\""), code != "loan-purged", "{code}: {}", page.text);
    }
}
