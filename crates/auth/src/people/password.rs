//! Passwords: what is taken for one, and whose turn it is to have a digest made.
//!
//! Digests are keyed with a key that follows from the fleet key: with a stolen control log alone no guess can be tried.

use zeroize::Zeroizing;

use super::digest::Digests;
use super::event::PasswordHash;
use super::turns::Turns;
use crate::AuthError;
use crate::auth::invalid;
use crate::keys::secret;

/// The shortest password in characters (NIST SP 800-63B section 3.1.1.2 asks for 15 where it is the only factor; here it is not).
pub const MIN_PASSWORD_CHARACTERS: usize = 12;
/// The longest password in bytes.
pub const MAX_PASSWORD_BYTES: usize = 256;
/// How few different characters a password may have.
const MIN_DIFFERENT: usize = 5;

/// Makes and checks digests.
pub(crate) struct Passwords {
    digests: Digests,
    turns: Turns,
    /// Checked where there is no password, so that the work is the same.
    decoy: PasswordHash,
}

impl Passwords {
    pub(crate) fn new(key: Zeroizing<[u8; 32]>) -> Result<Self, AuthError> {
        let mut random = Zeroizing::new([0; 32]);
        secret::random(&mut *random)?;
        let digests = Digests::new(key);
        let decoy = digests.hash(hex::encode(*random).as_bytes())?;
        Ok(Self { digests, turns: Turns::new(), decoy })
    }

    /// Where work with digests waits for its turn.
    pub(crate) const fn turns(&self) -> &Turns {
        &self.turns
    }

    /// Its digest. Blocks for some 30 ms.
    pub(crate) fn hash(&self, password: &str) -> Result<PasswordHash, AuthError> {
        self.digests.hash(password.as_bytes())
    }

    /// Whether the password is the one of that digest; with none it is not, after the same work. Blocks for some 30 ms.
    pub(crate) fn matches(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, AuthError> {
        let proved = self.digests.proves(hash.unwrap_or(&self.decoy), password.as_bytes())?;
        Ok(proved & hash.is_some())
    }
}

/// What passwords are made of that are tried first, in lower case. Digits and signs stand as the letters that they are put for.
const TRIED_FIRST: [&str; 32] = [
    "continuity",
    "passwort",
    "password",
    "welcome",
    "willkommen",
    "qwertz",
    "qwerty",
    "asdf",
    "letmein",
    "summer",
    "winter",
    "spring",
    "autumn",
    "sommer",
    "herbst",
    "admin",
    "iloveyou",
    "dragon",
    "football",
    "monkey",
    "sunshine",
    "princess",
    "secret",
    "geheim",
    "master",
    "hello",
    "hallo",
    "changeme",
    "default",
    "test",
    "bank",
    "loan",
];

fn plain(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// Whether a password may be had by the person of that address. There is no rule about kinds of characters (NIST SP
/// 800-63B section 3.1.1.2): length is what counts, and that it is not what is tried first.
pub(crate) fn check(password: &str, email: &str, name: &str) -> Result<(), AuthError> {
    let lower = password.to_lowercase();
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    if password.chars().count() < MIN_PASSWORD_CHARACTERS || password.len() > MAX_PASSWORD_BYTES {
        return invalid("a password must have at least 12 characters and at most 256 bytes");
    }
    // The whole of what stands before the @, and each part of the address.
    let parts = email.split('@').take(1).chain(email.split(['@', '.']));
    let own = parts.chain(name.split_whitespace()).map(str::to_lowercase);
    let mut told: Vec<String> = own.filter(|word| word.len() >= 4).collect();
    told.extend(TRIED_FIRST.iter().map(|word| (*word).to_owned()));
    // As it stands, and as people write what they think nobody tries: Passw0rd, $ummer.
    let readings = [lower.clone(), lower.chars().map(plain).collect()];
    if different.len() < MIN_DIFFERENT || readings.iter().any(|reading| is_tried_first(reading, &told)) {
        return invalid(
            "this password is among those that are tried first; take a longer one of words that have nothing to do with you",
        );
    }
    Ok(())
}

/// Whether nothing much is left once what everybody would try is taken out, or what follows by itself: 1234, abcd, aaaa.
fn is_tried_first(password: &str, told: &[String]) -> bool {
    let rest = told.iter().fold(password.to_owned(), |rest, word| rest.replace(word.as_str(), ""));
    let letters: Vec<char> = rest.chars().collect();
    let follows = |two: &&[char]| matches!(u32::from(two[1]).wrapping_sub(u32::from(two[0])), 0 | 1);
    let runs = letters.windows(2).filter(follows).count();
    letters.len() < 8 || runs * 3 > letters.len() * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords(key: u8) -> Passwords {
        Passwords::new(Zeroizing::new([key; 32])).unwrap()
    }

    #[test]
    fn nobody_signs_in_where_there_is_no_password() {
        let passwords = passwords(1);
        let hash = passwords.hash("correct horse battery").unwrap();
        assert!(passwords.matches("correct horse battery", Some(&hash)).unwrap());
        assert!(!passwords.matches("correct horse batterz", Some(&hash)).unwrap());
        assert!(!passwords.matches("correct horse battery", None).unwrap());
        assert_eq!(format!("{hash:?}"), "PasswordHash([redacted])");
    }

    #[test]
    fn what_is_tried_first_is_no_password() {
        let check = |password: &str| check(password, "jane.doe@bank.example", "Jane Doering");
        for weak in [
            "short",
            "aaaaaaaaaaaaaaaa",
            "123456789012",
            "jane.doe2026",
            "Continuity1234",
            "passwordpassword",
            "abcdefghijklmnop",
            "Doering-2026",
            "Passw0rd1234",
            "Welcome12345",
            "Bank-Example-26",
        ] {
            assert!(check(weak).is_err(), "{weak}");
        }
        assert!(check(&"é".repeat(200)).is_err());
        for good in ["correct horse battery", "Trout-Lantern-42-Velvet", "жёлтый чайник на окне", "x9$Lq2!vRt7#"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
    }
}
