//! PDF files of many pages, with an attachment that is as large as it takes.

use std::fmt::Write;

use super::layout::{Part, size};
use crate::names::SENTENCES;
use crate::pdf::page_text;
use crate::random::Random;

/// The smallest one, in bytes.
pub(super) const SMALLEST: u64 = 1_536;
/// Objects before the first page.
const FIXED: usize = 5;
/// The object of the attachment's bytes.
const ATTACHMENT: usize = 5;
const MOST_PAGES: u64 = 120;
const LINES_A_PAGE: u64 = 30;

/// A PDF of exactly `wanted` bytes, at least [`SMALLEST`].
pub(super) fn parts(wanted: u64, seed: u64) -> Vec<Part> {
    let objects = objects(wanted, seed);
    for padding in 0..4 {
        for digits in 1..=10 {
            if let Some(parts) = assemble(&objects, wanted, padding, digits, seed) {
                debug_assert_eq!(size(&parts), wanted);
                return parts;
            }
        }
    }
    unreachable!("{wanted}: the length of the filler has one number of digits or, some bytes shorter, another one")
}

/// The objects of the file in their order, as text; the attachment, whose length is not known yet, left empty.
fn objects(wanted: u64, seed: u64) -> Vec<String> {
    let mut random = Random::new(seed, 2);
    let pages = (wanted / 24_576).clamp(1, MOST_PAGES);
    let lines = if pages > 1 { LINES_A_PAGE } else { (wanted.saturating_sub(SMALLEST) / 160).min(LINES_A_PAGE) };
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles << /Names [(scan.raw) 4 0 R] >> >> >>".to_owned(),
        String::new(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        "<< /Type /Filespec /F (scan.raw) /EF << /F 5 0 R >> >>".to_owned(),
        String::new(),
    ];
    let mut kids = String::new();
    for page in 1..=pages {
        let number = objects.len() + 1;
        let _ = write!(kids, "{number} 0 R ");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {} 0 R /Resources << /Font << /F1 3 0 R >> >> >>",
            number + 1
        ));
        let lines: Vec<_> = (0..lines).map(|_| random.pick(SENTENCES).replace('\n', " ")).collect();
        let text = page_text(&format!("Page {page} of {pages}, {seed:016x}"), &lines);
        objects.push(format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()));
    }
    objects[1] = format!("<< /Type /Pages /Count {pages} /Kids [{}] >>", kids.trim_end());
    debug_assert_eq!(objects.len(), FIXED + 2 * usize::try_from(pages).unwrap_or(0));
    objects
}

/// The file with `padding` spaces in its trailer, provided that the place of the table, which depends on the length of the
/// attachment, has `digits` digits.
fn assemble(objects: &[String], wanted: u64, padding: usize, digits: usize, seed: u64) -> Option<Vec<Part>> {
    let mut head = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut offsets = vec![0; objects.len()];
    for (i, object) in objects.iter().enumerate().filter(|(i, _)| i + 1 != ATTACHMENT) {
        offsets[i] = head.len();
        head.extend(format!("{} 0 obj\n{object}\nendobj\n", i + 1).as_bytes());
    }
    offsets[ATTACHMENT - 1] = head.len();
    // Twenty bytes an entry, and the trailer with `digits` digits in it.
    let rows = objects.len() + 1;
    let trailer = format!("trailer\n<< /Size {rows} /Root 1 0 R >>{}\nstartxref\n", " ".repeat(padding));
    let table = format!("xref\n0 {rows}\n").len() + 20 * rows + trailer.len() + digits + "\n%%EOF\n".len();
    let close = "\nendstream\nendobj\n";
    let room = wanted.checked_sub((head.len() + close.len() + table) as u64)?;
    // The length of the attachment is written into its own object: as many digits as leave exactly it.
    let (open, length) = (1..=10).find_map(|count| {
        let length = room.checked_sub(open(0).len() as u64 - 1 + count)?;
        let open = open(length);
        (open.len() as u64 + length == room).then_some((open, length))
    })?;
    head.extend(open.as_bytes());
    let xref = head.len() as u64 + length + close.len() as u64;
    if xref.to_string().len() != digits {
        return None;
    }
    let mut tail = format!("{close}xref\n0 {rows}\n0000000000 65535 f \n");
    for offset in offsets {
        let _ = writeln!(tail, "{offset:010} 00000 n ");
    }
    let _ = write!(tail, "{trailer}{xref}\n%%EOF\n");
    Some(vec![Part::bytes(head), Part::noise(seed, length), Part::bytes(tail)])
}

fn open(length: u64) -> String {
    format!("{ATTACHMENT} 0 obj\n<< /Type /EmbeddedFile /Length {length} >>\nstream\n")
}
