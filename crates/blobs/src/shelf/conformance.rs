//! What every store must do.

use std::fs;
use std::path::PathBuf;

use futures_util::TryStreamExt;
use sha2::Sha256;
use tempfile::TempDir;

use super::*;

fn part(bytes: &[u8]) -> (TempDir, PathBuf, Digest) {
    use sha2::Digest as _;
    let directory = TempDir::new().unwrap();
    let part = directory.path().join("blob.part");
    fs::write(&part, bytes).unwrap();
    (directory, part, Sha256::digest(bytes).into())
}

/// Hands over a part with these bytes; it must be gone then.
pub(super) async fn keep(shelf: &impl Shelf, bytes: &[u8]) -> io::Result<Kept> {
    let (_directory, part, digest) = part(bytes);
    let kept = shelf.keep(&part, &digest, bytes.len() as u64).await?;
    assert!(!part.exists(), "the part is taken over");
    Ok(kept)
}

pub(super) async fn stored(shelf: &impl Shelf, bytes: &[u8]) -> Digest {
    assert_eq!(keep(shelf, bytes).await.unwrap(), Kept::Stored);
    part(bytes).2
}

pub(super) async fn listed(shelf: &impl Shelf) -> Vec<(Digest, u64)> {
    let mut all: Vec<_> = shelf.list().try_collect().await.unwrap();
    all.sort_unstable();
    all
}

pub(super) async fn bytes_of(shelf: &impl Shelf, digest: &Digest) -> Option<Vec<u8>> {
    let open = shelf.open(digest).await.unwrap()?;
    assert_eq!(open.sha256, *digest);
    let size = open.size;
    let pieces: Vec<_> = open.stream(0..size).try_collect().await.unwrap();
    Some(pieces.concat())
}

/// Runs the whole suite on an empty store.
pub(super) async fn check(shelf: &impl Shelf) {
    assert!(listed(shelf).await.is_empty());
    let large: Vec<u8> = (0..9_000_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let mut expected = Vec::new();
    for bytes in [&b"hello"[..], b"", &large] {
        let digest = stored(shelf, bytes).await;
        assert_eq!(bytes_of(shelf, &digest).await.unwrap(), bytes);
        assert_eq!(keep(shelf, bytes).await.unwrap(), Kept::WasThere);
        assert_eq!(bytes_of(shelf, &digest).await.unwrap(), bytes);
        expected.push((digest, bytes.len() as u64));
    }
    expected.sort_unstable();
    assert_eq!(listed(shelf).await, expected);
    assert!(shelf.open(&[9; 32]).await.unwrap().is_none());
    assert!(!shelf.remove(&[9; 32]).await.unwrap());
    let gone = expected.remove(0).0;
    assert!(shelf.remove(&gone).await.unwrap());
    assert!(!shelf.remove(&gone).await.unwrap());
    assert!(shelf.open(&gone).await.unwrap().is_none());
    assert_eq!(listed(shelf).await, expected);
    let (same, other) = tokio::join!(keep(shelf, b"race"), keep(shelf, b"race"));
    assert!(same.is_ok() && other.is_ok(), "two at a time are both content: {same:?}, {other:?}");
}
