//! `continuity serve` under a configuration of the test's own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::{Access, Client, Failure, certificates, command};
use crate::brokers::{free_port, freeze, kill_group, thaw};
use crate::json::Json;

/// How long the process may take until it answers at all.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// A replica that is about to start for the first time.
#[derive(Debug, Default)]
pub struct ReplicaOptions {
    config: String,
    data_dir: Option<PathBuf>,
    public_url: Option<String>,
    wrapped_in: Vec<OsString>,
}

impl ReplicaOptions {
    /// One more piece of its configuration: `[source]` and what follows it. Address, certificates and data are there.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.config.push_str(text);
        self.config.push('\n');
        self
    }

    /// Keeps its data in this folder, which outlives it.
    #[must_use]
    pub fn data_dir(mut self, folder: &Path) -> Self {
        self.data_dir = Some(folder.to_owned());
        self
    }

    /// The URL that its clients know it by, where that is not its own: as behind a balancer.
    #[must_use]
    pub fn public_url(mut self, url: &str) -> Self {
        self.public_url = Some(url.to_owned());
        self
    }

    /// Runs it under another program, e.g. `faketime -f +1h`.
    #[must_use]
    pub fn wrapped_in<const N: usize>(mut self, words: [&str; N]) -> Self {
        self.wrapped_in = words.map(OsString::from).to_vec();
        self
    }

    /// Starts it and waits until it answers; it need not be ready then.
    pub async fn start(self) -> Result<Replica, Failure> {
        let own = TempDir::new()?;
        let data = self.data_dir.unwrap_or_else(|| own.path().join("data"));
        certificates(&own.path().join("tls"))?;
        let (id, secret) = create_client(&data)?;
        let (api, metrics) = (free_port()?, free_port()?);
        let access = Access {
            base_url: format!("https://localhost:{api}"),
            metrics_url: format!("http://127.0.0.1:{metrics}/metrics"),
            ca_file: own.path().join("tls/ca.pem"),
            client_id: id,
            client_secret: secret,
        };
        let tls = own.path().join("tls");
        let head = format!(
            "data_dir = '{}'\npublic_url = '{}'\n\
             [listen]\napi = '127.0.0.1:{api}'\nmetrics = '127.0.0.1:{metrics}'\n\
             [tls]\ncertificate = '{tls}/certificate.pem'\nkey = '{tls}/key.pem'\n",
            data.display(),
            self.public_url.as_ref().unwrap_or(&access.base_url),
            tls = tls.display()
        );
        let mut replica =
            Replica { child: None, head, config: self.config, access, data, wrapped_in: self.wrapped_in, own };
        replica.restart().await?;
        Ok(replica)
    }
}

/// A client with every scope; `(id, secret)`.
fn create_client(data: &Path) -> Result<(String, String), Failure> {
    const SCOPES: &str = "loans:read documents:read bids:read tasks:read analysis:read messages:read reports:read \
                          audit:read";
    fs::create_dir_all(data)?;
    let mut command = command()?;
    command.args(["client", "create", "--name", "test", "--json", "--scopes", SCOPES, "--data-dir"]).arg(data);
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let created = Json::parse(std::str::from_utf8(&output.stdout)?).map_err(|e| format!("{e}: {said}"))?;
    let text = |name: &str| created.text(name).map(str::to_owned).ok_or(format!("no {name}: {said}"));
    Ok((text("id")?, text("secret")?))
}

/// A running replica; it is killed when this is dropped.
#[derive(Debug)]
pub struct Replica {
    /// And whether it leads a group of its own.
    child: Option<(Child, bool)>,
    head: String,
    config: String,
    access: Access,
    data: PathBuf,
    wrapped_in: Vec<OsString>,
    own: TempDir,
}

impl Replica {
    /// Options for a replica.
    #[expect(clippy::new_ret_no_self, reason = "the beginning of a builder")]
    pub fn new() -> ReplicaOptions {
        ReplicaOptions::default()
    }

    /// Puts another configuration in the place of what [`ReplicaOptions::config`] gave; it counts from the next start.
    pub fn configure(&mut self, text: &str) {
        text.clone_into(&mut self.config);
    }

    /// Runs it under another program from the next start; none for none.
    pub fn wrap_in<const N: usize>(&mut self, words: [&str; N]) {
        self.wrapped_in = words.map(OsString::from).to_vec();
    }

    /// Starts it again on the same data and ports, after a kill or as one, and waits until it answers.
    pub async fn restart(&mut self) -> Result<(), Failure> {
        self.kill()?;
        let file = self.own.path().join("continuity.toml");
        fs::write(&file, format!("{}{}", self.head, self.config))?;
        let errors = File::options().create(true).append(true).open(self.own.path().join("stderr"))?;
        let replica = command()?;
        let mut command = match self.wrapped_in.split_first() {
            None => replica,
            Some((program, words)) => {
                let mut command = std::process::Command::new(program);
                // Such a program may stay beside the replica: both are killed as one group.
                command.args(words).arg(replica.get_program()).stdin(Stdio::null()).process_group(0);
                for (name, _) in replica.get_envs() {
                    command.env_remove(name);
                }
                command
            }
        };
        command.arg("serve").arg("--config").arg(file).stdout(Stdio::null()).stderr(errors);
        self.child = Some((command.spawn()?, !self.wrapped_in.is_empty()));
        let client = Client::without_token(&self.access)?;
        for _ in 0..ANSWER_LIMIT.as_millis() / STEP.as_millis() {
            if client.get("/health").await.is_ok() {
                return Ok(());
            }
            let (child, _) = self.child.as_mut().ok_or("it was just started")?;
            if let Some(status) = child.try_wait()? {
                return Err(format!("it ended with {status}:\n{}", self.errors()).into());
            }
            tokio::time::sleep(STEP).await;
        }
        Err(format!("no answer within {ANSWER_LIMIT:?}:\n{}", self.errors()).into())
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self) -> Result<(), Failure> {
        let Some((mut child, grouped)) = self.child.take() else { return Ok(()) };
        if grouped {
            kill_group(child.id())?;
        }
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// Its process id, or that of what it is wrapped in; 0 while it does not run.
    pub fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, |(child, _)| child.id())
    }

    /// Stops it where it stands; see [`freeze`].
    pub fn freeze(&self) -> Result<(), Failure> {
        freeze(self.id())
    }

    /// Lets it go on.
    pub fn thaw(&self) -> Result<(), Failure> {
        thaw(self.id())
    }

    /// Where it listens, and as whom.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Its data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data
    }

    /// The end of what all its lives wrote to standard error.
    pub fn errors(&self) -> String {
        let text = fs::read(self.own.path().join("stderr")).unwrap_or_default();
        String::from_utf8_lossy(&text[text.len().saturating_sub(6_000)..]).into_owned()
    }

    /// All that its lives wrote to standard error.
    pub fn log(&self) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&fs::read(self.own.path().join("stderr"))?).into_owned())
    }

    /// A client with a token of these scopes; all when empty.
    pub async fn client(&self, scopes: &str) -> Result<Client, Failure> {
        Client::with_access(&self.access, scopes).await
    }

    /// `GET /health`.
    pub async fn health(&self) -> Result<Json, Failure> {
        Client::without_token(&self.access)?.get("/health").await?.json()
    }

    /// Status code of `GET /ready`.
    pub async fn ready(&self) -> Result<u16, Failure> {
        Ok(Client::without_token(&self.access)?.get("/ready").await?.status.as_u16())
    }

    /// The value of a series, e.g. `continuity_source_state{state="live"}`, or the sum over all series of a name.
    pub async fn metric(&self, series: &str) -> Result<Option<f64>, Failure> {
        Client::without_token(&self.access)?.metric_at(&self.access.metrics_url, series).await
    }

    /// Runs the command line on its data, e.g. `source status`.
    pub async fn order(&self, words: &[&str]) -> Result<Output, Failure> {
        let mut command = command()?;
        command.args(words).arg("--data-dir").arg(&self.data);
        Ok(tokio::task::spawn_blocking(move || command.output()).await??)
    }

    /// Waits until the bytes of all documents that the read models refer to are here, or cannot be had.
    pub async fn until_bytes(&self, limit: Duration) -> Result<Json, Failure> {
        let number = |value: Option<&Json>, name: &str| value.and_then(|value| value.number(name));
        self.until("whole", limit, |health| {
            let components = health.get("components");
            let blobs = components.and_then(|all| all.get("blobs"));
            let models = components.and_then(|all| all.get("readModels")).map(Json::elements).unwrap_or_default();
            let model = models.iter().find(|model| model.text("name") == Some("blobs"));
            let pending = number(blobs.and_then(|blobs| blobs.get("pending")), "count");
            number(blobs, "position") >= number(model, "position") && pending == Some(0)
        })
        .await
    }

    /// Asks `/health` until it says what is wanted; the error shows what it said last.
    pub async fn until(&self, what: &str, limit: Duration, wanted: impl Fn(&Json) -> bool) -> Result<Json, Failure> {
        let mut last = Json::Null;
        let seen = poll(limit, async || {
            last = self.health().await?;
            Ok(wanted(&last))
        });
        if seen.await? {
            return Ok(last);
        }
        Err(format!("not {what} within {limit:?}; /health says {}\n{}", last.to_text(), self.errors()).into())
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell about a failure here.
        let _ = self.kill();
    }
}

const STEP: Duration = Duration::from_millis(50);

/// Asks until the answer is yes, some twenty times a second; false when it was not in time.
pub async fn poll(limit: Duration, mut ask: impl AsyncFnMut() -> Result<bool, Failure>) -> Result<bool, Failure> {
    let asking = async {
        loop {
            if ask().await? {
                return Ok::<_, Failure>(());
            }
            tokio::time::sleep(STEP).await;
        }
    };
    match tokio::time::timeout(limit, asking).await {
        Ok(answered) => answered.map(|()| true),
        Err(_) => Ok(false),
    }
}
