//! What is printed: results on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use serde_json::Value;

/// Prints `text` in one write, with a line end if it has none.
pub(crate) fn text(text: &str) -> Result<()> {
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let whole = format!("{text}{end}");
    let mut out = io::stdout().lock();
    match out.write_all(whole.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => unheard(),
        written => written.context("cannot write to standard output"),
    }
}

/// Whether somebody still reads what is printed. A reader that has seen enough, such as `head`, is no failure, but whoever
/// has more to print for a long time should not go on.
pub(crate) fn is_heard() -> bool {
    !UNHEARD.load(Ordering::Relaxed)
}

#[expect(clippy::unnecessary_wraps, reason = "it is how printing ends")]
fn unheard() -> Result<()> {
    UNHEARD.store(true, Ordering::Relaxed);
    Ok(())
}

static UNHEARD: AtomicBool = AtomicBool::new(false);

/// Prints bytes as they are; on a terminal with a line end.
pub(crate) fn bytes(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    let end: &[u8] = if out.is_terminal() && !bytes.ends_with(b"\n") { b"\n" } else { b"" };
    match out.write_all(bytes).and_then(|()| out.write_all(end)).and_then(|()| out.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => unheard(),
        written => written.context("cannot write to standard output"),
    }
}

/// What was typed cannot be carried out as it is: exit status 2, as for what the command line does not know.
#[derive(Debug)]
pub(crate) struct Usage(String);

impl Usage {
    /// `what` says what is wrong, and what to type instead.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// Prints `value` as one line of JSON.
pub(crate) fn json(value: &Value) -> Result<()> {
    text(&value.to_string())
}

/// Prints why the command failed, with the causes behind it.
pub(crate) fn error(error: &anyhow::Error) {
    note(&format!("continuity: {error:#}"));
}

/// Prints a line for people on standard error.
pub(crate) fn note(line: &str) {
    // Nowhere is left to complain to when standard error is gone.
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// Lines up `rows` under `header`, columns apart by two spaces; numbers to the right.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let mut text = line(&header.iter().map(|h| (*h).to_owned()).collect::<Vec<_>>(), &widths);
    for row in rows {
        text.push_str(&line(row, &widths));
    }
    text
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, &width) in cells.iter().zip(widths) {
        let number = !cell.is_empty() && cell.chars().all(|c| c.is_ascii_digit() || c == ',');
        let padded = if number { format!("{cell:>width$}") } else { format!("{cell:<width$}") };
        text.push_str(&padded);
        text.push_str("  ");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// A member of a JSON object as text for a table; empty when it is absent or null.
pub(crate) fn cell(row: &Value, member: &str) -> String {
    match row.get(member) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => grouped(&number.to_string()),
        Some(Value::Array(items)) => {
            let text = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            items.iter().map(text).collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(digits: &str) -> String {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return digits.to_owned();
    }
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_numbers_go_right() {
        let rows = [vec!["tasks".to_owned(), "1,200".to_owned()], vec!["é".to_owned(), "7".to_owned()]];
        assert_eq!(table(&["name", "rows"], &rows), "name   rows\ntasks  1,200\né          7\n");
    }

    #[test]
    fn cells_are_plain_text() {
        let row = serde_json::json!({"a": "x", "n": 1_234_567, "l": ["p", "q"], "z": null, "b": true});
        let cells = ["a", "n", "l", "z", "b", "absent"].map(|name| cell(&row, name));
        assert_eq!(cells, ["x", "1,234,567", "p q", "", "true", ""]);
    }
}
