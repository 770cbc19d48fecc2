//! Asking the process that runs on a data directory.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Command, MAX_LINE_BYTES, Reply};
use crate::datadir::DataDir;

/// A connection to the process that runs on `data_dir`; `None` when there is none.
pub(crate) fn connect(data_dir: &Path) -> Result<Option<UnixStream>> {
    let path = DataDir::socket(data_dir);
    match UnixStream::connect(&path) {
        Ok(stream) => Ok(Some(stream)),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(e) => Err(e).with_context(|| format!("cannot speak to the process on {}", path.display())),
    }
}

/// Sends `command` and hands every line before the last to `each`; the result is that of the command.
pub(crate) fn ask(mut stream: UnixStream, command: &Command, each: &mut dyn FnMut(Reply)) -> Result<Value> {
    let mut line = serde_json::to_string(command)?;
    line.push('\n');
    stream.write_all(line.as_bytes()).context("cannot send the command to the running process")?;
    let mut replies = BufReader::new(stream);
    loop {
        match next(&mut replies)? {
            Some(Reply::Result(value)) => return Ok(value),
            Some(Reply::Error(message)) => bail!("{message}"),
            Some(other) => each(other),
            None => bail!("the running process closed the connection before it answered; see its log"),
        }
    }
}

fn next(replies: &mut impl BufRead) -> Result<Option<Reply>> {
    let mut line = String::new();
    match replies.take(MAX_LINE_BYTES).read_line(&mut line) {
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(serde_json::from_str(&line).context("the running process answered with something else")?)),
        Err(e) if e.kind() == ErrorKind::ConnectionReset => Ok(None),
        Err(e) => Err(e).context("cannot read the running process's answer"),
    }
}
