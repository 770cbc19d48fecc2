//! What a replica is called in the changes that it makes.

use std::path::Path;

use super::{private_file, secret};
use crate::AuthError;

const MAX_BYTES: usize = 64;

/// Whether it can be a replica's name.
pub(crate) fn is_name(text: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=MAX_BYTES).contains(&text.len()) && text.bytes().all(good)
}

/// The name that is given, else the one that is kept in the directory, made when there is none.
pub(crate) fn name(given: Option<String>, dir: &Path) -> Result<String, AuthError> {
    if let Some(name) = given {
        return Ok(name);
    }
    let path = dir.join("replica-name");
    if let Some(kept) = private_file::read(&path)? {
        let kept = String::from_utf8_lossy(&kept).trim().to_owned();
        let damaged = || AuthError::KeyFileDamaged { path: path.clone(), cause: "it holds no name".into() };
        return is_name(&kept).then_some(kept).ok_or_else(damaged);
    }
    let mut random = [0; 4];
    secret::random(&mut random)?;
    let name = format!("replica-{}", hex::encode(random));
    private_file::create(&path, name.as_bytes())?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let made = name(None, dir.path()).unwrap();
        assert!(is_name(&made) && made.starts_with("replica-"), "{made}");
        assert_eq!(name(None, dir.path()).unwrap(), made);
        assert_eq!(name(Some("a".to_owned()), dir.path()).unwrap(), "a");
        std::fs::write(dir.path().join("replica-name"), "two words").unwrap();
        assert!(matches!(name(None, dir.path()), Err(AuthError::KeyFileDamaged { .. })));
        assert!(!is_name("") && !is_name("a b") && !is_name(&"x".repeat(65)));
    }
}
