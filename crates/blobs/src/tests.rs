//! Each case: a reference, the files there are, and what reading it gives.

use std::fs;
use std::os::unix::fs::symlink;

use tempfile::TempDir;

use super::*;

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
const MAX: u64 = 64 * 1024;

/// A feed directory with `blobs/bucket/a/hello.txt`, and a secret beside `blobs`.
fn feed() -> (TempDir, Blobs) {
    let feed = TempDir::new().unwrap();
    let blobs = feed.path().join("blobs");
    fs::create_dir_all(blobs.join("bucket/a")).unwrap();
    fs::write(blobs.join("bucket/a/hello.txt"), "hello").unwrap();
    fs::write(blobs.join("bucket/a/härte 1.txt"), "hello").unwrap();
    fs::write(feed.path().join("secret"), "hello").unwrap();
    let reader = Blobs::new(Some(blobs));
    (feed, reader)
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
fn outcome(result: &Result<Blob, BlobError>) -> &'static str {
    match result {
        Ok(blob) if blob.bytes == b"hello" => "hello",
        Ok(_) => "other bytes",
        Err(BlobError::NotSynced(_)) => "not synced",
        Err(BlobError::Erased) => "erased",
        Err(BlobError::Damaged { .. }) => "damaged",
        Err(BlobError::TooLarge { .. }) => "too large",
    }
}

fn check(blobs: &Blobs, json: &str, expected: &str) {
    let result = blobs.read(json, MAX);
    assert_eq!(outcome(&result), expected, "{json} gave {result:?}");
}

#[test]
fn inline_bytes_are_verified() {
    let (_feed, blobs) = feed();
    let inline = |base64: &str| reference(&format!(r#"{{"kind":"INLINE","base64":"{base64}"}}"#));
    check(&blobs, &inline("aGVsbG8="), "hello");
    check(&blobs, &inline("aGVsbG8"), "hello");
    check(&blobs, &inline("aGVsbG9v"), "damaged");
    check(&blobs, &inline("aGVsb!8="), "damaged");
    check(&blobs, &inline("aHVsbG8="), "damaged");
    check(&Blobs::new(None), &inline("aGVsbG8="), "hello");
}

#[test]
fn what_the_reference_says_comes_along() {
    let (_feed, blobs) = feed();
    let blob = blobs.read(&object("bucket", "a/hello.txt"), MAX).unwrap();
    assert_eq!(hex::encode(blob.sha256), HELLO);
    assert_eq!(blob.media_type.as_deref(), Some("text/plain"));
    assert_eq!(blob.file_name.as_deref(), Some("h.txt"));
}

#[test]
fn objects_are_files_below_the_directory() {
    let (_feed, blobs) = feed();
    check(&blobs, &object("bucket", "a/hello.txt"), "hello");
    check(&blobs, &object("bucket", "a/other.txt"), "not synced");
    check(&blobs, &object("nowhere", "a/hello.txt"), "not synced");
    check(&blobs, &object("bucket", "a"), "damaged");
    check(&Blobs::new(None), &object("bucket", "a/hello.txt"), "not synced");
    check(&Blobs::new(Some("/nowhere/at/all".into())), &object("bucket", "a/hello.txt"), "not synced");
}

#[test]
fn hostile_names_are_refused() {
    let (feed, blobs) = feed();
    let secret = feed.path().join("secret").display().to_string();
    for key in ["../../secret", "../secret", "a/../../../secret", secret.as_str(), "", ".", "a/hello.txt\0", "./../x"] {
        check(&blobs, &object("bucket", key), "damaged");
    }
    for bucket in ["..", ".", "", "/", "bucket/a", "../blobs/bucket", "\0"] {
        check(&blobs, &object(bucket, "hello.txt"), "damaged");
    }
    let hostile =
        ["file:../secret", "file:%2e%2e/secret", "file:///etc/passwd", "file:bucket/%zz", "file:bucket/%ff", "file:"];
    for address in hostile {
        check(&blobs, &url(address), "damaged");
    }
    check(&blobs, &url(&format!("file://{secret}")), "damaged");
}

#[test]
fn symbolic_links_may_not_lead_out() {
    let (feed, blobs) = feed();
    let bucket = feed.path().join("blobs/bucket");
    symlink(feed.path().join("secret"), bucket.join("out")).unwrap();
    symlink(feed.path(), bucket.join("up")).unwrap();
    symlink(bucket.join("a/hello.txt"), bucket.join("within")).unwrap();
    check(&blobs, &object("bucket", "out"), "damaged");
    check(&blobs, &object("bucket", "up/secret"), "damaged");
    check(&blobs, &object("bucket", "within"), "hello");
}

#[test]
fn file_urls_are_relative_or_inside() {
    let (feed, blobs) = feed();
    let inside = feed.path().join("blobs/bucket/a/hello.txt").display().to_string();
    check(&blobs, &url("file:bucket/a/hello.txt"), "hello");
    check(&blobs, &url("file:bucket/a/h%C3%A4rte%201.txt"), "hello");
    check(&blobs, &url(&format!("file://{inside}")), "hello");
    check(&blobs, &url(&format!("file://localhost{inside}")), "hello");
    check(&blobs, &url("file:bucket/a/none.txt"), "not synced");
    check(&blobs, &url("https://example.com/hello.txt"), "not synced");
}

#[test]
fn sizes_are_bounded_and_compared() {
    let (feed, blobs) = feed();
    let json = object("bucket", "a/hello.txt");
    assert_eq!(outcome(&blobs.read(&json, 4)), "too large");
    let unsized_json = json.replace(r#""sizeBytes":5,"#, "");
    check(&blobs, &unsized_json, "hello");
    assert_eq!(outcome(&blobs.read(&unsized_json, 4)), "too large");
    check(&blobs, &json.replace(r#""sizeBytes":5"#, r#""sizeBytes":"5""#), "hello");
    check(&blobs, &json.replace(r#""sizeBytes":5"#, r#""sizeBytes":6"#), "damaged");
    check(&blobs, &json.replace(r#""sizeBytes":5"#, r#""sizeBytes":-5"#), "damaged");
    fs::write(feed.path().join("blobs/bucket/a/hello.txt"), "hullo").unwrap();
    check(&blobs, &json, "damaged");
}

#[test]
fn broken_and_erased_references() {
    let (_feed, blobs) = feed();
    check(&blobs, "null", "erased");
    check(&blobs, r#"{"erasedAt":"2026-01-01T00:00:00Z"}"#, "erased");
    check(&blobs, "[]", "damaged");
    check(&blobs, "{", "damaged");
    check(&blobs, "{}", "damaged"); // No digest: nothing could ever be verified against it.
    check(&blobs, &reference("null"), "not synced");
    check(&blobs, &reference(r#"{"kind":"OBJECT_STORE","bucket":"bucket"}"#), "damaged");
    check(&blobs, &object("bucket", "a/hello.txt").replace(HELLO, "2cf2"), "damaged");
    check(&blobs, &object("bucket", "a/hello.txt").replace(HELLO, &HELLO.to_uppercase()), "hello");
}
