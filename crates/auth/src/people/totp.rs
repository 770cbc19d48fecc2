//! Codes of authenticator apps (RFC 6238): SHA-1, six digits, 30 s, which is what all apps can.

use continuity_base::Timestamp;
use totp_rs::{Builder, Secret, Totp};
use zeroize::Zeroizing;

use crate::AuthError;
use crate::keys::secret;

/// 160 bits (RFC 4226 section 4, R6).
const SECRET_BYTES: usize = 20;

/// A new secret.
pub(crate) fn generate() -> Result<Zeroizing<Vec<u8>>, AuthError> {
    let mut bytes = Zeroizing::new(vec![0; SECRET_BYTES]);
    secret::random(&mut bytes)?;
    Ok(bytes)
}

/// The secret as people type it in.
pub(crate) fn base32(secret: &[u8]) -> String {
    Secret::from(secret.to_vec()).to_base32()
}

/// What an app reads from a picture (Key URI Format).
pub(crate) fn uri(secret: &[u8], issuer: &str, email: &str) -> String {
    let part = |text: &str| form_urlencoded(text);
    format!("otpauth://totp/{}:{}?secret={}&issuer={}", part(issuer), part(email), base32(secret), part(issuer))
}

/// Percent-encoded; a space is %20, since apps show a plus sign as one.
fn form_urlencoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The step that a code is of, if it is one of now, of the step before or of the next one, and later than `last`.
pub(crate) fn step(secret: &[u8], code: &str, now: Timestamp, last: u64) -> Option<u64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = u64::try_from(now.as_seconds()).ok()?;
    totp(secret)?.check(&code, seconds).filter(|step| *step > last)
}

fn totp(secret: &[u8]) -> Option<Totp> {
    Builder::new().with_secret(secret.to_vec()).build().ok()
}

#[cfg(test)]
pub(crate) fn code(secret: &[u8], now: Timestamp) -> String {
    totp(secret).unwrap().generate(u64::try_from(now.as_seconds()).unwrap()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    /// RFC 6238 appendix B, SHA-1, the last six of eight digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")] {
            assert_eq!(step(secret, code, at(seconds), 0), Some(u64::try_from(seconds / 30).unwrap()));
        }
        assert_eq!(step(secret, " 287 082 ", at(59), 0), Some(1));
    }

    #[test]
    fn a_code_is_good_once_and_near_its_time() {
        let (secret, now) = (generate().unwrap(), at(1_795_370_400));
        let code = code(&secret, now);
        let used = step(&secret, &code, now, 0).unwrap();
        assert_eq!(step(&secret, &code, now, used), None, "RFC 6238 section 5.2");
        assert!(
            step(&secret, &code, at(1_795_370_430), 0).is_some()
                && step(&secret, &code, at(1_795_370_460), 0).is_none()
        );
        for wrong in ["", "12345", "1234567", "12345a", "abcdef"] {
            assert_eq!(step(&secret, wrong, now, 0), None, "{wrong}");
        }
    }

    #[test]
    fn the_uri_is_what_apps_read() {
        let uri = uri(b"12345678901234567890", "Continuity replica", "jane@bank.example");
        assert_eq!(
            uri,
            "otpauth://totp/Continuity%20replica:jane%40bank.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Continuity%20replica"
        );
    }
}
