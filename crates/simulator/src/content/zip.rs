//! ZIP files of stored members, without extensions: what an office file is.

use super::layout::{Part, crc32, size};

/// Local and central header of a member, without its name; each name occurs in both.
const HEADERS: u64 = 30 + 46;
const END: u64 = 22;
/// 1 January 2026, 00:00, as MS-DOS has it: a seed gives the same bytes on any day.
const DATE: u16 = (46 << 9) | (1 << 5) | 1;

/// What a member named `name` of `length` bytes adds to a file.
pub(super) fn cost(name: &str, length: u64) -> u64 {
    HEADERS + 2 * name.len() as u64 + length
}

/// A file of `members` (name, bytes), each stored as it is. Names are ASCII; all together stay below 4 GiB.
pub(super) fn parts(members: Vec<(&str, Vec<Part>)>) -> Vec<Part> {
    let (mut parts, mut directory) = (Vec::new(), Vec::new());
    let count = u16::try_from(members.len()).unwrap_or(u16::MAX);
    let mut offset = 0;
    for (name, content) in members {
        let facts = facts(name, &content);
        let mut local = b"PK\x03\x04".to_vec();
        local.extend(&facts);
        local.extend([0, 0]); // no extra field
        local.extend(name.as_bytes());
        directory.extend(b"PK\x01\x02\x14\x00"); // made by MS-DOS with version 2.0
        directory.extend(&facts);
        directory.extend([0; 12]); // no extra field, comment, other disk, attributes
        directory.extend(narrow(offset));
        directory.extend(name.as_bytes());
        offset += local.len() as u64 + size(&content);
        parts.push(Part::bytes(local));
        parts.extend(content);
    }
    let length = directory.len() as u64;
    directory.extend(b"PK\x05\x06\x00\x00\x00\x00");
    directory.extend(count.to_le_bytes());
    directory.extend(count.to_le_bytes());
    directory.extend(narrow(length));
    directory.extend(narrow(offset));
    directory.extend([0, 0]);
    parts.push(Part::bytes(directory));
    parts
}

/// What both headers of a member say: version needed, flags, method, time, date, checksum, both sizes, length of the name.
fn facts(name: &str, content: &[Part]) -> Vec<u8> {
    let mut out = vec![20, 0, 0, 0, 0, 0, 0, 0];
    out.extend(DATE.to_le_bytes());
    out.extend(crc32(content).to_le_bytes());
    out.extend(narrow(size(content)));
    out.extend(narrow(size(content)));
    out.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
    out
}

fn narrow(value: u64) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}

/// How many bytes a file with nothing in it has.
pub(super) const EMPTY: u64 = END;
