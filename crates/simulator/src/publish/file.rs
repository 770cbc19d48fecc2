//! Publishing to a file: one line each, appended.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use super::message::Message;
use super::position::{Position, Positions};
use super::{Acknowledged, PublishError, Publisher};

/// A `.ndjson` file that grows. A line counts as acknowledged once the operating system has it.
pub(super) struct FilePublisher {
    path: String,
    name: String,
    file: BufWriter<File>,
    written: u64,
    buffered: u64,
    acknowledged: Acknowledged,
}

impl FilePublisher {
    /// Opens the file to append to it; makes it, and its directory, where missing. A last line without an end gets one, so
    /// that the first new line is a line.
    pub(super) fn open(path: &Path) -> Result<Self, PublishError> {
        let shown = path.display().to_string();
        let failed = |cause| PublishError::File { path: shown.clone(), cause };
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory).map_err(failed)?;
        }
        let mut file = OpenOptions::new().create(true).read(true).append(true).open(path).map_err(failed)?;
        let mut written = file.metadata().map_err(failed)?.len();
        if !ends_a_line(&mut file, written).map_err(failed)? {
            file.write_all(b"\n").map_err(failed)?;
            written += 1;
        }
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let file = BufWriter::with_capacity(256 * 1024, file);
        Ok(Self { path: shown, name, file, written, buffered: 0, acknowledged: Acknowledged::default() })
    }

    fn flush(&mut self) -> Result<(), PublishError> {
        self.file.flush().map_err(|cause| PublishError::File { path: self.path.clone(), cause })?;
        self.acknowledged.messages += std::mem::take(&mut self.buffered);
        self.acknowledged.positions = Positions::from([(self.name.clone(), Position::Bytes(self.written))]);
        Ok(())
    }
}

impl Publisher for FilePublisher {
    fn publish(&mut self, message: Message) -> Result<(), PublishError> {
        let written = self.file.write_all(&message.body).and_then(|()| self.file.write_all(b"\n"));
        written.map_err(|cause| PublishError::File { path: self.path.clone(), cause })?;
        self.written += message.body.len() as u64 + 1;
        self.buffered += 1;
        Ok(())
    }

    fn tend(&mut self, _wait: Duration) -> Result<(), PublishError> {
        self.flush()
    }

    fn in_flight(&self) -> usize {
        usize::try_from(self.buffered).unwrap_or(usize::MAX)
    }

    fn acknowledged(&self) -> &Acknowledged {
        &self.acknowledged
    }

    fn largest(&self) -> usize {
        usize::MAX
    }
}

/// Whether the next byte begins a line.
fn ends_a_line(file: &mut File, length: u64) -> io::Result<bool> {
    let Some(last) = length.checked_sub(1) else { return Ok(true) };
    let mut byte = [0];
    file.seek(SeekFrom::Start(last))?;
    file.read_exact(&mut byte)?;
    Ok(byte == *b"\n")
}
