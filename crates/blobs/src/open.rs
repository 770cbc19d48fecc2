//! Bytes that are open for reading: piece by piece, wherever they are, in constant memory.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

/// Bytes of a file that are read, and held in memory, at a time.
const PIECE: u64 = 256 * 1024;
/// The same of an object in a store, where a piece is a request.
#[cfg(feature = "object-store")]
const REMOTE_PIECE: u64 = 1024 * 1024;

/// Bytes that were verified before: when they were opened, or when they came into the store.
#[derive(Debug)]
pub struct OpenBlob {
    /// How many.
    pub size: u64,
    /// Their SHA-256.
    pub sha256: [u8; 32],
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Memory(Bytes),
    File(Arc<File>),
    #[cfg(feature = "object-store")]
    Object(Arc<dyn object_store::ObjectStore>, object_store::path::Path),
}

impl OpenBlob {
    /// The first `size` bytes of a file.
    pub fn file(file: File, size: u64, sha256: [u8; 32]) -> Self {
        Self { size, sha256, source: Source::File(Arc::new(file)) }
    }

    /// Bytes in memory.
    pub fn memory(bytes: Bytes, sha256: [u8; 32]) -> Self {
        Self { size: bytes.len() as u64, sha256, source: Source::Memory(bytes) }
    }

    /// An object in a store.
    #[cfg(feature = "object-store")]
    pub fn object(
        store: Arc<dyn object_store::ObjectStore>,
        path: object_store::path::Path,
        size: u64,
        sha256: [u8; 32],
    ) -> Self {
        Self { size, sha256, source: Source::Object(store, path) }
    }

    /// The bytes of `range` in pieces of at most 1 MiB; an error when they end before it does. Poll it in a Tokio
    /// runtime: files are read on its blocking threads. The piece after the one in use is read ahead, so a reader holds
    /// two.
    pub fn stream(self, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        let Self { source, .. } = self;
        let size = source.piece_size();
        let mut next = range.start;
        let pieces = std::iter::from_fn(move || {
            let from = (next < range.end).then_some(next)?;
            next = range.end.min(from.saturating_add(size));
            Some(from..next)
        });
        let read = stream::iter(pieces).map(move |piece| {
            let source = source.clone();
            async move { source.piece(piece).await }
        });
        // What follows an error is of no use to anybody.
        read.buffered(2).scan(false, |failed, piece| {
            let last = *failed;
            *failed |= piece.is_err();
            async move { (!last).then_some(piece) }
        })
    }
}

impl Source {
    fn piece_size(&self) -> u64 {
        match self {
            Self::Memory(_) | Self::File(_) => PIECE,
            #[cfg(feature = "object-store")]
            Self::Object(..) => REMOTE_PIECE,
        }
    }

    async fn piece(&self, range: Range<u64>) -> io::Result<Bytes> {
        let length = usize::try_from(range.end - range.start).map_err(|_| short())?;
        match self {
            Self::Memory(bytes) => {
                let from = usize::try_from(range.start).map_err(|_| short())?;
                let to = from.checked_add(length).filter(|to| *to <= bytes.len()).ok_or_else(short)?;
                Ok(bytes.slice(from..to))
            }
            Self::File(file) => {
                let file = Arc::clone(file);
                let read = move || {
                    let mut piece = vec![0; length];
                    file.read_exact_at(&mut piece, range.start).map(|()| Bytes::from(piece))
                };
                tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?
            }
            #[cfg(feature = "object-store")]
            Self::Object(store, path) => {
                let got = object_store::ObjectStoreExt::get_range(store, path, range).await;
                let piece = got.map_err(|error| io::Error::other(crate::causes(&error)))?;
                if piece.len() == length { Ok(piece) } else { Err(short()) }
            }
        }
    }
}

fn short() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the blob is shorter than it was")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use futures_util::TryStreamExt;

    use super::*;

    async fn read(blob: OpenBlob, range: Range<u64>) -> io::Result<Vec<u8>> {
        blob.stream(range).try_fold(Vec::new(), |all, piece| async move { Ok([all, piece.to_vec()].concat()) }).await
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    async fn check(open: impl Fn() -> OpenBlob, all: &[u8]) {
        let size = all.len() as u64;
        assert_eq!(read(open(), 0..size).await.unwrap(), all);
        assert_eq!(read(open(), 7..7).await.unwrap(), b"");
        assert_eq!(read(open(), 300_000..600_001).await.unwrap(), &all[300_000..600_001]);
        assert!(read(open(), size - 1..size + 1).await.is_err(), "bytes are missing");
        let after: Vec<_> = open().stream(size + 1..size + 3 * REMOTE).collect().await;
        assert_eq!(after.len(), 1, "it ends with the error");
    }

    const REMOTE: u64 = 1024 * 1024;

    #[tokio::test]
    async fn ranges_of_memory_and_files() {
        let all = bytes(700_000);
        check(|| OpenBlob::memory(Bytes::from(all.clone()), [0; 32]), &all).await;
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&all).unwrap();
        check(|| OpenBlob::file(file.try_clone().unwrap(), 700_000, [0; 32]), &all).await;
    }

    #[cfg(feature = "object-store")]
    #[tokio::test]
    async fn ranges_of_objects() {
        use object_store::ObjectStoreExt;
        let (all, path) = (bytes(2_500_000), object_store::path::Path::from("a"));
        let store = Arc::new(object_store::memory::InMemory::new());
        store.put(&path, Bytes::from(all.clone()).into()).await.unwrap();
        check(|| OpenBlob::object(Arc::clone(&store) as _, path.clone(), 2_500_000, [0; 32]), &all).await;
        let gone = OpenBlob::object(Arc::clone(&store) as _, "b".into(), 3, [0; 32]);
        assert!(read(gone, 0..3).await.is_err());
    }
}
