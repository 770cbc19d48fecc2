//! The algorithms that tokens are signed with (RFC 7518, RFC 8037), and keys for them.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::AuthError;

/// An algorithm that access tokens may be signed with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSA-2048, PKCS #1 v1.5, SHA-256: what every client understands.
    #[default]
    Rs256,
    /// RSA-2048, PSS, SHA-256.
    Ps256,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl SigningAlgorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// Its name in JOSE headers and in JWK Sets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The algorithm of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub(crate) const fn jwt(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Ps256 => Algorithm::PS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }

    /// A new private key, PKCS #8 in DER.
    pub(crate) fn generate(self) -> Result<Zeroizing<Vec<u8>>, AuthError> {
        const FAILED: AuthError = AuthError::Crypto("no signing key could be generated");
        let random = SystemRandom::new();
        let document = match self {
            Self::Rs256 | Self::Ps256 => {
                let pair = rsa::KeyPair::generate(KeySize::Rsa2048).map_err(|_| FAILED)?;
                let der: Pkcs8V1Der<'static> = pair.as_der().map_err(|_| FAILED)?;
                return Ok(Zeroizing::new(der.as_ref().to_vec()));
            }
            Self::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random),
            Self::EdDsa => Ed25519KeyPair::generate_pkcs8(&random),
        };
        Ok(Zeroizing::new(document.map_err(|_| FAILED)?.as_ref().to_vec()))
    }

    /// The private key as the library signs with it; `None` when it is none of this algorithm.
    pub(crate) fn encoding_key(self, pkcs8: &[u8]) -> Option<EncodingKey> {
        match self {
            Self::Rs256 | Self::Ps256 => EncodingKey::from_rsa_pem(&pem(pkcs8)).ok(),
            Self::Es256 => Some(EncodingKey::from_ec_der(pkcs8)),
            Self::EdDsa => Some(EncodingKey::from_ed_der(pkcs8)),
        }
    }
}

/// The library takes RSA keys in PKCS #8 as PEM only.
fn pem(pkcs8: &[u8]) -> Zeroizing<Vec<u8>> {
    let base64 = Zeroizing::new(STANDARD.encode(pkcs8));
    let mut pem = Zeroizing::new(Vec::with_capacity(base64.len() + base64.len() / 32 + 64));
    pem.extend_from_slice(b"-----BEGIN PRIVATE KEY-----\n");
    for line in base64.as_bytes().chunks(64) {
        pem.extend_from_slice(line);
        pem.push(b'\n');
    }
    pem.extend_from_slice(b"-----END PRIVATE KEY-----\n");
    pem
}

/// A public key; its numbers are in base64url, as JWKs have them (RFC 7518 section 6, RFC 8037 section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PublicKey {
    Rsa { n: String, e: String },
    P256 { x: String, y: String },
    Ed25519 { x: String },
}

impl PublicKey {
    /// The public half of a private key, `None` when it is none of that algorithm.
    pub(crate) fn of(algorithm: SigningAlgorithm, pkcs8: &[u8]) -> Option<Self> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match algorithm {
            SigningAlgorithm::Rs256 | SigningAlgorithm::Ps256 => {
                let pair = rsa::KeyPair::from_pkcs8(pkcs8).ok()?;
                let (modulus, exponent) = (pair.public_key().modulus(), pair.public_key().exponent());
                let n = text(modulus.big_endian_without_leading_zero());
                Some(Self::Rsa { n, e: text(exponent.big_endian_without_leading_zero()) })
            }
            SigningAlgorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).ok()?;
                // Uncompressed: 4, then both coordinates (SEC 1, section 2.3.3).
                let (x, y) = pair.public_key().as_ref().get(1..65)?.split_at(32);
                Some(Self::P256 { x: text(x), y: text(y) })
            }
            SigningAlgorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
                Some(Self::Ed25519 { x: text(pair.public_key().as_ref()) })
            }
        }
    }

    /// The key's id: its thumbprint (RFC 7638), so that equal keys have equal ids everywhere.
    pub(crate) fn thumbprint(&self) -> String {
        // The members that are needed, ordered by name, without white space.
        let canonical = match self {
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
            Self::P256 { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
        };
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, canonical.as_bytes());
        URL_SAFE_NO_PAD.encode(digest.as_ref())
    }

    /// The key as a member of a JWK Set.
    pub(crate) fn jwk(&self, id: &str, algorithm: SigningAlgorithm) -> Value {
        let alg = algorithm.name();
        match self {
            Self::Rsa { n, e } => json!({ "kty": "RSA", "use": "sig", "alg": alg, "kid": id, "n": n, "e": e }),
            Self::P256 { x, y } => {
                json!({ "kty": "EC", "use": "sig", "alg": alg, "kid": id, "crv": "P-256", "x": x, "y": y })
            }
            Self::Ed25519 { x } => {
                json!({ "kty": "OKP", "use": "sig", "alg": alg, "kid": id, "crv": "Ed25519", "x": x })
            }
        }
    }

    pub(crate) fn decoding_key(&self) -> Option<DecodingKey> {
        match self {
            Self::Rsa { n, e } => DecodingKey::from_rsa_components(n, e).ok(),
            Self::P256 { x, y } => DecodingKey::from_ec_components(x, y).ok(),
            Self::Ed25519 { x } => DecodingKey::from_ed_components(x).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::Header;

    use super::*;

    #[test]
    fn every_algorithm_signs_what_its_public_key_verifies() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(SigningAlgorithm::parse(algorithm.name()), Some(algorithm));
            let private = algorithm.generate().unwrap();
            let public = PublicKey::of(algorithm, &private).unwrap();
            let key = algorithm.encoding_key(&private).unwrap();
            let token = jsonwebtoken::encode(&Header::new(algorithm.jwt()), &json!({ "a": 1 }), &key).unwrap();
            let mut validation = jsonwebtoken::Validation::new(algorithm.jwt());
            validation.required_spec_claims.clear();
            let read = |public: &PublicKey| {
                jsonwebtoken::decode::<Value>(&token, &public.decoding_key().unwrap(), &validation)
            };
            assert_eq!(read(&public).unwrap().claims["a"], 1, "{algorithm:?}");
            let other = PublicKey::of(algorithm, &algorithm.generate().unwrap()).unwrap();
            assert!(read(&other).is_err(), "{algorithm:?}");
            let parsed: jsonwebtoken::jwk::Jwk =
                serde_json::from_value(public.jwk(&public.thumbprint(), algorithm)).unwrap();
            assert_eq!(parsed.common.key_id, Some(public.thumbprint()));
        }
    }

    #[test]
    fn what_is_no_key_is_told() {
        for algorithm in SigningAlgorithm::ALL {
            assert_eq!(PublicKey::of(algorithm, b"no key"), None);
        }
        assert_eq!(SigningAlgorithm::parse("none"), None);
        assert_eq!(SigningAlgorithm::parse("rs256"), None);
    }

    #[test]
    fn thumbprints_are_those_of_the_rfcs() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
                 tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91\
                 CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let rsa = PublicKey::Rsa { n: n.to_owned(), e: "AQAB".to_owned() };
        assert_eq!(rsa.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "RFC 7638 section 3.1");
        let ed = PublicKey::Ed25519 { x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned() };
        assert_eq!(ed.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "RFC 8037 appendix A.3");
    }
}
