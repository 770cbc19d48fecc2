//! A sheet as CSV (RFC 4180): a grid where that is reasonable, else a list of its cells.

use std::collections::BTreeMap;

use super::cells::{Cell, place};

/// Empty fields and lines that stand for nothing, at most: one cell far away must not make a file of gigabytes.
const EMPTY: u64 = 5_000_000;

/// All cells of a sheet.
pub(super) fn of(cells: &[Cell<'_>]) -> String {
    grid(cells).unwrap_or_else(|| listed(cells))
}

/// `None` where a cell has no place, or one too far away.
fn grid(cells: &[Cell<'_>]) -> Option<String> {
    let mut rows: BTreeMap<u32, BTreeMap<u32, &Cell<'_>>> = BTreeMap::new();
    for cell in cells {
        let (row, column) = place(&cell.reference)?;
        if rows.entry(row).or_default().insert(column, cell).is_some() {
            return None;
        }
    }
    let lines = rows.keys().next_back().map_or(0, |last| u64::from(*last) + 1);
    let fields: u64 = rows.values().filter_map(|row| row.keys().next_back()).map(|last| u64::from(*last)).sum();
    if lines + fields > EMPTY {
        return None;
    }
    let (mut out, mut next) = (String::new(), 0);
    for (row, cells) in rows {
        out.extend((next..row).map(|_| "\r\n"));
        next = row + 1;
        let mut column = 0;
        for (at, cell) in cells {
            out.extend((column..at).map(|_| ','));
            column = at;
            field(&mut out, cell.value.as_ref(), cell.is_text);
        }
        out.push_str("\r\n");
    }
    Some(out)
}

fn listed(cells: &[Cell<'_>]) -> String {
    let mut out = "ref,value,formula\r\n".to_owned();
    for cell in cells {
        field(&mut out, &cell.reference, true);
        out.push(',');
        field(&mut out, &cell.value, cell.is_text);
        out.push(',');
        field(&mut out, &cell.formula, true);
        out.push_str("\r\n");
    }
    out
}

/// A field; a text that a spreadsheet would take for a formula is led by an apostrophe.
fn field(out: &mut String, value: &str, is_text: bool) {
    let led = is_text && value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let quoted = value.contains(['"', ',', '\r', '\n', ';']);
    if quoted {
        out.push('"');
    }
    if led {
        out.push('\'');
    }
    if quoted {
        out.push_str(&value.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::cells::read;
    use super::*;

    fn csv(cells: &str) -> String {
        of(&read(format!(r#"{{"sheets":[{{"cells":[{cells}]}}]}}"#).as_bytes()).unwrap().sheets[0].cells)
    }

    #[test]
    fn a_grid_is_a_grid() {
        let cells = r#"{"ref":"B3","value":1.50},{"ref":"A1","value":"a,\"b\""},{"ref":"D3","value":"=1+1"},{"ref":"C1","value":-2}"#;
        assert_eq!(csv(cells), "\"a,\"\"b\"\"\",,-2\r\n\r\n,1.50,,'=1+1\r\n");
    }

    #[test]
    fn what_makes_no_grid_is_listed() {
        let far: Vec<String> = (0..400).map(|row| format!(r#"{{"ref":"XFD{}","value":1}}"#, row + 1)).collect();
        assert!(csv(&far.join(",")).starts_with("ref,value,formula\r\nXFD1,1,\r\n"));
        assert_eq!(csv(r#"{"ref":"=x","value":"@","formula":"=A1"}"#), "ref,value,formula\r\n'=x,'@,'=A1\r\n");
        assert_eq!(csv(r#"{"ref":"A1","value":1},{"ref":"a1","value":2}"#), "ref,value,formula\r\nA1,1,\r\na1,2,\r\n");
    }
}
