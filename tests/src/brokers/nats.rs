//! `nats-server` with `JetStream`.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::process::{Process, freeze, thaw};
use super::{folder, free_port, store};
use crate::harness::Failure;

/// The version that the product is written for.
pub const NATS: &str = "2.15.1";
/// The oldest one that it supports.
pub const NATS_OLDEST: &str = "2.12.1";
/// One that drops subject filters without a word: to be refused.
pub const NATS_UNSUPPORTED: &str = "2.9";

/// A server that is about to start.
#[derive(Clone, Debug)]
pub struct NatsOptions {
    version: String,
    config: String,
    jetstream: String,
}

impl NatsOptions {
    /// One more piece of its configuration file, e.g. `authorization { token: secret }`.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.config.push_str(text);
        self.config.push('\n');
        self
    }

    /// One more piece of its block `jetstream`, e.g. `sync_interval: always`.
    #[must_use]
    pub fn jetstream(mut self, text: &str) -> Self {
        self.jetstream.push_str(text);
        self.jetstream.push('\n');
        self
    }

    /// Starts it over an empty store and waits until it answers.
    pub fn start(self) -> Result<NatsServer, Failure> {
        const ATTEMPTS: u32 = 5;
        let program = folder(&format!("nats-{}", self.version))?.join("nats-server");
        let mut failure = None;
        for _ in 0..ATTEMPTS {
            // Somebody else may have taken the port meanwhile.
            match NatsServer::on(&self, &program, free_port()?) {
                Ok(server) => return Ok(server),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| "no attempt".into()))
    }
}

/// A running server; it is killed when this is dropped, and its store goes with it.
#[derive(Debug)]
pub struct NatsServer {
    process: Process,
    program: PathBuf,
    port: u16,
    name: String,
    own: TempDir,
}

impl NatsServer {
    /// Options for a server of this version.
    #[expect(clippy::new_ret_no_self, reason = "the beginning of a builder")]
    pub fn new(version: &str) -> NatsOptions {
        NatsOptions { version: version.to_owned(), config: String::new(), jetstream: String::new() }
    }

    /// Starts a server of this version with nothing special.
    pub fn start(version: &str) -> Result<Self, Failure> {
        Self::new(version).start()
    }

    fn on(options: &NatsOptions, program: &Path, port: u16) -> Result<Self, Failure> {
        let own = TempDir::new()?;
        let name = format!("test-{}-{port}", std::process::id());
        let (store, pieces) = (own.path().join("store"), &options.config);
        let jetstream = format!("store_dir: '{}'\n{}", store.display(), options.jetstream);
        let text =
            format!("server_name: '{name}'\nlisten: '127.0.0.1:{port}'\njetstream {{\n{jetstream}\n}}\n{pieces}\n");
        std::fs::write(own.path().join("server.conf"), text)?;
        let process = Self::spawn(program, own.path())?;
        let mut server = Self { process, program: program.to_owned(), port, name, own };
        server.wait()?;
        Ok(server)
    }

    fn spawn(program: &Path, own: &Path) -> Result<Process, Failure> {
        let mut command = Command::new(program);
        command.arg("-c").arg(own.join("server.conf"));
        Process::spawn(command, own.join("output"))
    }

    fn wait(&mut self) -> Result<(), Failure> {
        let (port, name) = (self.port, self.name.clone());
        self.process.wait_until(|| greeting(port).is_some_and(|text| text.contains(&name)))
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `nats://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The end of what it said.
    pub fn said(&self) -> String {
        self.process.said()
    }

    /// The folder that holds its streams.
    pub fn store(&self) -> PathBuf {
        self.own.path().join("store")
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self) -> Result<(), Failure> {
        self.process.kill()
    }

    /// Starts it again on the same store and port, after a kill or as one.
    pub fn restart(&mut self) -> Result<(), Failure> {
        self.process.kill()?;
        self.process = Self::spawn(&self.program, self.own.path())?;
        self.wait()
    }

    /// Stops it where it stands; see [`freeze`].
    pub fn freeze(&self) -> Result<(), Failure> {
        freeze(self.id())
    }

    /// Lets it go on.
    pub fn thaw(&self) -> Result<(), Failure> {
        thaw(self.id())
    }

    /// Copies its store to the folder `to`. A running server is frozen meanwhile: the copy is one moment.
    pub fn copy_store(&self, to: &Path) -> Result<(), Failure> {
        store::copy_of(self.id(), &self.store(), to)
    }

    /// kill -9, and starts it on a copy of the folder `from`, on the same port: what a power loss leaves, or a restore.
    pub fn start_on(&mut self, from: &Path) -> Result<(), Failure> {
        self.process.kill()?;
        store::copy(from, &self.store())?;
        self.restart()
    }
}

/// What a server says to whoever connects.
fn greeting(port: u16) -> Option<String> {
    const PATIENCE: Duration = Duration::from_secs(2);
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).ok()?;
    Some(line)
}
