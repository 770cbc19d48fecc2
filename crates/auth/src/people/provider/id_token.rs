//! The ID token of a provider (OpenID Connect Core section 3.1.3.7): whether it is to be believed.

use aws_lc_rs::digest::{Algorithm as Hash, SHA256, SHA512, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde_json::{Map, Value};

use crate::keys::assertion::usable;

/// The longest token that is looked at, in bytes: one with thousands of groups.
const MAX_BYTES: usize = 128 * 1024;
/// How long ago one may have been made, in seconds: it comes straight from the provider.
const MAX_AGE_SECONDS: i64 = 600;
/// How far the clocks of provider and replica may be apart, in seconds.
const LEEWAY_SECONDS: i64 = 60;

/// The public keys that a provider signs with. Those of kinds that are not used here are passed over.
#[derive(Debug, Default)]
pub struct ProviderKeys(Vec<Jwk>);

impl ProviderKeys {
    /// Reads a JWK Set (RFC 7517); `None` when it is none.
    pub fn parse(set: &[u8]) -> Option<Self> {
        let set: Value = serde_json::from_slice(set).ok()?;
        let keys = set.get("keys")?.as_array()?;
        let readable = keys.iter().filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
        Some(Self(readable.filter(|key| usable(key).is_some()).collect()))
    }

    /// The key that the header names. Without a name there has to be one alone that fits.
    fn find(&self, header: &Header) -> Result<&Jwk, IdTokenError> {
        let fits = |key: &&Jwk| usable(key).is_some_and(|algorithms| algorithms.contains(&header.alg));
        let Some(named) = &header.kid else {
            let mut fitting = self.0.iter().filter(fits);
            return match (fitting.next(), fitting.next()) {
                (Some(only), None) => Ok(only),
                (None, _) => Err(IdTokenError::UnknownKey),
                (Some(_), Some(_)) => Err(IdTokenError::Wrong("names no key, and there are several")),
            };
        };
        let mut of_name = self.0.iter().filter(|key| key.common.key_id.as_ref() == Some(named)).peekable();
        if of_name.peek().is_none() {
            return Err(IdTokenError::UnknownKey);
        }
        of_name.find(fits).ok_or(IdTokenError::Wrong("has an algorithm that its key is not for"))
    }
}

/// What the token has to say.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedToken<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`, and `azp` if there is one.
    pub client_id: &'a str,
    /// `nonce`, as the sign-in was begun with.
    pub nonce: &'a str,
    /// What came with it: `at_hash`, if there is one, is of this.
    pub access_token: &'a str,
    /// `auth_time` has to be then or later, if not any.
    pub since: Option<Timestamp>,
    /// The time.
    pub now: Timestamp,
}

/// Why it is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// The provider may have a new key.
    #[error("it is signed with a key that the provider does not publish")]
    UnknownKey,
    /// Whatever keys there are.
    #[error("it {0}")]
    Wrong(&'static str),
}

/// The claims of the token, if one of the keys signed it and it says what it has to.
pub fn check_id_token(
    token: &str,
    keys: &ProviderKeys,
    expected: &ExpectedToken<'_>,
) -> Result<Map<String, Value>, IdTokenError> {
    let wrong = |why| Err(IdTokenError::Wrong(why));
    if token.len() > MAX_BYTES {
        return wrong("is too long");
    }
    // `none` is no algorithm that could be read here.
    let Ok(header) = jsonwebtoken::decode_header(token) else { return wrong("has no header with a known algorithm") };
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 | Algorithm::EdDSA) {
        return wrong("is signed with an algorithm that is not accepted");
    }
    if header.crit.is_some() || header.typ.as_ref().is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        return wrong("is a token of another kind");
    }
    let key = keys.find(&header)?;
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    let decoded =
        DecodingKey::from_jwk(key).and_then(|key| jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation));
    let Ok(decoded) = decoded else { return wrong("has a signature that is not of its key") };
    match fault(&decoded.claims, expected, header.alg) {
        Some(why) => wrong(why),
        None => Ok(decoded.claims),
    }
}

fn fault(claims: &Map<String, Value>, expected: &ExpectedToken<'_>, algorithm: Algorithm) -> Option<&'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(expected.issuer) {
        return Some("is of another issuer");
    }
    let audience = match claims.get("aud") {
        Some(Value::Array(list)) if list.len() == 1 => list[0].as_str(),
        Some(one) => one.as_str(),
        None => None,
    };
    if audience != Some(expected.client_id) || claims.contains_key("azp") && text("azp") != Some(expected.client_id) {
        return Some("is for another client, or for several");
    }
    if text("sub").is_none_or(|sub| sub.trim() != sub || sub.is_empty() || sub.len() > 255 || !sub.is_ascii()) {
        return Some("has no subject of 1 to 255 characters");
    }
    let now = expected.now.as_seconds();
    match time(claims, "exp") {
        Some(exp) if now < exp + LEEWAY_SECONDS => {}
        _ => return Some("has expired, or does not say when it does"),
    }
    match time(claims, "iat") {
        Some(iat) if iat <= now + LEEWAY_SECONDS && now - iat <= MAX_AGE_SECONDS + LEEWAY_SECONDS => {}
        _ => return Some("was made long ago or will be; look at the clocks"),
    }
    if claims.contains_key("nbf") && time(claims, "nbf").is_none_or(|nbf| nbf > now + LEEWAY_SECONDS) {
        return Some("is not good yet; look at the clocks");
    }
    let proved_since = |since: Timestamp| time(claims, "auth_time") >= Some(since.as_seconds() - LEEWAY_SECONDS);
    if expected.since.is_some_and(|since| !proved_since(since)) {
        return Some("does not say that the person proved anew who it is");
    }
    if text("nonce") != Some(expected.nonce) {
        return Some("is of another sign-in: its nonce differs");
    }
    if claims.contains_key("at_hash") && text("at_hash") != Some(&half_hash(expected.access_token, algorithm)) {
        return Some("came with another access token");
    }
    None
}

/// Whole seconds since 1970. Times may be fractions (RFC 7519 section 2); those of no calendar are none.
#[expect(clippy::cast_possible_truncation, reason = "the bounds are far inside")]
fn time(claims: &Map<String, Value>, name: &str) -> Option<i64> {
    let seconds = claims.get(name)?.as_f64()?;
    (0.0..1e12).contains(&seconds).then_some(seconds as i64)
}

/// The left half of the access token's digest, with the hash of the signature (section 3.1.3.6; of Ed25519 it is SHA-512).
fn half_hash(token: &str, algorithm: Algorithm) -> String {
    let hash: &'static Hash = if algorithm == Algorithm::EdDSA { &SHA512 } else { &SHA256 };
    let whole = digest(hash, token.as_bytes());
    URL_SAFE_NO_PAD.encode(&whole.as_ref()[..whole.as_ref().len() / 2])
}

#[cfg(test)]
mod tests;
