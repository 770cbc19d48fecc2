//! How far each file has been read, and what a file that is there now is to what was read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use continuity_events::record::{Divergence, SourcePosition};

use super::cursor::Coding;
use super::feed::{Found, siblings};
use super::identity::Identity;

/// How far a file was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) identity: Identity,
    /// Uncompressed bytes up to the end of the last line given.
    pub(super) offset: u64,
    /// On-disk size up to which there is nothing more to give.
    pub(super) read_size: u64,
}

impl Known {
    /// As a position in the source.
    pub(super) fn position(&self, name: &str) -> SourcePosition {
        SourcePosition::File {
            name: name.to_owned(),
            device: self.identity.device,
            inode: self.identity.inode,
            head_len: self.identity.head_len,
            head_sha256: self.identity.head_sha256,
            offset: self.offset,
        }
    }
}

/// What to do with a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing new in it.
    Nothing,
    /// Read it behind this offset.
    Read(u64),
    /// First read the rest of the file that had this name and now has another one.
    RestOf(Box<Found>),
    /// It is not, or no longer, what was read.
    Diverged(Divergence, String),
}

/// The files that were read, by name.
#[derive(Debug, Default)]
pub(super) struct KnownFiles {
    pub(super) files: BTreeMap<String, Known>,
    /// Names under which files are known now that were read under another one.
    pub(super) renamed: Vec<String>,
}

impl KnownFiles {
    /// From the newest durable positions. Compressed files before the last one are complete.
    pub(super) fn from_positions(last: &[SourcePosition]) -> Self {
        let mut files = BTreeMap::new();
        for position in last {
            let SourcePosition::File { name, device, inode, head_len, head_sha256, offset } = position else {
                continue;
            };
            if name.contains('/') {
                continue; // Of a bootstrap feed.
            }
            let identity = Identity { device: *device, inode: *inode, head_len: *head_len, head_sha256: *head_sha256 };
            let read_size = if Coding::of(name) == Coding::Plain { *offset } else { 0 };
            files.insert(name.clone(), Known { identity, offset: *offset, read_size });
        }
        Self { files, renamed: Vec::new() }
    }

    /// Takes as complete what was read of compressed files in front of the newest one, without reading them again.
    pub(super) fn settle(&mut self, listing: &[Found]) {
        let newest = self.files.keys().next_back().cloned();
        for found in listing.iter().filter(|found| Some(&found.name) < newest.as_ref()) {
            if let Some(known) = self.files.get_mut(&found.name).filter(|_| found.coding() != Coding::Plain) {
                known.read_size = found.size;
            }
        }
    }

    /// Whether a file was written anew in place, perhaps to the very size that it had.
    pub(super) fn is_rewritten(&self, found: &Found) -> io::Result<bool> {
        let same = |known: &&Known| (known.identity.device, known.identity.inode) == (found.device, found.inode);
        let Some(known) = self.files.get(&found.name).filter(same) else { return Ok(false) };
        Ok(!known.identity.same_head(&File::open(&found.path)?)?)
    }

    /// What is new in a file that is there now.
    pub(super) fn look(&mut self, found: &Found) -> io::Result<Next> {
        let Some(known) = self.files.get(&found.name) else { return self.adopt(found) };
        let same_inode = (known.identity.device, known.identity.inode) == (found.device, found.inode);
        if same_inode && found.size == known.read_size {
            return Ok(Next::Nothing);
        }
        let file = File::open(&found.path)?;
        if !known.identity.same_head(&file)? {
            let moved = if same_inode { None } else { elsewhere(found, known)? };
            return Ok(moved.map_or_else(
                || Next::Diverged(Divergence::Rewritten, format!("{} {}", found.name, super::OTHER_HEAD)),
                |moved| Next::RestOf(Box::new(moved)),
            ));
        }
        if found.coding() == Coding::Plain && found.size < known.offset {
            let detail = format!("{} has {} bytes, {} were read", found.name, found.size, known.offset);
            return Ok(Next::Diverged(Divergence::Truncated, detail));
        }
        Ok(Next::Read(known.offset))
    }

    /// What was read as `from` is now called `to`; the offset up to which it was read.
    pub(super) fn rename(&mut self, from: &str, to: &str) -> u64 {
        let Some(old) = self.files.remove(from) else { return 0 };
        self.renamed.push(to.to_owned());
        self.files.entry(to.to_owned()).or_insert(old).offset
    }

    /// A file with a new name: a renamed one that was read under its old name, or a new one.
    fn adopt(&mut self, found: &Found) -> io::Result<Next> {
        let same = |known: &Known| (known.identity.device, known.identity.inode) == (found.device, found.inode);
        let Some(old) = self.files.iter().find(|(_, known)| same(known)).map(|(name, _)| name.clone()) else {
            return Ok(Next::Read(0));
        };
        if Coding::of(&old) != found.coding() || !self.files[&old].identity.same_head(&File::open(&found.path)?)? {
            return Ok(Next::Read(0));
        }
        self.rename(&old, &found.name);
        self.look(found)
    }
}

/// The file that was read as `found.name`, under the name that it now has in the same directory.
fn elsewhere(found: &Found, known: &Known) -> io::Result<Option<Found>> {
    let directory = found.path.parent().unwrap_or(Path::new("."));
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    for sibling in siblings(directory, |name| name != found.name)? {
        let same_inode = (known.identity.device, known.identity.inode) == (sibling.device, sibling.inode);
        if same_inode && known.identity.same_head(&File::open(&sibling.path)?)? {
            return Ok(Some(sibling));
        }
    }
    Ok(None)
}
