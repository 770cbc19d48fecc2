//! Files of a loan: what a browser gets of them, and what it may do with them.

use continuity_auth::ScopeSet;
use http::StatusCode;

use super::bench::Bench;
use super::parts_stub::{BYTES, api, reader};

#[tokio::test]
async fn a_download_is_the_reply_of_the_api() {
    let bench = Bench::with_api(api());
    let mut browser = bench.signed_in_as(&reader(&bench, ScopeSet::all())).await;
    for path in ["/console/loans/x/documents/here/file", "/console/loans/x/tasks/t/items/i/file?asOf=7"] {
        let (status, headers, bytes) = browser.bytes(path, &[], None).await;
        assert_eq!((status, bytes.unwrap().as_ref()), (StatusCode::OK, BYTES));
        assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        assert_eq!(
            (&headers["cache-control"], &headers["cross-origin-resource-policy"]),
            (&"no-store".parse().unwrap(), &"same-origin".parse().unwrap())
        );
    }
    let (status, headers, _) =
        browser.bytes("/console/loans/x/documents/here/file", &[("range", "bytes=1-2")], None).await;
    assert_eq!((status, headers["x-seen-range"].to_str().unwrap()), (StatusCode::PARTIAL_CONTENT, "bytes=1-2"));
    let page = browser.get("/console/loans/x/documents/gone/file").await;
    assert!(page.status == StatusCode::SERVICE_UNAVAILABLE && page.says("<h1>") && !page.says("<img"), "{}", page.text);
}

#[tokio::test]
async fn what_is_shown_can_do_nothing() {
    let bench = Bench::with_api(api());
    let mut browser = bench.signed_in_as(&reader(&bench, ScopeSet::all())).await;
    for (path, kind) in
        [("documents/here", "application/pdf"), ("documents/secret", "image/png"), ("tasks/t/items/i", "image/jpeg")]
    {
        let (status, headers, _) = browser.bytes(&format!("/console/loans/x/{path}/shown"), &[], None).await;
        let header = |name: &str| headers[name].to_str().unwrap();
        assert_eq!(
            (status, header("content-type"), header("x-content-type-options")),
            (StatusCode::OK, kind, "nosniff")
        );
        assert_eq!(header("content-disposition"), "inline; filename=\"a.pdf\"");
        let policy = header("content-security-policy");
        assert!(
            policy.starts_with("sandbox; default-src 'none'; ") && policy.contains("frame-ancestors 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("allow-") && !policy.contains("script-src"), "{policy}");
    }
    for active in ["page", "drawing"] {
        let (status, headers, _) =
            browser.bytes(&format!("/console/loans/x/documents/{active}/shown"), &[], None).await;
        assert_eq!(
            (status, headers["content-type"].to_str().unwrap()),
            (StatusCode::NOT_FOUND, "text/html; charset=utf-8")
        );
        let page = browser.get(&format!("/console/loans/x/documents/{active}/view")).await;
        assert!(page.says("This type of file is not shown here") && !page.says("<iframe"), "{}", page.text);
    }
}

#[tokio::test]
async fn a_preview_says_beforehand_that_it_is_recorded() {
    let bench = Bench::with_api(api());
    let mut browser = bench.signed_in_as(&reader(&bench, ScopeSet::all())).await;
    let page = browser.get("/console/loans/x/documents/secret/view").await;
    assert!(
        page.says("This read is recorded in your name.")
            && page.says("<iframe sandbox src=\"/console/loans/x/documents/secret/shown\"")
    );
    let page = browser.get("/console/loans/x/documents/here/view?version=1&asOf=9").await;
    assert!(
        !page.says("This read is recorded")
            && page.says("<iframe src=\"/console/loans/x/documents/here/shown?asOf=9&#38;version=1\""),
        "{}",
        page.text
    );
    assert_eq!(browser.get("/console/loans/x/documents/none/view").await.status, StatusCode::NOT_FOUND);
}
