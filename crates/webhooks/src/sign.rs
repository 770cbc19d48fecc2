//! Signatures by the convention Standard Webhooks (<https://www.standardwebhooks.com>), version `v1`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a key, from and to.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The key of an endpoint. Neither its `Debug` form nor an error about it shows it.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

impl SigningKey {
    /// Reads `whsec_` and base64 of 24 to 64 bytes; the error says what it should be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "a secret has to be {PREFIX} followed by {} to {} random bytes in base64, e.g. of `openssl rand -base64 32`",
                KEY_BYTES.start(),
                KEY_BYTES.end()
            )
        };
        let key = text.trim().strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
        let key = key.filter(|key| KEY_BYTES.contains(&key.len())).ok_or_else(wrong)?;
        Hmac::new_from_slice(&key).map(Self).map_err(|_| wrong())
    }

    /// `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`; `timestamp` in seconds since 1970.
    fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// The value of `webhook-signature`: one signature by each key.
pub(crate) fn signatures(keys: &[SigningKey], id: &str, timestamp: i64, body: &str) -> String {
    let each: Vec<_> = keys.iter().map(|key| key.sign(id, timestamp, body)).collect();
    each.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the tests of the convention's reference libraries.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &str = r#"{"test": 2432232314}"#;
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn a_known_message_has_its_known_signature() {
        let key = SigningKey::parse(SECRET).unwrap();
        assert_eq!(signatures(&[key], ID, 1_614_265_330, BODY), SIGNED);
    }

    #[test]
    fn two_keys_give_two_signatures() {
        let (new, old) =
            (SigningKey::parse(&format!("whsec_{}", "QUJD".repeat(11))).unwrap(), SigningKey::parse(SECRET).unwrap());
        let both = signatures(&[new, old], ID, 1_614_265_330, BODY);
        let (first, second) = both.split_once(' ').unwrap();
        assert!(first.starts_with("v1,") && first != SIGNED && second == SIGNED, "{both}");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_being_shown() {
        for wrong in ["", "hunter2", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_QUJD", "whsec_!!!!"] {
            let error = SigningKey::parse(wrong).unwrap_err();
            assert!(wrong.is_empty() || wrong == "whsec_" || !error.contains(wrong), "{error}");
        }
        assert!(SigningKey::parse(&format!("whsec_{}", STANDARD.encode([7; 65]))).is_err());
        assert_eq!(format!("{:?}", SigningKey::parse(&format!("{SECRET}\n")).unwrap()), "(secret)");
    }
}
