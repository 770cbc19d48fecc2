//! Writes one file of each kind to a directory: `files DIRECTORY SIZE SEED`.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

use continuity_simulator::{BlobId, FileKind};

fn main() -> std::io::Result<()> {
    let number = |index, otherwise| std::env::args().nth(index).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let directory = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    for kind in FileKind::ALL {
        let content = BlobId::new(kind, number(2, 100_000), number(3, 1)).content();
        let name = directory.join(format!("{}.{}", content.size(), kind.extension()));
        content.write_range(0..content.size(), &mut BufWriter::new(File::create(name)?))?;
    }
    Ok(())
}
