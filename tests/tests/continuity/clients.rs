//! Clients that others wrote: the way a bank's systems will really use the API.

use std::process::{Command, Output};

use continuity_tests::harness::{Demo, Failure, Running, binary};

/// A Python with the packages of `cargo xtask test`, else the system's.
pub(crate) fn python() -> String {
    std::env::var("CONTINUITY_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

async fn run(demo: &Running, script: &str) -> Result<Output, Failure> {
    let mut command = Command::new(python());
    command.arg(format!("{}/clients/{script}", env!("CARGO_MANIFEST_DIR")));
    command.args([demo.told("baseUrl")?, demo.told("clientId")?, demo.told("clientSecret")?]);
    command.env("REQUESTS_CA_BUNDLE", demo.told("caFile")?);
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}

async fn succeeds(demo: &Running, script: &str, lines: usize) -> Result<(), Failure> {
    let output = run(demo, script).await?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}: {err}");
    assert_eq!(out.lines().count(), lines, "{script} said {out}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn python_clients_work() -> Result<(), Failure> {
    let demo = Demo::new().argument("--loans").argument("150").argument("--rate").argument("0").start().await?;
    succeeds(&demo, "rest_client.py", 5).await?;
    succeeds(&demo, "oauth_client.py", 2).await
}

/// Authlib, requests-oauthlib and `PyJWT`: discovery, every client authentication, revocation, introspection, rotations.
#[tokio::test(flavor = "multi_thread")]
async fn python_clients_use_the_authorization_server() -> Result<(), Failure> {
    let demo = Demo::new().argument("--loans").argument("3").argument("--rate").argument("0").start().await?;
    let mut command = Command::new(python());
    command.arg(format!("{}/clients/authorization_server.py", env!("CARGO_MANIFEST_DIR")));
    command.arg(demo.told("baseUrl")?).arg(binary()?).arg(demo.data_dir());
    command.env("REQUESTS_CA_BUNDLE", demo.told("caFile")?);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert_eq!(out.lines().count(), 8, "{out}");
    Ok(())
}

/// The authority and certificate of the demo, as OpenSSL judges them; and `curl` with the system's own TLS.
#[tokio::test(flavor = "multi_thread")]
async fn openssl_and_curl_trust_the_demo() -> Result<(), Failure> {
    let demo = Demo::new().argument("--loans").argument("3").argument("--rate").argument("0").start().await?;
    let (authority, base) = (demo.told("caFile")?.to_owned(), demo.told("baseUrl")?.to_owned());
    let certificate = authority.replace("ca.pem", "certificate.pem");
    let verify = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "localhost", "-CAfile"];
    let output = Command::new("openssl").args(verify).args([&authority, &certificate]).output()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let health = ["-s", "--fail", "--cacert", &authority, &format!("{base}/health")].map(str::to_owned);
    let output = tokio::task::spawn_blocking(move || Command::new("curl").args(health).output()).await??;
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"status\":\"healthy\""), "{output:?}");
    assert!(!demo.said_more(), "standard output has to hold the JSON line alone");
    Ok(())
}
