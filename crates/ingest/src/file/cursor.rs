//! Reading one file from an offset in its uncompressed bytes.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::feed::Found;
use super::identity::Identity;
use super::lines::Lines;
use crate::source::Raw;

const BUFFER_BYTES: usize = 256 << 10;

/// How a file's bytes are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Plain,
    Gzip,
    Zstandard,
}

impl Coding {
    pub(super) fn of(name: &str) -> Self {
        match Path::new(name).extension().and_then(OsStr::to_str) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstandard,
            _ => Self::Plain,
        }
    }
}

/// An open file and where reading it has come to.
pub(super) struct Cursor {
    pub(super) found: Found,
    pub(super) identity: Identity,
    pub(super) lines: Lines,
    file: File,
    input: Box<dyn BufRead + Send>,
    /// Size on disk when the current pass over a compressed file began.
    size: u64,
    /// The pass over a compressed file has come to its end: the decoder must not be asked again.
    ended: bool,
}

impl Cursor {
    /// Opens `found` behind `offset` uncompressed bytes; `None` when it holds fewer.
    pub(super) fn open(found: Found, offset: u64, max_line: usize) -> io::Result<Option<Self>> {
        let file = File::open(&found.path)?;
        let identity = Identity::of(&file)?;
        let size = file.metadata()?.len();
        let Some(input) = input(&file, found.coding(), offset)? else { return Ok(None) };
        Ok(Some(Self { found, identity, lines: Lines::new(max_line, offset), file, input, size, ended: false }))
    }

    /// The next line; `None` at the present end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Raw>> {
        if self.ended {
            return Ok(None);
        }
        let line = match self.lines.next(&mut self.input) {
            // The end of a compressed file that is still being written.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
            other => other?,
        };
        self.ended = line.is_none() && self.found.coding() != Coding::Plain;
        Ok(line)
    }

    /// On-disk size up to which the file has been read; it is worth another look once it is larger.
    pub(super) fn read_size(&self) -> u64 {
        if self.found.coding() == Coding::Plain { self.lines.consumed } else { self.size }
    }

    /// Goes on with a file that has grown; `false` when it became shorter.
    pub(super) fn go_on(&mut self) -> io::Result<bool> {
        let size = self.file.metadata()?.len();
        if self.found.coding() == Coding::Plain {
            return Ok(size >= self.lines.consumed);
        }
        self.size = size;
        let Some(input) = input(&self.file, self.found.coding(), self.lines.consumed)? else { return Ok(false) };
        (self.input, self.ended) = (input, false);
        Ok(true)
    }

    /// Takes more of the file's head into its identity.
    pub(super) fn refresh(&mut self) -> io::Result<()> {
        self.identity.grow(&self.file)
    }
}

/// The uncompressed bytes of `file` behind `offset`; `None` when there are fewer.
fn input(file: &File, coding: Coding, offset: u64) -> io::Result<Option<Box<dyn BufRead + Send>>> {
    let mut file = file.try_clone()?;
    if coding == Coding::Plain {
        let enough = file.metadata()?.len() >= offset;
        file.seek(SeekFrom::Start(offset))?;
        return Ok(enough.then(|| boxed(file)));
    }
    file.seek(SeekFrom::Start(0))?;
    let raw = BufReader::with_capacity(BUFFER_BYTES, file);
    let mut input = match coding {
        Coding::Gzip => boxed(MultiGzDecoder::new(raw)),
        _ => boxed(zstd::stream::read::Decoder::with_buffer(raw)?),
    };
    let skipped = match io::copy(&mut (&mut input).take(offset), &mut io::sink()) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    Ok((skipped == offset).then_some(input))
}

fn boxed(input: impl Read + Send + 'static) -> Box<dyn BufRead + Send> {
    Box::new(BufReader::with_capacity(BUFFER_BYTES, input))
}
