//! How a client says who it is (RFC 6749 section 2.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::parameters::Parameters;
use super::urlencoded;
use crate::keys::assertion;
use crate::oauth::OAuthError;

/// No id or secret made here is longer; a longer one is not worth a digest.
const MAX_BYTES: usize = 1_024;

/// An id and a secret, not yet checked.
pub(super) struct Credentials {
    pub(super) client_id: String,
    pub(super) secret: Zeroizing<String>,
}

/// What a request carries.
pub(super) enum Presented {
    /// Nothing that can be checked.
    Nothing,
    /// One pair.
    Pair(Credentials),
    /// An id without any proof: of a client that can keep no secret, if there is one.
    Id(String),
    /// A token that the client signed (RFC 7523 section 2.2).
    Assertion(Assertion),
}

/// A signed token and the client that it is said to be of, not yet checked.
pub(super) struct Assertion {
    pub(super) client_id: String,
    pub(super) token: String,
}

/// `client_assertion_type` of JWTs (RFC 7523 section 2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// HTTP Basic or the body, never both. Another scheme is ignored: some clients send `Bearer null` with every request.
pub(super) fn presented(authorization: Option<&str>, parameters: &mut Parameters) -> Result<Presented, OAuthError> {
    let in_body = usize::from(parameters.client_secret.is_some()) + usize::from(parameters.client_assertion.is_some());
    let basic = authorization.and_then(basic_payload);
    if in_body + usize::from(basic.is_some()) > 1 {
        return Err(OAuthError::invalid_request("The request authenticates the client in two ways"));
    }
    let client_id = parameters.client_id.take();
    if let Some(token) = parameters.client_assertion.take() {
        let of_jwt = parameters.client_assertion_type.as_deref() == Some(JWT_BEARER);
        return match assertion::claimed_subject(&token).filter(|_| of_jwt) {
            Some(subject) if client_id.as_ref().is_some_and(|named| *named != subject) => {
                Err(OAuthError::invalid_request("The request names two clients"))
            }
            Some(client_id) => Ok(Presented::Assertion(Assertion { client_id, token })),
            None => Ok(Presented::Nothing),
        };
    }
    let Some(payload) = basic else {
        return Ok(match (client_id, parameters.client_secret.take()) {
            (Some(client_id), None) if client_id.len() <= MAX_BYTES => Presented::Id(client_id),
            (client_id, secret) => {
                checked(client_id.zip(secret).map(|(client_id, secret)| Credentials { client_id, secret }))
            }
        });
    };
    let pair = parse_basic(payload);
    match (&client_id, &pair) {
        (Some(named), Some(pair)) if *named != pair.client_id => {
            Err(OAuthError::invalid_request("The request names two clients"))
        }
        _ => Ok(checked(pair)),
    }
}

fn checked(pair: Option<Credentials>) -> Presented {
    match pair {
        Some(pair) if pair.client_id.len() <= MAX_BYTES && pair.secret.len() <= MAX_BYTES => Presented::Pair(pair),
        _ => Presented::Nothing,
    }
}

/// What follows the scheme `Basic`, whose name has no case (RFC 9110 section 11.1).
fn basic_payload(authorization: &str) -> Option<&str> {
    let (scheme, payload) = authorization.trim().split_once(' ').unwrap_or((authorization.trim(), ""));
    scheme.eq_ignore_ascii_case("Basic").then_some(payload.trim())
}

/// Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1).
fn parse_basic(payload: &str) -> Option<Credentials> {
    let joined = Zeroizing::new(STANDARD.decode(payload).ok()?);
    let colon = joined.iter().position(|&byte| byte == b':')?;
    let (id, secret) = (&joined[..colon], &joined[colon + 1..]);
    let pair = Credentials { client_id: urlencoded::decode(id)?, secret: Zeroizing::new(urlencoded::decode(secret)?) };
    (!pair.client_id.is_empty() && !pair.secret.is_empty()).then_some(pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(id: &str, secret: &str) -> Parameters {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Parameters { client_id: text(id), client_secret: text(secret).map(Zeroizing::new), ..Parameters::default() }
    }

    /// "id secret", "" for nothing, or the error.
    fn outcome(authorization: Option<&str>, mut parameters: Parameters) -> String {
        match presented(authorization, &mut parameters) {
            Ok(Presented::Pair(pair)) => format!("{} {}", pair.client_id, *pair.secret),
            Ok(Presented::Assertion(assertion)) => format!("{} by assertion", assertion.client_id),
            Ok(Presented::Id(id)) => format!("{id} alone"),
            Ok(Presented::Nothing) => String::new(),
            Err(error) => error.error.to_owned(),
        }
    }

    fn basic(joined: &str) -> String {
        format!("Basic {}", STANDARD.encode(joined))
    }

    #[test]
    fn basic_halves_are_percent_decoded() {
        assert_eq!(outcome(Some(&basic("a%3Ab:p%25+q:r")), body("", "")), "a:b p% q:r");
        assert_eq!(outcome(Some(&basic("id:secret").replace("Basic", "bAsIc ")), body("", "")), "id secret");
    }

    #[test]
    fn another_scheme_is_as_none() {
        for other in ["Bearer null", "Bearer", "", "Digest x", "Basically x"] {
            assert_eq!(outcome(Some(other), body("id", "secret")), "id secret", "{other}");
            assert_eq!(outcome(Some(other), body("", "")), "", "{other}");
        }
    }

    #[test]
    fn two_authentications_are_refused_even_when_they_agree() {
        assert_eq!(outcome(Some(&basic("id:secret")), body("id", "secret")), "invalid_request");
        assert_eq!(outcome(Some("Basic ???"), body("id", "secret")), "invalid_request");
        let assertion = Parameters { client_assertion: Some("x".into()), ..body("id", "secret") };
        assert_eq!(outcome(None, assertion), "invalid_request");
    }

    #[test]
    fn a_client_id_beside_basic_must_be_the_same() {
        assert_eq!(outcome(Some(&basic("id:secret")), body("id", "")), "id secret");
        assert_eq!(outcome(Some(&basic("id:secret")), body("other", "")), "invalid_request");
    }

    #[test]
    fn what_cannot_be_checked_counts_as_nothing() {
        let no_colon = basic("idsecret");
        let not_utf8 = format!("Basic {}", STANDARD.encode(b"id:\xff"));
        for broken in ["Basic", "Basic ???", &no_colon, &not_utf8, &basic(":secret"), &basic("id:"), &basic("id:%")] {
            assert_eq!(outcome(Some(broken), body("", "")), "", "{broken}");
        }
        assert_eq!(outcome(None, body("id", "")), "id alone");
        assert_eq!(outcome(None, body("", "secret")), "");
        assert_eq!(outcome(None, body("id", &"s".repeat(MAX_BYTES + 1))), "");
    }
}
