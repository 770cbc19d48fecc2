//! Certificates and keys from files, read again when they change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use continuity_base::Clock;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::metrics;

/// Where the certificate chain and its private key are (PEM). They are read again when they change.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate chain, leaf first.
    pub certificate: PathBuf,
    /// The leaf's private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// What shows that a file was replaced.
type Stamp = [Option<(SystemTime, u64)>; 2];

/// The TLS configuration in use.
pub(super) struct Certificates {
    files: TlsFiles,
    current: ArcSwap<ServerConfig>,
    clock: Arc<dyn Clock>,
    loaded: Stamp,
}

impl Certificates {
    /// Reads both files; an error names the one that cannot be used.
    pub(super) fn load(files: TlsFiles, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let loaded = stamp(&files);
        let current = ArcSwap::from(configuration(&files)?);
        Ok(Self { files, current, clock, loaded })
    }

    /// For the next handshake.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }

    /// Looks at the files now and then, for ever. Connections that are open keep what they began with.
    pub(super) async fn reload(&self, every: Duration) {
        let mut seen = self.loaded;
        loop {
            tokio::time::sleep(every).await;
            self.look(&mut seen);
        }
    }

    fn look(&self, seen: &mut Stamp) {
        let now = stamp(&self.files);
        if now == *seen {
            return;
        }
        match configuration(&self.files) {
            Ok(configuration) => {
                self.current.store(configuration);
                *seen = now;
                metrics::certificate_reloaded("ok");
                tracing::info!(at = %self.clock.now(), "new TLS certificate in use");
            }
            // Perhaps only one of the two was replaced so far: the next look tries again.
            Err(error) => {
                metrics::certificate_reloaded("failed");
                tracing::warn!(error = %error, "the changed TLS files cannot be used, the old certificate stays");
            }
        }
    }
}

fn stamp(files: &TlsFiles) -> Stamp {
    [&files.certificate, &files.key].map(|path| {
        let data = fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.len()))
    })
}

fn configuration(files: &TlsFiles) -> io::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(&files.certificate, &error))?;
    if chain.is_empty() {
        return Err(unusable(&files.certificate, &"it holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key, &error))?;
    let mut configuration = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&files.certificate, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| unusable(&files.certificate, &error))?;
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(configuration))
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!(
        "TLS file {} cannot be used: {error}; check that it is PEM and belongs to the other",
        path.display()
    ))
}
