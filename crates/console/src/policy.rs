//! What a browser may do with a page.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue};

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Puts the headers of every page. `leads_to`: where its forms may lead in the end, beside this server.
///
/// The referrer is told to this server alone. With `no-referrer`, browsers would hide from us too which origin sends a form.
pub(crate) fn put(headers: &mut HeaderMap, leads_to: Option<&str>) {
    headers.insert(CONTENT_SECURITY_POLICY, content(leads_to));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let own = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
    headers.insert(PERMISSIONS, HeaderValue::from_static(own));
}

/// Lets this page, and no other, frame pages of this server.
pub(crate) fn allow_frames(headers: &mut HeaderMap) {
    let text =
        content(None).to_str().unwrap_or_default().replace("; frame-ancestors", "; frame-src 'self'; frame-ancestors");
    if let Ok(policy) = HeaderValue::from_str(&text) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// For a file of somebody else that is shown in a frame of this server: it has no origin, runs nothing, and loads nothing.
///
/// Browsers put a style into the page that they make around a bare picture, and complain where they may not. Nobody else can
/// put one there: a picture has no markup.
pub(crate) fn put_file(headers: &mut HeaderMap, is_picture: bool) {
    let text = if is_picture {
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    } else {
        "sandbox; default-src 'none'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
    };
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(text));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    keep_to_itself(headers);
}

/// No page of another site may load it.
pub(crate) fn keep_to_itself(headers: &mut HeaderMap) {
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

fn content(leads_to: Option<&str>) -> HeaderValue {
    let source = leads_to.map_or_else(String::new, |place| format!(" {}", source(place)));
    let text = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'{source}; frame-ancestors 'none'; base-uri 'none'"
    );
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
}

/// A place as this policy names it. Chromium holds every redirect that follows a form against `form-action`, so a page whose
/// form ends at an application has to name it: scheme, host and port on the web, the scheme of an application on a device
/// and of an IPv6 address, for which the policy has no words.
fn source(place: &str) -> &str {
    let scheme = place.find(':').map_or(place, |colon| &place[..=colon]);
    let Some(host) = place.strip_prefix("https://").or_else(|| place.strip_prefix("http://")) else { return scheme };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    if host.bytes().all(plain) { place } else { scheme }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_lead_where_they_have_to_and_nowhere_else() {
        for (place, expected) in [
            ("https://app.example", "https://app.example"),
            ("https://app.example:8443", "https://app.example:8443"),
            ("http://127.0.0.1:49152", "http://127.0.0.1:49152"),
            ("http://[::1]:49152", "http:"),
            ("com.example.app:", "com.example.app:"),
            ("com.example.app://callback", "com.example.app:"),
            ("https://app.example;script-src", "https:"),
        ] {
            let text = content(Some(place));
            let expected = format!("; form-action 'self' {expected}; frame-ancestors 'none'; base-uri 'none'");
            assert!(text.to_str().unwrap().ends_with(&expected), "{text:?}");
        }
        assert!(content(None).to_str().unwrap().contains("form-action 'self';"));
        assert!(!content(None).to_str().unwrap().contains("unsafe"));
    }
}
