//! A bearer token from a file.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::Timestamp;
use continuity_events::json;
use rdkafka::client::OAuthToken;

/// How long a token counts that does not say it; it is read again before.
const UNSAID_LIFETIME_MS: i64 = 5 * 60 * 1_000;
/// Bytes of the largest token.
const MAX_BYTES: u64 = 64 << 10;

/// Reads the token as it is now; an error names the file and nothing of what is in it.
pub(super) fn read(file: &Path, now: Timestamp) -> Result<OAuthToken, String> {
    let cannot = |why: String| format!("the token file {} {why}", file.display());
    let size = fs::metadata(file).map_err(|error| cannot(format!("cannot be read: {error}")))?.len();
    if size > MAX_BYTES {
        return Err(cannot(format!("has {size} bytes, too many for a token")));
    }
    let text = fs::read_to_string(file).map_err(|error| cannot(format!("cannot be read: {error}")))?;
    let token = text.trim();
    if token.is_empty() || token.chars().any(|c| c.is_ascii_control() || c.is_whitespace()) {
        return Err(cannot("holds no token on its one line".to_owned()));
    }
    let now_ms = now.as_micros().div_euclid(1_000);
    let claims = claims(token);
    let claim = |name: &str| claims.as_deref().and_then(|claims| json::member(claims, name));
    let lifetime_ms = match claim("exp").and_then(|raw| raw.parse::<f64>().ok()) {
        #[expect(clippy::cast_possible_truncation, reason = "a moment in milliseconds; casts of floats saturate")]
        Some(exp) => (exp * 1_000.0) as i64,
        None => now_ms.saturating_add(UNSAID_LIFETIME_MS),
    };
    if lifetime_ms <= now_ms {
        return Err(cannot("holds a token that has expired".to_owned()));
    }
    let principal_name = claim("sub").and_then(json::text).map_or_else(|| "continuity".to_owned(), Cow::into_owned);
    Ok(OAuthToken { token: token.to_owned(), principal_name, lifetime_ms })
}

/// The claims of a JWT, unverified: the broker verifies them.
fn claims(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token_of(content: &str, now_seconds: i64) -> Result<OAuthToken, String> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        fs::write(&file, content).unwrap();
        read(&file, Timestamp::from_micros(now_seconds * 1_000_000))
    }

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2ln\n", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_jwt_says_how_long_it_counts_and_for_whom() {
        let token = token_of(&jwt(r#"{"sub":"replica-7","exp":1700000600}"#), 1_700_000_000).unwrap();
        assert_eq!((token.principal_name.as_str(), token.lifetime_ms), ("replica-7", 1_700_000_600_000));
        assert!(!token.token.ends_with('\n'));
    }

    #[test]
    fn an_opaque_token_is_read_again_soon() {
        let token = token_of("opaque", 1_700_000_000).unwrap();
        assert_eq!((token.token.as_str(), token.lifetime_ms), ("opaque", 1_700_000_300_000));
    }

    #[test]
    fn what_is_no_token_is_named_without_being_shown() {
        for (content, why) in [("", "no token"), ("two words", "no token"), (&jwt(r#"{"exp":1}"#), "expired")] {
            let error = token_of(content, 1_700_000_000).err().unwrap();
            assert!(error.contains(why) && !error.contains("words"), "{error}");
        }
        assert!(
            read(Path::new("/nonexistent/token"), Timestamp::from_micros(0)).err().unwrap().contains("cannot be read")
        );
    }
}
