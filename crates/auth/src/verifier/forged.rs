//! Forged, broken and stale tokens: every one must be refused, and for the reason stated.

use crate::Purpose;
use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::{LEEWAY_SECONDS, MAX_TOKEN_BYTES};
use crate::SigningAlgorithm;
use crate::TokenError::{self, *};
use crate::testing::{
    ISSUER, NOW, Padding, Server, base64url, claims, foreign_key, forge, key_row, sign_raw, signing_key,
};

struct Case {
    name: String,
    token: String,
    expected: TokenError,
}

/// Collects the corpus; each method adds one case.
struct Corpus {
    server: Server,
    cases: Vec<Case>,
}

impl Corpus {
    fn add(&mut self, name: impl Into<String>, token: impl Into<String>, expected: TokenError) {
        self.cases.push(Case { name: name.into(), token: token.into(), expected });
    }

    /// Our key signs a token whose header is changed.
    fn header(&mut self, name: &str, changed: Value, expected: TokenError) {
        let mut header = self.server.header();
        merge(&mut header, changed);
        let token = forge(&header.to_string(), &claims().to_string(), signing_key(), Padding::Rs256);
        self.add(format!("header: {name}"), token, expected);
    }

    /// Our key signs a token whose claims are changed.
    fn claims(&mut self, name: &str, changed: Value, expected: TokenError) {
        let mut forged = claims();
        merge(&mut forged, changed);
        self.raw(&format!("claims: {name}"), None, &forged.to_string(), expected);
    }

    /// Our key signs the texts as they stand.
    fn raw(&mut self, name: &str, header: Option<&str>, claims: &str, expected: TokenError) {
        let ours = self.server.header().to_string();
        let token = forge(header.unwrap_or(&ours), claims, signing_key(), Padding::Rs256);
        self.add(name, token, expected);
    }

    fn good(&self) -> String {
        forge(&self.server.header().to_string(), &claims().to_string(), signing_key(), Padding::Rs256)
    }
}

/// Replaces members; null removes one.
fn merge(object: &mut Value, changed: Value) {
    let object = object.as_object_mut().unwrap();
    let Value::Object(changed) = changed else { panic!("changes are an object") };
    for (name, value) in changed {
        if value.is_null() {
            object.remove(&name)
        } else {
            object.insert(name, value)
        };
    }
}

#[test]
fn every_forged_token_is_refused_for_its_reason() {
    let mut corpus = Corpus { server: Server::new(), cases: Vec::new() };
    assert!(
        corpus.server.verifier.verify(Purpose::Data, &corpus.good(), None).is_ok(),
        "what is changed below is good to begin with"
    );
    algorithms(&mut corpus);
    foreign_keys(&mut corpus);
    headers(&mut corpus);
    missing_claims(&mut corpus);
    wrong_claims(&mut corpus);
    times(&mut corpus);
    encodings(&mut corpus);
    sizes(&mut corpus);
    assert!(corpus.cases.len() >= 90, "{} cases", corpus.cases.len());
    let mut wrong = Vec::new();
    for Case { name, token, expected } in &corpus.cases {
        let verifier = &corpus.server.verifier;
        for verdict in [verifier.verify(Purpose::Data, token, None), verifier.verify_uncached(token, None)] {
            if verdict != Err(*expected) {
                wrong.push(format!("{name}: {verdict:?} instead of {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(corpus.server.verifier.cache.len(), 1, "only the good token is remembered");
}

fn algorithms(corpus: &mut Corpus) {
    let payload = base64url(claims().to_string());
    for none in ["none", "None", "NONE", "nOnE", ""] {
        let mut header = corpus.server.header();
        header["alg"] = json!(none);
        let header = base64url(header.to_string());
        corpus.add(format!("alg {none:?}, no signature"), format!("{header}.{payload}."), WrongAlgorithm);
        let signature = sign_raw(&format!("{header}.{payload}"), signing_key(), Padding::Rs256);
        corpus.add(format!("alg {none:?}, signed"), format!("{header}.{payload}.{signature}"), WrongAlgorithm);
    }
    for (name, key) in public_key_forms(&corpus.server) {
        let mut header = corpus.server.header();
        header["alg"] = json!("HS256");
        let message = format!("{}.{payload}", base64url(header.to_string()));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), message.as_bytes());
        corpus.add(format!("HS256 keyed with {name}"), format!("{message}.{}", base64url(tag)), WrongAlgorithm);
    }
    for other in ["RS384", "RS512", "PS256", "PS384", "ES256", "EdDSA", "HS256", "rs256", " RS256"] {
        corpus.header(&format!("alg {other:?} under an RS256 key"), json!({ "alg": other }), WrongAlgorithm);
    }
    let header = corpus.server.header();
    for (name, padding) in [("PS256", Padding::Ps256), ("RS512", Padding::Rs512)] {
        let token = forge(&header.to_string(), &claims().to_string(), signing_key(), padding);
        corpus.add(format!("says RS256, signed with {name}"), token, BadSignature);
        let mut honest = header.clone();
        honest["alg"] = json!(name);
        let token = forge(&honest.to_string(), &claims().to_string(), signing_key(), padding);
        corpus.add(format!("says and is {name}, with our key"), token, WrongAlgorithm);
    }
}

/// What an attacker may take for the HMAC key that a careless verifier uses.
fn public_key_forms(server: &Server) -> Vec<(&'static str, Vec<u8>)> {
    let jwks = server.force.ring.set().jwks().to_owned();
    let set: Value = serde_json::from_str(&jwks).unwrap();
    let (jwk, modulus) = (set["keys"][0].to_string(), set["keys"][0]["n"].as_str().unwrap().to_owned());
    vec![
        ("the JWK Set", jwks.into()),
        ("the JWK", jwk.into()),
        ("the modulus", modulus.into()),
        ("nothing", Vec::new()),
    ]
}

fn foreign_keys(corpus: &mut Corpus) {
    let foreign = key_row(SigningAlgorithm::Rs256, foreign_key());
    let mut header = corpus.server.header();
    let token = forge(&header.to_string(), &claims().to_string(), foreign_key(), Padding::Rs256);
    corpus.add("foreign key under our kid", token, BadSignature);
    header["kid"] = json!(foreign.id);
    let token = forge(&header.to_string(), &claims().to_string(), foreign_key(), Padding::Rs256);
    corpus.add("foreign key under its own kid", token, UnknownKey);
    let mut header = corpus.server.header();
    header["jwk"] = foreign.material.as_ref().unwrap().public.jwk(&foreign.id, SigningAlgorithm::Rs256);
    let token = forge(&header.to_string(), &claims().to_string(), foreign_key(), Padding::Rs256);
    corpus.add("foreign key embedded as jwk", token, HeaderNotUnderstood);
}

fn headers(corpus: &mut Corpus) {
    let kid = corpus.server.key_id();
    for other in ["JWT", "at+jwt2", "application/at+jwt", "AT+JWT", "id_token+jwt", "logout+jwt", ""] {
        corpus.header(&format!("typ {other:?}"), json!({ "typ": other }), WrongType);
    }
    for missing in ["typ", "alg", "kid"] {
        corpus.header(&format!("no {missing}"), json!({ missing: null }), HeaderNotUnderstood);
    }
    for other in ["", "../../keys/token-signing.pem", "' OR 1=1 --", "\u{0}", &kid[1..], &kid.to_lowercase()] {
        corpus.header(&format!("kid {other:?}"), json!({ "kid": other }), UnknownKey);
    }
    corpus.header("kid is a number", json!({ "kid": 1 }), HeaderNotUnderstood);
    corpus.header("crit of what we do understand", json!({ "crit": ["typ"] }), HeaderNotUnderstood);
    corpus.header("crit of what nobody understands", json!({ "crit": ["x"], "x": true }), HeaderNotUnderstood);
    corpus.header("empty crit", json!({ "crit": [] }), HeaderNotUnderstood);
    corpus.header("unencoded payload (RFC 7797)", json!({ "b64": false, "crit": ["b64"] }), HeaderNotUnderstood);
    corpus.header("jku", json!({ "jku": "https://evil.example/jwks.json" }), HeaderNotUnderstood);
    corpus.header("x5u", json!({ "x5u": "https://evil.example/cert.pem" }), HeaderNotUnderstood);
    corpus.header("x5c", json!({ "x5c": ["MIIB"] }), HeaderNotUnderstood);
    corpus.header("zip", json!({ "zip": "DEF" }), HeaderNotUnderstood);
    corpus.header("cty", json!({ "cty": "JWT" }), HeaderNotUnderstood);
    let good = claims().to_string();
    for twice in ["alg", "kid", "typ"] {
        let mut header = corpus.server.header().to_string();
        let value = if twice == "alg" { "none" } else { "other" };
        header.insert_str(1, &format!("\"{twice}\":\"{value}\","));
        corpus.raw(&format!("header: {twice} twice"), Some(&header), &good, HeaderNotUnderstood);
    }
    let escaped = format!(r#"{{"alg":"none","\u0061lg":"RS256","kid":"{kid}","typ":"at+jwt"}}"#);
    corpus.raw("header: alg twice, one escaped", Some(&escaped), &good, HeaderNotUnderstood);
    let case = format!(r#"{{"Alg":"none","alg":"RS256","kid":"{kid}","typ":"at+jwt"}}"#);
    corpus.raw("header: Alg beside alg", Some(&case), &good, HeaderNotUnderstood);
    corpus.raw("header: an array", Some("[]"), &good, HeaderNotUnderstood);
    for broken in ["", "{", r#"{"typ":"#, "\u{feff}{}"] {
        corpus.raw(&format!("header: {broken:?}"), Some(broken), &good, Malformed);
    }
}

fn missing_claims(corpus: &mut Corpus) {
    for name in ["iss", "aud", "sub", "client_id", "jti", "iat", "exp", "scope", "gen"] {
        corpus.claims(&format!("no {name}"), json!({ name: null }), BadClaims);
        let mut forged = claims();
        forged[name] = Value::Null;
        corpus.raw(&format!("claims: {name} is null"), None, &forged.to_string(), BadClaims);
    }
    corpus.raw("claims: empty object", None, "{}", BadClaims);
    corpus.raw("claims: an array", None, "[]", BadClaims);
    corpus.raw("claims: not JSON", None, "{", BadClaims);
}

fn wrong_claims(corpus: &mut Corpus) {
    for iss in ["https://evil.example", "https://replica.example:8083/", "HTTPS://replica.example:8083", ""] {
        corpus.claims(&format!("iss {iss:?}"), json!({ "iss": iss }), WrongIssuer);
    }
    corpus.claims("iss is an array with ours", json!({ "iss": [ISSUER] }), BadClaims);
    for aud in [ISSUER, "https://replica.example:8083/api/v1/", "https://replica.example:8083/api/v1/admin", "*", ""] {
        corpus.claims(&format!("aud {aud:?}"), json!({ "aud": aud }), WrongAudience);
    }
    corpus.claims("aud is an array with ours", json!({ "aud": [claims()["aud"], "https://other"] }), BadClaims);
    corpus.claims("sub of another client", json!({ "sub": "client-2" }), BadClaims);
    corpus.claims("unknown client", json!({ "sub": "client-2", "client_id": "client-2" }), UnknownClient);
    corpus.claims("empty jti", json!({ "jti": "" }), BadClaims);
    corpus.claims("unknown scope", json!({ "scope": "loans:read loans:write" }), BadClaims);
    corpus.claims("scope is an array", json!({ "scope": ["loans:read"] }), BadClaims);
    corpus.claims("another generation", json!({ "gen": 1 }), Revoked);
    for cnf in [json!("k"), json!({}), json!({ "jkt": 1 }), json!({ "jkt": "k", "x5t#S256": "k" })] {
        corpus.claims(&format!("cnf {cnf}"), json!({ "cnf": cnf }), BadClaims);
    }
    corpus.claims("generation -1", json!({ "gen": -1 }), BadClaims);
    for twice in [r#""exp":99999999999"#, r#""scope":"audit:read""#, r#""client_id":"x""#] {
        let mut forged = claims().to_string();
        forged.insert_str(1, &format!("{twice},"));
        corpus.raw(&format!("claims: twice {twice}"), None, &forged, BadClaims);
    }
}

fn times(corpus: &mut Corpus) {
    let early = NOW - 3_600;
    corpus.claims("expired", json!({ "iat": early, "exp": NOW - 60 }), Expired);
    corpus.claims("expired by the leeway", json!({ "iat": early, "exp": NOW - LEEWAY_SECONDS }), Expired);
    corpus.claims("expired in 1970", json!({ "iat": 0, "exp": 1 }), Expired);
    corpus.claims("iat beyond the leeway", json!({ "iat": NOW + LEEWAY_SECONDS + 1 }), NotYetValid);
    corpus.claims("nbf beyond the leeway", json!({ "nbf": NOW + LEEWAY_SECONDS + 1 }), NotYetValid);
    corpus.claims("nbf is a text", json!({ "nbf": "now" }), BadClaims);
    corpus.claims("exp before iat", json!({ "exp": NOW - 1 }), BadClaims);
    corpus.claims("lives longer than a day", json!({ "exp": NOW + 86_401 }), BadClaims);
    corpus.claims("exp is the greatest number", json!({ "exp": i64::MAX }), BadClaims);
    corpus.claims("iat is the least number", json!({ "iat": i64::MIN }), BadClaims);
    corpus.claims("exp beyond 64 bits", json!({ "exp": u64::MAX }), BadClaims);
    corpus.claims("exp is a text", json!({ "exp": (NOW + 60).to_string() }), BadClaims);
    corpus.claims("exp is a fraction", json!({ "exp": 1_795_370_460.5 }), BadClaims);
    corpus.raw("claims: exp is 1e999", None, &claims().to_string().replace("1795374000", "1e999"), BadClaims);
}

fn encodings(corpus: &mut Corpus) {
    let good = corpus.good();
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    corpus.add("empty", "", Malformed);
    corpus.add("dots only", "..", Malformed);
    corpus.add("one part", header, Malformed);
    corpus.add("two parts", format!("{header}.{payload}"), Malformed);
    corpus.add("four parts", format!("{good}.{signature}"), Malformed);
    corpus.add("five parts, as JWE has", format!("{header}....{signature}"), Malformed);
    corpus.add("null, as some clients send", "null", Malformed);
    corpus.add("no signature", format!("{header}.{payload}."), BadSignature);
    corpus.add("signature cut short", &good[..good.len() - 2], BadSignature);
    corpus.add("signature doubled", format!("{good}{}", "A".repeat(342)), BadSignature);
    corpus.add("payload cut short", format!("{header}.{}.{signature}", &payload[4..]), BadSignature);
    corpus.add("empty payload", format!("{header}..{signature}"), BadSignature);
    corpus.add("signature of another token", format!("{header}.{}.{signature}", base64url("{}")), BadSignature);
    for (name, change) in [("padding", "="), ("a space", " "), ("a line break", "\n"), ("a star", "*"), ("NUL", "\0")] {
        corpus.add(format!("{name} after the signature"), format!("{good}{change}"), Malformed);
        corpus.add(format!("{name} before the header"), format!("{change}{good}"), Malformed);
    }
    corpus.add("standard alphabet", format!("{header}.{payload}.{}", "+/".repeat(171)), Malformed);
    corpus.add("stray bits after the signature", other_last_bits(&good), Malformed);
    corpus.add("not ASCII", format!("{header}.{payload}.\u{e9}"), Malformed);
    let not_utf8 = format!("{header}.{}", base64url([0xff, 0xfe]));
    let signature = sign_raw(&not_utf8, signing_key(), Padding::Rs256);
    corpus.add("claims are not UTF-8", format!("{not_utf8}.{signature}"), BadClaims);
}

/// The same signature bytes with other unused bits in the last character: a second spelling of one token.
fn other_last_bits(token: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = token.split_at(token.len() - 1);
    let index = ALPHABET.iter().position(|&c| c == last.as_bytes()[0]).unwrap();
    format!("{rest}{}", char::from(ALPHABET[index ^ 1]))
}

fn sizes(corpus: &mut Corpus) {
    corpus.claims("valid but oversize", json!({ "pad": "x".repeat(MAX_TOKEN_BYTES) }), TooLong);
    corpus.add("a megabyte", "a".repeat(1 << 20), TooLong);
    let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
    corpus.raw("claims: deeply nested", None, &format!(r#"{{"x":{deep}}}"#), BadClaims);
    corpus.raw("header: deeply nested", Some(&deep), "{}", HeaderNotUnderstood);
}
