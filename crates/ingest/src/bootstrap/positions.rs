//! Positions of the feed as they stand in the log.

use continuity_events::record::SourcePosition;
use continuity_readmodel::ledger::Identity;
use xxhash_rust::xxh3::xxh3_64;

use crate::SourceError;

/// Set in `head_len`, which is at most 4,096, of positions with which the feed's export is whole.
const COMPLETED: u32 = 1 << 31;

/// What the log has of a feed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// As the feed itself gave them.
    pub(super) positions: Vec<SourcePosition>,
    /// An export of it is whole in the log.
    pub(super) completed: bool,
    /// And so is everything behind that.
    pub(super) done: bool,
}

/// The names of one feed's files in the log.
#[derive(Debug)]
pub(super) struct Namespace(String);

impl Namespace {
    /// Of the feed with this URL.
    pub(super) fn of(url: &str) -> Self {
        Self(format!("bootstrap:{:08x}/", xxh3_64(url.as_bytes()) >> 32))
    }

    /// Splits what the log has into what it has of this feed and what it has of sources. Other feeds belong to neither.
    pub(super) fn inward(&self, positions: &[SourcePosition]) -> (Read, Vec<SourcePosition>) {
        let (mut read, mut rest) = (Read::default(), Vec::new());
        for position in positions {
            let SourcePosition::File { name, device, inode, head_len, head_sha256, offset } = position else {
                rest.push(position.clone());
                continue;
            };
            let Some(name) = name.strip_prefix(&self.0) else {
                if !name.starts_with("bootstrap:") || !name.contains('/') {
                    rest.push(position.clone());
                }
                continue;
            };
            if name.is_empty() {
                read.done = true;
                continue;
            }
            read.completed |= head_len & COMPLETED != 0;
            read.positions.push(SourcePosition::File {
                name: name.to_owned(),
                device: *device,
                inode: *inode,
                head_len: head_len & !COMPLETED,
                head_sha256: *head_sha256,
                offset: *offset,
            });
        }
        (read, rest)
    }

    /// A position of the feed as it stands in the log.
    pub(super) fn outward(&self, position: &mut SourcePosition, completed: bool) {
        if let SourcePosition::File { name, head_len, .. } = position {
            name.insert_str(0, &self.0);
            if completed {
                *head_len |= COMPLETED;
            }
        }
    }

    /// The position that says that the feed was read to its end.
    pub(super) fn done(&self) -> SourcePosition {
        SourcePosition::File {
            name: self.0.clone(),
            device: 0,
            inode: 0,
            head_len: COMPLETED,
            head_sha256: [0; 32],
            offset: 0,
        }
    }

    /// Whether a position is one of the feed.
    pub(super) fn holds(&self, position: &SourcePosition) -> bool {
        matches!(position, SourcePosition::File { name, .. } if name.starts_with(&self.0))
    }

    /// What is wrong with the feed, said of the source that it belongs to.
    pub(super) fn error(&self, error: SourceError, source: &str, url: &str) -> SourceError {
        let source_name = source.to_owned();
        let told = |detail: &str| format!("its bootstrap feed {url}: {detail}");
        match error {
            SourceError::Disconnected { detail, .. } => {
                SourceError::Disconnected { source_name, detail: told(&detail) }
            }
            SourceError::Refused { detail, .. } => SourceError::Refused { source_name, detail: told(&detail) },
            SourceError::Diverged { mut found, .. } => {
                found.partition.insert_str(0, &self.0);
                found.detail = told(&found.detail);
                let named = |mut present: Identity| {
                    present.partition.insert_str(0, &self.0);
                    present
                };
                found.present = std::mem::take(&mut found.present).into_iter().map(named).collect();
                SourceError::Diverged { source_name, found }
            }
        }
    }
}
