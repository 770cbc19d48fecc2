//! The body of a frame: payload groups, then the clear metadata of every record.
//!
//! The metadata comes last so that payloads are compressed straight into the frame. v1 writes one group; readers take
//! any number, because sealed payloads will be grouped by loan.

use std::{borrow::Cow, io};

use serde::{Deserialize, Serialize};
use zstd::bulk::{Compressor, Decompressor};

use super::{frame::FRAME_HEADER_BYTES, put, u32_at};
use crate::{Compression, Kind, Record};

/// Bytes before the first group.
pub(crate) const BODY_HEADER_BYTES: usize = 16;
/// Stored as it is.
pub(crate) const CODEC_NONE: u8 = 0;
/// One zstd frame with its content size.
pub(crate) const CODEC_ZSTD: u8 = 1;
/// The most bytes that a group or the metadata may unpack to: bounds what a reader allocates.
pub(crate) const MAX_UNPACKED_BYTES: usize = 512 << 20;
/// Below this nothing is won by compressing.
const COMPRESS_FROM_BYTES: usize = 128;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Metadata<'a> {
    /// Arrival times are stored as differences to this, in microseconds.
    pub(super) arrived_at: i64,
    pub(super) groups: Vec<Group>,
    #[serde(borrow)]
    pub(super) records: Vec<Entry<'a>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    pub(super) codec: u8,
    /// Bytes before compression: the sum of its records' lengths.
    pub(super) unpacked: u32,
    /// Bytes in the frame.
    pub(super) stored: u32,
    /// 0: not sealed. The only one of v1.
    pub(super) cipher: u16,
    pub(super) key_id: Vec<u8>,
    pub(super) nonce: Vec<u8>,
}

/// A record; its payload begins where that of the record before it in the same group ends.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry<'a> {
    pub(super) kind: u8,
    pub(super) subject: &'a str,
    pub(super) sequence: u64,
    pub(super) arrived_after: i64,
    pub(super) group: u32,
    pub(super) length: u32,
}

/// Why a body could not be decoded although its frame's checks hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It does not follow the format.
    Malformed(String),
    /// It follows a later form of it.
    Unsupported(String),
}

fn malformed(what: impl Into<String>) -> BodyError {
    BodyError::Malformed(what.into())
}

/// Makes frames of records; keeps its buffers and the compressor's state.
pub(crate) struct BodyEncoder {
    compressor: Option<Compressor<'static>>,
    payloads: Vec<u8>,
    metadata: Vec<u8>,
}

impl BodyEncoder {
    pub(crate) fn new(compression: Compression) -> io::Result<BodyEncoder> {
        let compressor = match compression {
            Compression::None => None,
            Compression::Zstd(level) => Some(Compressor::new(level)?),
        };
        Ok(BodyEncoder { compressor, payloads: Vec::new(), metadata: Vec::new() })
    }

    /// A frame with these records: room for the header, then the body.
    pub(crate) fn frame(&mut self, records: &[Record]) -> io::Result<Vec<u8>> {
        let raw: usize = records.iter().map(|record| record.payload.len()).sum();
        let mut frame = Vec::with_capacity(FRAME_HEADER_BYTES + BODY_HEADER_BYTES + raw / 2 + records.len() * 48);
        frame.resize(FRAME_HEADER_BYTES + BODY_HEADER_BYTES, 0);
        let start = frame.len();
        let codec = self.payloads(records, raw, &mut frame)?;
        let group = Group {
            codec,
            unpacked: narrow(raw)?,
            stored: narrow(frame.len() - start)?,
            cipher: 0,
            key_id: Vec::new(),
            nonce: Vec::new(),
        };
        self.metadata(records, group, &mut frame)?;
        Ok(frame)
    }

    fn payloads(&mut self, records: &[Record], raw: usize, frame: &mut Vec<u8>) -> io::Result<u8> {
        if let [record] = records {
            return pack(self.compressor.as_mut(), &record.payload, frame);
        }
        self.payloads.clear();
        self.payloads.reserve(raw);
        for record in records {
            self.payloads.extend_from_slice(&record.payload);
        }
        let codec = pack(self.compressor.as_mut(), &self.payloads, frame);
        // One huge group must not hold its memory for ever.
        self.payloads.shrink_to(4 << 20);
        codec
    }

    fn metadata(&mut self, records: &[Record], group: Group, frame: &mut Vec<u8>) -> io::Result<()> {
        let arrived_at = records.first().map_or(0, |record| record.arrived_at);
        let entries = records.iter().map(|record| {
            Ok(Entry {
                kind: record.kind as u8,
                subject: &record.subject,
                sequence: record.sequence,
                arrived_after: record.arrived_at.wrapping_sub(arrived_at),
                group: 0,
                length: narrow(record.payload.len())?,
            })
        });
        let metadata =
            Metadata { arrived_at, groups: vec![group], records: entries.collect::<io::Result<Vec<Entry<'_>>>>()? };
        self.metadata.clear();
        self.metadata = postcard::to_extend(&metadata, std::mem::take(&mut self.metadata)).map_err(io::Error::other)?;
        let start = frame.len();
        let codec = pack(self.compressor.as_mut(), &self.metadata, frame)?;
        let stored = narrow(frame.len() - start)?;
        frame[FRAME_HEADER_BYTES] = codec;
        put(frame, FRAME_HEADER_BYTES + 4, &stored.to_le_bytes());
        put(frame, FRAME_HEADER_BYTES + 8, &narrow(self.metadata.len())?.to_le_bytes());
        Ok(())
    }
}

/// Appends `raw` to `frame`, compressed where that saves a sixteenth or more; returns the codec.
fn pack(compressor: Option<&mut Compressor<'static>>, raw: &[u8], frame: &mut Vec<u8>) -> io::Result<u8> {
    let start = frame.len();
    if let Some(compressor) = compressor.filter(|_| raw.len() >= COMPRESS_FROM_BYTES) {
        frame.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        let mut end = io::Cursor::new(&mut *frame);
        end.set_position(start as u64);
        let stored = compressor.compress_to_buffer(raw, &mut end)?;
        if stored <= raw.len() - raw.len() / 16 {
            frame.truncate(start + stored);
            return Ok(CODEC_ZSTD);
        }
        frame.truncate(start);
    }
    frame.extend_from_slice(raw);
    Ok(CODEC_NONE)
}

fn narrow(length: usize) -> io::Result<u32> {
    u32::try_from(length).map_err(|_| io::Error::other("a frame cannot hold 4 GiB"))
}

/// Decodes bodies; keeps the decompressor's state.
#[derive(Default)]
pub(crate) struct BodyDecoder {
    decompressor: Decompressor<'static>,
}

impl BodyDecoder {
    /// The records of a body that must hold `count` of them.
    pub(crate) fn records(&mut self, body: &[u8], count: u32) -> Result<Vec<Record>, BodyError> {
        let (groups, metadata) = self.split(body)?;
        let metadata: Metadata<'_> =
            postcard::from_bytes(&metadata).map_err(|error| malformed(format!("metadata: {error}")))?;
        if metadata.records.len() != count as usize {
            return Err(malformed("the header and the metadata count different numbers of records"));
        }
        let groups = self.unpack_groups(groups, &metadata)?;
        let mut used = vec![0; groups.len()];
        let mut records = Vec::with_capacity(metadata.records.len());
        for entry in &metadata.records {
            records.push(record(entry, metadata.arrived_at, &groups, &mut used)?);
        }
        if groups.iter().zip(&used).any(|(group, used)| group.len() != *used) {
            return Err(malformed("a payload group is longer than its records"));
        }
        Ok(records)
    }

    /// The bytes of the groups, and the unpacked metadata.
    fn split<'b>(&mut self, body: &'b [u8]) -> Result<(&'b [u8], Cow<'b, [u8]>), BodyError> {
        if body.len() < BODY_HEADER_BYTES {
            return Err(malformed("the body is shorter than its header"));
        }
        let (stored, unpacked) = (u32_at(body, 4) as usize, u32_at(body, 8) as usize);
        let at = body.len().checked_sub(stored).filter(|at| *at >= BODY_HEADER_BYTES);
        let at = at.ok_or_else(|| malformed("the metadata is longer than the body"))?;
        let metadata = self.unpack(body[0], &body[at..], unpacked)?;
        Ok((&body[BODY_HEADER_BYTES..at], metadata))
    }

    fn unpack_groups<'b>(
        &mut self,
        mut bytes: &'b [u8],
        metadata: &Metadata<'_>,
    ) -> Result<Vec<Cow<'b, [u8]>>, BodyError> {
        let mut groups = Vec::new();
        for group in &metadata.groups {
            if group.cipher != 0 {
                return Err(BodyError::Unsupported(format!("payloads sealed with cipher {}", group.cipher)));
            }
            let (stored, rest) = bytes
                .split_at_checked(group.stored as usize)
                .ok_or_else(|| malformed("the payload groups are longer than the body"))?;
            groups.push(self.unpack(group.codec, stored, group.unpacked as usize)?);
            bytes = rest;
        }
        if bytes.is_empty() { Ok(groups) } else { Err(malformed("bytes that belong to no payload group")) }
    }

    fn unpack<'b>(&mut self, codec: u8, stored: &'b [u8], unpacked: usize) -> Result<Cow<'b, [u8]>, BodyError> {
        match codec {
            CODEC_NONE if stored.len() == unpacked => Ok(Cow::Borrowed(stored)),
            CODEC_NONE => Err(malformed("stored bytes of another length than announced")),
            CODEC_ZSTD => self.decompress(stored, unpacked).map(Cow::Owned),
            other => Err(BodyError::Unsupported(format!("bytes packed with codec {other}"))),
        }
    }

    fn decompress(&mut self, stored: &[u8], unpacked: usize) -> Result<Vec<u8>, BodyError> {
        // Ask the compressed bytes too before allocating what the metadata claims.
        let announced = zstd::zstd_safe::get_frame_content_size(stored).ok().flatten();
        if unpacked > MAX_UNPACKED_BYTES || announced != Some(unpacked as u64) {
            return Err(malformed("compressed bytes of another length than announced"));
        }
        let mut bytes = Vec::with_capacity(unpacked);
        match self.decompressor.decompress_to_buffer(stored, &mut bytes) {
            Ok(length) if length == unpacked => Ok(bytes),
            Ok(_) => Err(malformed("compressed bytes of another length than announced")),
            Err(error) => Err(malformed(format!("compressed bytes: {error}"))),
        }
    }
}

fn record(
    entry: &Entry<'_>,
    arrived_at: i64,
    groups: &[Cow<'_, [u8]>],
    used: &mut [usize],
) -> Result<Record, BodyError> {
    let kind = Kind::from_code(entry.kind)
        .ok_or_else(|| BodyError::Unsupported(format!("a record of kind {}", entry.kind)))?;
    let group = entry.group as usize;
    let payload = groups
        .get(group)
        .and_then(|bytes| bytes.get(used[group]..)?.get(..entry.length as usize))
        .ok_or_else(|| malformed("a record lies outside its payload group"))?;
    used[group] += payload.len();
    Ok(Record {
        kind,
        subject: entry.subject.to_owned(),
        sequence: entry.sequence,
        arrived_at: arrived_at.wrapping_add(entry.arrived_after),
        payload: payload.to_vec(),
    })
}

#[cfg(test)]
mod tests;
