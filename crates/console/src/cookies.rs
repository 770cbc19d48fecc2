//! The cookies: the session, the step between password and second factor, and what forms are compared with before there is
//! a session.
//!
//! All of them have the prefix `__Host-`: a browser takes them over TLS alone, and from this host alone.

use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

/// One cookie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookie {
    name: &'static str,
    same_site: &'static str,
    /// In seconds; `None`: until the browser is closed.
    life: Option<u32>,
}

/// The session. Lax: an application sends people here from its own pages, and they are still signed in then.
pub(crate) const SESSION: Cookie = Cookie { name: "__Host-continuity", same_site: "Lax", life: None };
/// The sign-in that waits for a second factor.
pub(crate) const STEP: Cookie = Cookie { name: "__Host-continuity-step", same_site: "Strict", life: Some(600) };
/// The same step, for a person who comes back from the bank's provider: a browser that another site leads here sends no
/// strict cookie along.
pub(crate) const STEP_FROM_PROVIDER: Cookie = Cookie { same_site: "Lax", ..STEP };
/// What a sign-in at the bank's provider is bound to: whoever comes back has to have it.
pub(crate) const AT_PROVIDER: Cookie = Cookie { name: "__Host-continuity-provider", same_site: "Lax", life: Some(600) };
/// A random text that forms have to repeat (double submit). Lax, so that a page that another site leads to does not take
/// the place of the one in another tab.
pub(crate) const FORM: Cookie = Cookie { name: "__Host-continuity-form", same_site: "Lax", life: None };

/// The longest value that is looked at, in bytes.
const LONGEST: usize = 200;

impl Cookie {
    /// Its value in a request. A name that comes twice is none: one of them is not from here.
    pub(crate) fn of(self, headers: &HeaderMap) -> Option<&str> {
        let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == self.name).map(|(_, value)| value);
        let value = values.next().filter(|value| !value.is_empty() && value.len() <= LONGEST)?;
        values.next().is_none().then_some(value)
    }

    /// Gives it to the browser.
    pub(crate) fn set(self, headers: &mut HeaderMap, value: &str) {
        self.put(headers, value, self.life);
    }

    /// Takes it from the browser.
    pub(crate) fn clear(self, headers: &mut HeaderMap) {
        self.put(headers, "", Some(0));
    }

    fn put(self, headers: &mut HeaderMap, value: &str, life: Option<u32>) {
        let life = life.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        let Self { name, same_site, .. } = self;
        let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite={same_site}{life}");
        if let Ok(text) = HeaderValue::from_str(&text) {
            headers.append(SET_COOKIE, text);
        } else {
            tracing::error!(cookie = name, "a cookie's value cannot stand in a header");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(sent: &[&str]) -> Option<String> {
        let headers: HeaderMap = sent.iter().map(|value| (COOKIE, value.parse().unwrap())).collect();
        SESSION.of(&headers).map(str::to_owned)
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        assert_eq!(seen(&["a=b; __Host-continuity=x.y; __Host-continuity-step=z"]), Some("x.y".to_owned()));
        assert_eq!(seen(&["a=b", "__Host-continuity=x"]), Some("x".to_owned()));
        for none in [&[][..], &["continuity=x"], &["__Host-continuity="], &["__host-continuity=x"]] {
            assert_eq!(seen(none), None, "{none:?}");
        }
        assert_eq!(seen(&["__Host-continuity=x; __Host-continuity=y"]), None, "one of them was planted");
        assert_eq!(seen(&[&format!("__Host-continuity={}", "x".repeat(201))]), None);
    }

    #[test]
    fn every_cookie_is_for_this_host_over_tls_and_not_for_scripts() {
        let mut headers = HeaderMap::new();
        SESSION.set(&mut headers, "v");
        STEP.set(&mut headers, "v");
        FORM.clear(&mut headers);
        let set: Vec<&str> = headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(
            set,
            [
                "__Host-continuity=v; Path=/; Secure; HttpOnly; SameSite=Lax",
                "__Host-continuity-step=v; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=600",
                "__Host-continuity-form=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
            ]
        );
    }
}
