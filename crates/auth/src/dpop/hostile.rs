//! Proofs that prove nothing: every one must be refused, and for the reason stated.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use super::ProofFault::{self, *};
use super::proof::read;
use super::tests::{Prover, URL};
use super::{PROOF_ALGORITHMS, Proof};
use crate::SigningAlgorithm;
use crate::testing::{ISSUER, NOW, base64url, foreign_key};

const TOKEN: &str = "a.b.c";

struct Case {
    /// The rule: a section of RFC 9449 unless another one is named.
    rule: String,
    jwt: Option<String>,
    expected: ProofFault,
}

struct Table {
    prover: Prover,
    cases: Vec<Case>,
}

impl Table {
    fn add(&mut self, rule: &str, jwt: impl Into<String>, expected: ProofFault) {
        self.cases.push(Case { rule: rule.to_owned(), jwt: Some(jwt.into()), expected });
    }

    /// A proof whose header is changed; null removes a member.
    fn header(&mut self, rule: &str, changed: &Value, expected: ProofFault) {
        let jwt = self.prover.sign(changed, &claims());
        self.add(rule, jwt, expected);
    }

    /// A proof whose key is changed.
    fn key(&mut self, rule: &str, changed: &Value, expected: ProofFault) {
        let jwk = merged(self.prover.jwk(), changed);
        self.header(rule, &json!({ "jwk": jwk }), expected);
    }

    fn claims(&mut self, rule: &str, changed: &Value, expected: ProofFault) {
        let jwt = self.prover.sign(&json!({}), &merged(claims(), changed));
        self.add(rule, jwt, expected);
    }

    /// Signed as it stands.
    fn raw(&mut self, rule: &str, header: &str, claims: &str, expected: ProofFault) {
        let jwt = self.prover.sign_raw(header, claims);
        self.add(rule, jwt, expected);
    }
}

pub(super) fn merged(mut object: Value, changed: &Value) -> Value {
    for (name, value) in changed.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

fn claims() -> Value {
    super::tests::claims(URL, Some(TOKEN))
}

fn judged(jwt: Option<&str>) -> Result<String, ProofFault> {
    let proof = Proof { jwt, method: "POST", path: "/api/v1/oauth/token" };
    read(&proof, ISSUER, Some(TOKEN), NOW).map(|proved| proved.key)
}

#[test]
fn every_hostile_proof_is_refused_for_its_reason() {
    let prover = Prover::new(SigningAlgorithm::Es256);
    assert!(judged(Some(&prover.sign(&json!({}), &claims()))).is_ok(), "what is changed below is good to begin with");
    let mut table = Table { prover, cases: Vec::new() };
    forms(&mut table);
    headers(&mut table);
    keys(&mut table);
    algorithms(&mut table);
    what_it_is_for(&mut table);
    times(&mut table);
    assert!(table.cases.len() >= 90, "{} cases", table.cases.len());
    let mut wrong = Vec::new();
    for Case { rule, jwt, expected } in &table.cases {
        match judged(jwt.as_deref()) {
            Err(fault) if fault == *expected => {}
            other => wrong.push(format!("{rule}: {other:?} instead of {expected:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn forms(table: &mut Table) {
    let good = table.prover.sign(&json!({}), &claims());
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    table.cases.push(Case { rule: "4.3 (1): none, or two header fields".to_owned(), jwt: None, expected: Missing });
    for (what, jwt) in [
        ("nothing", String::new()),
        ("two proofs in one field", format!("{good}, {good}")),
        ("one part", header.to_owned()),
        ("two parts", format!("{header}.{payload}")),
        ("four parts", format!("{good}.{signature}")),
        ("a JWE", format!("{header}....{signature}")),
        ("a blank behind it", format!("{good} ")),
        ("padding", format!("{good}=")),
        ("no base64url", format!("{header}.{payload}.????")),
        ("not ASCII", format!("{header}.{payload}.\u{e9}")),
        ("9 KiB of it", "a".repeat(9 * 1024)),
        ("a header that is no JSON", format!("{}.{payload}.{signature}", base64url("{"))),
    ] {
        table.add(&format!("4.3 (2), RFC 7515 5.2: {what}"), jwt, Malformed);
    }
    let long = merged(claims(), &json!({ "pad": "x".repeat(8 * 1024) }));
    let long = table.prover.sign(&json!({}), &long);
    table.add("good, but longer than is looked at", long, Malformed);
    table.add("4.3 (7): no signature", format!("{header}.{payload}."), BadSignature);
    // 33 whole bytes: a cut within one could leave bits over, which is another fault.
    table.add("4.3 (7): half a signature", &good[..good.len() - 42], BadSignature);
    let other = table.prover.sign(&json!({}), &merged(claims(), &json!({ "jti": "other" })));
    let stolen = other.rsplit_once('.').unwrap().1;
    table.add("4.3 (7): the signature of another proof", format!("{header}.{payload}.{stolen}"), BadSignature);
}

fn headers(table: &mut Table) {
    for typ in ["JWT", "at+jwt", "DPOP+JWT", "application/dpop+jwt", "dpop+jwt ", ""] {
        table.header(&format!("4.3 (4): typ {typ:?}"), &json!({ "typ": typ }), WrongType);
    }
    for missing in ["typ", "alg", "jwk"] {
        table.header(&format!("4.2: no {missing}"), &json!({ missing: null }), WrongHeader);
    }
    for (name, value) in [
        ("kid", json!("k")),
        ("jku", json!("https://evil.example/keys.json")),
        ("x5u", json!("https://evil.example/x.pem")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
    ] {
        table.header(&format!("4.2, RFC 7515 4.1: {name}"), &json!({ name: value }), WrongHeader);
    }
    table.header("4.2: the jwk is a text", &json!({ "jwk": "k" }), WrongHeader);
    let (header, good) = (table.prover.header().to_string(), claims().to_string());
    for twice in [r#""alg":"none""#, r#""typ":"JWT""#, r#""jwk":{"kty":"oct"}"#] {
        let header = header.replacen('{', &format!("{{{twice},"), 1);
        table.raw(&format!("RFC 7515 4: twice {twice}"), &header, &good, WrongHeader);
    }
}

fn keys(table: &mut Table) {
    for (member, value) in
        [("d", "AAAA"), ("p", "AAAA"), ("q", "AAAA"), ("dp", "AA"), ("dq", "AA"), ("qi", "AA"), ("k", "AAAA")]
    {
        table.key(&format!("4.3 (6): a private key, with {member}"), &json!({ member: value }), WrongHeader);
    }
    table.key("4.3 (6): a private key, with oth", &json!({ "oth": [] }), WrongHeader);
    for (what, changed) in [
        ("another curve", json!({ "crv": "P-384" })),
        ("secp256k1", json!({ "crv": "secp256k1" })),
        ("no curve", json!({ "crv": null })),
        ("no kind", json!({ "kty": "none" })),
        ("half a point", json!({ "y": null })),
        ("a short coordinate", json!({ "x": "AAAA" })),
        ("a long coordinate", json!({ "x": "A".repeat(64) })),
        ("for encryption", json!({ "use": "enc" })),
        ("of another algorithm", json!({ "alg": "ES384" })),
        ("of encryption", json!({ "alg": "ECDH-ES" })),
    ] {
        table.key(&format!("4.3 (6), RFC 7518 6: {what}"), &changed, UnusableKey);
    }
    table.key("RFC 7518 6.2.1: no point of the curve", &json!({ "x": base64url([7; 32]) }), BadSignature);
    let symmetric = json!({ "jwk": { "kty": "oct", "use": "sig" } });
    table.header("4.3 (6): a symmetric key", &symmetric, UnusableKey);
    let n = |bytes: usize| base64url([&[0x80], vec![1; bytes - 1].as_slice()].concat());
    for (what, n, e) in [
        ("1,024 bits", n(128), "AQAB"),
        ("2,040 bits", n(255), "AQAB"),
        ("2,040 bits, made longer with a zero", base64url([&[0], vec![1; 255].as_slice()].concat()), "AQAB"),
        ("9,000 bits", n(1_125), "AQAB"),
        ("an exponent that begins with a zero", n(256), "AAEAAQ"),
        ("no exponent", n(256), ""),
    ] {
        let header = json!({ "alg": "RS256", "jwk": { "kty": "RSA", "n": n, "e": e } });
        table.header(&format!("RFC 7518 3.3 and 6.3: RSA with {what}"), &header, UnusableKey);
    }
    let other = Prover::new(SigningAlgorithm::Es256).jwk();
    table.header("4.3 (7): another key than that which signed", &json!({ "jwk": other }), BadSignature);
}

fn algorithms(table: &mut Table) {
    for alg in ["none", "None", "", "HS256", "HS512", "RS256", "PS256", "EdDSA", "ES384", "RS512", "es256", "ES256K"] {
        table.header(&format!("4.3 (5): alg {alg:?} beside a key of P-256"), &json!({ "alg": alg }), WrongAlgorithm);
    }
    let header = merged(table.prover.header(), &json!({ "alg": "HS256" })).to_string();
    let message = format!("{}.{}", base64url(header), base64url(claims().to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, table.prover.jwk().to_string().as_bytes());
    let tag = base64url(hmac::sign(&key, message.as_bytes()));
    table.add("4.3 (5): HS256, keyed with the public key", format!("{message}.{tag}"), WrongAlgorithm);
    let header = merged(table.prover.header(), &json!({ "alg": "none" })).to_string();
    let unsigned = format!("{}.{}.", base64url(header), base64url(claims().to_string()));
    table.add("4.3 (5): none, unsigned", unsigned, WrongAlgorithm);
    let rsa = Prover::of(SigningAlgorithm::Rs256, foreign_key());
    let said = rsa.encoded("PS256", &claims());
    table.add("4.3 (7): says RS256, signed with PS256", relabelled(&said, "RS256"), BadSignature);
}

/// The same proof, whose header says another algorithm.
fn relabelled(jwt: &str, alg: &str) -> String {
    use base64::Engine;
    let (header, rest) = jwt.split_once('.').unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    let mut header: Value = serde_json::from_slice(&header).unwrap();
    header["alg"] = alg.into();
    format!("{}.{rest}", base64url(header.to_string()))
}

fn what_it_is_for(table: &mut Table) {
    for missing in ["jti", "htm", "htu", "iat", "ath"] {
        table.claims(&format!("4.3 (3): no {missing}"), &json!({ missing: null }), BadClaims);
        table.claims(&format!("4.3 (3): {missing} is a list"), &json!({ missing: [] }), BadClaims);
    }
    table.claims("4.3 (3): an empty jti", &json!({ "jti": "" }), BadClaims);
    table.claims("4.2: a jti of 257 bytes", &json!({ "jti": "x".repeat(257) }), BadClaims);
    let header = table.prover.header().to_string();
    table.raw("4.3 (3): claims that are a list", &header, "[]", BadClaims);
    let twice = claims().to_string().replacen('{', r#"{"htm":"GET","#, 1);
    table.raw("RFC 7519 4: htm twice", &header, &twice, BadClaims);
    for htm in ["GET", "post", "POST ", "", "*"] {
        table.claims(&format!("4.3 (8): htm {htm:?}"), &json!({ "htm": htm }), WrongMethod);
    }
    for htu in [
        "https://replica.example:8083/oauth/token",
        "https://replica.example:8083/api/v1/oauth/token/x",
        "https://replica.example/api/v1/oauth/token",
        "http://replica.example:8083/api/v1/oauth/token",
        "https://evil.example:8083/api/v1/oauth/token",
        "https://replica.example:8083@evil.example/api/v1/oauth/token",
        "https://user@replica.example:8083/api/v1/oauth/token",
        "/api/v1/oauth/token",
        "",
    ] {
        table.claims(&format!("4.3 (9): htu {htu:?}"), &json!({ "htu": htu }), WrongUrl);
    }
    table.claims("4.3 (12): ath of another token", &json!({ "ath": super::tests::ath("a.b.d") }), WrongToken);
    table.claims("4.3 (12): ath is the token", &json!({ "ath": TOKEN }), WrongToken);
    table.claims("4.3 (12): ath with padding", &json!({ "ath": super::tests::ath(TOKEN) + "=" }), WrongToken);
}

fn times(table: &mut Table) {
    for (what, iat) in [
        ("61 seconds ago", json!(NOW - 61)),
        ("an hour ago", json!(NOW - 3_600)),
        ("6 seconds ahead", json!(NOW + 6)),
        ("a day ahead, to be used then", json!(NOW + 86_400)),
        ("in milliseconds", json!(NOW * 1_000)),
        ("1970", json!(0)),
        ("beyond any number", json!(1e300)),
        ("before any number", json!(-1e300)),
    ] {
        table.claims(&format!("4.3 (11): iat {what}"), &json!({ "iat": iat }), NotFresh);
    }
    table.claims("4.3 (3): iat is a text", &json!({ "iat": NOW.to_string() }), BadClaims);
    table.claims("RFC 7519 4.1.4: it expired", &json!({ "exp": NOW - 5 }), NotFresh);
    table.claims("RFC 7519 4.1.5: it is not good yet", &json!({ "nbf": NOW + 6 }), NotFresh);
}

#[test]
fn every_algorithm_proves_and_small_differences_of_clocks_do_not_matter() {
    for algorithm in SigningAlgorithm::ALL {
        assert!(PROOF_ALGORITHMS.split(' ').any(|name| name == algorithm.name()));
        let private = algorithm.generate().unwrap();
        let prover = Prover::of(algorithm, &private);
        let key = judged(Some(&prover.encoded(algorithm.name(), &claims())));
        assert_eq!(key.as_ref(), Ok(&prover.thumbprint()), "{algorithm:?}");
    }
    let prover = Prover::new(SigningAlgorithm::Es256);
    for good in [
        json!({ "iat": NOW - 60 }),
        json!({ "iat": NOW + 5 }),
        json!({ "iat": 1_795_370_399.5 }),
        json!({ "exp": NOW + 60, "nbf": NOW, "nonce": "x", "more": {} }),
        json!({ "jti": "x".repeat(256) }),
        json!({ "htu": format!("{URL}?a=b#c") }),
        json!({ "htu": URL.replace("https://replica", "HTTPS://REPLICA") }),
    ] {
        assert!(judged(Some(&prover.sign(&json!({}), &merged(claims(), &good)))).is_ok(), "{good}");
    }
    for good in [json!({ "kid": "k", "use": "sig", "alg": "ES256" }), json!({ "key_ops": ["verify"], "ext": true })] {
        let jwk = merged(prover.jwk(), &good);
        assert!(judged(Some(&prover.sign(&json!({ "jwk": jwk }), &claims()))).is_ok(), "{good}");
    }
}

/// The proof of RFC 9449 section 4.1, and the thumbprint of its key, section 6.1.
#[test]
fn the_proof_of_the_rfc_is_good() {
    let jwt = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJ\
               oRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.\
               eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF\
               0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    let proof = Proof { jwt: Some(jwt), method: "POST", path: "/token" };
    let proved = read(&proof, "https://server.example.com", None, 1_562_262_616).unwrap();
    assert_eq!(proved.key, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}
