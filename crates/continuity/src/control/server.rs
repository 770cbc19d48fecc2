//! Answering on the data directory's Unix socket.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use continuity_base::Stop;
use tokio::net::UnixListener;
use tokio::sync::Semaphore;

use super::{Command, MAX_LINE_BYTES, Reply};
use crate::datadir::DataDir;
use crate::operations::Operations;

/// Commands that are worked on at the same time; more wait.
const CONCURRENT: usize = 4;
/// How long a client may take to send its line or to take its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The socket of a data directory, removed when dropped.
pub(crate) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Binds the socket; the caller holds the directory's lock, so a socket that is there is left over.
    pub(crate) fn bind(data_dir: &Path) -> Result<Self> {
        let path = DataDir::socket(data_dir);
        if path.exists() {
            fs::remove_file(&path).with_context(|| format!("cannot remove the old {}", path.display()))?;
        }
        let listener = UnixListener::bind(&path).with_context(|| format!("cannot bind {}", path.display()))?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { listener, path })
    }

    /// Answers until it is stopped.
    pub(crate) async fn run(self, operations: Operations, stop: Stop) -> Result<()> {
        let slots = Arc::new(Semaphore::new(CONCURRENT));
        loop {
            let slot = Arc::clone(&slots).acquire_owned().await?;
            let stream = tokio::select! {
                () = stop.stopped() => return Ok(()),
                accepted = self.listener.accept() => accepted.context("the control socket failed")?.0,
            };
            let (stream, operations) = (stream.into_std()?, operations.clone());
            tokio::task::spawn_blocking(move || {
                if let Err(error) = answer(&stream, &operations) {
                    tracing::warn!(error = format!("{error:#}"), "a command on the control socket was not answered");
                }
                drop(slot);
            });
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "the control socket could not be removed");
        }
    }
}

fn answer(stream: &UnixStream, operations: &Operations) -> Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let peer = rustix::net::sockopt::socket_peercred(stream).context("cannot tell who is asking")?;
    let write = |reply: &Reply| -> Result<()> {
        let mut line = serde_json::to_vec(reply)?;
        line.push(b'\n');
        (&*stream).write_all(&line).context("the client went away")
    };
    let own = rustix::process::geteuid();
    if peer.uid != own && !peer.uid.is_root() {
        return write(&Reply::Error(format!("user {} may not command this replica", peer.uid.as_raw())));
    }
    let mut line = String::new();
    BufReader::new(stream.take(MAX_LINE_BYTES)).read_line(&mut line).context("no command came")?;
    let command: Command = match serde_json::from_str(&line) {
        Ok(command) => command,
        Err(e) => return write(&Reply::Error(format!("not a command: {e}"))),
    };
    let actor = format!("uid:{}", peer.uid.as_raw());
    let mut lost = None;
    let result = operations.execute(&command, &actor, &mut |reply| {
        if lost.is_none() {
            lost = write(&reply).err();
        }
    });
    match (lost, result) {
        (Some(error), _) => Err(error),
        (None, Ok(value)) => write(&Reply::Result(value)),
        (None, Err(error)) => write(&Reply::Error(format!("{error:#}"))),
    }
}
