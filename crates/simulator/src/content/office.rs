//! Office Open XML: a text document and a workbook, each with a thumbnail that is as large as it takes.

use std::fmt::Write;

use super::layout::{Part, size};
use super::{png, zip};
use crate::names::SENTENCES;
use crate::random::Random;

const THUMBNAIL: &str = "docProps/thumbnail.png";
const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const OPEN: &str = "http://schemas.openxmlformats.org";

/// The smallest text document, in bytes.
pub(super) const SMALLEST_DOCX: u64 = 2_560;
/// The smallest workbook, in bytes.
pub(super) const SMALLEST_XLSX: u64 = 3_584;

/// A DOCX of exactly `wanted` bytes, at least [`SMALLEST_DOCX`].
pub(super) fn docx(wanted: u64, seed: u64) -> Vec<Part> {
    let mut random = Random::new(seed, 2);
    let mut body = String::new();
    for _ in 0..text_lines(wanted.saturating_sub(SMALLEST_DOCX)) {
        let _ = write!(body, "<w:p><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>", sentence(&mut random));
    }
    let document = format!(
        "{XML}<w:document xmlns:w=\"{OPEN}/wordprocessingml/2006/main\"><w:body>{body}<w:p/><w:sectPr/></w:body></w:document>"
    );
    let main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
    package("word/document.xml", main, vec![("word/document.xml", document)], wanted, seed)
}

/// An XLSX of exactly `wanted` bytes, at least [`SMALLEST_XLSX`].
pub(super) fn xlsx(wanted: u64, seed: u64) -> Vec<Part> {
    let mut random = Random::new(seed, 2);
    let mut rows = String::new();
    for row in 1..=text_lines(wanted.saturating_sub(SMALLEST_XLSX)) {
        let (text, cents) = (sentence(&mut random), random.below(10_000_000));
        let _ = write!(
            rows,
            "<row r=\"{row}\"><c r=\"A{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c><c r=\"B{row}\"><v>{}.{:02}</v></c></row>",
            cents / 100,
            cents % 100
        );
    }
    let spreadsheet = format!("{OPEN}/spreadsheetml/2006/main");
    let sheet = format!("{XML}<worksheet xmlns=\"{spreadsheet}\"><sheetData>{rows}</sheetData></worksheet>");
    let workbook = format!(
        "{XML}<workbook xmlns=\"{spreadsheet}\" xmlns:r=\"{OPEN}/officeDocument/2006/relationships\"><sheets>\
         <sheet name=\"Figures\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
    );
    let relations = relationships(&[("officeDocument/2006/relationships/worksheet", "worksheets/sheet1.xml")]);
    let main = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";
    let members = vec![
        ("xl/workbook.xml", workbook),
        ("xl/_rels/workbook.xml.rels", relations),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    package("xl/workbook.xml", main, members, wanted, seed)
}

/// The package around `members`: content types, relationships and the thumbnail.
fn package(main: &str, kind: &str, members: Vec<(&str, String)>, wanted: u64, seed: u64) -> Vec<Part> {
    let mut types = format!(
        "{XML}<Types xmlns=\"{OPEN}/package/2006/content-types\"><Default Extension=\"rels\" \
         ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"png\" \
         ContentType=\"image/png\"/><Override PartName=\"/{main}\" ContentType=\"{kind}\"/>"
    );
    if main.starts_with("xl/") {
        types.push_str(
            "<Override PartName=\"/xl/worksheets/sheet1.xml\" \
             ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>",
        );
    }
    types.push_str("</Types>");
    let relations = relationships(&[
        ("officeDocument/2006/relationships/officeDocument", main),
        ("package/2006/relationships/metadata/thumbnail", THUMBNAIL),
    ]);
    let mut all = vec![("[Content_Types].xml", types), ("_rels/.rels", relations)];
    all.extend(members);
    let taken: u64 = all.iter().map(|(name, text)| zip::cost(name, text.len() as u64)).sum();
    let thumbnail = wanted.saturating_sub(zip::EMPTY + taken + zip::cost(THUMBNAIL, 0));
    let mut all: Vec<_> = all.into_iter().map(|(name, text)| (name, vec![Part::bytes(text)])).collect();
    all.push((THUMBNAIL, png::parts(thumbnail, seed)));
    let parts = zip::parts(all);
    debug_assert_eq!(size(&parts), wanted);
    parts
}

fn relationships(to: &[(&str, &str)]) -> String {
    let mut out = format!("{XML}<Relationships xmlns=\"{OPEN}/package/2006/relationships\">");
    for (number, (kind, target)) in (1..).zip(to) {
        let _ = write!(out, "<Relationship Id=\"rId{number}\" Type=\"{OPEN}/{kind}\" Target=\"{target}\"/>");
    }
    out.push_str("</Relationships>");
    out
}

/// How many lines of text fit into `room` bytes; some hundred at most.
fn text_lines(room: u64) -> u64 {
    (room / 512).min(400)
}

fn sentence(random: &mut Random) -> String {
    let mut out = String::new();
    for c in random.pick(SENTENCES).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\n' => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
