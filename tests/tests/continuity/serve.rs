//! `continuity serve` with a configuration file: it starts, serves, stops in order, and refuses what cannot work.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use continuity_simulator::Faults;
use continuity_tests::harness::{Demo, Failure, command};
use reqwest::{Certificate, Client};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::feeds;

const LIMIT: Duration = Duration::from_mins(1);

/// A port that was free a moment ago.
fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn configuration(directory: &Path, tls: &Path, api: u16, metrics: u16) -> String {
    let (directory, tls) = (directory.display(), tls.display());
    format!(
        "data_dir = '{directory}/production'\npublic_url = 'https://localhost:{api}'\n\
         [listen]\napi = '127.0.0.1:{api}'\nmetrics = '127.0.0.1:{metrics}'\n\
         [tls]\ncertificate = '{tls}/certificate.pem'\nkey = '{tls}/key.pem'\n\
         [source]\nurl = 'file:{directory}/feed.ndjson'\n"
    )
}

fn continuity(words: &[&str], config: &Path) -> Result<Command, Failure> {
    let mut command = command()?;
    command.args(words).arg("--config").arg(config);
    Ok(command)
}

async fn ready(client: &Client, url: &str) -> Result<(), Failure> {
    loop {
        match client.get(url).send().await {
            Ok(reply) if reply.status() == 200 => return Ok(()),
            _ => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn ends(mut child: Child) -> Result<Output, Failure> {
    let wait = tokio::task::spawn_blocking(move || -> Result<Output, Failure> {
        child.wait()?;
        Ok(child.wait_with_output()?)
    });
    timeout(LIMIT, wait).await??
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_starts_serves_and_stops_in_order() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let feed = directory.path().join("feed.ndjson");
    feeds::write(&feed, 8, 3, Faults::default())?;
    // The demo makes certificates; they stay when it is gone.
    let demo = Demo::new().feed(&feed).data_dir(directory.path().join("demo")).start().await?;
    let tls = demo.data_dir().join("tls");
    demo.kill()?;
    let (api, metrics) = (free_port()?, free_port()?);
    let config = directory.path().join("continuity.toml");
    std::fs::write(&config, configuration(directory.path(), &tls, api, metrics))?;

    let checked = continuity(&["check-config"], &config)?.output()?;
    assert_eq!(String::from_utf8_lossy(&checked.stdout), "the configuration can be used\n");
    let child = continuity(&["serve"], &config)?.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let authority = Certificate::from_pem(&std::fs::read(tls.join("ca.pem"))?)?;
    let client = Client::builder().tls_certs_only([authority]).build()?;
    timeout(LIMIT, ready(&client, &format!("https://localhost:{api}/ready"))).await??;
    let scrape = client.get(format!("http://127.0.0.1:{metrics}/metrics")).send().await?;
    assert!(scrape.text().await?.contains("continuity_ingest_events_total"));

    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status()?.success());
    let output = ends(child).await?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {log}", output.status);
    assert!(log.contains("serving") && !log.contains("ERROR"), "{log}");
    assert!(!directory.path().join("production/control.sock").exists(), "the socket was left behind");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_refused_with_its_name() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let config = directory.path().join("continuity.toml");
    for (text, wanted) in [
        ("[listen]\nport = 1\n", "unknown key listen.port"),
        ("public_url = 'http://replica.example'\n", "public_url has to be https://HOST"),
        ("public_url = 'https://replica.example'\n[tls]\nkey = '/nowhere/key.pem'\n", "cannot read the TLS file"),
        ("public_url = 'https://replica.example/path'\n", "without a path"),
    ] {
        std::fs::write(&config, text)?;
        for command in ["check-config", "serve"] {
            let output = continuity(&[command], &config)?.output()?;
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!output.status.success() && error.contains(wanted), "{command} of {text:?} said {error}");
        }
    }
    let annotated = command()?.arg("config").output()?;
    assert!(String::from_utf8_lossy(&annotated.stdout).contains("segment_bytes"), "{annotated:?}");
    Ok(())
}
