//! The keys that tokens are signed with, and their public halves.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use zeroize::Zeroizing;

use super::private_file;
use crate::AuthError;

/// What a token that names a key must satisfy.
pub(crate) struct VerificationKey {
    /// Bound to the key: a token that names the key and another algorithm is refused.
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
    pub(crate) validation: Validation,
}

/// The active signing key and every key whose tokens may still live. Fixed at open.
pub(crate) struct KeySet {
    active_id: String,
    active: EncodingKey,
    verification: HashMap<String, VerificationKey>,
    jwks: String,
}

impl KeySet {
    /// Reads the signing key, or makes one at the first start: RSA-2048, PKCS #8 in PEM, mode 0600.
    pub(crate) fn open(path: &Path, issuer: &str, audience: &str) -> Result<Self, AuthError> {
        let damaged = |cause: &str| AuthError::KeyFileDamaged { path: path.to_owned(), cause: cause.to_owned() };
        let pem = match private_file::read(path)? {
            Some(pem) => pem,
            None => create_key(path)?,
        };
        let der = PrivatePkcs8KeyDer::from_pem_slice(&pem).map_err(|_| damaged("no PEM section PRIVATE KEY"))?;
        let pair =
            KeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| damaged("not an RSA key of 2048 bits or more"))?;
        let active = EncodingKey::from_rsa_pem(&pem).map_err(|_| damaged("not an RSA key"))?;
        let (modulus, exponent) = (pair.public_key().modulus(), pair.public_key().exponent());
        let public =
            PublicKey::new(modulus.big_endian_without_leading_zero(), exponent.big_endian_without_leading_zero());
        let verification = VerificationKey {
            algorithm: Algorithm::RS256,
            key: DecodingKey::from_rsa_components(&public.n, &public.e).map_err(|_| damaged("no public half"))?,
            validation: validation(Algorithm::RS256, issuer, audience),
        };
        let active_id = public.thumbprint();
        let jwks = json!({ "keys": [public.jwk(&active_id)] }).to_string();
        Ok(Self { verification: HashMap::from([(active_id.clone(), verification)]), active_id, active, jwks })
    }

    /// The key that new tokens are signed with, and its id.
    pub(crate) fn active(&self) -> (&str, Algorithm, &EncodingKey) {
        (&self.active_id, self.verification[&self.active_id].algorithm, &self.active)
    }

    /// The key of that id, unless unknown or retired.
    pub(crate) fn get(&self, id: &str) -> Option<&VerificationKey> {
        self.verification.get(id)
    }

    /// The public keys as a JWK Set.
    pub(crate) fn jwks(&self) -> &str {
        &self.jwks
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("active", &self.active_id).finish_non_exhaustive()
    }
}

fn create_key(path: &Path) -> Result<Zeroizing<Vec<u8>>, AuthError> {
    const FAILED: AuthError = AuthError::Crypto("no RSA key could be generated");
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| FAILED)?;
    let der: Pkcs8V1Der<'static> = pair.as_der().map_err(|_| FAILED)?;
    let base64 = Zeroizing::new(STANDARD.encode(der.as_ref()));
    let mut pem = Zeroizing::new(Vec::with_capacity(base64.len() + base64.len() / 32 + 64));
    pem.extend_from_slice(b"-----BEGIN PRIVATE KEY-----\n");
    for line in base64.as_bytes().chunks(64) {
        pem.extend_from_slice(line);
        pem.push(b'\n');
    }
    pem.extend_from_slice(b"-----END PRIVATE KEY-----\n");
    private_file::create(path, &pem)?;
    tracing::info!(path = %path.display(), "made a new token signing key; tokens signed with any other are refused");
    Ok(pem)
}

/// The defaults of jsonwebtoken accept a token without `aud` or `iss`. Times are checked by the verifier, against its clock.
fn validation(algorithm: Algorithm, issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.leeway = 0;
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

/// Modulus and exponent in base64url (RFC 7518 section 6.3.1).
struct PublicKey {
    n: String,
    e: String,
}

impl PublicKey {
    fn new(modulus: &[u8], exponent: &[u8]) -> Self {
        Self { n: URL_SAFE_NO_PAD.encode(modulus), e: URL_SAFE_NO_PAD.encode(exponent) }
    }

    /// The key's id: its thumbprint (RFC 7638), so that equal keys have equal ids everywhere.
    fn thumbprint(&self) -> String {
        let canonical = format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, self.e, self.n);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, canonical.as_bytes());
        URL_SAFE_NO_PAD.encode(digest.as_ref())
    }

    fn jwk(&self, id: &str) -> serde_json::Value {
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": id, "n": self.n, "e": self.e })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<KeySet, AuthError> {
        KeySet::open(path, "https://localhost", "https://localhost/api/v1")
    }

    #[test]
    fn the_key_outlives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("signing.pem");
        let (first, second) = (open(&path).unwrap(), open(&path).unwrap());
        assert_eq!(first.jwks(), second.jwks());
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    }

    #[test]
    fn the_jwk_set_has_the_public_half_only() {
        let dir = tempfile::tempdir().unwrap();
        let keys = open(&dir.path().join("signing.pem")).unwrap();
        let jwks: serde_json::Value = serde_json::from_str(keys.jwks()).unwrap();
        let key = jwks["keys"][0].as_object().unwrap();
        assert_eq!(key.keys().collect::<Vec<_>>(), ["kty", "use", "alg", "kid", "n", "e"]);
        assert_eq!((key["e"].as_str(), key["n"].as_str().map(str::len)), (Some("AQAB"), Some(342)));
        assert_eq!(key["kid"], keys.active().0);
        assert!(keys.get(keys.active().0).is_some() && keys.get("other").is_none());
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638_section_3_1() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
                 tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91\
                 CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = PublicKey { n: n.to_owned(), e: "AQAB".to_owned() };
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    #[test]
    fn a_damaged_key_is_named_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("signing.pem");
        private_file::create(&path, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, AuthError::KeyFileDamaged { .. }) && error.to_string().contains("signing.pem"));
    }
}
