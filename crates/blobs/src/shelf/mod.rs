//! Where verified bytes are kept: the seam of the content-addressed store.

#[cfg(test)]
mod conformance;
mod local;
#[cfg(feature = "object-store")]
mod s3;

use std::io;
use std::path::Path;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

use crate::OpenBlob;
pub use local::LocalShelf;
#[cfg(feature = "object-store")]
pub use s3::{ObjectShelf, ProbeError};

/// SHA-256 of a blob: its name in the store.
pub type Digest = [u8; 32];

/// What became of bytes that were handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// They are stored now.
    Stored,
    /// They were there already, of the same size.
    WasThere,
}

/// A store of verified bytes, one object a digest. What it gives is as it was stored, unless a disk lies.
pub trait Shelf: Send + Sync + 'static {
    /// Whether it can be relied upon; asked before anything is kept.
    fn check(&self) -> BoxFuture<'_, io::Result<()>> {
        async { Ok(()) }.boxed()
    }

    /// Takes over the file `part`, whose `size` bytes were verified to have `digest` and are fsynced. When it answers, the
    /// bytes are durable under their digest, `part` is gone, and nothing can have seen half of them.
    fn keep<'a>(&'a self, part: &'a Path, digest: &'a Digest, size: u64) -> BoxFuture<'a, io::Result<Kept>>;

    /// Opens what is stored; `None` where nothing is. It does not verify.
    fn open<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, io::Result<Option<OpenBlob>>>;

    /// Forgets what is stored; `false` where nothing was.
    fn remove<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, io::Result<bool>>;

    /// Everything that is stored, with its size, in no order. Foreign names are passed over.
    fn list(&self) -> BoxStream<'_, io::Result<(Digest, u64)>>;
}

/// The digest that a name of 64 lower-case hexadecimal digits stands for.
fn digest_of(name: &str) -> Option<Digest> {
    let mut digest = [0; 32];
    hex::decode_to_slice(name, &mut digest).ok()?;
    (hex::encode(digest) == name).then_some(digest)
}
