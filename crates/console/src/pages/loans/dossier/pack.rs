//! A ZIP that is sent while it is made: what it holds at any time is one piece of one file, and the list of names.
//!
//! It ends with its list of contents only when everything went well. Where something fails, it breaks off without one, and
//! so does the reply: no browser and no archiver takes it for whole.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::Mutex;

use axum::body::Body;
use bytes::Bytes;
use continuity_base::Timestamp;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use futures_util::future::ready;
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use rawzip::ZipArchiveWriter;
use rawzip::time::UtcDateTime;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

/// What is compressed and sent at once.
const PIECE: usize = 64 << 10;
/// Pieces that wait to be sent.
const WAITING: usize = 4;

/// The hashes of all files, for `sha256sum -c`.
pub(super) const SUMS: &str = "SHA256SUMS";

/// Why a dossier broke off.
#[derive(Debug)]
pub(super) enum Broken {
    /// Nobody takes it any more.
    Gone,
    /// It is larger than it may be.
    TooLarge,
    /// The person was signed out, or may not read any more.
    SignedOut,
    /// What failed.
    Failed(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<rawzip::Error> for Broken {
    fn from(error: rawzip::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What was written and is not sent yet.
#[derive(Clone, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::Error::other("poisoned"))?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The other end of a [`Pack`]; `None` is its proper end.
type Pieces = mpsc::Sender<Option<Bytes>>;

/// A ZIP in the making.
pub(super) struct Pack {
    archive: ZipArchiveWriter<Outlet>,
    outlet: Outlet,
    pieces: Pieces,
    /// Names and hashes of what is in it.
    sums: Vec<(String, String)>,
    /// Bytes that may still come in, before compression.
    left: u64,
    made: UtcDateTime,
}

/// An empty one of `most` bytes, and the end at which its pieces come out.
pub(super) fn begin(most: u64, made: Timestamp) -> (Pack, mpsc::Receiver<Option<Bytes>>) {
    let (pieces, receiver) = mpsc::channel(WAITING);
    let outlet = Outlet::default();
    let archive = ZipArchiveWriter::new(outlet.clone());
    let made = UtcDateTime::from_unix(made.as_seconds());
    (Pack { archive, outlet, pieces, sums: Vec::new(), left: most, made }, receiver)
}

/// The body of a reply that sends it while `making` goes on: nothing is made that nobody takes.
pub(super) fn body(receiver: mpsc::Receiver<Option<Bytes>>, making: impl Future<Output = ()> + Send + 'static) -> Body {
    let pieces = stream::unfold(Some(receiver), async |receiver: Option<mpsc::Receiver<Option<Bytes>>>| {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Some(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(None) => None,
            None => Some((Err(io::Error::other("the dossier broke off")), None)),
        }
    });
    let made_of = stream::once(making).filter_map(|()| ready(None));
    Body::from_stream(stream::select(pieces, made_of))
}

/// Sends what was written.
async fn send(outlet: &Outlet, pieces: &Pieces) -> Result<(), Broken> {
    let bytes = std::mem::take(&mut *outlet.0.lock().map_err(|_| Broken::Gone)?);
    if bytes.is_empty() {
        return Ok(());
    }
    pieces.send(Some(bytes.into())).await.map_err(|_| Broken::Gone)
}

impl Pack {
    /// Puts a file in. Its size and its SHA-256, in hexadecimal digits.
    pub(super) async fn add(&mut self, name: &str, body: impl Into<Body>) -> Result<(u64, String), Broken> {
        let (mut body, mut hash, mut size): (Body, _, u64) = (body.into(), Sha256::new(), 0);
        let file = self.archive.new_file(name).compression_method(rawzip::CompressionMethod::DEFLATE);
        let (mut entry, config) = file.last_modified(self.made).unix_permissions(0o644).start()?;
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::fast()));
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Broken::Failed(error.to_string()))?;
            let data = frame.into_data().unwrap_or_default();
            for piece in data.chunks(PIECE) {
                size += piece.len() as u64;
                self.left = self.left.checked_sub(piece.len() as u64).ok_or(Broken::TooLarge)?;
                hash.update(piece);
                writer.write_all(piece)?;
                send(&self.outlet, &self.pieces).await?;
            }
        }
        let (encoder, descriptor) = writer.finish()?;
        encoder.finish()?;
        entry.finish(descriptor)?;
        send(&self.outlet, &self.pieces).await?;
        let hash = hex::encode(hash.finalize());
        self.sums.push((name.to_owned(), hash.clone()));
        Ok((size, hash))
    }

    /// Puts the hashes in, and ends it.
    pub(super) async fn end(mut self) -> Result<(), Broken> {
        let lines = self.sums.iter().flat_map(|(name, hash)| [hash.as_str(), "  ", name, "\n"]);
        let sums: String = lines.collect();
        self.add(SUMS, sums).await?;
        self.archive.finish()?;
        send(&self.outlet, &self.pieces).await?;
        self.pieces.send(None).await.map_err(|_| Broken::Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn made(most: u64, ends: bool) -> Result<Bytes, axum::Error> {
        let (mut pack, receiver) = begin(most, Timestamp::from_micros(1_795_370_400_000_000));
        let make = async move {
            pack.add("a/ü.txt", "hello").await?;
            pack.add("b.bin", vec![7; 300_000]).await?;
            if ends { pack.end().await } else { Err(Broken::SignedOut) }
        };
        let body = body(receiver, async { drop(make.await) }).collect().await;
        body.map(http_body_util::Collected::to_bytes)
    }

    #[tokio::test]
    async fn it_ends_only_when_everything_went_well() {
        let whole = made(1 << 20, true).await.unwrap();
        assert!(whole.starts_with(b"PK\x03\x04") && whole.windows(4).any(|four| four == b"PK\x05\x06"));
        assert!(made(1 << 20, false).await.is_err(), "broken off");
        assert!(made(300_000, true).await.is_err(), "too large");
    }
}
