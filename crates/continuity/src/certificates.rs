//! The demo's own certificate authority and its certificate for localhost.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use time::{Duration, OffsetDateTime};

/// PEM files of one authority and the server certificate that it signed.
pub(crate) struct DemoCertificates {
    pub(crate) authority: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Makes a new authority and a server certificate for localhost, 127.0.0.1 and `::1` in `dir`, valid for 30 days.
pub(crate) fn create(dir: &Path, now: OffsetDateTime) -> Result<DemoCertificates> {
    let files = DemoCertificates {
        authority: dir.join("ca.pem"),
        certificate: dir.join("certificate.pem"),
        key: dir.join("key.pem"),
    };
    let authority = CertifiedIssuer::self_signed(authority_params(now), KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let leaf = server_params(now)?.signed_by(&key, &authority)?;
    write(&files.authority, authority.pem().as_bytes(), 0o644)?;
    write(&files.certificate, format!("{}{}", leaf.pem(), authority.pem()).as_bytes(), 0o644)?;
    write(&files.key, key.serialize_pem().as_bytes(), 0o600)?;
    Ok(files)
}

fn authority_params(now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "continuity demo authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (now - Duration::hours(1), now + Duration::days(30));
    params
}

fn server_params(now: OffsetDateTime) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.subject_alt_names = vec![
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress([127, 0, 0, 1].into()),
        SanType::IpAddress([0, 0, 0, 0, 0, 0, 0, 1_u16].into()),
    ];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (now - Duration::hours(1), now + Duration::days(29));
    Ok(params)
}

pub(crate) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let named = || format!("cannot write {}", path.display());
    if path.exists() {
        fs::remove_file(path).with_context(named)?;
    }
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(mode).open(path).with_context(named)?;
    file.write_all(bytes).with_context(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openssl_accepts_the_chain_strictly() {
        let dir = tempfile::tempdir().unwrap();
        let files = create(dir.path(), OffsetDateTime::now_utc()).unwrap();
        for name in [["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"]] {
            let output = std::process::Command::new("openssl")
                .args(["verify", "-x509_strict", "-purpose", "sslserver"])
                .args(name)
                .arg("-CAfile")
                .args([&files.authority, &files.certificate])
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }

    #[test]
    fn the_key_is_for_its_owner_alone_and_a_new_run_makes_new_ones() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let files = create(dir.path(), OffsetDateTime::now_utc()).unwrap();
        let first = fs::read(&files.key).unwrap();
        assert_eq!(fs::metadata(&files.key).unwrap().permissions().mode() & 0o777, 0o600);
        let files = create(dir.path(), OffsetDateTime::now_utc()).unwrap();
        assert_ne!(fs::read(&files.key).unwrap(), first);
    }
}
