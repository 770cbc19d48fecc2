//! Percent-encoding, twice: ids in a token of a NATS subject, and values of `CloudEvents` headers.

/// `text` as one token of a NATS subject: everything but RFC 3986's unreserved characters is encoded, and `.`, which
/// would end the token, too.
#[cfg(any(test, feature = "nats"))]
pub(super) fn token(text: &str) -> String {
    encoded(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~'))
}

/// `text` as the value of a header in binary mode (`CloudEvents` HTTP binding, section 3.1.3.2, which the NATS binding
/// refers to): what is not printable ASCII, space, `"` and `%` are encoded.
pub(super) fn header(text: &str) -> String {
    encoded(text, |byte| matches!(byte, 0x21..=0x7e) && !matches!(byte, b'"' | b'%'))
}

/// The text that was percent-encoded; `%` without two digits stays as it is.
pub(super) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(value.unwrap_or(byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encoded(text: &str, plain: impl Fn(u8) -> bool) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_nothing_that_a_subject_gives_a_meaning() {
        let table = [
            ("lr_7c1f-0a52~x", "lr_7c1f-0a52~x"),
            ("LN.2026~000001", "LN%2E2026~000001"),
            ("dossier 7 é+%25", "dossier%207%20%C3%A9%2B%2525"),
            ("*", "%2A"),
            (">", "%3E"),
            ("a\tb\u{0}", "a%09b%00"),
        ];
        for (id, expected) in table {
            assert_eq!(token(id), expected);
            assert_eq!(decoded(expected), id);
        }
    }

    #[test]
    fn a_header_keeps_what_is_printable() {
        // The example of the CloudEvents HTTP binding, section 3.1.3.2.
        assert_eq!(header("Euro \u{20ac} \u{1f600}"), "Euro%20%E2%82%AC%20%F0%9F%98%80");
        assert_eq!(header("{\"id\":\"a/b.c\"}"), "{%22id%22:%22a/b.c%22}");
        assert_eq!(header("100%\r\n"), "100%25%0D%0A");
        assert_eq!(decoded("50%zz%"), "50%zz%");
    }
}
