//! A dossier: whole, checkable, and harmless; or none.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use continuity_auth::{Account, ScopeSet};
use http::StatusCode;

use super::bench::{Bench, Browser, ISSUER, Reply};
use super::parts_stub::{BYTES, api, reader};

const PATH: &str = "/console/loans/x/dossier";

async fn made(browser: &mut Browser<'_>, form: &str) -> Reply {
    browser.get(PATH).await;
    let form = format!("token={}&{form}", browser.token);
    browser.bytes(PATH, &[("origin", ISSUER)], Some(&form)).await
}

/// Unpacks it with a program of somebody else, and checks it with another.
fn unpacked(bytes: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let zip = dir.path().join("dossier.zip");
    std::fs::write(&zip, bytes).unwrap();
    let to = dir.path().join("out");
    let unzip =
        "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; z.extractall(sys.argv[2])";
    run(Command::new("python3").args(["-c", unzip]).arg(zip).arg(&to));
    run(Command::new("sha256sum").args(["-c", "--strict", "--quiet", "SHA256SUMS"]).current_dir(&to));
    dir
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn names(dir: &Path) -> Vec<String> {
    let entries =
        std::fs::read_dir(dir).map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
    let mut names: Vec<String> = entries.map(Iterator::collect).unwrap_or_default();
    names.sort();
    names
}

/// The note in it.
pub(super) fn readme(bytes: &[u8]) -> String {
    text(&unpacked(bytes).path().join("out"), "README.txt")
}

fn text(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join(name)).unwrap()
}

fn bench_and_reader(api: Router) -> (Bench, Account) {
    let bench = Bench::with_api(api);
    let account = reader(&bench, ScopeSet::all());
    (bench, account)
}

#[tokio::test]
async fn it_holds_everything_and_its_hashes_are_right() {
    let (bench, account) = bench_and_reader(api());
    let mut browser = bench.signed_in_as(&account).await;
    let (status, headers, bytes) = made(&mut browser, "sensitive=yes").await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (StatusCode::OK, "application/zip"));
    let dir = unpacked(&bytes.unwrap());
    let out = dir.path().join("out");
    assert_eq!(
        names(&out),
        ["README.txt", "SHA256SUMS", "attachments", "audit.json", "data", "documents", "index.html"]
    );
    let documents = names(&out.join("documents"));
    assert_eq!(documents.len(), 4, "{documents:?}");
    assert!(
        documents[0].starts_with("0002-img src x onerror alert(1)") && documents[0].contains(".pdf"),
        "{documents:?}"
    );
    assert_eq!(std::fs::read(out.join("documents").join(&documents[0])).unwrap(), BYTES);
    assert!(text(&out, "data/tasks/0002-t2.json").contains("told in confidence"));
    assert!(text(&out, "README.txt").contains("data/documents.json names the others"));
    assert!(text(&out, "data/worksheets/0001-w.json").contains("1.50"), "to the byte");
    assert!(text(&out, "data/messages/0001-0001.json").contains("\"seq\":7"));
    let sums = text(&out, "SHA256SUMS");
    assert_eq!(sums.lines().count(), 4 + 1 + 3 + 13, "{sums}");
}

#[tokio::test]
async fn it_says_of_when_it_is_and_what_is_missing() {
    let (bench, account) = bench_and_reader(api());
    let mut browser = bench.signed_in_as(&account).await;
    let (_, _, bytes) = made(&mut browser, "").await;
    let dir = unpacked(&bytes.unwrap());
    let out = dir.path().join("out");
    let (readme, index) = (text(&out, "README.txt"), text(&out, "index.html"));
    for said in [
        "22 Nov 2026, 17:59 UTC, log position 4711",
        "reader@bank.example",
        "on 22 Nov 2026, 18:00 UTC",
        "NOT KNOWN TO BE COMPLETE",
        "It is blob-not-synced",
        "(sensitive, and not asked for)",
    ] {
        assert!(readme.contains(said) && index.contains(said), "{said} in {readme}");
    }
    assert!(readme.contains("The others are not named either"), "{readme}");
    assert_eq!(names(&out.join("documents")).len(), 3, "without the sensitive one");
    assert!(!index.contains("told in confidence") && !out.join("data/tasks").exists());
    for harm in ["<img", "<script", "\u{202e}", "href=\"javascript", "http://", "https://"] {
        assert!(!index.contains(harm), "{harm}");
    }
    assert!(
        index.contains("default-src 'none'; style-src 'sha256-") && index.contains("href=\"documents/0002-img%20src")
    );
}

#[tokio::test]
async fn what_may_not_be_read_is_named() {
    let bench = Bench::with_api(api());
    let mut browser = bench.signed_in_as(&reader(&bench, ScopeSet::EMPTY)).await;
    let page = browser.get(PATH).await;
    assert!(page.says("Left out: your account may not read it") && page.says("<li>Audit log</li>"), "{}", page.text);
    assert!(!page.says("<dt>Documents</dt>") && page.says("in your name"));
}

#[tokio::test]
async fn one_that_fails_in_the_middle_is_no_file() {
    let failing = async || (StatusCode::INTERNAL_SERVER_ERROR, r#"{"type":"urn:continuity:problem:internal-error"}"#);
    for path in ["/api/v1/loan-requests/x/audit-log", "/api/v1/loan-requests/x/documents/here/download"] {
        let (bench, account) = bench_and_reader(api().route(path, axum::routing::get(failing)));
        let mut browser = bench.signed_in_as(&account).await;
        let (status, _, bytes) = made(&mut browser, "").await;
        assert!(status == StatusCode::OK && bytes.is_err(), "{path}");
    }
}

#[tokio::test]
async fn an_api_that_is_too_busy_is_asked_again() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    let busy = async move || match count.fetch_add(1, Ordering::SeqCst) {
        0 => (StatusCode::TOO_MANY_REQUESTS, r#"{"type":"urn:continuity:problem:rate-limited"}"#),
        _ => (StatusCode::OK, "[]"),
    };
    let path = "/api/v1/loan-requests/x/audit-log";
    let (bench, account) = bench_and_reader(api().route(path, axum::routing::get(busy)));
    let mut browser = bench.signed_in_as(&account).await;
    let (status, _, bytes) = made(&mut browser, "").await;
    assert!(status == StatusCode::OK && bytes.is_ok());
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn bytes_that_are_not_those_of_their_tag_break_it_off() {
    let wrong = async || ([("etag", "\"00\""), ("content-type", "image/png")], "x");
    let path = "/api/v1/loan-requests/x/documents/here/download";
    let (bench, account) = bench_and_reader(api().route(path, axum::routing::get(wrong)));
    let mut browser = bench.signed_in_as(&account).await;
    assert!(made(&mut browser, "").await.2.is_err());
}

#[tokio::test]
async fn one_that_would_be_too_large_is_not_begun() {
    let huge = async || r#"[{"id":"a","sizeBytes":3000000000}]"#;
    let (bench, account) = bench_and_reader(api().route("/api/v1/loan-requests/x/documents", axum::routing::get(huge)));
    let mut browser = bench.signed_in_as(&account).await;
    let page = browser.get(PATH).await;
    assert!(
        page.status == StatusCode::PAYLOAD_TOO_LARGE && page.says("3.0 GB together") && !page.says("Make and download")
    );
    let token = browser.token.clone();
    let (status, headers, _) = browser.bytes(PATH, &[("origin", ISSUER)], Some(&format!("token={token}"))).await;
    assert_eq!(
        (status, headers["content-type"].to_str().unwrap()),
        (StatusCode::PAYLOAD_TOO_LARGE, "text/html; charset=utf-8")
    );
}
