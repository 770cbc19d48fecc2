//! Tokens that clients sign with keys of their own: `private_key_jwt` (RFC 7523).

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use parking_lot::Mutex;
use serde::Deserialize;

use crate::verifier::LEEWAY_SECONDS;

/// The longest assertion that is looked at, in bytes.
const MAX_BYTES: usize = 8 * 1024;
/// How far ahead `exp` may lie, in seconds: libraries sign for an hour.
const MAX_LIFE_SECONDS: i64 = 3_600;
/// How long after `iat` an assertion is taken at most, in seconds: so long one that was used has to be remembered.
const MAX_AGE_SECONDS: i64 = 300;
/// The longest `jti`, in bytes.
const MAX_ID_BYTES: usize = 256;
/// Assertions of one client that are remembered; when so many are fresh, no further one is taken.
const REMEMBERED: usize = 10_000;
/// Public keys of examples in RFCs (7638 3.1, 7515 A.3, 8037 A.2): an assertion of a client that there is not is checked
/// against them, so that it takes as long.
const DECOYS: &str = r#"{"keys":[
    {"kty":"RSA","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"},
    {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// The claims that are needed (RFC 7523 section 3). Times may be fractions (RFC 7519 section 2).
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    iat: f64,
    jti: String,
}

/// One audience, as a text or as a list of one: an assertion for several could be used at another one (RFC 7523bis).
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    List([String; 1]),
}

impl Audience {
    fn only(&self) -> &str {
        match self {
            Self::One(audience) | Self::List([audience]) => audience,
        }
    }
}

/// The algorithms that a key may be used with here; `None` when there is none.
pub(crate) fn usable(key: &Jwk) -> Option<Vec<Algorithm>> {
    let fits = match &key.algorithm {
        AlgorithmParameters::RSA(_) => vec![Algorithm::RS256, Algorithm::PS256],
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
        AlgorithmParameters::OctetKeyPair(point) if point.curve == EllipticCurve::Ed25519 => vec![Algorithm::EdDSA],
        _ => return None,
    };
    if key.common.public_key_use.as_ref().is_some_and(|of| *of != PublicKeyUse::Signature) || !is_whole(key) {
        return None;
    }
    let said = match key.common.key_algorithm {
        None => return Some(fits),
        Some(KeyAlgorithm::RS256) => Algorithm::RS256,
        Some(KeyAlgorithm::PS256) => Algorithm::PS256,
        Some(KeyAlgorithm::ES256) => Algorithm::ES256,
        Some(KeyAlgorithm::EdDSA) => Algorithm::EdDSA,
        Some(_) => return None,
    };
    fits.contains(&said).then(|| vec![said])
}

/// Whether the numbers of a key are as long as they have to be: at least 2,048 bits for RSA.
fn is_whole(key: &Jwk) -> bool {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_or(0, |bytes| bytes.len());
    let whole = match &key.algorithm {
        AlgorithmParameters::RSA(rsa) => (256..=1_024).contains(&bytes(&rsa.n)) && (1..=8).contains(&bytes(&rsa.e)),
        AlgorithmParameters::EllipticCurve(point) => bytes(&point.x) == 32 && bytes(&point.y) == 32,
        AlgorithmParameters::OctetKeyPair(point) => bytes(&point.x) == 32,
        _ => false,
    };
    whole && DecodingKey::from_jwk(key).is_ok()
}

/// The client that an assertion says it is of, unchecked.
pub(crate) fn claimed_subject(assertion: &str) -> Option<String> {
    if assertion.len() > MAX_BYTES {
        return None;
    }
    let claims = jsonwebtoken::dangerous::insecure_decode::<Claims>(assertion).ok()?.claims;
    (claims.iss == claims.sub).then_some(claims.sub)
}

/// Assertions that were used and are fresh.
#[derive(Debug)]
pub(crate) struct Assertions {
    /// Those of before it were used at a time that nobody remembers, in seconds since 1970.
    since: i64,
    /// Client -> (`jti` -> until when it is fresh, in seconds since 1970).
    used: Mutex<HashMap<String, HashMap<String, i64>>>,
    decoys: JwkSet,
}

impl Assertions {
    pub(crate) fn new(now: Timestamp) -> Self {
        let decoys = serde_json::from_str(DECOYS).expect("a test reads these keys");
        Self { since: now.as_seconds(), used: Mutex::default(), decoys }
    }

    /// Whether the assertion proves that the request is of `client`, whose keys are `keys`: signed with one of them, for
    /// one of `audiences`, just now, and not used before in this process. Without keys it proves nothing, in the same time.
    pub(crate) fn proves(
        &self,
        assertion: &str,
        client: &str,
        keys: Option<&JwkSet>,
        audiences: &[String],
        now: Timestamp,
    ) -> bool {
        let claims = decoded(assertion, keys.unwrap_or(&self.decoys)).filter(|_| keys.is_some());
        let refused = match claims {
            None => Some("no key of the client signed it, with the algorithm and the claims that are needed"),
            Some(claims) => self.fault(claims, client, audiences, now.as_seconds()),
        };
        if let Some(why) = refused {
            tracing::debug!(client.id = client, why, "a client assertion was refused");
        }
        refused.is_none()
    }

    /// What is wrong with the claims; if nothing is, they are used up.
    fn fault(&self, claims: Claims, client: &str, audiences: &[String], now: i64) -> Option<&'static str> {
        let (exp, iat) = (seconds(claims.exp), seconds(claims.iat));
        if claims.iss != client || claims.sub != client {
            return Some("`iss` and `sub` have to be the client");
        }
        if !audiences.iter().any(|audience| audience == claims.aud.only()) {
            return Some("`aud` has to be this server, or the endpoint, and nobody else");
        }
        if exp <= now - LEEWAY_SECONDS || exp > now + MAX_LIFE_SECONDS + LEEWAY_SECONDS {
            return Some("`exp` has passed, or lies more than an hour ahead");
        }
        if iat > now + LEEWAY_SECONDS || claims.nbf.is_some_and(|nbf| seconds(nbf) > now + LEEWAY_SECONDS) {
            return Some("`iat` or `nbf` lies ahead");
        }
        if iat < now - MAX_AGE_SECONDS || iat < self.since - LEEWAY_SECONDS {
            return Some(
                "`iat` is more than 5 minutes ago, or before this server started: sign a new one for each request",
            );
        }
        if claims.jti.is_empty() || claims.jti.len() > MAX_ID_BYTES {
            return Some("`jti` must have 1 to 256 bytes");
        }
        self.use_up(client, claims.jti, iat + MAX_AGE_SECONDS, now)
    }

    fn use_up(&self, client: &str, id: String, fresh_until: i64, now: i64) -> Option<&'static str> {
        let mut used = self.used.lock();
        let own = used.entry(client.to_owned()).or_default();
        if own.len() >= REMEMBERED {
            own.retain(|_, until| *until >= now - LEEWAY_SECONDS);
        }
        if own.len() >= REMEMBERED {
            return Some("the client signed too many in 5 minutes");
        }
        own.insert(id, fresh_until).map(|_| "it was used before")
    }
}

/// Whole seconds since 1970; what is no time is long ago.
#[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest number that there is")]
pub(crate) fn seconds(time: f64) -> i64 {
    time as i64
}

/// The claims, if one of the keys signed them.
fn decoded(assertion: &str, keys: &JwkSet) -> Option<Claims> {
    if assertion.len() > MAX_BYTES {
        return None;
    }
    let header = jsonwebtoken::decode_header(assertion).ok()?;
    let named = |key: &&Jwk| header.kid.is_none() || key.common.key_id.is_none() || key.common.key_id == header.kid;
    keys.keys.iter().filter(named).find_map(|key| {
        let allowed = usable(key)?;
        if !allowed.contains(&header.alg) {
            return None;
        }
        let mut validation = Validation::new(header.alg);
        validation.required_spec_claims.clear();
        (validation.validate_exp, validation.validate_aud) = (false, false);
        let decoding = DecodingKey::from_jwk(key).ok()?;
        jsonwebtoken::decode::<Claims>(assertion, &decoding, &validation).ok().map(|token| token.claims)
    })
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::{Value, json};

    use super::*;
    use crate::SigningAlgorithm;
    use crate::keys::algorithm::PublicKey;

    const NOW: i64 = 1_795_370_400;
    const TOKEN_ENDPOINT: &str = "https://replica.example/oauth/token";

    struct Signer {
        key: EncodingKey,
        algorithm: SigningAlgorithm,
        keys: JwkSet,
    }

    impl Signer {
        fn new(algorithm: SigningAlgorithm) -> Self {
            let private = algorithm.generate().unwrap();
            let public = PublicKey::of(algorithm, &private).unwrap().jwk("k1", algorithm);
            let keys = serde_json::from_value(json!({ "keys": [public] })).unwrap();
            Self { key: algorithm.encoding_key(&private).unwrap(), algorithm, keys }
        }

        fn sign(&self, changed: &Value) -> String {
            let mut claims = json!({
                "iss": "c", "sub": "c", "aud": TOKEN_ENDPOINT, "exp": NOW + 60, "iat": NOW, "jti": "1",
            });
            for (name, value) in changed.as_object().unwrap() {
                claims[name] = value.clone();
            }
            jsonwebtoken::encode(&Header::new(self.algorithm.jwt()), &claims, &self.key).unwrap()
        }
    }

    fn assertions() -> Assertions {
        Assertions::new(Timestamp::from_micros((NOW - 60) * 1_000_000))
    }

    fn proves(assertions: &Assertions, signer: &Signer, assertion: &str) -> bool {
        let now = Timestamp::from_micros(NOW * 1_000_000);
        let audiences = ["https://replica.example", TOKEN_ENDPOINT].map(str::to_owned);
        assertions.proves(assertion, "c", Some(&signer.keys), &audiences, now)
    }

    #[test]
    fn every_algorithm_proves_once() {
        for algorithm in SigningAlgorithm::ALL {
            let (signer, assertions) = (Signer::new(algorithm), assertions());
            let assertion = signer.sign(&json!({}));
            assert_eq!(claimed_subject(&assertion).as_deref(), Some("c"));
            assert!(proves(&assertions, &signer, &assertion), "{algorithm:?}");
            assert!(!proves(&assertions, &signer, &assertion), "twice: {algorithm:?}");
            assert!(proves(&assertions, &signer, &signer.sign(&json!({ "jti": "2" }))));
        }
    }

    #[test]
    fn what_is_wrong_proves_nothing() {
        let (signer, other) = (Signer::new(SigningAlgorithm::Es256), Signer::new(SigningAlgorithm::Es256));
        let assertions = assertions();
        for wrong in [
            json!({ "iss": "other" }),
            json!({ "sub": "other" }),
            json!({ "aud": "https://elsewhere.example" }),
            json!({ "aud": ["https://replica.example", "https://elsewhere.example"] }),
            json!({ "exp": NOW - 60 }),
            json!({ "exp": NOW + 7_200 }),
            json!({ "exp": null }),
            json!({ "nbf": NOW + 60 }),
            json!({ "iat": NOW + 60 }),
            json!({ "iat": NOW - 120 }),
            json!({ "iat": null }),
            json!({ "jti": "" }),
            json!({ "jti": null }),
        ] {
            assert!(!proves(&assertions, &signer, &signer.sign(&wrong)), "{wrong}");
        }
        assert!(!proves(&assertions, &signer, &other.sign(&json!({}))), "another key");
        let keyed_with_public = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &json!({ "iss": "c", "sub": "c", "aud": TOKEN_ENDPOINT, "exp": NOW + 60, "jti": "1" }),
            &EncodingKey::from_secret(serde_json::to_string(&signer.keys).unwrap().as_bytes()),
        );
        assert!(!proves(&assertions, &signer, &keyed_with_public.unwrap()));
        assert!(!proves(&assertions, &signer, "x.y.z") && !proves(&assertions, &signer, &"a".repeat(9_000)));
        assert!(proves(&assertions, &signer, &signer.sign(&json!({ "aud": ["https://replica.example"] }))));
        let fractions = json!({ "jti": "2", "exp": 1_795_370_460.5, "iat": 1_795_370_399.5 });
        assert!(proves(&assertions, &signer, &signer.sign(&fractions)));
        let now = Timestamp::from_micros(NOW * 1_000_000);
        let audiences = [TOKEN_ENDPOINT.to_owned()];
        assert!(!assertions.proves(&signer.sign(&json!({ "jti": "3" })), "c", None, &audiences, now), "without keys");
    }

    #[test]
    fn one_client_takes_no_room_from_another() {
        let assertions = assertions();
        for n in 0..REMEMBERED {
            assert_eq!(assertions.use_up("greedy", n.to_string(), NOW + 300, NOW), None);
        }
        assert!(assertions.use_up("greedy", "more".to_owned(), NOW + 300, NOW).is_some());
        assert_eq!(assertions.use_up("modest", "1".to_owned(), NOW + 300, NOW), None);
        assert_eq!(assertions.use_up("greedy", "later".to_owned(), NOW + 900, NOW + 600), None);
    }

    #[test]
    fn keys_are_whole_and_for_signatures() {
        let key = |value: Value| usable(&serde_json::from_value(value).unwrap()).is_some();
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert!(key(json!({ "kty": "OKP", "crv": "Ed25519", "x": x })));
        assert!(!key(json!({ "kty": "OKP", "crv": "Ed25519", "x": &x[..40] })));
        assert!(!key(json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc" })));
        assert!(!key(json!({ "kty": "RSA", "e": "AQAB", "n": "0vx7agoebGcQSuuPiLJX" })));
        let decoys: JwkSet = serde_json::from_str(DECOYS).unwrap();
        assert!(decoys.keys.iter().all(|key| usable(key).is_some()));
    }
}
