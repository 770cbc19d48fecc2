//! Quarantined events, who may look into them, and who may do something at all.

use continuity_auth::{Role, ScopeSet};
use http::StatusCode;

use super::guard::POSTS;
use super::operations::{EVIL, SECRET, bench, operator};
use crate::orders::Order;

const PATH: &str = "/console/operations/quarantine";
const PAGES: [&str; 11] = [
    "/console/operations",
    "/console/operations/completeness",
    "/console/operations/read-models",
    "/console/operations/read-models/loans",
    PATH,
    "/console/operations/quarantine/7",
    "/console/operations/blobs",
    "/console/operations/log",
    "/console/operations/backups",
    "/console/settings/webhooks",
    "/console/settings/configuration",
];

#[tokio::test]
async fn quarantined_events_are_listed_fifty_at_a_time_with_what_can_be_done() {
    let (bench, stub) = bench();
    let joe = operator(&bench, "joe@bank.example", ScopeSet::EMPTY);
    let mut browser = bench.signed_in_as(&joe).await;
    let page = browser.get(PATH).await;
    assert!(page.says("Its data are no good") && page.says("after=50\"") && page.says("loan-9"), "{}", page.text);
    assert!(browser.get(&format!("{PATH}?after=50")).await.says("/quarantine/51\""));
    assert!(browser.get(&format!("{PATH}?loan=loan-9")).await.says("value=\"loan-9\""));
    let resync = format!("{PATH}/resync");
    let page = browser.post(&resync, &[("loan", ""), ("reason", "x")]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("loan-fault"), "{}", page.text);
    browser.post(&resync, &[("loan", "loan-9"), ("reason", "parked")]).await.to();
    let retry = format!("{PATH}/7/retry");
    assert_eq!(browser.post(&retry, &[("reason", "")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(browser.post(&retry, &[("reason", "new version")]).await.to().ends_with("done=taken"));
    *stub.refuses.lock() = Some("it cannot be taken in now either".to_owned());
    let page = browser.post(&retry, &[("reason", "again")]).await;
    assert!(page.status == StatusCode::CONFLICT && page.says("It cannot be taken in now either."), "{}", page.text);
    *stub.refuses.lock() = None;
    let dismiss = format!("{PATH}/7/dismiss");
    let page = browser.post(&dismiss, &[("reason", "settled"), ("confirm", "8")]).await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("confirm-fault"), "{}", page.text);
    assert!(browser.post(&dismiss, &[("reason", "settled"), ("confirm", "7")]).await.to().ends_with("done=dismissed"));
    bench.later(11 * 60);
    browser.get(PATH).await;
    assert!(browser.post(&dismiss, &[("reason", "x"), ("confirm", "7")]).await.to().starts_with("/console/confirm"));
    let dismissals = stub.changes().into_iter().filter(|(order, _)| matches!(order, Order::QuarantineDismiss { .. }));
    assert_eq!(dismissals.count(), 1);
    for odd in ["0", "x", "-1", "99999999999999999999"] {
        assert_eq!(browser.get(&format!("{PATH}/{odd}")).await.status, StatusCode::NOT_FOUND, "{odd}");
    }
}

#[tokio::test]
async fn raw_bytes_are_for_people_who_may_read_everything() {
    let (bench, _) = bench();
    let path = format!("{PATH}/7");
    let joe = operator(&bench, "joe@bank.example", ScopeSet::EMPTY);
    let page = bench.signed_in_as(&joe).await.get(&path).await;
    assert!(page.says("shown only to people who may read everything") && !page.says(SECRET), "{}", page.text);
    let ann = operator(&bench, "ann@bank.example", ScopeSet::all());
    let page = bench.signed_in_as(&ann).await.get(&path).await;
    assert!(page.says(SECRET) && page.says("00000000  72 61 77") && !page.says(EVIL), "{}", page.text);
    // The administrator of the bench is limited to a team.
    let mut browser = bench.signed_in().await;
    let page = browser.get(&path).await;
    assert!(!page.says(SECRET) && !page.says("loan-7"), "{}", page.text);
    let page = browser.get(PATH).await;
    assert!(!page.says("loan-7") && !page.says("loan-9") && page.says("none is named here"), "{}", page.text);
}

#[tokio::test]
async fn auditors_look_and_others_do_not() {
    let (bench, stub) = bench();
    let auditor = bench.person("ann@bank.example", &[Role::Auditor]);
    let mut browser = bench.signed_in_as(&auditor).await;
    for path in PAGES {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text);
        let forms = page.text.matches("<form method=\"post\"").count();
        assert_eq!(forms, 0, "{path}: {}", page.text);
        for inline in [" style=", "<style", "<script>", EVIL] {
            assert!(!page.says(inline), "{path} has {inline}");
        }
    }
    let operators = ["/console/operations", "/console/settings/webhooks"];
    let forms: Vec<&str> =
        POSTS.iter().filter(|path| operators.iter().any(|of| path.starts_with(of))).copied().collect();
    assert!(forms.len() > 10, "{forms:?}");
    let fields = [("reason", "x"), ("confirm", "7"), ("name", "loans"), ("loan", "loan-9")];
    for path in forms {
        assert_eq!(browser.post(path, &fields).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(stub.changes().is_empty());
    let others = bench.person("joe@bank.example", &[Role::Developer, Role::Viewer]);
    let mut browser = bench.signed_in_as(&others).await;
    for path in PAGES {
        assert_eq!(browser.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert!(bench.browser().get("/console/operations").await.to().starts_with("/console/sign-in"));
}
