//! The files of a feed. Each case: a reference, the files there are, and what reading it gives.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::{BlobError, direct};

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const MAX: u64 = 64 * 1024;

/// A feed directory with `blobs/bucket/a/hello.txt`, and a secret beside `blobs`.
fn feed() -> (TempDir, Origins) {
    let feed = TempDir::new().unwrap();
    let blobs = feed.path().join("blobs");
    fs::create_dir_all(blobs.join("bucket/a")).unwrap();
    fs::write(blobs.join("bucket/a/hello.txt"), "hello").unwrap();
    fs::write(blobs.join("bucket/a/härte 1.txt"), "hello").unwrap();
    fs::write(feed.path().join("secret"), "hello").unwrap();
    (feed, of(&blobs))
}

fn of(directory: &Path) -> Origins {
    Origins { directory: Some(DirectoryOrigin::new(directory.to_owned())), ..Origins::default() }
}

fn reference(fetch: &str) -> String {
    format!(r#"{{"sha256":"{HELLO}","sizeBytes":5,"mediaType":"text/plain","fileName":"h.txt","fetch":{fetch}}}"#)
}

fn object(bucket: &str, key: &str) -> String {
    let fetch = serde_json::json!({"kind": "OBJECT_STORE", "bucket": bucket, "key": key});
    reference(&fetch.to_string())
}

fn url(url: &str) -> String {
    reference(&serde_json::json!({"kind": "URL", "url": url}).to_string())
}

/// What came out, in one word, so that a case is one line.
fn outcome(result: &Result<Vec<u8>, BlobError>) -> &'static str {
    match result {
        Ok(bytes) if bytes == b"hello" => "hello",
        Ok(_) => "other bytes",
        Err(BlobError::NotSynced(why)) if why.starts_with("it may not be fetched") => "refused",
        Err(BlobError::NotSynced(_)) => "not synced",
        Err(BlobError::Erased) => "erased",
        Err(BlobError::Damaged { .. }) => "damaged",
        Err(BlobError::TooLarge { .. }) => "too large",
    }
}

async fn check(origins: &Origins, json: &str, expected: &str) {
    let result = direct(origins, json, MAX).await;
    assert_eq!(outcome(&result), expected, "{json} gave {result:?}");
}

#[tokio::test]
async fn inline_bytes_are_verified() {
    let (_feed, blobs) = feed();
    let inline = |base64: &str| reference(&format!(r#"{{"kind":"INLINE","base64":"{base64}"}}"#));
    check(&blobs, &inline("aGVsbG8="), "hello").await;
    check(&blobs, &inline("aGVsbG8"), "hello").await;
    check(&blobs, &inline("aGVsbG9v"), "damaged").await;
    check(&blobs, &inline("aGVsb!8="), "refused").await;
    check(&blobs, &inline("aHVsbG8="), "damaged").await;
    check(&Origins::default(), &inline("aGVsbG8="), "hello").await;
}

#[tokio::test]
async fn objects_are_files_below_the_directory() {
    let (_feed, blobs) = feed();
    check(&blobs, &object("bucket", "a/hello.txt"), "hello").await;
    check(&blobs, &object("bucket", "a/other.txt"), "not synced").await;
    check(&blobs, &object("nowhere", "a/hello.txt"), "not synced").await;
    check(&blobs, &object("bucket", "a"), "refused").await;
    check(&Origins::default(), &object("bucket", "a/hello.txt"), "refused").await;
    check(&of(Path::new("/nowhere/at/all")), &object("bucket", "a/hello.txt"), "not synced").await;
}

#[tokio::test]
async fn hostile_names_are_refused() {
    let (feed, blobs) = feed();
    let secret = feed.path().join("secret").display().to_string();
    for key in ["../../secret", "../secret", "a/../../../secret", secret.as_str(), "", ".", "a/hello.txt\0", "./../x"] {
        check(&blobs, &object("bucket", key), "refused").await;
    }
    for bucket in ["..", ".", "", "/", "bucket/a", "../blobs/bucket", "\0"] {
        check(&blobs, &object(bucket, "hello.txt"), "refused").await;
    }
    let hostile =
        ["file:../secret", "file:%2e%2e/secret", "file:///etc/passwd", "file:bucket/%zz", "file:bucket/%ff", "file:"];
    for address in hostile {
        check(&blobs, &url(address), "refused").await;
    }
    check(&blobs, &url(&format!("file://{secret}")), "refused").await;
}

#[tokio::test]
async fn symbolic_links_may_not_lead_out() {
    let (feed, blobs) = feed();
    let bucket = feed.path().join("blobs/bucket");
    symlink(feed.path().join("secret"), bucket.join("out")).unwrap();
    symlink(feed.path(), bucket.join("up")).unwrap();
    symlink(bucket.join("a/hello.txt"), bucket.join("within")).unwrap();
    check(&blobs, &object("bucket", "out"), "refused").await;
    check(&blobs, &object("bucket", "up/secret"), "refused").await;
    check(&blobs, &object("bucket", "within"), "hello").await;
}

#[tokio::test]
async fn file_urls_are_relative_or_inside() {
    let (feed, blobs) = feed();
    let inside = feed.path().join("blobs/bucket/a/hello.txt").display().to_string();
    check(&blobs, &url("file:bucket/a/hello.txt"), "hello").await;
    check(&blobs, &url("file:bucket/a/h%C3%A4rte%201.txt"), "hello").await;
    check(&blobs, &url(&format!("file://{inside}")), "hello").await;
    check(&blobs, &url(&format!("file://localhost{inside}")), "hello").await;
    check(&blobs, &url("file:bucket/a/none.txt"), "not synced").await;
    check(&blobs, &url("https://example.com/hello.txt"), "refused").await;
}

#[tokio::test]
async fn sizes_are_bounded_and_compared() {
    let (feed, blobs) = feed();
    let json = object("bucket", "a/hello.txt");
    assert_eq!(outcome(&direct(&blobs, &json, 4).await), "too large");
    let unsized_json = json.replace(r#""sizeBytes":5,"#, "");
    check(&blobs, &unsized_json, "hello").await;
    assert_eq!(outcome(&direct(&blobs, &unsized_json, 4).await), "too large");
    check(&blobs, &json.replace(r#""sizeBytes":5"#, r#""sizeBytes":"5""#), "hello").await;
    check(&blobs, &json.replace(r#""sizeBytes":5"#, r#""sizeBytes":6"#), "damaged").await;
    check(&blobs, &json.replace(r#""sizeBytes":5"#, r#""sizeBytes":-5"#), "damaged").await;
    fs::write(feed.path().join("blobs/bucket/a/hello.txt"), "hullo").unwrap();
    check(&blobs, &json, "damaged").await;
}

#[tokio::test]
async fn broken_and_erased_references() {
    let (_feed, blobs) = feed();
    check(&blobs, "null", "erased").await;
    check(&blobs, r#"{"erasedAt":"2026-01-01T00:00:00Z"}"#, "erased").await;
    check(&blobs, "[]", "damaged").await;
    check(&blobs, "{", "damaged").await;
    check(&blobs, "{}", "damaged").await; // No digest: nothing could ever be verified against it.
    check(&blobs, &reference("null"), "refused").await;
    check(&blobs, &reference(r#"{"kind":"OBJECT_STORE","bucket":"bucket"}"#), "damaged").await;
    check(&blobs, &object("bucket", "a/hello.txt").replace(HELLO, "2cf2"), "damaged").await;
    check(&blobs, &object("bucket", "a/hello.txt").replace(HELLO, &HELLO.to_uppercase()), "hello").await;
}
