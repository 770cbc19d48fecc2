//! Wrong bytes, put aside as evidence: `<hex>.<n>` with a `<hex>.<n>.json` that says what was expected and found.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::disk::remove;
use crate::shelf::Digest;

/// Pieces of evidence that are kept for one digest.
const EACH: usize = 3;

/// What was wrong.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Evidence {
    pub(crate) expected_sha256: String,
    pub(crate) expected_bytes: Option<u64>,
    /// Absent where they were not looked at to the end.
    pub(crate) found_sha256: Option<String>,
    pub(crate) found_bytes: u64,
    /// Who gave them.
    pub(crate) authority: String,
    pub(crate) at: String,
    pub(crate) reason: String,
}

/// The directory of wrong bytes. Everything here blocks.
#[derive(Clone, Debug)]
pub(crate) struct Quarantine {
    directory: PathBuf,
    /// Bytes that are kept of all digests.
    max_bytes: u64,
}

struct Kept {
    path: PathBuf,
    number: u32,
    bytes: u64,
}

impl Quarantine {
    pub(crate) fn new(directory: PathBuf, max_bytes: u64) -> Self {
        Self { directory, max_bytes }
    }

    /// Where bytes that are copied are written before [`Self::take`].
    pub(crate) fn staging(&self, digest: &Digest) -> PathBuf {
        self.directory.join(format!("{}.tmp", hex::encode(digest)))
    }

    /// Takes over the file as the next evidence of the digest; the bytes that are kept of all then.
    pub(crate) fn take(&self, file: &Path, digest: &Digest, evidence: &Evidence) -> io::Result<u64> {
        let mut own = self.kept(Some(digest))?;
        own.sort_by_key(|kept| kept.number);
        let number = own.last().map_or(1, |last| last.number.saturating_add(1));
        let place = self.directory.join(format!("{}.{number}", hex::encode(digest)));
        fs::rename(file, &place)?;
        fs::write(note(&place), serde_json::to_vec_pretty(evidence)?)?;
        for old in own.drain(..(own.len() + 1).saturating_sub(EACH)) {
            forget(&old.path)?;
        }
        self.bound()
    }

    /// Removes all evidence of the digest: its bytes may not stay.
    pub(crate) fn purge(&self, digest: &Digest) -> io::Result<()> {
        remove(&self.staging(digest))?;
        self.kept(Some(digest))?.iter().try_for_each(|kept| forget(&kept.path))
    }

    /// Digests that there is evidence of.
    pub(crate) fn digests(&self) -> io::Result<HashSet<Digest>> {
        let mut found = HashSet::new();
        for entry in fs::read_dir(&self.directory)? {
            let (name, mut digest) = (entry?.file_name().into_string().unwrap_or_default(), [0; 32]);
            let hex = name.split('.').next().unwrap_or_default();
            if hex::decode_to_slice(hex, &mut digest).is_ok() {
                found.insert(digest);
            }
        }
        Ok(found)
    }

    /// Bytes that are kept.
    pub(crate) fn bytes(&self) -> io::Result<u64> {
        Ok(self.kept(None)?.iter().map(|kept| kept.bytes).sum())
    }

    /// Removes the oldest beyond the bound.
    fn bound(&self) -> io::Result<u64> {
        let kept = self.kept(None)?;
        let mut total = kept.iter().map(|kept| kept.bytes).sum();
        for oldest in kept {
            if total <= self.max_bytes {
                break;
            }
            forget(&oldest.path)?;
            total -= oldest.bytes;
        }
        Ok(total)
    }

    /// The evidence of one digest or all, oldest first.
    fn kept(&self, digest: Option<&Digest>) -> io::Result<Vec<Kept>> {
        let prefix = digest.map(|digest| format!("{}.", hex::encode(digest))).unwrap_or_default();
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name().into_string().unwrap_or_default();
            let number = name.rsplit_once('.').and_then(|(_, number)| number.parse::<u32>().ok());
            if let Some(number) = number.filter(|_| name.starts_with(&prefix)) {
                let data = entry.metadata()?;
                let kept = Kept { path: entry.path(), number, bytes: data.len() };
                found.push((data.modified()?, kept));
            }
        }
        found.sort_by_key(|(since, kept)| (*since, kept.number));
        Ok(found.into_iter().map(|(_, kept)| kept).collect())
    }
}

fn forget(place: &Path) -> io::Result<()> {
    remove(&note(place))?;
    remove(place)
}

fn note(place: &Path) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(".json");
    name.into()
}
