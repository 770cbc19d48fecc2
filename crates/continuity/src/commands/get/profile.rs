//! Which replica is read, and as whom: from options, environment variables and a profile, in this order.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};

use super::options::To;
use crate::output::Usage;

/// A profile as it stands in its file. The secret has a file of its own, so that this one may be shown around.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// `https://HOST:PORT`.
    pub(crate) url: Option<String>,
    /// The authority, PEM. Paths count from the profile's folder.
    pub(crate) ca_file: Option<PathBuf>,
    /// The OAuth client.
    pub(crate) client_id: Option<String>,
    /// File with its secret.
    pub(crate) client_secret_file: Option<PathBuf>,
}

/// Everything that a connection needs.
pub(super) struct Target {
    pub(super) url: String,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) client_id: String,
    pub(super) secret: String,
}

impl Target {
    /// What the options say, completed by the profile.
    pub(super) fn of(to: &To) -> Result<Self> {
        let profile = profile(to.profile.as_deref())?;
        let url = to.url.clone().or(profile.url).ok_or_else(|| lacking("the replica's address", "--url"))?;
        let url = url.trim_end_matches('/').to_owned();
        if !url.starts_with("https://") {
            return Err(Usage::new(format!("the replica's address has to be https://HOST:PORT; it is {url:?}")).into());
        }
        let client_id = to.client_id.clone().or(profile.client_id);
        let client_id = client_id.ok_or_else(|| lacking("the client's id", "--client-id"))?;
        let file = to.client_secret_file.clone().or(profile.client_secret_file);
        let file = file.ok_or_else(|| lacking("the client's secret", "--client-secret-file"))?;
        let secret = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Self { url, ca_file: to.ca_file.clone().or(profile.ca_file), client_id, secret: secret.trim().to_owned() })
    }
}

fn lacking(what: &str, option: &str) -> anyhow::Error {
    let text = format!("{what} is not known: give {option}, or a profile (--profile or CONTINUITY_PROFILE)");
    Usage::new(text).into()
}

/// The profile that is named, or the usual one if there is any.
fn profile(named: Option<&Path>) -> Result<Profile> {
    if let Some(path) = named {
        return read(path);
    }
    let usual = usual();
    usual.filter(|path| path.exists()).map_or_else(|| Ok(Profile::default()), |path| read(&path))
}

fn usual() -> Option<PathBuf> {
    let folder = std::env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let folder = folder.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")))?;
    Some(folder.join("continuity/profile.toml"))
}

fn read(path: &Path) -> Result<Profile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the profile {}", path.display()))?;
    // Without the line itself, which may hold a secret that does not belong there.
    let parsed: Result<Profile, _> = toml::from_str(&text);
    let mut profile = parsed.map_err(|e| anyhow!("the profile {} cannot be used: {}", path.display(), e.message()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for file in [&mut profile.ca_file, &mut profile.client_secret_file].into_iter().flatten() {
        *file = folder.join(&*file);
    }
    Ok(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(profile: &Path) -> To {
        To { profile: Some(profile.to_owned()), url: None, ca_file: None, client_id: None, client_secret_file: None }
    }

    #[test]
    fn a_profile_fills_in_what_options_leave_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.toml");
        std::fs::write(folder.path().join("secret"), "s3cr3t\n").unwrap();
        std::fs::write(
            &path,
            "url = 'https://a:1/'\nca_file = 'ca.pem'\nclient_id = 'c'\nclient_secret_file = 'secret'",
        )
        .unwrap();
        let target = Target::of(&options(&path)).unwrap();
        assert_eq!(
            (target.url.as_str(), target.client_id.as_str(), target.secret.as_str()),
            ("https://a:1", "c", "s3cr3t")
        );
        assert_eq!(target.ca_file.unwrap(), folder.path().join("ca.pem"));
        let other = To { url: Some("https://b:2".to_owned()), ..options(&path) };
        assert_eq!(Target::of(&other).unwrap().url, "https://b:2");
    }

    #[test]
    fn what_is_lacking_or_wrong_is_named_without_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.toml");
        let error = |text: &str| {
            std::fs::write(&path, text).unwrap();
            format!("{:#}", Target::of(&options(&path)).err().unwrap())
        };
        assert!(error("").contains("--url"));
        assert!(error("url = 'http://a:1'").contains("has to be https://"));
        assert!(error("url = 'https://a:1'").contains("--client-id"));
        assert!(error("url = 'https://a:1'\nclient_id = 'c'").contains("--client-secret-file"));
        let unknown = error("client_secret = 'xyzzy'");
        assert!(unknown.contains("client_secret") && !unknown.contains("xyzzy"), "{unknown}");
    }
}
