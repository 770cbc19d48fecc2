//! Tokens that are to be believed, and all kinds that are not.

use jsonwebtoken::EncodingKey;
use serde_json::json;

use super::*;
use crate::SigningAlgorithm;
use crate::keys::algorithm::PublicKey;

const NOW: i64 = 1_795_370_400;
const PROVIDER: &str = "https://login.bank.example";

struct Signer {
    key: EncodingKey,
    algorithm: SigningAlgorithm,
    public: Value,
}

impl Signer {
    fn new(algorithm: SigningAlgorithm, id: &str) -> Self {
        let private = algorithm.generate().unwrap();
        let public = PublicKey::of(algorithm, &private).unwrap().jwk(id, algorithm);
        Self { key: algorithm.encoding_key(&private).unwrap(), algorithm, public }
    }

    fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm.jwt());
        header.kid = Some(self.public["kid"].as_str().unwrap().to_owned());
        header
    }

    fn sign(&self, changed: &Value) -> String {
        self.sign_with(&self.header(), changed)
    }

    /// Null takes a claim out.
    fn sign_with(&self, header: &Header, changed: &Value) -> String {
        let mut claims = json!({
            "iss": PROVIDER, "sub": "u1", "aud": "continuity", "exp": NOW + 300, "iat": NOW, "nonce": "n1",
        });
        for (name, value) in changed.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        jsonwebtoken::encode(header, &claims, &self.key).unwrap()
    }
}

fn keys(of: &[&Signer]) -> ProviderKeys {
    let keys: Vec<&Value> = of.iter().map(|signer| &signer.public).collect();
    ProviderKeys::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn check(token: &str, keys: &ProviderKeys) -> Result<Map<String, Value>, IdTokenError> {
    check_since(token, keys, None)
}

fn check_since(token: &str, keys: &ProviderKeys, since: Option<i64>) -> Result<Map<String, Value>, IdTokenError> {
    let now = Timestamp::from_micros(NOW * 1_000_000);
    let since = since.map(|seconds| Timestamp::from_micros(seconds * 1_000_000));
    let expected =
        ExpectedToken { issuer: PROVIDER, client_id: "continuity", nonce: "n1", access_token: "at-1", since, now };
    check_id_token(token, keys, &expected)
}

#[test]
fn a_good_token_of_each_algorithm_is_believed() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::new(algorithm, "k1");
        let keys = keys(&[&signer]);
        let hash = half_hash("at-1", algorithm.jwt());
        for good in [
            json!({}),
            json!({ "at_hash": hash }),
            json!({ "aud": ["continuity"], "azp": "continuity" }),
            json!({ "exp": NOW - 59, "iat": NOW - 600 }),
            json!({ "iat": 1_795_370_430.5, "nbf": NOW + 30 }),
        ] {
            let claims = check(&signer.sign(&good), &keys);
            assert_eq!(claims.unwrap()["sub"], "u1", "{algorithm:?} {good}");
        }
    }
}

#[test]
fn each_claim_has_to_be_right() {
    let signer = Signer::new(SigningAlgorithm::Es256, "k1");
    let keys = keys(&[&signer]);
    for wrong in [
        json!({ "iss": "https://evil.example" }),
        json!({ "iss": "https://login.bank.example/" }),
        json!({ "iss": null }),
        json!({ "aud": "another" }),
        json!({ "aud": ["continuity", "another"], "azp": "continuity" }),
        json!({ "aud": [] }),
        json!({ "aud": null }),
        json!({ "azp": "another" }),
        json!({ "azp": 7 }),
        json!({ "sub": null }),
        json!({ "sub": "" }),
        json!({ "sub": " u1" }),
        json!({ "sub": "ü1" }),
        json!({ "sub": "x".repeat(256) }),
        json!({ "exp": NOW - 61 }),
        json!({ "exp": null }),
        json!({ "exp": "1795370700" }),
        json!({ "exp": 1e300 }),
        json!({ "iat": NOW + 61 }),
        json!({ "iat": NOW - 700 }),
        json!({ "iat": null }),
        json!({ "nbf": NOW + 61 }),
        json!({ "nbf": "soon" }),
        json!({ "nonce": "n2" }),
        json!({ "nonce": null }),
        json!({ "at_hash": half_hash("at-2", Algorithm::ES256) }),
        json!({ "at_hash": 7 }),
    ] {
        let error = check(&signer.sign(&wrong), &keys).unwrap_err();
        assert!(matches!(error, IdTokenError::Wrong(_)), "{wrong}");
    }
}

#[test]
fn who_has_to_prove_it_anew_has_to_have_done_so() {
    let signer = Signer::new(SigningAlgorithm::Es256, "k1");
    let keys = keys(&[&signer]);
    for (claims, is_good) in [
        (json!({ "auth_time": NOW }), true),
        (json!({ "auth_time": NOW - 90 }), true),
        (json!({ "auth_time": NOW - 91 }), false),
        (json!({ "auth_time": "now" }), false),
        (json!({}), false),
    ] {
        let token = signer.sign(&claims);
        assert_eq!(check_since(&token, &keys, Some(NOW - 30)).is_ok(), is_good, "{claims}");
        assert!(check(&token, &keys).is_ok(), "{claims}");
    }
}

#[test]
fn only_signatures_of_the_named_key_count() {
    let (one, other) = (Signer::new(SigningAlgorithm::Es256, "k1"), Signer::new(SigningAlgorithm::Es256, "k2"));
    let token = one.sign(&json!({}));
    assert!(check(&token, &keys(&[&other, &one])).is_ok());
    assert_eq!(check(&token, &keys(&[&other])), Err(IdTokenError::UnknownKey));
    let mut renamed = other.header();
    renamed.kid = Some("k1".to_owned());
    let forged = other.sign_with(&renamed, &json!({}));
    assert!(matches!(check(&forged, &keys(&[&one, &other])), Err(IdTokenError::Wrong(_))), "a key under another name");

    let nameless = one.sign_with(&Header::new(Algorithm::ES256), &json!({}));
    assert!(check(&nameless, &keys(&[&one])).is_ok(), "there is one key");
    assert!(matches!(check(&nameless, &keys(&[&one, &other])), Err(IdTokenError::Wrong(_))));
    assert_eq!(check(&nameless, &ProviderKeys::default()), Err(IdTokenError::UnknownKey));
}

#[test]
fn other_algorithms_and_kinds_are_refused() {
    let signer = Signer::new(SigningAlgorithm::Rs256, "k1");
    let keys = keys(&[&signer]);
    let good = signer.sign(&json!({}));
    let (_, rest) = good.split_once('.').unwrap();
    let (claims, signature) = rest.split_once('.').unwrap();
    let head = |text: &str| URL_SAFE_NO_PAD.encode(text);
    for header in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None","kid":"k1"}"#,
        r#"{"alg":"HS256","kid":"k1"}"#,
        r#"{"alg":"RS512","kid":"k1"}"#,
        r#"{"alg":"PS256","kid":"k1"}"#,
        r#"{"alg":"RS256","kid":"k1","crit":["exp"]}"#,
        r#"{"alg":"RS256","kid":"k1","typ":"at+jwt"}"#,
        r#"{"kid":"k1"}"#,
        "[]",
        "",
    ] {
        for token in [format!("{}.{claims}.{signature}", head(header)), format!("{}.{claims}.", head(header))] {
            assert!(matches!(check(&token, &keys), Err(IdTokenError::Wrong(_))), "{header}");
        }
    }
    let with_public = EncodingKey::from_secret(signer.public.to_string().as_bytes());
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("k1".to_owned());
    let keyed = jsonwebtoken::encode(&header, &json!({ "iss": PROVIDER }), &with_public).unwrap();
    assert!(check(&keyed, &keys).is_err());
    for token in ["", ".", "..", "a.b.c", &"x".repeat(200_000)] {
        assert!(check(token, &keys).is_err());
    }
}

#[test]
fn key_sets_are_read_as_far_as_they_are_known() {
    let signer = Signer::new(SigningAlgorithm::EdDsa, "k1");
    let set = json!({ "keys": [{ "kty": "magic", "kid": "k0" }, { "kty": "oct", "k": "AAAA", "kid": "k1" }, 7, signer.public] });
    let keys = ProviderKeys::parse(set.to_string().as_bytes()).unwrap();
    assert!(check(&signer.sign(&json!({})), &keys).is_ok());
    for none in ["", "[]", "{}", r#"{"keys":7}"#] {
        assert!(ProviderKeys::parse(none.as_bytes()).is_none(), "{none}");
    }
}
