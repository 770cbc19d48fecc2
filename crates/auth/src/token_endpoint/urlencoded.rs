//! `application/x-www-form-urlencoded`, read strictly: an escape that is none, or text that is not UTF-8, is an error,
//! because two lenient readers may read two different things.

/// Decodes one name or value: `+` is a space, `%XX` a byte.
pub(super) fn decode(text: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(*rest.next()?)? << 4 | hex_digit(*rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// The names and values of a form; `None` when one of them does not decode.
pub(super) fn pairs(form: &[u8]) -> Option<Vec<(String, String)>> {
    form.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

fn pair(pair: &[u8]) -> Option<(String, String)> {
    let equals = pair.iter().position(|&byte| byte == b'=');
    let (name, value) = equals.map_or((pair, &[][..]), |at| (&pair[..at], &pair[at + 1..]));
    Some((decode(name)?, decode(value)?))
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decodes_plus_and_escapes() {
        assert_eq!(decode(b"a+b%20c%2B%C3%a9").as_deref(), Some("a b c+\u{e9}"));
        assert_eq!(decode(b"").as_deref(), Some(""));
    }

    #[test]
    fn refuses_broken_escapes_and_text_that_is_not_utf_8() {
        for broken in [&b"%"[..], b"%4", b"%zz", b"%+1", b"%ff", b"\xff"] {
            assert_eq!(decode(broken), None, "{broken:?}");
        }
        assert_eq!(pairs(b"a=1&b=%"), None);
    }

    #[test]
    fn splits_at_the_first_equals_sign() {
        let read = pairs(b"a=b=c&&d&=e").unwrap();
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(read, [("a", "b=c"), ("d", ""), ("", "e")]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_text_survives_full_escaping(text in ".{0,40}") {
            let escaped = text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat();
            prop_assert_eq!(decode(escaped.as_bytes()), Some(text));
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = pairs(&bytes);
        }
    }
}
