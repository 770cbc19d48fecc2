//! TLS to a replica, byte for byte: what no well-behaved client sends.

use std::sync::Arc;
use std::time::Duration;

use continuity_tests::harness::{Access, Failure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A connection that speaks `protocol` (`http/1.1` or `h2`).
pub(crate) async fn connect(access: &Access, protocol: &str) -> Result<TlsStream<TcpStream>, Failure> {
    let port: u16 = access.base_url.rsplit(':').next().unwrap_or_default().parse()?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&access.ca_file)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    Ok(TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost")?, stream).await?)
}

/// Sends these bytes and reads until the replica closes.
pub(crate) async fn exchange(access: &Access, bytes: &[u8], limit: Duration) -> Result<Vec<u8>, Failure> {
    let mut stream = connect(access, "http/1.1").await?;
    let mut received = Vec::new();
    let talk = async {
        // It may close before it has read everything; what it said by then counts.
        if stream.write_all(bytes).await.is_ok() {
            drop(stream.flush().await);
        }
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            received.extend_from_slice(&buffer[..count]);
        }
    };
    let ended = tokio::time::timeout(limit, talk).await;
    ended.map_err(|_| format!("not closed within {limit:?}, after {:?}", String::from_utf8_lossy(&received)))?;
    Ok(received)
}
