//! Listeners: TLS with certificates that may change, and plain HTTP for metrics.

mod connections;
mod tls;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use continuity_base::{Clock, Stop};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

pub use tls::TlsFiles;

use crate::metrics;
use connections::Connections;
use tls::Certificates;

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
    /// How often the certificate files are looked at.
    pub certificate_poll: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            handshake: Duration::from_secs(10),
            header_read: Duration::from_mins(1),
            drain: Duration::from_secs(10),
            certificate_poll: Duration::from_secs(5),
        }
    }
}

/// Serves `router` by HTTP/1.1 and HTTP/2 over TLS 1.2 and 1.3 until `stop`, then drains.
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
    let certificates = Certificates::load(tls, clock)?;
    let connections = Connections::new(router, limits, stop.clone());
    let reloading = certificates.reload(limits.certificate_poll);
    let serving = connections.accept(listener, |stream| {
        let acceptor = TlsAcceptor::from(certificates.current());
        async move {
            match tokio::time::timeout(limits.handshake, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => Some(stream),
                Ok(Err(error)) => {
                    metrics::handshake_failed();
                    tracing::debug!(error = %error, "a TLS handshake failed");
                    None
                }
                Err(_) => {
                    metrics::handshake_failed();
                    None
                }
            }
        }
    });
    tokio::select! {
        () = serving => {}
        () = reloading => {}
    }
    Ok(())
}

/// Serves `router` without TLS until `stop`, then drains.
pub async fn serve_plain(listener: TcpListener, router: Router, limits: ServerLimits, stop: Stop) -> io::Result<()> {
    Connections::new(router, limits, stop).accept(listener, |stream| async move { Some(stream) }).await;
    Ok(())
}

#[cfg(test)]
mod tests;
