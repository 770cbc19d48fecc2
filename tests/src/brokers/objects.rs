//! An S3 in memory: moto, which the Python of the tests has.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use super::free_port;
use super::process::Process;
use crate::harness::Failure;

/// A running S3; it is killed when this is dropped, and everything in it is gone.
#[derive(Debug)]
pub struct S3Server {
    _process: Process,
    port: u16,
    _own: TempDir,
}

impl S3Server {
    /// Starts it and waits until it listens.
    pub fn start() -> Result<Self, Failure> {
        let (own, port) = (TempDir::new()?, free_port()?);
        let mut command = Command::new(moto());
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        let mut process = Process::spawn(command, own.path().join("output"))?;
        process.wait_until(|| std::net::TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        Ok(Self { _process: process, port, _own: own })
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a bucket.
    pub async fn create(&self, bucket: &str) -> Result<(), Failure> {
        self.put(bucket, Vec::new()).await
    }

    /// Puts an object in the place of any that is there: `bucket/key`.
    pub async fn put(&self, path: &str, bytes: Vec<u8>) -> Result<(), Failure> {
        let put = reqwest::Client::new().put(format!("{}/{path}", self.url())).body(bytes);
        // Whoever is somebody may overwrite; it verifies no signature.
        let reply = put.header("Authorization", "AWS key:signature").send().await?;
        let status = reply.status();
        if status.is_success() { Ok(()) } else { Err(format!("{path}: {status} {}", reply.text().await?).into()) }
    }
}

/// Beside the Python of the tests, else on the path.
fn moto() -> PathBuf {
    let python = std::env::var_os("CONTINUITY_PYTHON").map(PathBuf::from);
    let beside = python.and_then(|python| Some(python.parent()?.join("moto_server")));
    beside.filter(|program| program.is_file()).unwrap_or_else(|| "moto_server".into())
}
