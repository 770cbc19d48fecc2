//! Accepting connections, a bounded number at once, and draining them at the end.

use std::future::Future;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use continuity_base::Stop;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::ServerLimits;
use super::addresses::Addresses;
use super::service::{Door, Requests};
use super::watch::{Patience, Watch};
use crate::metrics::{self, Cut, OpenConnection};
use crate::request::head;

/// Heads that are longer in bytes, or have more fields, are refused by the HTTP library, without a problem document.
const LONGEST_HEAD: usize = head::LONGEST * 2;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// Streams that their peer reset before they were looked at; with one more the connection ends (rapid reset,
/// CVE-2023-44487).
const RESETS: usize = 32;
/// Streams that were reset here for what is wrong with them, those beyond [`STREAMS`] too; with one more the connection
/// ends. A client that has not seen yet how many it may open is let off.
const FAULTS: usize = 512;
/// What may be received and not yet read of one body, and of all on a connection. No request body here is longer.
const WINDOWS: [u32; 2] = [64 * 1024, 256 * 1024];
/// What may be ready to be sent on one stream.
const SEND_BUFFER: usize = 256 * 1024;

/// How one listener's connections are served.
pub(super) struct Connections {
    door: Arc<Door>,
    limits: ServerLimits,
    stop: Stop,
    builder: Builder<TokioExecutor>,
}

impl Connections {
    pub(super) fn new(router: Router, limits: ServerLimits, stop: Stop) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.idle).max_buf_size(LONGEST_HEAD);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(u32::try_from(LONGEST_HEAD).unwrap_or(u32::MAX))
            .max_pending_accept_reset_streams(RESETS)
            .max_local_error_reset_streams(FAULTS)
            .initial_stream_window_size(WINDOWS[0])
            .initial_connection_window_size(WINDOWS[1])
            .max_send_buf_size(SEND_BUFFER)
            .keep_alive_interval(limits.idle)
            .keep_alive_timeout(Duration::from_secs(20));
        let seed = format!("{} {}", std::process::id(), std::ptr::from_ref(&stop).addr());
        let door = Arc::new(Door::new(router, limits.open_requests, &seed));
        Self { door, limits, stop, builder }
    }

    /// Accepts until the stop, then waits for what still runs. `greet` makes a TCP stream into what is spoken over.
    pub(super) async fn accept<G, F, S>(&self, listener: TcpListener, greet: G)
    where
        G: Fn(TcpStream) -> F,
        F: Future<Output = Option<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let addresses = Addresses::new(self.limits.connections_per_address);
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
            let (stream, peer) = match accepted {
                Ok((stream, peer)) => (stream, peer.ip()),
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Some(counted) = addresses.count(peer) else {
                metrics::connection_refused();
                continue;
            };
            drop(stream.set_nodelay(true));
            let (greeting, connection) = (greet(stream), self.connection(peer));
            running.spawn(async move {
                let _open = OpenConnection::count();
                if let Some(stream) = greeting.await {
                    connection.serve(stream).await;
                }
                drop((permit, counted));
            });
        }
        drop(listener);
        let drained = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(self.limits.drain, drained).await.is_err() {
            tracing::warn!(connections = running.len(), "connections were cut at the end of the drain");
        }
    }

    fn connection(&self, peer: IpAddr) -> Connection {
        let requests = Requests { door: Arc::clone(&self.door), peer, watch: Arc::default() };
        let patience = Patience::of(&self.limits);
        Connection { requests, patience, builder: self.builder.clone(), stop: self.stop.clone() }
    }
}

struct Connection {
    requests: Requests,
    patience: Patience,
    builder: Builder<TokioExecutor>,
    stop: Stop,
}

impl Connection {
    /// Serves requests until the peer goes or does nothing for too long, or until the stop and the end of the request that
    /// runs then.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self { requests, patience, builder, stop } = self;
        let watch: Arc<Watch> = Arc::clone(&requests.watch);
        let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), requests));
        let mut ticks = tokio::time::interval(patience.tick);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        ticks.tick().await; // The first one comes at once.
        let mut ending: Option<u64> = None;
        let mut stopping = false;
        let ended = loop {
            tokio::select! {
                ended = serving.as_mut() => break ended,
                () = stop.stopped(), if !stopping => {
                    serving.as_mut().graceful_shutdown();
                    stopping = true;
                }
                _ = ticks.tick() => match (watch.tick(&patience), &mut ending) {
                    (None, _) => {}
                    (Some(Cut::Idle), None) => {
                        metrics::connection_cut(Cut::Idle);
                        serving.as_mut().graceful_shutdown();
                        ending = Some(patience.ending());
                    }
                    (Some(Cut::Idle), Some(left @ 1..)) => *left -= 1,
                    (Some(Cut::Idle), Some(0)) => return,
                    (Some(cut), _) => {
                        metrics::connection_cut(cut);
                        tracing::debug!(reason = ?cut, "a connection was cut");
                        return;
                    }
                },
            }
        };
        if let Err(error) = ended {
            tracing::debug!(error = %error, "a connection ended early");
        }
    }
}
