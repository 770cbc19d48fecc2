//! File names and media types of people who mean harm: every one is answered safely.

use http::StatusCode;
use serde_json::json;

use super::harness::{Feed, Replica};

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// What a file is called, and what it is said to be.
const CORPUS: &[(&str, &str)] = &[
    // Ways out of a directory.
    ("../../../etc/passwd", "text/plain"),
    ("..\\..\\windows\\system32\\drivers\\etc\\hosts", "text/plain"),
    ("/etc/shadow", "text/plain"),
    ("C:\\autoexec.bat", "application/x-bat"),
    ("\\\\server\\share\\x.pdf", "application/pdf"),
    ("file:///etc/passwd", "text/plain"),
    ("..", "text/plain"),
    (".", "text/plain"),
    ("....//....//x", "text/plain"),
    ("a/../../b.pdf", "application/pdf"),
    ("..\u{2215}..\u{2215}etc\u{ff0f}passwd", "text/plain"),
    ("..\u{ff3c}..\u{2044}x", "text/plain"),
    ("%2e%2e%2f%2e%2e%2fetc%2fpasswd", "text/plain"),
    (".bashrc", "text/plain"),
    ("~/.ssh/authorized_keys", "text/plain"),
    // Headers of their own.
    ("a\r\nSet-Cookie: session=evil\r\n\r\n<html>", "text/html"),
    ("a\nX-Replica-Complete: true", "text/plain"),
    ("a\rLocation: https://evil.example", "text/plain"),
    ("a\u{85}b\u{2028}c\u{2029}d", "text/plain"),
    ("%0d%0aSet-Cookie:%20a=b", "text/plain"),
    ("\r\n", "text/plain\r\nX-Evil: 1"),
    // Quotes, and parameters of their own.
    ("a\".html\"; filename=\"evil.exe", "application/pdf"),
    ("\\\"; filename*=UTF-8''evil.exe; x=\"", "application/pdf"),
    ("a; filename*=UTF-8''evil.hta", "application/pdf"),
    ("UTF-8''evil%0d%0a.exe", "application/pdf"),
    ("=?UTF-8?B?ZXZpbC5leGU=?=", "application/pdf"),
    ("a'b''c%22%27.pdf", "application/pdf"),
    ("inline; filename=x", "application/pdf"),
    ("`$(rm -rf ~)`.sh", "application/x-sh"),
    ("a|b&c>d<e*f?g", "application/pdf"),
    // What shows otherwise than it is.
    ("invoice\u{202e}fdp.exe", "application/pdf"),
    ("\u{2066}a\u{2069}\u{200f}.pdf", "application/pdf"),
    ("a\u{200b}\u{feff}\u{ad}.pdf", "application/pdf"),
    ("\u{e0041}\u{e0042}.pdf", "application/pdf"),
    ("Löhne – Ümläute 給与.pdf", "application/pdf"),
    ("😀💣.pdf", "application/pdf"),
    ("e\u{301}\u{301}\u{301}\u{301}.pdf", "application/pdf"),
    // What is no character of a name.
    ("a\u{0}.pdf", "application/pdf"),
    ("\u{0}", "application/pdf"),
    ("\u{1}\u{1b}[31mred\u{7f}\u{9b}", "application/pdf"),
    ("a\tb.pdf", "application/pdf"),
    ("", ""),
    ("   ", " "),
    ("\u{200e}\u{202a}", "application/pdf"),
    // Devices and streams.
    ("CON", "text/plain"),
    ("nul.txt", "text/plain"),
    ("com1.tar.gz", "application/gzip"),
    ("LPT¹", "text/plain"),
    ("aux .pdf", "application/pdf"),
    ("report.pdf::$DATA", "application/pdf"),
    ("trailing. . .", "application/pdf"),
    // What a browser would run.
    ("a.html", "text/html"),
    ("a.html", "TEXT/HTML; charset=utf-7"),
    ("a.svg", "image/svg+xml"),
    ("a.xml", "application/xml"),
    ("a.xhtml", "application/xhtml+xml; charset=utf-8"),
    ("a.js", "text/javascript"),
    ("a.js", "application/x-javascript"),
    ("a.mht", "multipart/related; boundary=x"),
    ("a.eml", "message/rfc822"),
    ("a.pdf", "application/pdf, text/html"),
    ("a.pdf", "application/pdf;text/html"),
    ("a.pdf", "text/html application/pdf"),
    ("a.pdf", "\ttext/html"),
    ("a.pdf", "text/plain; charset=\"utf-8\r\nX-Evil: 1\""),
    ("a.pdf", "application/\u{0}html"),
    ("a.pdf", "text/ｈｔｍｌ"),
    ("a.pdf", "*/*"),
    ("a.pdf", "nonsense"),
];

/// Long ones, which no constant should hold.
fn long() -> Vec<(String, String)> {
    vec![
        (format!("{}.pdf", "a".repeat(100_000)), "application/pdf".to_owned()),
        ("ü/".repeat(50_000), "x".repeat(10_000)),
        (format!("a.{}", "b".repeat(5_000)), format!("text/{}", "x".repeat(5_000))),
        ("%".repeat(3_000), format!("text/plain{}", ";charset=utf-8".repeat(1_000))),
    ]
}

fn corpus() -> Vec<(String, String)> {
    let short = CORPUS.iter().map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()));
    short.chain(long()).collect()
}

#[tokio::test]
async fn every_name_and_type_is_answered_safely() {
    let corpus = corpus();
    assert!(corpus.len() >= 40);
    let mut feed = Feed::house();
    for (n, (name, media_type)) in corpus.iter().enumerate() {
        let fetch = json!({"kind": "INLINE", "base64": "aGVsbG8="});
        let blob = json!({"sha256": HELLO, "mediaType": media_type, "fileName": name, "fetch": fetch});
        // Half of them are told by the entity rather than by its blob.
        let bare = json!({"sha256": HELLO, "fetch": {"kind": "INLINE", "base64": "aGVsbG8="}});
        let document = match n % 2 {
            0 => json!({"id": format!("n{n}"), "name": name, "blob": blob}),
            _ => json!({"id": format!("n{n}"), "fileName": name, "mediaType": media_type, "blob": bare}),
        };
        feed.put("L1", "document", &format!("n{n}"), "", &document.to_string());
        feed.put("L1", "taskItem", &format!("n{n}"), "{\"taskId\":\"t1\"}", &document.to_string());
    }
    let replica = Replica::of(feed);
    for (n, (name, media_type)) in corpus.iter().enumerate() {
        for path in [format!("/documents/n{n}/download"), format!("/tasks/t1/items/n{n}/download")] {
            let answer = replica.of_loan(&path).await;
            let about: String = format!("{name:?} {media_type:?}").chars().take(200).collect();
            assert_eq!((answer.status, answer.text()), (StatusCode::OK, "hello"), "{about}");
            for (header, value) in &answer.headers {
                assert!(value.as_bytes().iter().all(|b| (b' '..=b'~').contains(b)), "{about}: {header}: {value:?}");
                assert_eq!(answer.headers.get_all(header).iter().count(), 1, "{about}: {header}");
            }
            for injected in ["set-cookie", "location", "x-evil"] {
                assert!(!answer.headers.contains_key(injected), "{about}");
            }
            assert_eq!(answer.header("x-replica-complete"), "", "{about}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            assert_eq!(answer.header("content-security-policy"), "default-src 'none'; sandbox");
            check_disposition(answer.header("content-disposition"), &about);
            check_type(answer.header("content-type"), &about);
        }
    }
}

/// `attachment; filename="..."` and at most one `filename*=UTF-8''...`, which say one plain component of a path.
fn check_disposition(value: &str, about: &str) {
    let rest = value.strip_prefix("attachment; filename=\"").unwrap_or_else(|| panic!("{about}: {value}"));
    let (plain, rest) = rest.split_once('"').unwrap();
    check_name(plain, about);
    assert!(!plain.contains('%') && !plain.contains('\\'), "{about}: {value}");
    assert!(value.len() < 1_000, "{about}");
    if rest.is_empty() {
        return;
    }
    let encoded = rest.strip_prefix("; filename*=UTF-8''").unwrap_or_else(|| panic!("{about}: {value}"));
    assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&+-.^_`|~%".contains(&b)), "{about}: {value}");
    let spaced = encoded.replace('+', "%2B");
    let decoded = form_urlencoded::parse(spaced.as_bytes()).next().unwrap().0.into_owned();
    check_name(&decoded, about);
}

fn check_name(name: &str, about: &str) {
    assert!(!name.is_empty() && !name.starts_with('.') && !name.ends_with(['.', ' ']), "{about}: {name:?}");
    assert!(name.len() <= 255, "{about}: {name:?}");
    let bad = |c: char| {
        c.is_control()
            || "/\\:*?\"<>|\u{2044}\u{2215}\u{ff0f}\u{ff3c}".contains(c)
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
            || ('\u{e0000}'..='\u{e0fff}').contains(&c)
    };
    assert!(!name.contains(bad), "{about}: {name:?}");
    let stem = name.split('.').next().unwrap().trim_end().to_ascii_lowercase();
    assert!(!["con", "prn", "aux", "nul", "com1", "lpt1", "lpt¹"].contains(&stem.as_str()), "{about}: {name:?}");
}

fn check_type(value: &str, about: &str) {
    for active in ["html", "svg", "xml;", "+xml", "/xml", "script", "multipart", "message", ",", "utf-7"] {
        assert!(!format!("{value};").contains(active), "{about}: {value}");
    }
    assert_eq!(value.matches('/').count(), 1, "{about}: {value}");
    assert!(value.len() < 300, "{about}: {value}");
}
