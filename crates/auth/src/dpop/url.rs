//! Whether two URLs are one, but for their queries and fragments (RFC 9449 section 4.3, RFC 3986 sections 6.2.2 and 6.2.3).

/// Whether both are URLs of `http` or `https` of the same scheme, authority and path.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    normal(one).is_some_and(|one| normal(other).is_some_and(|other| one == other))
}

/// Scheme, authority and path, each in its one spelling; `None` for what is no such URL.
fn normal(url: &str) -> Option<(String, String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let port = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let authority = unescaped(authority)?.to_ascii_lowercase();
    let authority = authority.strip_suffix(port).or(authority.strip_suffix(':')).unwrap_or(&authority);
    // Who is named in front of an `@` is part of the authority and of no URL of ours.
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    Some((scheme, authority.to_owned(), without_dots(&unescaped(path)?)))
}

/// With escapes only where they are needed, in capitals (section 6.2.2); `None` for what no URL holds.
fn unescaped(text: &str) -> Option<String> {
    let mut normal = String::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                let escaped = digit(bytes.next()?)? * 16 + digit(bytes.next()?)?;
                if is_unreserved(escaped) {
                    normal.push(char::from(escaped));
                } else {
                    normal.extend(format!("%{escaped:02X}").chars());
                }
            }
            byte if is_unreserved(byte) || b":/@[]!$&'()*+,;=".contains(&byte) => normal.push(char::from(byte)),
            _ => return None,
        }
    }
    Some(normal)
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The path without `.` and `..` (section 5.2.4); an empty one is `/` (section 6.2.3).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut parts = path.split('/').skip(1).peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match part {
            "." => {}
            ".." => drop(kept.pop()),
            part => {
                kept.push(part);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "https://replica.example:8083/api/v1/oauth/token";

    #[test]
    fn other_spellings_are_the_same() {
        for same in [
            OURS,
            "HTTPS://Replica.EXAMPLE:8083/api/v1/oauth/token",
            "https://replica.example:8083/api/v1/oauth/token?a=b",
            "https://replica.example:8083/api/v1/oauth/token#a",
            "https://replica.example:8083/api/v1/oauth/token?a=%zz",
            "https://replica.example:8083/%61pi/v1/oauth/to%6Ben",
            "https://replica.%65xample:8083/api/./v1/x/../oauth/token",
        ] {
            assert!(is_same(same, OURS), "{same}");
        }
        for (one, other) in [
            ("https://a.example", "https://a.example/"),
            ("https://a.example:443/x", "https://a.example/x"),
            ("https://a.example:/x", "https://a.example/x"),
            ("http://a.example:80", "http://a.example"),
            ("https://a.example/x/..", "https://a.example/"),
            ("https://a.example/x/.", "https://a.example/x/"),
            ("https://a.example/a%2fb", "https://a.example/a%2Fb"),
            ("https://[::1]:8083/x", "https://[::1]:8083/x"),
        ] {
            assert!(is_same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn others_are_others() {
        for other in [
            "",
            "/api/v1/oauth/token",
            "//replica.example:8083/api/v1/oauth/token",
            "http://replica.example:8083/api/v1/oauth/token",
            "https:replica.example:8083/api/v1/oauth/token",
            "https:\\\\replica.example:8083\\api\\v1\\oauth\\token",
            "https://replica.example/api/v1/oauth/token",
            "https://replica.example:443/api/v1/oauth/token",
            "https://replica.example.evil.example:8083/api/v1/oauth/token",
            "https://evil@replica.example:8083/api/v1/oauth/token",
            "https://replica.example:8083@evil.example/api/v1/oauth/token",
            "https://replica.example:8083/oauth/token",
            "https://replica.example:8083/api/v1/oauth/token/",
            "https://replica.example:8083/api/v1/oauth//token",
            "https://replica.example:8083/API/v1/oauth/token",
            "https://replica.example:8083/api/v1%2Foauth/token",
            "https://replica.example:8083/api/v1/oauth/token%",
            "https://replica.example:8083/api/v1/oauth/token%2",
            " https://replica.example:8083/api/v1/oauth/token",
            "https://replica.example:8083/api/v1/oauth/token ",
            "https://replica.example:8083/api/v1/oauth/tok\u{435}n",
        ] {
            assert!(!is_same(other, OURS), "{other}");
        }
        assert!(!is_same("", "") && !is_same("ftp://a/", "ftp://a/"));
    }
}
