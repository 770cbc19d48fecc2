//! `continuity demo --json` as a child process.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use tempfile::TempDir;

use super::{Access, Failure, command};
use crate::json::Json;

/// A demo that is about to start.
#[derive(Debug)]
pub struct Demo {
    arguments: Vec<OsString>,
    data_dir: Option<PathBuf>,
    limit: Duration,
}

impl Default for Demo {
    fn default() -> Self {
        Self::new()
    }
}

impl Demo {
    /// A demo on free ports; without anything else it follows the simulator.
    pub fn new() -> Self {
        let arguments = ["demo", "--json", "--port", "0"].map(OsString::from).to_vec();
        Self { arguments, data_dir: None, limit: Duration::from_mins(2) }
    }

    /// Follows the feed in this file.
    #[must_use]
    pub fn feed(self, file: impl AsRef<Path>) -> Self {
        self.argument("--feed").argument(file.as_ref())
    }

    /// Keeps its data here, and resumes from it; otherwise in a directory of this run alone.
    #[must_use]
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(directory.into());
        self
    }

    /// One more argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// How long it may take until the feed's end is visible; two minutes unless said otherwise.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Starts it, without waiting for anything.
    pub fn spawn(self) -> Result<Running, Failure> {
        let own = TempDir::new()?;
        let data_dir = self.data_dir.unwrap_or_else(|| own.path().join("data"));
        let stderr = own.path().join("stderr");
        let mut command = command()?;
        command.args(&self.arguments).arg("--data-dir").arg(&data_dir);
        command.stdout(Stdio::piped()).stderr(File::create(&stderr)?);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let line = read_in_background(stdout);
        Ok(Running { child, line, told: Json::Null, data_dir, stderr, _own: own })
    }

    /// Starts it and waits for its JSON line: then the feed's present end is visible over the API.
    pub async fn start(self) -> Result<Running, Failure> {
        let limit = self.limit;
        tokio::task::spawn_blocking(move || {
            let mut running = self.spawn()?;
            if running.wait(limit)? {
                return Ok(running);
            }
            Err(format!("not ready within {limit:?}:\n{}", running.errors()).into())
        })
        .await?
    }
}

/// The first line of standard output, and whether there was more before the end.
fn read_in_background(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// A running demo; it is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    line: Receiver<String>,
    told: Json,
    data_dir: PathBuf,
    stderr: PathBuf,
    _own: TempDir,
}

impl Running {
    /// Waits for the JSON line; false when it did not come in time, an error when the process ended instead.
    pub fn wait(&mut self, limit: Duration) -> Result<bool, Failure> {
        match self.line.recv_timeout(limit) {
            Ok(line) => {
                self.told = Json::parse(&line).map_err(|e| format!("standard output said {line:?}: {e}"))?;
                Ok(true)
            }
            Err(RecvTimeoutError::Timeout) => Ok(false),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait()?;
                Err(format!("it ended with {status}:\n{}", self.errors()).into())
            }
        }
    }

    /// A member of the JSON line.
    pub fn told(&self, member: &str) -> Result<&str, Failure> {
        self.told.text(member).ok_or_else(|| format!("the JSON line has no {member}: {}", self.told.to_text()).into())
    }

    /// What its clients have to know.
    pub fn access(&self) -> Result<Access, Failure> {
        let text = |name| self.told(name).map(str::to_owned);
        Ok(Access {
            base_url: text("baseUrl")?,
            metrics_url: text("metricsUrl")?,
            ca_file: text("caFile")?.into(),
            client_id: text("clientId")?,
            client_secret: text("clientSecret")?,
        })
    }

    /// Whether standard output said anything after the JSON line.
    pub fn said_more(&self) -> bool {
        self.line.try_recv().is_ok()
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The end of what it wrote to standard error.
    pub fn errors(&self) -> String {
        let text = std::fs::read(&self.stderr).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(4_000)..]).into_owned()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9, and then `continuity serve` in its place: same data, same ports, same client, with these further lines
    /// of configuration. It is not ready yet.
    pub fn serve(mut self, feed: &Path, configuration: &str) -> Result<Self, Failure> {
        self.child.kill()?;
        self.child.wait()?;
        let base = self.told("baseUrl")?;
        let api = base.rsplit(':').next().unwrap_or_default();
        let metrics = self.told("metricsUrl")?.trim_start_matches("http://").trim_end_matches("/metrics");
        let (data, feed) = (self.data_dir.display(), feed.display());
        let text = format!(
            "data_dir = '{data}'\npublic_url = '{base}'\n\
             [listen]\napi = '127.0.0.1:{api}'\nmetrics = '{metrics}'\n\
             [tls]\ncertificate = '{data}/tls/certificate.pem'\nkey = '{data}/tls/key.pem'\n\
             [source]\nurl = 'file:{feed}'\n{configuration}\n"
        );
        let file = self.data_dir.join("continuity.toml");
        std::fs::write(&file, text)?;
        let mut command = command()?;
        command.arg("serve").arg("--config").arg(file);
        self.child = command.stdout(Stdio::null()).stderr(File::create(&self.stderr)?).spawn()?;
        Ok(self)
    }

    /// kill -9, and waits until the process is gone.
    pub fn kill(mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell about a failure here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
