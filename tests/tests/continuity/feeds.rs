//! Simulated feeds as files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use continuity_base::Timestamp;
use continuity_simulator::{BlobMode, Faults, Options, Simulator};
use continuity_tests::fold::{Fold, Gaps};

/// `time` of the first event of every simulated feed here.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_767_600_000_000_000);

/// A simulated history, and what goes wrong with it on its way.
#[derive(Clone, Copy)]
pub(crate) struct Feed {
    pub(crate) seed: u64,
    pub(crate) loans: u64,
    pub(crate) faults: Faults,
    /// Whether loans are now and then told as a whole.
    pub(crate) snapshots: bool,
}

/// Writes a history without snapshots; see [`write_feed`].
pub(crate) fn write(path: &Path, seed: u64, loans: u64, faults: Faults) -> std::io::Result<Fold> {
    write_feed(path, Feed { seed, loans, faults, snapshots: false })
}

/// Writes a feed to `path`, and folds it on the way.
pub(crate) fn write_feed(path: &Path, feed: Feed) -> std::io::Result<Fold> {
    write_feed_with(path, feed, BlobMode::Inline)
}

/// As [`write_feed`], with the files of documents told in some way.
pub(crate) fn write_feed_with(path: &Path, feed: Feed, blobs: BlobMode) -> std::io::Result<Fold> {
    let Feed { seed, loans, faults, snapshots } = feed;
    let mut out = BufWriter::new(File::create(path)?);
    let mut fold = Fold::new(Gaps::Held);
    let options = Options { heartbeats: true, snapshots, blobs, ..Options::new(seed, START, loans) };
    let mut simulator = Simulator::new(options);
    for emitted in faults.over(seed, simulator.history()) {
        writeln!(out, "{}", emitted.line)?;
        fold.arrive(&emitted.line);
    }
    out.flush()?;
    Ok(fold)
}

/// Whether the long form of a proof is asked for (`cargo xtask soak`), and the size to take: short or long.
pub(crate) fn size(short: u64, long: u64) -> u64 {
    if std::env::var_os("CONTINUITY_SOAK").is_some() { long } else { short }
}

/// What a broker does on a bad day, without losing anything.
pub(crate) fn rough() -> Faults {
    Faults {
        duplicates: 0.02,
        reordering: 0.05,
        window: 100,
        late: 0.002,
        malformed: 0.002,
        forks: 0.002,
        ..Faults::default()
    }
}
