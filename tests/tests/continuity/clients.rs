//! Clients that others wrote: the way a bank's systems will really use the API.

use std::process::{Command, Output};

use continuity_tests::harness::{Demo, Failure, Running, binary};

/// A Python with the packages of `cargo xtask test`, else the system's.
pub(crate) fn python() -> String {
    std::env::var("CONTINUITY_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Somebody who lets applications in.
pub(crate) const JANE: &str = "jane@bank.example";
pub(crate) const PASSWORD: &str = "Trout-Lantern-42-Velvet";

/// Makes Jane an account, and lets her set her password by the link.
pub(crate) async fn invite_jane(demo: &Running) -> Result<(), Failure> {
    let words = ["account", "create", "--email", JANE, "--name", "Jane Doering", "--scopes", "loans:read", "--json"];
    let mut create = Command::new(binary()?);
    create.args(words).arg("--data-dir").arg(demo.data_dir());
    let account: serde_json::Value = serde_json::from_slice(&create.output()?.stdout)?;
    let link = account["link"].as_str().ok_or("an account without a link")?;
    jane(demo, link, "").await?;
    Ok(())
}

/// Jane opens an address in a browser; what comes of it.
pub(crate) async fn jane(demo: &Running, url: &str, answer: &str) -> Result<String, Failure> {
    let mut command = Command::new(python());
    command.arg(format!("{}/clients/person.py", env!("CARGO_MANIFEST_DIR")));
    command.args([demo.told("baseUrl")?, JANE, PASSWORD, url]).args((!answer.is_empty()).then_some(answer));
    command.env("REQUESTS_CA_BUNDLE", demo.told("caFile")?).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let err = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(String::from_utf8(output.stdout)?.trim().to_owned()) } else { Err(err.into()) }
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

/// Authlib and requests-oauthlib as applications that a person lets in: code with PKCE, consent, ID token, userinfo, refresh.
#[tokio::test(flavor = "multi_thread")]
async fn python_applications_are_let_in() -> Result<(), Failure> {
    let demo = Demo::new().argument("--loans").argument("3").argument("--rate").argument("0").start().await?;
    let mut command = Command::new(python());
    command.arg(format!("{}/clients/applications.py", env!("CARGO_MANIFEST_DIR")));
    command.arg(demo.told("baseUrl")?).arg(binary()?).arg(demo.data_dir()).args([JANE, PASSWORD]);
    command.env("REQUESTS_CA_BUNDLE", demo.told("caFile")?);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert_eq!(out.trim(), "applications are let in");
    Ok(())
}

/// The administration, by an application and from a browser's session; an application that a person registers.
#[tokio::test(flavor = "multi_thread")]
async fn people_administer() -> Result<(), Failure> {
    let demo = Demo::new().argument("--loans").argument("3").argument("--rate").argument("0").start().await?;
    let mut command = Command::new(python());
    command.arg(format!("{}/clients/administration.py", env!("CARGO_MANIFEST_DIR")));
    command.arg(demo.told("baseUrl")?).arg(binary()?).arg(demo.data_dir());
    command.env("REQUESTS_CA_BUNDLE", demo.told("caFile")?);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert_eq!(out.lines().count(), 2, "{out}");
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
