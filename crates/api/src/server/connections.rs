//! Accepting connections, a bounded number at once, and draining them at the end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use continuity_base::Stop;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::ServerLimits;
use crate::metrics::OpenConnection;

/// Request heads longer than this are refused with 431, bytes.
const LONGEST_HEAD: usize = 32 * 1024;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;

/// How one listener's connections are served.
pub(super) struct Connections {
    router: Router,
    limits: ServerLimits,
    stop: Stop,
    builder: Builder<TokioExecutor>,
}

impl Connections {
    pub(super) fn new(router: Router, limits: ServerLimits, stop: Stop) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.header_read).max_buf_size(LONGEST_HEAD * 2);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(LONGEST_HEAD).unwrap_or(u32::MAX))
            .keep_alive_interval(limits.header_read)
            .keep_alive_timeout(Duration::from_secs(20));
        Self { router, limits, stop, builder }
    }

    /// Accepts until the stop, then waits for what still runs. `greet` makes a TCP stream into what is spoken over.
    pub(super) async fn accept<G, F, S>(&self, listener: TcpListener, greet: G)
    where
        G: Fn(TcpStream) -> F,
        F: Future<Output = Option<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let mut running = JoinSet::new();
        loop {
            let next = async {
                let permit = Arc::clone(&room).acquire_owned().await;
                (permit, listener.accept().await)
            };
            let (permit, accepted) = tokio::select! {
                () = self.stop.stopped() => break,
                next = next => next,
                Some(_) = running.join_next(), if !running.is_empty() => continue,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            drop(stream.set_nodelay(true));
            let (greeting, connection) = (greet(stream), self.connection());
            running.spawn(async move {
                let _open = OpenConnection::count();
                if let Some(stream) = greeting.await {
                    connection.serve(stream).await;
                }
                drop(permit);
            });
        }
        drop(listener);
        let drained = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(self.limits.drain, drained).await.is_err() {
            tracing::warn!(connections = running.len(), "connections were cut at the end of the drain");
        }
    }

    fn connection(&self) -> Connection {
        Connection { router: self.router.clone(), builder: self.builder.clone(), stop: self.stop.clone() }
    }
}

struct Connection {
    router: Router,
    builder: Builder<TokioExecutor>,
    stop: Stop,
}

impl Connection {
    /// Serves requests until the peer goes, or until the stop and the end of the request that runs then.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let service = TowerToHyperService::new(self.router);
        let mut serving = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = self.stop.stopped() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error = %error, "a connection ended early");
        }
    }
}
