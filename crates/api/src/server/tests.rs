//! Listeners over real sockets on the loopback interface.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use continuity_base::{Stop, SystemClock};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{ServerLimits, TlsFiles, serve_plain, serve_tls};

const LIMIT: Duration = Duration::from_secs(10);

fn limits() -> ServerLimits {
    ServerLimits {
        handshake: Duration::from_millis(100),
        certificate_poll: Duration::from_millis(10),
        ..ServerLimits::default()
    }
}

/// Writes a new self-signed pair.
fn renew(dir: &Path) -> (TlsFiles, CertificateDer<'static>) {
    let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificate: dir.join("cert.pem"), key: dir.join("key.pem") };
    fs::write(&files.key, pair.signing_key.serialize_pem()).unwrap();
    fs::write(&files.certificate, pair.cert.pem()).unwrap();
    (files, pair.cert.der().clone())
}

struct Server {
    address: SocketAddr,
    stop: Stop,
    running: JoinHandle<io::Result<()>>,
}

async fn tls(files: TlsFiles, router: Router) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), Stop::new());
    let serving = serve_tls(listener, router, files, limits(), Arc::new(SystemClock::new()), stop.clone());
    Server { address, stop, running: spawn(serving) }
}

#[expect(clippy::disallowed_methods, reason = "a test's own task: it is awaited")]
fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(future)
}

async fn connect(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
    protocol: &[u8],
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

async fn ask(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin) -> String {
    stream.write_all(REQUEST).await.unwrap();
    let mut reply = Vec::new();
    drop(stream.read_to_end(&mut reply).await);
    String::from_utf8(reply).unwrap()
}

fn hello() -> Router {
    Router::new().route("/", get(|| async { "hello" }))
}

#[tokio::test]
async fn both_protocols_are_spoken_over_tls() {
    let dir = tempfile::tempdir().unwrap();
    let (files, certificate) = renew(dir.path());
    let server = tls(files, hello()).await;
    let stream = connect(server.address, &certificate, b"http/1.1").await.unwrap();
    let reply = ask(stream).await;
    assert!(reply.starts_with("HTTP/1.1 200 OK") && reply.ends_with("hello"), "{reply}");
    let stream = connect(server.address, &certificate, b"h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    server.stop.stop();
    drop(stream);
    tokio::time::timeout(LIMIT, server.running).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_new_certificate_is_taken_up_and_a_broken_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let (files, old) = renew(dir.path());
    let server = tls(files.clone(), hello()).await;
    connect(server.address, &old, b"h2").await.unwrap();
    fs::write(&files.certificate, "not a certificate").unwrap();
    let (_, new) = renew(dir.path());
    let taken_up = async {
        while connect(server.address, &new, b"h2").await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, taken_up).await.unwrap();
    assert!(connect(server.address, &old, b"h2").await.is_err());
}

#[tokio::test]
async fn unusable_files_are_named_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = renew(dir.path());
    let cases = [
        (TlsFiles { key: dir.path().join("absent.pem"), ..files.clone() }, "absent.pem"),
        (
            TlsFiles { certificate: files.key.clone(), ..files.clone() },
            "key.pem cannot be used: it holds no certificate",
        ),
        (TlsFiles { key: files.certificate.clone(), ..files }, "cert.pem"),
    ];
    for (files, named) in cases {
        let error = tls(files, hello()).await.running.await.unwrap().unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[tokio::test]
async fn a_silent_peer_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let (files, _) = renew(dir.path());
    let server = tls(files, hello()).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut byte = [0];
    let end = tokio::time::timeout(LIMIT, silent.read(&mut byte)).await.unwrap();
    assert_eq!(end.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_running_request_is_answered_after_the_stop_and_new_ones_are_not_taken() {
    let (arrived, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, gate) = (Arc::clone(&arrived), Arc::clone(&go));
    let slow = Router::new().route(
        "/",
        get(move || async move {
            inside.notify_one();
            gate.notified().await;
            "done"
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), Stop::new());
    let running = spawn(serve_plain(listener, slow, limits(), stop.clone()));
    let request = spawn(async move { ask(TcpStream::connect(address).await.unwrap()).await });
    arrived.notified().await;
    stop.stop();
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    tokio::time::timeout(LIMIT, refused).await.unwrap();
    assert!(!running.is_finished());
    go.notify_one();
    let reply = request.await.unwrap();
    assert!(reply.ends_with("done"), "{reply}");
    tokio::time::timeout(LIMIT, running).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn requests_beyond_the_bound_are_told_so_and_health_is_answered() {
    let (arrived, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, gate) = (Arc::clone(&arrived), Arc::clone(&go));
    let slow = move || async move {
        inside.notify_one();
        gate.notified().await;
        "done"
    };
    let router = hello().route("/slow", get(slow)).route("/health", get(|| async { "well" }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), Stop::new());
    let one = ServerLimits { open_requests: 1, ..limits() };
    let running = spawn(serve_plain(listener, router, one, stop.clone()));
    let to = |path: &'static str| async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.unwrap();
        reply
    };
    let first = spawn(to("/slow"));
    arrived.notified().await;
    let refused = to("/").await;
    assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("retry-after: 1\r\n"), "{refused}");
    assert!(refused.contains("problem:overloaded") && refused.contains("x-request-id: mine"), "{refused}");
    assert!(to("/health").await.ends_with("well"));
    go.notify_one();
    assert!(first.await.unwrap().ends_with("done"));
    assert!(to("/").await.ends_with("hello"), "the place was given back");
    stop.stop();
    tokio::time::timeout(LIMIT, running).await.unwrap().unwrap().unwrap();
}

/// What a large reply is made of reaches the peer whole, in pieces.
#[tokio::test]
async fn large_replies_arrive_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (files, certificate) = renew(dir.path());
    let body: String = (0..40_000).map(|number| format!("{number:06}")).collect::<Vec<_>>().concat();
    let large = body.clone();
    let server = tls(files, Router::new().route("/", get(|| async move { large }))).await;
    let reply = ask(connect(server.address, &certificate, b"http/1.1").await.unwrap()).await;
    assert!(reply.contains("content-length: 240000\r\n") && reply.ends_with(&body), "{}", reply.len());
    server.stop.stop();
    tokio::time::timeout(LIMIT, server.running).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn connections_beyond_the_bound_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), Stop::new());
    let one = ServerLimits { connections: 1, ..limits() };
    let running = spawn(serve_plain(listener, hello(), one, stop.clone()));
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut head = [0; 12];
    first.read_exact(&mut head).await.unwrap();
    let second = spawn(async move { ask(TcpStream::connect(address).await.unwrap()).await });
    assert!(!second.is_finished());
    drop(first);
    assert!(tokio::time::timeout(LIMIT, second).await.unwrap().unwrap().ends_with("hello"));
    stop.stop();
    tokio::time::timeout(LIMIT, running).await.unwrap().unwrap().unwrap();
}
