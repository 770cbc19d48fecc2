//! Listeners: TLS with certificates that may change, and plain HTTP for metrics.

mod addresses;
mod body;
mod connections;
mod service;
mod tls;
mod watch;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections at once; more wait in the kernel's queue.
    pub connections: usize,
    /// Of these, from one address; more are closed at once.
    pub connections_per_address: usize,
    /// Requests that are open at once on all connections together, whatever they wait for; more are answered 503.
    pub open_requests: usize,
    /// A TLS handshake that takes longer is cut.
    pub handshake: Duration,
    /// A connection whose first request takes longer is cut.
    pub first_request: Duration,
    /// A connection without a request for longer is closed; a later request's head that takes longer is cut.
    pub idle: Duration,
    /// A connection is cut when its peer takes nothing of what was sent for longer.
    pub write: Duration,
    /// How long running requests may go on after the stop.
    pub drain: Duration,
    /// How often the certificate files are looked at.
    pub certificate_poll: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4_096,
            connections_per_address: 1_024,
            open_requests: 16_384,
            handshake: Duration::from_secs(10),
            first_request: Duration::from_secs(10),
            idle: Duration::from_mins(1),
            write: Duration::from_secs(30),
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
