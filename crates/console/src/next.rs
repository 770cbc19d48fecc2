//! Where to go on after something was asked in between: a page of this server, and nothing else.

/// What may be gone on to: pages here, and an application's request to be let in.
const PREFIXES: [&str; 2] = ["/console/", "/oauth/authorize?"];
/// Going on to these would lead nowhere, or in a circle.
const NEVER: [&str; 3] = ["/console/sign-in", "/console/sign-out", "/console/confirm"];

/// The path and query, if that is a page to go on to. Whatever a browser could read as another host is none.
pub(crate) fn local(text: &str) -> Option<&str> {
    let known = PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    let never = NEVER.iter().any(|path| text.starts_with(path));
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>".contains(&byte));
    (known && !never && plain && !text.contains("/../")).then_some(text)
}

/// The path with where to go on afterwards.
pub(crate) fn with(path: &str, next: Option<&str>) -> String {
    match next {
        Some(next) => {
            let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
            format!("{path}?next={next}")
        }
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_server_are_gone_on_to() {
        for good in [
            "/console/account",
            "/console/account/password?x=1",
            "/oauth/authorize?client_id=a&redirect_uri=https%3A%2F%2Fapp.example",
        ] {
            assert_eq!(local(good), Some(good));
        }
        for bad in [
            "",
            "/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/%2f%2fevil.example",
            "/%5cevil.example",
            "%2f%2fevil.example",
            " /console/account",
            "/console/\\evil.example",
            "/console/account\r\nSet-Cookie: a=b",
            "/console/\taccount",
            "/console/..//evil.example",
            "/console/../../evil",
            "/consoleevil",
            "console/account",
            "/oauth/authorize",
            "/api/v1/loan-requests",
            "/console/sign-in?next=x",
            "/console/sign-out",
            "/console/é",
        ] {
            assert_eq!(local(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_comes_next_survives_the_query() {
        assert_eq!(with("/console/sign-in", None), "/console/sign-in");
        let there = with("/console/sign-in", Some("/oauth/authorize?a=b&c=%2F"));
        assert_eq!(there, "/console/sign-in?next=%2Foauth%2Fauthorize%3Fa%3Db%26c%3D%252F");
    }
}
