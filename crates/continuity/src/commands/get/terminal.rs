//! The terminal that is written to.

use std::io::{IsTerminal, stdout};

/// Columns when nobody says how many.
const USUAL: usize = 80;

/// Whether people look at standard output.
pub(super) fn is_shown() -> bool {
    stdout().is_terminal()
}

/// Columns of a line: `COLUMNS` when it is set, else the terminal's own.
pub(super) fn width() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let own = || console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    said.or_else(own).filter(|columns| *columns > 0).unwrap_or(USUAL)
}
