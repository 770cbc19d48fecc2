//! The baseline: axum over TLS with one route that sends fixed bytes, and nothing else.

use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use super::replica::Certificates;

/// A running server; it ends when dropped.
pub(crate) struct BareServer {
    pub(crate) url: String,
    runtime: Option<Runtime>,
}

impl BareServer {
    /// Serves `body` on a free port of 127.0.0.1.
    pub(crate) fn start(body: Arc<[u8]>, certificates: &Certificates) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a non-blocking listener");
        let url = format!("https://localhost:{}/", listener.local_addr().expect("an address").port());
        let runtime = Runtime::new().expect("a runtime");
        let acceptor = TlsAcceptor::from(Arc::new(tls(certificates)));
        runtime.handle().spawn(serve(listener, acceptor, router(body)));
        Self { url, runtime: Some(runtime) }
    }
}

impl Drop for BareServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn router(body: Arc<[u8]>) -> Router {
    let body = axum::body::Bytes::from_owner(body);
    Router::new().route("/", get(move || async move { ([(CONTENT_TYPE, "application/json")], body) }))
}

fn tls(certificates: &Certificates) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let chain = CertificateDer::pem_file_iter(&certificates.certificate).expect("a certificate file");
    let key = PrivateKeyDer::from_pem_file(&certificates.key).expect("a key file");
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("certificates");
    builder.with_no_client_auth().with_single_cert(chain, key).expect("a certificate for the key")
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, router: Router) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::runtime::Handle::current().spawn(async move {
            stream.set_nodelay(true).expect("a socket takes the option");
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = TowerToHyperService::new(router);
            // A client that goes away is no failure of the baseline.
            drop(Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await);
        });
    }
}
