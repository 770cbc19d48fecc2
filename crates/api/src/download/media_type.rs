//! Which media types are taken over from the platform.
//!
//! A file is somebody else's: an applicant uploaded it. Were it sent as HTML, SVG, XML or a script, a browser that is made
//! to show it (by a viewer that drops `attachment`, by an embedding page) would run it with the origin, and the session,
//! of this server. `attachment`, `nosniff` and the sandbox of the content security policy each prevent that alone; a
//! type that never names anything active holds even where one of them is ignored. The bytes stay what they are, and the
//! entity's JSON still says what the platform called them.

use http::HeaderValue;

/// Longest type sent, in bytes; registered ones have at most 127 on each side of the slash.
const LONGEST: usize = 255;

/// Parts of subtypes that browsers run, or interpret as several documents.
const ACTIVE: [&str; 9] =
    ["html", "javascript", "ecmascript", "jscript", "livescript", "vbscript", "x-mixed-replace", "xsl", "x-shockwave"];

/// Types that are containers of other documents, or code by themselves.
const ACTIVE_TYPES: [&str; 2] = ["multipart", "message"];

/// The media type in lower case, when it is well-formed and names nothing that a browser would run.
pub(super) fn safe(text: &str) -> Option<HeaderValue> {
    let (essence, parameters) = text.split_once(';').unwrap_or((text, ""));
    let essence = essence.trim_matches([' ', '\t']).to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/')?;
    if essence.len() > LONGEST || !is_token(kind) || !is_token(subtype) {
        return None;
    }
    let xml = subtype == "xml" || subtype.ends_with("+xml") || subtype.starts_with("xml-") || subtype.contains("svg");
    if xml || ACTIVE_TYPES.contains(&kind) || ACTIVE.iter().any(|part| subtype.contains(part)) {
        return None;
    }
    let charset = if kind == "text" { charset(parameters) } else { "" };
    HeaderValue::from_str(&format!("{essence}{charset}")).ok()
}

/// Of the parameters only a character set that no browser guesses wrongly is kept; UTF-7 and the like have carried scripts.
fn charset(parameters: &str) -> &'static str {
    let value = parameters.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    match value.as_deref() {
        Some("utf-8" | "utf8") => "; charset=utf-8",
        Some("iso-8859-1") => "; charset=iso-8859-1",
        Some("us-ascii") => "; charset=us-ascii",
        _ => "",
    }
}

/// A `token` of RFC 9110, without what no registered type has.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_types_are_taken_over() {
        let cases = [
            ("application/pdf", "application/pdf"),
            ("Application/PDF; version=1.7", "application/pdf"),
            ("image/png", "image/png"),
            ("text/plain; charset=UTF-8", "text/plain; charset=utf-8"),
            ("text/plain;charset=\"utf-8\"", "text/plain; charset=utf-8"),
            ("text/plain; charset=utf-7", "text/plain"),
            ("text/csv", "text/csv"),
            (
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(safe(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_browsers_run_and_what_is_no_type_is_not() {
        for text in [
            "text/html",
            "TEXT/HTML; charset=utf-8",
            "application/xhtml+xml",
            "image/svg+xml",
            "image/svg",
            "text/xml",
            "application/xml",
            "application/xml-dtd",
            "application/rss+xml",
            "text/javascript",
            "application/x-javascript",
            "application/ecmascript",
            "text/x-server-parsed-html",
            "multipart/x-mixed-replace",
            "multipart/related",
            "message/rfc822",
            "pdf",
            "/",
            "a/",
            "a/b/c",
            "text/ü",
            "text/x\r\nSet-Cookie: a=b",
            "text/plain,text/html",
            "",
        ] {
            assert_eq!(safe(text), None, "{text}");
        }
    }
}
