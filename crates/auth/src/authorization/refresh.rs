//! Refresh tokens (RFC 6749 section 6, RFC 9700 section 4.14).
//!
//! A token is the grant's id, a number, and a code that authenticates both under a key that follows from the fleet key. So
//! nothing of it is kept but the number that is good now; an earlier number is a token that was used before.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use continuity_base::Timestamp;
use zeroize::Zeroizing;

use super::grants::GrantRow;

/// Leads every token, so that scanners find one.
const PREFIX: &str = "rt_";
/// How long the token before is good too, while the present one was not used: an answer may have been lost.
const GRACE: Duration = Duration::from_secs(10);

/// Makes and reads refresh tokens.
pub(crate) struct RefreshKey(hmac::Key);

/// What a token says that was made here.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) grant: String,
    pub(crate) number: u32,
}

/// What a token is to its grant.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The one that is good now.
    Present,
    /// The one before, used again because the answer was lost, perhaps.
    Again,
    /// One that was used: somebody has it who should not.
    Reused,
}

impl RefreshKey {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    pub(crate) fn make(&self, grant: &str, number: u32) -> Zeroizing<String> {
        let tag = hmac::sign(&self.0, message(grant, number).as_bytes());
        Zeroizing::new(format!("{PREFIX}{grant}.{number}.{}", URL_SAFE_NO_PAD.encode(tag)))
    }

    /// What it says; `None` when it was not made here.
    pub(crate) fn read(&self, token: &str) -> Option<Read> {
        let mut parts = token.strip_prefix(PREFIX)?.split('.');
        let (grant, number, tag) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        let proved = parts.next().is_none() && hmac::verify(&self.0, message(grant, number).as_bytes(), &tag).is_ok();
        proved.then(|| Read { grant: grant.to_owned(), number })
    }
}

fn message(grant: &str, number: u32) -> String {
    format!("continuity refresh token v1 {grant} {number}")
}

/// What the token of that number is to its grant now.
pub(crate) fn standing(row: &GrantRow, number: u32, now: Timestamp) -> Standing {
    if number == row.number {
        return Standing::Present;
    }
    let just = row.refreshed_at.is_some_and(|at| now < at.plus(GRACE));
    if number.checked_add(1) == Some(row.number) && just { Standing::Again } else { Standing::Reused }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_made_here_is_read() {
        let (key, other) = (RefreshKey::new(b"a"), RefreshKey::new(b"b"));
        let token = key.make("g1", 7);
        assert_eq!(key.read(&token), Some(Read { grant: "g1".to_owned(), number: 7 }));
        assert_eq!(other.read(&token), None);
        let changed =
            [token.replace(".7.", ".8."), token.replace("g1", "g2"), format!("{}.x", *token), token[3..].to_owned()];
        for token in changed.iter().map(String::as_str).chain(["", "rt_", "rt_g1.7.", "rt_g1.7"]) {
            assert_eq!(key.read(token), None, "{token}");
        }
    }
}
