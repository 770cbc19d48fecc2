//! Messages go to the listed targets and nowhere else.

use axum::http::StatusCode;
use continuity_tests::harness::{Failure, Replica, certificates, command};
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::receiver::{Answer, Receiver};
use super::{Feed, asked, section, status, subscription, until};

async fn tested(replica: &Replica, id: &str) -> Result<(bool, String), Failure> {
    let output = replica.order(&["webhooks", "test", id]).await?;
    let said = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&said).into_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_listed_is_refused_by_the_configuration() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let file = folder.path().join("continuity.toml");
    for (url, wanted) in [
        ("https://10.0.0.7/", "leads to 10.0.0.7:443, which is not in webhooks.allowed_targets"),
        ("https://169.254.169.254/latest/meta-data", "not in webhooks.allowed_targets"),
        ("http://hooks.bank.example/", "hooks.bank.example:80, which is not in"),
        ("https://a:b@hooks.bank.example/", "credentials"),
    ] {
        let webhooks = subscription("core", url, "'sync.stalled'");
        std::fs::write(&file, format!("[webhooks]\nallowed_targets = ['hooks.bank.example']\n{webhooks}"))?;
        let output = command()?.args(["check-config", "--config"]).arg(&file).output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(wanted), "{url}: {said}");
        assert!(!said.contains(super::SECRET), "{said}");
    }
    Ok(())
}

/// An HTTPS server that takes everything, and counts connections.
async fn secure(folder: &TempDir) -> Result<(u16, JoinSet<()>), Failure> {
    certificates(&folder.path().join("tls"))?;
    let read = |name: &str| std::fs::read(folder.path().join("tls").join(name));
    let chain =
        rustls::pki_types::CertificateDer::pem_slice_iter(&read("certificate.pem")?).collect::<Result<Vec<_>, _>>()?;
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(&read("key.pem")?)?;
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let router = axum::Router::new().fallback(async || StatusCode::NO_CONTENT);
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            let builder = hyper_util::server::conn::auto::Builder::new(hyper_util::rt::TokioExecutor::new());
            // Who goes away early is none of its concern.
            let _ = builder.serve_connection(hyper_util::rt::TokioIo::new(stream), service).await;
        }
    });
    Ok((port, server))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_leads_inside_needs_its_network_listed() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let feed = Feed::new(folder.path(), &[status("L1", 1, 1, "DRAFT")])?;
    let (port, _server) = secure(&folder).await?;
    let webhooks = |networks: &str, ca: &str| {
        let url = format!("https://localhost:{port}/hooks");
        let subscription = subscription("core", &url, "'loan.status_changed'");
        format!("allowed_targets = ['localhost:{port}'{networks}]\nca = '{ca}'\n{subscription}")
    };
    let ca = folder.path().join("tls/ca.pem").display().to_string();
    let mut replica = feed.followed(&webhooks("", &ca)).await?;
    let (arrived, said) = tested(&replica, "core").await?;
    assert!(!arrived && said.contains("its name leads to") && said.contains("webhooks.allowed_targets"), "{said}");
    let forbidden = "continuity_webhook_attempts_total{subscription=\"core\",outcome=\"forbidden\"}";
    assert_eq!(replica.metric(forbidden).await?, Some(1.0));

    replica.configure(&feed.config(&webhooks(", '127.0.0.0/8', '::1/128'", "")));
    replica.restart().await?;
    let (arrived, said) = tested(&replica, "core").await?;
    assert!(!arrived && !said.contains("leads to"), "nobody vouches for its certificate: {said}");

    replica.configure(&feed.config(&webhooks(", '127.0.0.0/8', '::1/128'", &ca)));
    replica.restart().await?;
    let (arrived, said) = tested(&replica, "core").await?;
    assert!(arrived, "{said}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_and_proxies_are_not_followed() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let feed = Feed::new(folder.path(), &[status("L1", 1, 1, "DRAFT")])?;
    let (receiver, inside) = (Receiver::start().await?, Receiver::start().await?);
    let proxy = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://127.0.0.1:{}", proxy.local_addr()?.port());
    let [all, upper, lower] = ["ALL_PROXY", "HTTP_PROXY", "http_proxy"].map(|name| format!("{name}={address}"));
    let mut replica = Replica::new()
        .config(&feed.config(&section(&receiver, "give_up_refused_seconds = 1")))
        .wrapped_in(["env", &all, &upper, &lower, "NO_PROXY=", "no_proxy="])
        .start()
        .await?;
    super::until_active(&replica).await?;
    assert!(tested(&replica, "core").await?.0, "it went through the proxy");
    receiver.answer(Answer::Redirect(inside.url()));
    feed.append(&[status("L2", 1, 1, "BID")])?;
    until(&replica, "core", |core| core["deadLetters"] == 1).await?;
    let dead = asked(&replica, &["dead"]).await?;
    assert_eq!(dead[0]["reason"], "it answers with a redirect (307), and none is followed");
    assert_eq!(inside.all().len(), 0, "the redirect was followed");
    replica.kill()?;
    let mut byte = [0];
    let connected = async {
        let (mut stream, _) = proxy.accept().await?;
        stream.read(&mut byte).await
    };
    let asked = tokio::time::timeout(std::time::Duration::from_millis(200), connected).await;
    assert!(asked.is_err(), "somebody asked the proxy: {asked:?}");
    Ok(())
}
