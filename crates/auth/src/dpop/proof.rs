//! One proof, read and checked (RFC 9449 sections 4.2 and 4.3), but for whether it was used before.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde::de::IgnoredAny;
use subtle::ConstantTimeEq;

use super::{Proof, ProofFault, url};
use crate::keys::assertion::{seconds, usable};
use crate::verifier::LEEWAY_SECONDS;

/// The longest proof that is looked at, in bytes: one with an RSA key of 8,192 bits fits.
const MAX_BYTES: usize = 8 * 1024;
/// The longest `jti`, in bytes.
const MAX_ID_BYTES: usize = 256;
/// `typ` (section 4.2).
const TYPE: &str = "dpop+jwt";
/// How long after `iat` a proof is good, in seconds.
pub(super) const MAX_AGE_SECONDS: i64 = 60;
/// How far ahead `iat` may lie, in seconds.
pub(super) const MAX_AHEAD_SECONDS: i64 = LEEWAY_SECONDS;

/// What a good proof proves.
pub(super) struct Proved {
    /// The thumbprint of the key (RFC 7638).
    pub(super) key: String,
    /// Of key and `jti`: what it is remembered by.
    pub(super) id: [u8; 16],
    /// `iat`, in seconds since 1970.
    pub(super) issued: i64,
}

/// Exactly these (section 4.2): one that is not understood could be meant to change what is signed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    typ: String,
    alg: String,
    #[serde(rename = "jwk")]
    _public: PublicMembers,
}

/// What a public key may hold (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2). Members of a private or a
/// symmetric one are not among them, so a key that has any is refused, as is a member that comes twice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PublicMembers {
    #[serde(rename = "kty")]
    _kty: IgnoredAny,
    #[serde(rename = "crv")]
    _crv: Option<IgnoredAny>,
    #[serde(rename = "x")]
    _x: Option<IgnoredAny>,
    #[serde(rename = "y")]
    _y: Option<IgnoredAny>,
    #[serde(rename = "n")]
    _n: Option<IgnoredAny>,
    #[serde(rename = "e")]
    _e: Option<IgnoredAny>,
    #[serde(rename = "use")]
    _use: Option<IgnoredAny>,
    #[serde(rename = "key_ops")]
    _key_ops: Option<IgnoredAny>,
    #[serde(rename = "alg")]
    _alg: Option<IgnoredAny>,
    #[serde(rename = "kid")]
    _kid: Option<IgnoredAny>,
    #[serde(rename = "ext")]
    _ext: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Keyed {
    jwk: Jwk,
}

/// The claims that count. Times may be fractions (RFC 7519 section 2). Others are ignored, as RFC 9449 wants it.
#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: f64,
    #[serde(default)]
    exp: Option<f64>,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(default)]
    ath: Option<String>,
}

/// What the proof proves now, for its request, beside `token` where there is one.
pub(super) fn read(proof: &Proof<'_>, issuer: &str, token: Option<&str>, now: i64) -> Result<Proved, ProofFault> {
    let jwt = proof.jwt.ok_or(ProofFault::Missing)?;
    if jwt.len() > MAX_BYTES {
        return Err(ProofFault::Malformed);
    }
    let (key, algorithm) = header(jwt)?;
    let thumbprint = key.thumbprint(ThumbprintHash::SHA256).map_err(|_| ProofFault::UnusableKey)?;
    let claims = signed(jwt, &key, algorithm)?;
    if claims.jti.is_empty() || claims.jti.len() > MAX_ID_BYTES {
        return Err(ProofFault::BadClaims);
    }
    if claims.htm != proof.method {
        return Err(ProofFault::WrongMethod);
    }
    if !url::is_same(&claims.htu, &format!("{issuer}{}", proof.path)) {
        return Err(ProofFault::WrongUrl);
    }
    let issued = check_times(&claims, now)?;
    if let Some(token) = token {
        let ath = claims.ath.ok_or(ProofFault::BadClaims)?;
        let expected = URL_SAFE_NO_PAD.encode(digest(&SHA256, token.as_bytes()));
        if !bool::from(ath.as_bytes().ct_eq(expected.as_bytes())) {
            return Err(ProofFault::WrongToken);
        }
    }
    Ok(Proved { id: id(&thumbprint, &claims.jti), key: thumbprint, issued })
}

/// The key that the header names, and the algorithm that it says.
fn header(jwt: &str) -> Result<(Jwk, Algorithm), ProofFault> {
    let (header, _) = jwt.split_once('.').ok_or(ProofFault::Malformed)?;
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| ProofFault::Malformed)?;
    let said: Header = serde_json::from_slice(&header)
        .map_err(|error| if error.is_data() { ProofFault::WrongHeader } else { ProofFault::Malformed })?;
    if said.typ != TYPE {
        return Err(ProofFault::WrongType);
    }
    let algorithm = said.alg.parse::<Algorithm>().map_err(|_| ProofFault::WrongAlgorithm)?;
    let Keyed { jwk } = serde_json::from_slice(&header).map_err(|_| ProofFault::UnusableKey)?;
    let allowed = usable(&jwk).filter(|_| is_minimal(&jwk)).ok_or(ProofFault::UnusableKey)?;
    if !allowed.contains(&algorithm) {
        return Err(ProofFault::WrongAlgorithm);
    }
    Ok((jwk, algorithm))
}

/// Whether the numbers of an RSA key begin with what counts (RFC 7518 section 6.3.1.1): zeros would make a short one long,
/// and give one key several thumbprints.
fn is_minimal(key: &Jwk) -> bool {
    let begins =
        |text: &str| URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.first().is_some_and(|byte| *byte != 0));
    match &key.algorithm {
        AlgorithmParameters::RSA(rsa) => begins(&rsa.n) && begins(&rsa.e),
        _ => true,
    }
}

/// The claims, if the key signed them.
fn signed(jwt: &str, key: &Jwk, algorithm: Algorithm) -> Result<Claims, ProofFault> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    let key = DecodingKey::from_jwk(key).map_err(|_| ProofFault::UnusableKey)?;
    let decoded = jsonwebtoken::decode::<Claims>(jwt, &key, &validation);
    decoded.map(|token| token.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => ProofFault::BadSignature,
        ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => {
            ProofFault::BadClaims
        }
        _ => ProofFault::Malformed,
    })
}

/// `iat`, if the proof was made just now. `exp` and `nbf` need not be there; what they say counts (RFC 7519 section 4.1).
fn check_times(claims: &Claims, now: i64) -> Result<i64, ProofFault> {
    let issued = seconds(claims.iat);
    let too_old = issued < now.saturating_sub(MAX_AGE_SECONDS);
    let ahead = |time: f64| seconds(time) > now.saturating_add(MAX_AHEAD_SECONDS);
    let over = claims.exp.is_some_and(|exp| seconds(exp) <= now.saturating_sub(LEEWAY_SECONDS));
    if too_old || over || ahead(claims.iat) || claims.nbf.is_some_and(ahead) {
        return Err(ProofFault::NotFresh);
    }
    Ok(issued)
}

/// Half a SHA-256 of key and `jti`: two proofs with one `jti` are one, whatever else they say, and of each key by itself.
fn id(thumbprint: &str, jti: &str) -> [u8; 16] {
    let whole = digest(&SHA256, format!("{thumbprint} {jti}").as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&whole.as_ref()[..16]);
    id
}
