//! Cells by their places, and the part of them that is shown.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::plain;
use crate::pages::loans::words::is_number;

/// Rows, columns and cells that are shown, at most: a page stays one that a browser can show.
const ROWS: usize = 200;
const COLUMNS: usize = 50;
const CELLS: usize = 4_000;
/// Cells without a place that are shown, at most.
const OTHERS: usize = 50;
/// Characters of a cell that are shown.
const LONGEST: usize = 2_000;

/// A worksheet, as it is written.
pub(super) struct Worksheet<'a> {
    pub(super) name: String,
    pub(super) status: String,
    pub(super) updated: String,
    pub(super) sheets: Vec<Sheet<'a>>,
}

/// One sheet of it.
pub(super) struct Sheet<'a> {
    pub(super) name: String,
    pub(super) cells: Vec<Cell<'a>>,
}

/// A cell, as it is written.
pub(super) struct Cell<'a> {
    pub(super) reference: Cow<'a, str>,
    /// The literal, or the text.
    pub(super) value: Cow<'a, str>,
    pub(super) is_text: bool,
    pub(super) formula: Cow<'a, str>,
}

#[derive(Deserialize)]
struct RawWorksheet<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "updatedAt")]
    updated: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sheets: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawSheet<'a> {
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cells: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct RawCell<'a> {
    #[serde(borrow, default, rename = "ref")]
    reference: Option<&'a RawValue>,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(borrow, default)]
    formula: Option<&'a RawValue>,
}

/// The worksheet of that JSON.
pub(super) fn read(bytes: &[u8]) -> Option<Worksheet<'_>> {
    let raw: RawWorksheet<'_> = serde_json::from_slice(bytes).ok()?;
    let sheets: Vec<RawSheet<'_>> = list(raw.sheets);
    Some(Worksheet {
        name: text(raw.name).into_owned(),
        status: text(raw.status).into_owned(),
        updated: text(raw.updated).into_owned(),
        sheets: sheets
            .into_iter()
            .map(|sheet| Sheet {
                name: text(sheet.name).into_owned(),
                cells: list::<RawCell<'_>>(sheet.cells).iter().map(cell).collect(),
            })
            .collect(),
    })
}

fn list<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Vec<T> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// A text, or the literal of what is none; nothing of `null`.
fn text(raw: Option<&RawValue>) -> Cow<'_, str> {
    let Some(raw) = raw.map(RawValue::get).filter(|raw| *raw != "null") else { return Cow::Borrowed("") };
    if !raw.starts_with('"') {
        return Cow::Borrowed(raw);
    }
    serde_json::from_str::<Cow<'_, str>>(raw).unwrap_or(Cow::Borrowed(raw))
}

fn cell<'a>(raw: &RawCell<'a>) -> Cell<'a> {
    Cell {
        reference: text(raw.reference),
        value: text(raw.value),
        is_text: raw.value.is_some_and(|raw| raw.get().starts_with('"')),
        formula: text(raw.formula),
    }
}

/// Row and column of a reference such as `B12`, both from 0; `None` where it is none.
pub(super) fn place(reference: &str) -> Option<(u32, u32)> {
    let reference = reference.strip_prefix('$').unwrap_or(reference);
    let end = reference.find(|c: char| !c.is_ascii_alphabetic())?;
    let (letters, digits) = reference.split_at(end);
    let digits = digits.strip_prefix('$').unwrap_or(digits);
    let plain = !digits.is_empty() && digits.len() <= 7 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if letters.is_empty() || letters.len() > 3 || !plain {
        return None;
    }
    let column = letters.bytes().fold(0, |sum, letter| sum * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
    let row: u32 = digits.parse().ok()?;
    Some((row.checked_sub(1)?, column - 1))
}

/// The letters of a column.
pub(super) fn letters(column: u32) -> String {
    let (mut left, mut letters) = (column + 1, String::new());
    while left > 0 {
        left -= 1;
        letters.insert(0, char::from(b'A' + u8::try_from(left % 26).unwrap_or_default()));
        left /= 26;
    }
    letters
}

/// The part of a sheet that is shown.
pub(crate) struct Grid {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
    /// Cells without a place: reference and value.
    pub(crate) others: Vec<(String, String)>,
    /// Cells that are shown, and that there are.
    pub(crate) shown: usize,
    pub(crate) all: usize,
}

/// One row: its number, and a cell of each column.
pub(crate) struct Row {
    pub(crate) number: u32,
    pub(crate) cells: Vec<Shown>,
}

/// One cell, as it is shown; empty where there is none.
#[derive(Clone, Default)]
pub(crate) struct Shown {
    pub(crate) value: String,
    pub(crate) formula: String,
    pub(crate) is_number: bool,
}

impl Grid {
    /// The first rows, columns and cells. Rows and columns between them that have no cell are left out: their numbers tell.
    pub(super) fn of(cells: &[Cell<'_>]) -> Self {
        let (mut rows, mut others): (BTreeMap<u32, BTreeMap<u32, &Cell<'_>>>, Vec<_>) = (BTreeMap::new(), Vec::new());
        for cell in cells {
            match place(&cell.reference) {
                Some((row, column)) => drop(rows.entry(row).or_default().insert(column, cell)),
                None => others.push((short(&cell.reference), short(&cell.value))),
            }
        }
        others.truncate(OTHERS);
        let mut columns: Vec<u32> = Vec::new();
        for column in rows.values().take(ROWS).flat_map(BTreeMap::keys) {
            if let Err(at) = columns.binary_search(column) {
                columns.insert(at, *column);
                columns.truncate(COLUMNS);
            }
        }
        let most = (CELLS / columns.len().max(1)).min(ROWS);
        let rows: Vec<Row> = rows.into_iter().take(most).map(|(row, cells)| line(row, &cells, &columns)).collect();
        let filled = |row: &Row| row.cells.iter().filter(|cell| cell.is_there()).count();
        let shown = rows.iter().map(filled).sum::<usize>() + others.len();
        Self { columns: columns.into_iter().map(letters).collect(), rows, others, shown, all: cells.len() }
    }
}

impl Shown {
    fn is_there(&self) -> bool {
        !self.value.is_empty() || !self.formula.is_empty()
    }
}

fn line(row: u32, cells: &BTreeMap<u32, &Cell<'_>>, columns: &[u32]) -> Row {
    let shown = |column: &u32| {
        cells.get(column).map_or_else(Shown::default, |cell| Shown {
            value: if cell.value.is_empty() { "\u{a0}".to_owned() } else { short(&cell.value) },
            formula: short(&cell.formula),
            is_number: !cell.is_text && is_number(&cell.value),
        })
    };
    Row { number: row + 1, cells: columns.iter().map(shown).collect() }
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", plain(&text[..end])),
        None => plain(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_written() {
        for (reference, expected) in [
            ("A1", Some((0, 0))),
            ("$B$12", Some((11, 1))),
            ("z3", Some((2, 25))),
            ("AA1", Some((0, 26))),
            ("XFD1048576", Some((1_048_575, 16_383))),
            ("A0", None),
            ("A", None),
            ("1", None),
            ("A1:B2", None),
            ("AAAA1", None),
            ("A99999999", None),
            ("Ä1", None),
            ("", None),
        ] {
            assert_eq!(place(reference), expected, "{reference}");
        }
        for column in ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"] {
            assert_eq!(letters(place(&format!("{column}1")).unwrap().1), column);
        }
    }

    #[test]
    fn a_huge_sheet_is_shown_in_part() {
        let cells: Vec<String> = (0..100_000)
            .map(|at| format!(r#"{{"ref":"{}{}","value":{at}.50}}"#, letters(at % 100), at / 100 + 1))
            .collect();
        let text = format!(r#"{{"sheets":[{{"cells":[{}]}}]}}"#, cells.join(","));
        let worksheet = read(text.as_bytes()).unwrap();
        let grid = Grid::of(&worksheet.sheets[0].cells);
        assert_eq!((grid.all, grid.shown, grid.rows.len(), grid.columns.len()), (100_000, 4_000, 80, 50));
        assert_eq!((grid.rows[0].cells[1].value.as_str(), grid.rows[0].cells[1].is_number), ("1.50", true));
    }

    #[test]
    fn far_cells_make_no_far_grid() {
        let text = r#"{"name":7,"sheets":[{"name":"S","cells":[{"ref":"XFD1048576","value":"x"},{"ref":"A1","value":null},{"ref":"?","value":true},{}]}]}"#;
        let worksheet = read(text.as_bytes()).unwrap();
        let grid = Grid::of(&worksheet.sheets[0].cells);
        assert_eq!((grid.columns.join(" "), grid.rows.len(), grid.rows[1].number), ("A XFD".into(), 2, 1_048_576));
        assert_eq!((grid.others.len(), grid.shown, grid.all), (2, 4, 4));
        assert!(read(b"[]").is_none_or(|worksheet| worksheet.sheets.is_empty()));
    }
}
