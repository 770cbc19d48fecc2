//! clamd over TCP: the file's bytes go to it (`INSTREAM`), its verdict comes back.

use std::io;
use std::path::Path;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Scanner, Verdict};

/// The `z` asks for a reply that ends with a NUL.
const COMMAND: &[u8] = b"zINSTREAM\0";
/// Bytes of the file in one chunk, and in memory.
const CHUNK: usize = 64 * 1024;
/// The longest reply that is read.
const REPLY: u64 = 4096;

/// Asks a clamd. What it does not find clean or infected in so many words is a failure.
pub struct ClamdScanner {
    address: String,
    limit: Duration,
}

/// What stopped us sending.
enum Unsent {
    /// The file cannot be read.
    File(io::Error),
    /// clamd takes no more.
    Connection,
}

impl ClamdScanner {
    /// `address` is `host:port`, `limit` how long a scan may take, from the connection to the verdict.
    pub fn new(address: String, limit: Duration) -> Self {
        Self { address, limit }
    }

    async fn verdict(&self, file: &Path) -> Result<Verdict, String> {
        timeout(self.limit, self.ask(file)).await.unwrap_or_else(|_| {
            let seconds = self.limit.as_secs_f32();
            Err(self.failed(&format!("gave no verdict for {seconds} seconds; see what it does, or allow it more time")))
        })
    }

    async fn ask(&self, file: &Path) -> Result<Verdict, String> {
        let unreadable = |error: io::Error| format!("{} cannot be read: {error}", file.display());
        let file = File::open(file).await.map_err(unreadable)?;
        let connected = TcpStream::connect(&self.address).await;
        let mut stream = connected.map_err(|error| {
            self.failed(&format!("does not answer: {error}; start it, with TCPSocket and TCPAddr in its configuration"))
        })?;
        let (mut from, mut to) = stream.split();
        let (sent, reply) = (send(file, &mut to), receive(&mut from));
        tokio::pin!(sent, reply);
        let mut whole = false;
        // It may say that it has enough before it was sent all.
        let reply = tokio::select! {
            biased;
            sent = &mut sent => {
                match sent {
                    Ok(()) => whole = true,
                    Err(Unsent::File(error)) => return Err(unreadable(error)),
                    Err(Unsent::Connection) => {}
                }
                reply.await
            }
            reply = &mut reply => reply,
        };
        let reply = reply.map_err(|error| self.failed(&format!("broke off: {error}; see its log")))?;
        match read(&reply) {
            Some(Verdict::Clean) if !whole => Err(self.failed("called a file clean that it was not sent all of")),
            Some(verdict) => Ok(verdict),
            None => Err(self.failed(&refusal(&reply))),
        }
    }

    fn failed(&self, what: &str) -> String {
        format!("the scanner clamd at {} {what}", self.address)
    }
}

impl Scanner for ClamdScanner {
    fn scan<'a>(&'a self, file: &'a Path) -> BoxFuture<'a, Result<Verdict, String>> {
        self.verdict(file).boxed()
    }
}

/// Each chunk comes after its length; one without bytes is the end.
async fn send(mut file: File, to: &mut (impl AsyncWrite + Unpin)) -> Result<(), Unsent> {
    to.write_all(COMMAND).await.map_err(|_| Unsent::Connection)?;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).await.map_err(Unsent::File)?;
        let length = u32::try_from(read).map_err(|error| Unsent::File(io::Error::other(error)))?;
        to.write_all(&length.to_be_bytes()).await.map_err(|_| Unsent::Connection)?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&chunk[..read]).await.map_err(|_| Unsent::Connection)?;
    }
}

/// The reply without its NUL. A reply without one is cut off, or too long.
async fn receive(from: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut reply = Vec::new();
    BufReader::new(from.take(REPLY)).read_until(0, &mut reply).await?;
    match reply.pop() {
        Some(0) => Ok(String::from_utf8_lossy(&reply).trim().to_owned()),
        _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "there is no end of its reply")),
    }
}

fn read(reply: &str) -> Option<Verdict> {
    let said = reply.strip_prefix("stream: ")?;
    if said == "OK" {
        return Some(Verdict::Clean);
    }
    let name = said.strip_suffix(" FOUND")?;
    Some(Verdict::Infected(name.to_owned()))
}

fn refusal(reply: &str) -> String {
    if reply.contains("size limit exceeded") {
        return format!(
            "said: {reply}; raise StreamMaxLength in its configuration to the biggest file that is fetched"
        );
    }
    format!("said: {reply:?}; see its log")
}

#[cfg(test)]
mod tests;
