//! File names in `Content-Disposition` (RFC 6266, RFC 8187).
//!
//! The name comes from whoever uploaded the file and ends up on somebody's disk. What is sent is one plain component of a
//! path on every system: no separators, no control or invisible characters, no character that turns the reading
//! direction (`fdp.exe` shown as `exe.pdf`), no name that Windows keeps for devices.

use std::fmt::Write;

/// Longest name sent, in bytes of UTF-8: what common file systems take, with room for what a browser appends.
const LONGEST: usize = 200;
/// An ending longer than this is no ending, in bytes.
const LONGEST_ENDING: usize = 16;

/// Names that Windows keeps for devices, with any ending; those with a number (`COM1`) follow by themselves.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// `attachment` with the name twice: plain for old clients, percent-encoded UTF-8 for the others.
pub(super) fn attachment(name: Option<&str>) -> String {
    let name = component(name.unwrap_or_default());
    if name.is_empty() {
        return "attachment; filename=\"download\"".to_owned();
    }
    let plain = |c: char| if c.is_ascii() && c != '%' { c } else { '_' };
    let mut value = format!("attachment; filename=\"{}\"", name.chars().map(plain).collect::<String>());
    if name.chars().any(|c| plain(c) != c) {
        value.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            encode(byte, &mut value);
        }
    }
    value
}

/// The name as one component of a path; empty when nothing is left of it.
fn component(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control() && !is_invisible(*c)).collect();
    let name = name.replace(is_separator, "_");
    let name = shortened(name.trim_matches(is_trimmed));
    let name = name.trim_matches(is_trimmed);
    if is_device(name) { format!("_{name}") } else { name.to_owned() }
}

fn is_trimmed(c: char) -> bool {
    c == '.' || c.is_whitespace()
}

/// What separates path components, or looks as if it did, and what Windows allows in no name.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        '/' | '\\'
            | ':'
            | '*'
            | '?'
            | '"'
            | '<'
            | '>'
            | '|'
            | '\u{2044}'
            | '\u{2215}'
            | '\u{29f5}'
            | '\u{29f8}'
            | '\u{29f9}'
            | '\u{fe68}'
            | '\u{ff0f}'
            | '\u{ff1a}'
            | '\u{ff3c}'
    )
}

/// Characters that show nothing and change how others show: marks of direction, joiners, separators of lines, tags.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// At most [`LONGEST`] bytes; the ending stays, so that the file still opens.
fn shortened(name: &str) -> String {
    if name.len() <= LONGEST {
        return name.to_owned();
    }
    let ending = name.rfind('.').map_or("", |at| &name[at..]);
    let ending = if ending.len() > LONGEST_ENDING { "" } else { ending };
    let mut end = LONGEST - ending.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", &name[..end])
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |prefix| {
        let number = stem.strip_prefix(prefix).map(|rest: &str| rest.chars().collect::<Vec<_>>());
        number.is_some_and(|rest| matches!(rest.as_slice(), ['0'..='9' | '¹' | '²' | '³']))
    };
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

/// `attr-char` of RFC 8187 stays, anything else is percent-encoded.
fn encode(byte: u8, out: &mut String) {
    if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
        out.push(char::from(byte));
    } else {
        write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_stay_and_others_come_twice() {
        let cases = [
            (Some("a b.pdf"), r#"attachment; filename="a b.pdf""#),
            (Some("Lohn€.pdf"), "attachment; filename=\"Lohn_.pdf\"; filename*=UTF-8''Lohn%E2%82%AC.pdf"),
            (Some("a\"b.pdf"), r#"attachment; filename="a_b.pdf""#),
            (Some("100%.pdf"), "attachment; filename=\"100_.pdf\"; filename*=UTF-8''100%25.pdf"),
            (Some("../../etc/passwd"), r#"attachment; filename="_.._etc_passwd""#),
            (Some("a\r\nb: c"), r#"attachment; filename="ab_ c""#),
            (Some("invoice\u{202e}fdp.exe"), r#"attachment; filename="invoicefdp.exe""#),
            (Some("nul.txt"), r#"attachment; filename="_nul.txt""#),
            (Some("LPT1"), r#"attachment; filename="_LPT1""#),
            (Some("computer.txt"), r#"attachment; filename="computer.txt""#),
            (Some(" .. "), r#"attachment; filename="download""#),
            (None, r#"attachment; filename="download""#),
        ];
        for (name, expected) in cases {
            assert_eq!(attachment(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_name_is_bounded_and_keeps_its_ending() {
        let name = attachment(Some(&format!("{}.pdf", "ü".repeat(10_000))));
        assert!(name.len() < 1_000 && name.contains("%C3%BC.pdf"), "{name}");
        let name = attachment(Some(&format!("{}.pdf", "x".repeat(300))));
        assert!(name.ends_with(".pdf\"") && name.len() < 240, "{name}");
    }
}
