//! File names in `Content-Disposition` (RFC 6266, RFC 8187).

use std::fmt::Write;

/// Longest name sent, in characters.
const LONGEST: usize = 200;

/// `attachment` with the name twice: plain for old clients, percent-encoded UTF-8 for the others.
pub(super) fn attachment(name: Option<&str>) -> String {
    let name: String = name.unwrap_or_default().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let name = name.replace(['/', '\\'], "_");
    let name = name.trim_matches(['.', ' ']);
    if name.is_empty() {
        return "attachment; filename=\"download\"".to_owned();
    }
    let plain = |c: char| if c.is_ascii() && c != '"' && c != '%' { c } else { '_' };
    let mut value = format!("attachment; filename=\"{}\"", name.chars().map(plain).collect::<String>());
    if name.chars().any(|c| plain(c) != c) {
        value.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            encode(byte, &mut value);
        }
    }
    value
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
            (Some("a\"b.pdf"), "attachment; filename=\"a_b.pdf\"; filename*=UTF-8''a%22b.pdf"),
            (Some("../../etc/passwd"), r#"attachment; filename="_.._etc_passwd""#),
            (Some("a\r\nb: c"), r#"attachment; filename="ab: c""#),
            (Some(" .. "), r#"attachment; filename="download""#),
            (None, r#"attachment; filename="download""#),
        ];
        for (name, expected) in cases {
            assert_eq!(attachment(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_name_is_bounded() {
        assert!(attachment(Some(&"ü".repeat(10_000))).len() < 2_000);
    }
}
