//! Readers of the files, as strict as a test wants them: each says what is wrong.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::ZlibDecoder;

use super::{FileKind, layout};

/// Reads `bytes` as a file of `kind`.
pub(crate) fn check(kind: FileKind, bytes: &[u8]) -> Result<(), String> {
    match kind {
        FileKind::Pdf => pdf(bytes).map(drop),
        FileKind::Png => png(bytes).map(drop),
        FileKind::Jpeg => jpeg(bytes).map(drop),
        FileKind::Docx | FileKind::Xlsx => office(bytes),
    }
}

fn find(bytes: &[u8], what: &str) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what.as_bytes())
}

/// How many pages a PDF has; its table points at its objects and each stream is as long as it says.
pub(crate) fn pdf(bytes: &[u8]) -> Result<usize, String> {
    let whole = bytes.starts_with(b"%PDF-1.4\n") && bytes.ends_with(b"\n%%EOF\n");
    whole.then_some(()).ok_or("no header or no end")?;
    let tail = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(64)..]).into_owned();
    let xref = tail.split("startxref\n").nth(1).and_then(|rest| rest.lines().next()).ok_or("no startxref")?;
    let xref: usize = xref.parse().map_err(|_| "startxref is no number")?;
    let table = bytes.get(xref..).filter(|table| table.starts_with(b"xref\n0 ")).ok_or("startxref misses xref")?;
    let table = std::str::from_utf8(table).map_err(|e| e.to_string())?;
    let count: usize = table[7..].lines().next().unwrap_or("").parse().map_err(|_| "no count")?;
    let entries = table.split_once("65535 f \n").ok_or("no free entry")?.1;
    if !table.contains(&format!("/Size {count} /Root 1 0 R")) {
        return Err("the trailer says another size".to_owned());
    }
    let mut pages = 0;
    for number in 1..count {
        let entry = entries.get((number - 1) * 20..number * 20).ok_or("too few entries")?;
        let offset: usize = entry.strip_suffix(" 00000 n \n").and_then(|n| n.parse().ok()).ok_or("a wrong entry")?;
        let object = bytes.get(offset..).unwrap_or_default();
        let begins = object.starts_with(format!("{number} 0 obj\n<< ").as_bytes());
        begins.then_some(()).ok_or(format!("object {number} is not at {offset}"))?;
        let head = String::from_utf8_lossy(&object[..object.len().min(4_096)]).into_owned();
        let head = head.split("endobj").next().unwrap_or_default();
        pages += usize::from(head.contains("/Type /Page "));
        if let Some((dictionary, _)) = head.split_once(" >>\nstream\n") {
            let length =
                dictionary.split("/Length ").nth(1).and_then(|n| n.parse::<usize>().ok()).ok_or("no length")?;
            let end = &object[find(object, "stream\n").unwrap_or(0) + 7 + length..];
            end.starts_with(b"\nendstream\nendobj\n").then_some(()).ok_or(format!("stream {number} is not so long"))?;
        }
    }
    let told = find(bytes, &format!("/Type /Pages /Count {pages} ")).is_some();
    told.then_some(pages).ok_or("another number of pages".to_owned())
}

/// Width and height of a PNG whose checksums are right and whose picture inflates to the samples that it needs.
pub(crate) fn png(bytes: &[u8]) -> Result<(u32, u32), String> {
    let mut rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n").ok_or("no signature")?;
    let (mut shape, mut picture, mut names) = ((0, 0), Vec::new(), Vec::new());
    let word = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().unwrap());
    while rest.len() >= 12 {
        let length = word(rest) as usize;
        let checked = rest.get(4..8 + length).ok_or("a chunk is cut")?;
        let mut crc = flate2::Crc::new();
        crc.update(checked);
        if crc.sum() != word(&rest[8 + length..]) {
            return Err("a wrong checksum".to_owned());
        }
        let (name, data) = checked.split_at(4);
        names.push(String::from_utf8_lossy(name).into_owned());
        match name {
            b"IHDR" => shape = (word(data), word(&data[4..])),
            b"IDAT" => {
                ZlibDecoder::new(data).read_to_end(&mut picture).map_err(|e| e.to_string())?;
            }
            _ => {}
        }
        rest = &rest[12 + length..];
    }
    if !rest.is_empty() || names.first().is_none_or(|n| n != "IHDR") || names.last().is_none_or(|n| n != "IEND") {
        return Err(format!("{} bytes left of {names:?}", rest.len()));
    }
    let needed = (shape.0 as usize + 1) * shape.1 as usize;
    (picture.len() == needed && needed > 0).then_some(shape).ok_or(format!("{} samples of {needed}", picture.len()))
}

/// The greys of a JPEG's squares, decoded with the tables that it brings.
pub(crate) fn jpeg(bytes: &[u8]) -> Result<Vec<i32>, String> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8").ok_or("no start")?;
    let (mut codes, mut side) = (vec![], [0, 0]);
    loop {
        while rest.starts_with(b"\xff\xff") {
            rest = &rest[1..];
        }
        let [0xff, marker, high, low, ..] = *rest else { return Err("no marker".to_owned()) };
        let length = usize::from(high) << 8 | usize::from(low);
        let data = rest.get(4..2 + length).ok_or("a segment is cut")?;
        rest = &rest[2 + length..];
        match marker {
            0xc0 => side = [usize::from(data[2]), usize::from(data[4])],
            0xc4 => codes.push(huffman(data)),
            0xda => break,
            0xe0 | 0xdb | 0xef => {}
            other => return Err(format!("marker {other:x}")),
        }
    }
    let [differences, ends] = &codes[..] else { return Err("not two tables".to_owned()) };
    let data = rest.strip_suffix(b"\xff\xd9").ok_or("no end")?;
    let mut bits = Bits(unstuffed(data)?, 0);
    let mut greys = vec![];
    for _ in 0..side[0].div_ceil(8) * side[1].div_ceil(8) {
        let category = u32::from(bits.symbol(differences)?);
        let value = bits.number(category)?;
        let negative = category > 0 && value < 1 << (category - 1);
        let difference = if negative { value - (1 << category) + 1 } else { value };
        greys.push(greys.last().unwrap_or(&0) + difference);
        (bits.symbol(ends)? == 0).then_some(()).ok_or("no end of block")?;
    }
    let over = bits.0.len() * 8 - bits.1;
    (over < 8 && !greys.is_empty()).then_some(greys).ok_or(format!("{over} bits too many"))
}

type Codes = BTreeMap<(u8, u32), u8>;

/// Length and code of each symbol (ITU-T T.81, C.2).
fn huffman(data: &[u8]) -> Codes {
    let (mut codes, mut code, mut symbols) = (Codes::new(), 0, data[17..].iter());
    for (length, count) in (1..).zip(&data[1..17]) {
        for symbol in symbols.by_ref().take(usize::from(*count)) {
            codes.insert((length, code), *symbol);
            code += 1;
        }
        code <<= 1;
    }
    codes
}

fn unstuffed(data: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = vec![];
    let mut bytes = data.iter();
    while let Some(byte) = bytes.next() {
        out.push(*byte);
        if *byte == 0xff && bytes.next() != Some(&0) {
            return Err("a marker within the picture".to_owned());
        }
    }
    Ok(out)
}

struct Bits(Vec<u8>, usize);

impl Bits {
    fn number(&mut self, count: u32) -> Result<i32, String> {
        (0..count).try_fold(0, |value, _| {
            let byte = self.0.get(self.1 / 8).ok_or("the picture is cut")?;
            self.1 += 1;
            Ok(value << 1 | i32::from(byte >> (7 - (self.1 - 1) % 8) & 1))
        })
    }

    fn symbol(&mut self, codes: &Codes) -> Result<u8, String> {
        let mut code = 0;
        for length in 1..=16 {
            code = code << 1 | self.number(1)?.unsigned_abs();
            if let Some(symbol) = codes.get(&(length, code)) {
                return Ok(*symbol);
            }
        }
        Err("no such code".to_owned())
    }
}

/// Members of a ZIP file: its directory, local headers and checksums agree.
pub(crate) fn zip(bytes: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let half = |at: usize| usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()));
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let end = bytes.len().checked_sub(22).ok_or("too short")?;
    bytes[end..].starts_with(b"PK\x05\x06").then_some(()).ok_or("no end of the directory")?;
    let (count, length, mut at) = (half(end + 10), word(end + 12), word(end + 16));
    (at + length == end && half(end + 8) == count).then_some(()).ok_or("the directory is elsewhere")?;
    let mut members = BTreeMap::new();
    let mut expected = 0;
    for _ in 0..count {
        bytes[at..].starts_with(b"PK\x01\x02").then_some(()).ok_or("no directory entry")?;
        let (crc, size, name, local) = (word(at + 16), word(at + 24), half(at + 28), word(at + 42));
        let same = bytes[local..].starts_with(b"PK\x03\x04") && bytes[at + 6..at + 32] == bytes[local + 4..local + 30];
        (same && local == expected).then_some(()).ok_or("local header and directory differ")?;
        let text = &bytes[local + 30..local + 30 + name];
        (text == &bytes[at + 46..at + 46 + name]).then_some(()).ok_or("two names")?;
        let data = bytes[local + 30 + name..][..size].to_vec();
        (layout::crc32(&[layout::Part::bytes(data.clone())]) as usize == crc)
            .then_some(())
            .ok_or("a wrong checksum")?;
        members.insert(String::from_utf8_lossy(text).into_owned(), data);
        expected = local + 30 + name + size;
        at += 46 + name;
    }
    (at == end).then_some(members).ok_or("a longer directory".to_owned())
}

/// Every part has a type, every relationship a target, every tag its end.
fn office(bytes: &[u8]) -> Result<(), String> {
    let members = zip(bytes)?;
    let text = |name: &str| {
        let member = members.get(name).ok_or(format!("no {name}"))?;
        String::from_utf8(member.clone()).map_err(|e| e.to_string())
    };
    let types = text("[Content_Types].xml")?;
    for (name, member) in &members {
        let known = types.contains(&format!("PartName=\"/{name}\""))
            || [".rels", "thumbnail.png"].iter().any(|end| name.ends_with(end))
            || name == "[Content_Types].xml";
        known.then_some(()).ok_or(format!("{name} has no type"))?;
        if name == "docProps/thumbnail.png" {
            png(member)?;
        } else {
            balanced(&text(name)?)?;
        }
    }
    let targets = |name: &str| -> Result<Vec<String>, String> {
        let text = text(name)?;
        Ok(text.split("Target=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect())
    };
    let mut all = targets("_rels/.rels")?;
    if members.contains_key("xl/workbook.xml") {
        all.extend(targets("xl/_rels/workbook.xml.rels")?.into_iter().map(|target| format!("xl/{target}")));
    }
    let missing: Vec<_> = all.iter().filter(|target| !members.contains_key(*target)).collect();
    (missing.is_empty() && all.len() >= 2).then_some(()).ok_or(format!("{missing:?} of {all:?}"))
}

fn balanced(text: &str) -> Result<(), String> {
    let mut open = vec![];
    for piece in text.split('<').skip(1) {
        let tag = piece.split('>').next().unwrap_or_default();
        match tag.strip_prefix('/') {
            Some(name) if open.pop() != Some(name) => return Err(format!("{name} ends")),
            None if !tag.starts_with('?') && !tag.ends_with('/') => {
                open.push(tag.split(' ').next().unwrap_or_default());
            }
            _ => {}
        }
    }
    open.is_empty().then_some(()).ok_or(format!("{open:?} never end"))
}
