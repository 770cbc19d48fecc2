//! The parameters of a token request: a form (RFC 6749 section 4.4.2) or the same members as a JSON object.

use std::fmt;

use serde::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde_json::Value;
use zeroize::Zeroizing;

use super::urlencoded;
use crate::oauth::{MAX_TOKEN_REQUEST_BYTES, OAuthError, TokenRequest};

/// More than any grant has.
const MAX_PARAMETERS: usize = 32;

/// The parameters that are understood. One without a value counts as absent (RFC 6749 section 3.1); all others are ignored.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) grant_type: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<Zeroizing<String>>,
    pub(super) client_assertion: Option<String>,
    pub(super) client_assertion_type: Option<String>,
    pub(super) scope: Option<String>,
    /// Of the authorization code grant (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
    pub(super) code: Option<Zeroizing<String>>,
    pub(super) redirect_uri: Option<String>,
    pub(super) code_verifier: Option<Zeroizing<String>>,
    /// Of refresh (RFC 6749 section 6).
    pub(super) refresh_token: Option<Zeroizing<String>>,
    pub(super) resource: Option<String>,
    /// Of revocation and introspection (RFC 7009 section 2.1, RFC 7662 section 2.1). `token_type_hint` is not needed.
    pub(super) token: Option<Zeroizing<String>>,
    /// Of the personal log-in that other platforms offer on this path.
    pub(super) password: Option<Zeroizing<String>>,
    pub(super) email: Option<String>,
    pub(super) otp: Option<Zeroizing<String>>,
}

impl Parameters {
    pub(super) fn read(request: &TokenRequest<'_>) -> Result<Self, OAuthError> {
        if request.body.len() > MAX_TOKEN_REQUEST_BYTES {
            return Err(OAuthError::too_large());
        }
        let media_type = request.content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        let pairs = if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            urlencoded::pairs(request.body).ok_or(OAuthError::invalid_request("The form is not well encoded"))?
        } else if media_type.eq_ignore_ascii_case("application/json") {
            members(request.body)?
        } else {
            return Err(OAuthError::invalid_request(
                "The content type must be application/x-www-form-urlencoded or application/json",
            ));
        };
        Self::collect(pairs)
    }

    fn collect(pairs: Vec<(String, String)>) -> Result<Self, OAuthError> {
        if pairs.len() > MAX_PARAMETERS {
            return Err(OAuthError::invalid_request("The request has too many parameters"));
        }
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|two| two[0] == two[1]) {
            return Err(OAuthError::invalid_request("A parameter is repeated"));
        }
        let mut parameters = Self::default();
        for (name, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            match name.as_str() {
                "grant_type" => parameters.grant_type = Some(value),
                "client_id" => parameters.client_id = Some(value),
                "client_secret" => parameters.client_secret = Some(value.into()),
                "client_assertion" => parameters.client_assertion = Some(value),
                "client_assertion_type" => parameters.client_assertion_type = Some(value),
                "token" => parameters.token = Some(value.into()),
                "code" => parameters.code = Some(value.into()),
                "redirect_uri" => parameters.redirect_uri = Some(value),
                "code_verifier" => parameters.code_verifier = Some(value.into()),
                "refresh_token" => parameters.refresh_token = Some(value.into()),
                "scope" => parameters.scope = Some(value),
                "resource" => parameters.resource = Some(value),
                "password" => parameters.password = Some(value.into()),
                "email" => parameters.email = Some(value),
                "otp" => parameters.otp = Some(value.into()),
                _ => {}
            }
        }
        Ok(parameters)
    }
}

/// The members of a JSON object. All must be texts; null counts as absent.
fn members(body: &[u8]) -> Result<Vec<(String, String)>, OAuthError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = deserializer.deserialize_map(Members).and_then(|members| deserializer.end().map(|()| members));
    read.map_err(|_| OAuthError::invalid_request("The body is not a JSON object of texts"))
}

/// Keeps repeated members, which a map would silently drop.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, String)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            let value = match value {
                Value::String(text) => text,
                Value::Null => String::new(),
                _ => return Err(A::Error::custom("a member is not a text")),
            };
            members.push((name, value));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(content_type: &str, body: &str) -> Result<Parameters, OAuthError> {
        Parameters::read(&TokenRequest {
            content_type: Some(content_type),
            authorization: None,
            address: None,
            body: body.as_bytes(),
        })
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn a_form_and_an_object_say_the_same() {
        let form = "grant_type=client_credentials&client_id=a%26b&client_secret=x+y&scope=loans%3Aread&other=1";
        let object = r#"{"grant_type":"client_credentials","client_id":"a&b","client_secret":"x y","scope":"loans:read","other":null}"#;
        for parameters in [read(FORM, form).unwrap(), read("Application/JSON; charset=utf-8", object).unwrap()] {
            assert_eq!(parameters.grant_type.as_deref(), Some("client_credentials"));
            assert_eq!(parameters.client_id.as_deref(), Some("a&b"));
            assert_eq!(parameters.client_secret.as_deref().map(String::as_str), Some("x y"));
            assert_eq!(parameters.scope.as_deref(), Some("loans:read"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..80), json in any::<bool>()) {
            let content_type = Some(if json { "application/json" } else { FORM });
            let _ = Parameters::read(&TokenRequest { content_type, authorization: None, address: None, body: &body });
        }
    }

    #[test]
    fn what_has_no_value_is_absent() {
        let form = read(FORM, "scope=&client_id").unwrap();
        assert!(form.scope.is_none() && form.client_id.is_none());
        let object = read("application/json", r#"{"scope":"","client_id":null}"#).unwrap();
        assert!(object.scope.is_none() && object.client_id.is_none());
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for body in ["scope=a&scope=a", "scope=&scope=a", "x=1&x=2", "sc%6Fpe=a&scope=b", "scope=%", "scope=%ff"] {
            assert_eq!(read(FORM, body).err().map(|e| e.error), Some("invalid_request"), "{body}");
        }
        let many = r#"{"a":1}"#;
        for body in [r#"{"scope":"a","sc\u006fpe":"b"}"#, "[]", "", "{", "\"text\"", "{} {}", many, r#"{"a":["b"]}"#] {
            assert_eq!(read("application/json", body).err().map(|e| e.error), Some("invalid_request"), "{body}");
        }
    }

    #[test]
    fn size_number_and_type_are_bounded() {
        let long = format!("scope={}", "a".repeat(MAX_TOKEN_REQUEST_BYTES));
        assert_eq!(read(FORM, &long).err().map(|e| e.status), Some(413));
        let many = (0..=MAX_PARAMETERS).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&");
        assert_eq!(read(FORM, &many).err().map(|e| e.status), Some(400));
        for content_type in
            ["", "text/plain", "multipart/form-data; boundary=x", "application/jsonp", "application/json+x"]
        {
            assert_eq!(read(content_type, "{}").err().map(|e| e.error), Some("invalid_request"), "{content_type}");
        }
    }
}
