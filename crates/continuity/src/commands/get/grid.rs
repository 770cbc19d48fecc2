//! Rows and columns within the width of a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::cell::{self, Kind};

/// Between two columns.
const GAP: usize = 2;
/// A column of words is not made narrower than this.
const NARROWEST: usize = 16;
/// No column is wider than this while others want room too.
const WIDEST: usize = 60;

/// One column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) title: String,
    pub(super) path: Vec<String>,
    pub(super) kind: Kind,
    /// The higher, the sooner it goes when there is no room; 0 stays.
    pub(super) rank: u8,
}

impl Column {
    /// Its cell of a row.
    pub(super) fn cell(&self, row: &str) -> String {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        cell::find(row, &path).map(|raw| cell::show(raw, self.kind)).unwrap_or_default()
    }
}

/// How wide the columns of a table are; made from its first rows, so that later ones line up with them.
#[derive(Debug)]
pub(super) struct Grid {
    columns: Vec<(Column, usize)>,
    /// Digits behind the point in each column of amounts.
    decimals: Vec<usize>,
}

impl Grid {
    /// A table of these columns, no wider than `width`.
    pub(super) fn of(columns: &[Column], rows: &[Vec<String>], width: usize) -> Self {
        let decimals: Vec<usize> = (0..columns.len()).map(|n| decimals(columns[n].kind, rows, n)).collect();
        let natural = |n: usize| {
            let cells = rows.iter().map(|row| padded(&row[n], columns[n].kind, decimals[n]).width());
            cells.chain([columns[n].title.width()]).max().unwrap_or(0).min(WIDEST)
        };
        let mut kept: Vec<(usize, usize)> = (0..columns.len()).map(|n| (n, natural(n))).collect();
        let empty = |n: usize| !rows.is_empty() && rows.iter().all(|row| row[n].is_empty());
        // A column without a value in it goes before all others.
        let rank = |n: usize| columns[n].rank + if columns[n].rank > 0 && empty(n) { 100 } else { 0 };
        fit(columns, &(0..columns.len()).map(rank).collect::<Vec<u8>>(), &mut kept, width);
        Self {
            columns: kept.iter().map(|(n, wide)| (columns[*n].clone(), *wide)).collect(),
            decimals: kept.iter().map(|(n, _)| decimals[*n]).collect(),
        }
    }

    /// The columns that there is room for.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().map(|(column, _)| column)
    }

    pub(super) fn head(&self) -> String {
        let titles: Vec<String> = self.columns().map(|column| column.title.clone()).collect();
        self.line(&titles)
    }

    /// One line of the cells of [`Self::columns`].
    pub(super) fn line(&self, cells: &[String]) -> String {
        let mut text = String::new();
        for (n, ((column, wide), cell)) in self.columns.iter().zip(cells).enumerate() {
            let cell = cut(&padded(cell, column.kind, self.decimals[n]), *wide);
            let space = " ".repeat(wide.saturating_sub(cell.width()));
            if column.kind.is_number() {
                text.push_str(&space);
                text.push_str(&cell);
            } else {
                text.push_str(&cell);
                text.push_str(&space);
            }
            text.push_str(&" ".repeat(GAP));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }
}

/// Makes words narrower, then leaves columns out, until everything has room.
fn fit(columns: &[Column], ranks: &[u8], kept: &mut Vec<(usize, usize)>, width: usize) {
    let total = |kept: &[(usize, usize)]| kept.iter().map(|(_, wide)| wide + GAP).sum::<usize>().saturating_sub(GAP);
    while total(kept) > width {
        let over = total(kept) - width;
        let least = |n: usize| NARROWEST.max(columns[n].title.width());
        let shrinks =
            |(n, wide): &(usize, usize)| matches!(columns[*n].kind, Kind::Text | Kind::Name) && *wide > least(*n);
        let spare: usize = kept.iter().filter(|kept| shrinks(kept)).map(|(n, wide)| *wide - least(*n)).sum();
        let dearest = kept.iter().enumerate().max_by_key(|(place, (n, _))| (ranks[*n], *place));
        let dearest = dearest.filter(|(_, (n, _))| ranks[*n] > 0 && spare < over).map(|(place, _)| place);
        match (dearest, kept.iter_mut().filter(|kept| shrinks(kept)).max_by_key(|(_, wide)| *wide)) {
            (Some(place), _) => drop(kept.remove(place)),
            (None, Some((_, wide))) => *wide -= 1,
            (None, None) => return,
        }
    }
}

fn decimals(kind: Kind, rows: &[Vec<String>], column: usize) -> usize {
    let behind = |row: &Vec<String>| row[column].rsplit_once('.').map_or(0, |(_, fraction)| fraction.len() + 1);
    if kind == Kind::Amount { rows.iter().map(behind).max().unwrap_or(0) } else { 0 }
}

/// An amount with blanks in the place of the decimals that others have.
fn padded(cell: &str, kind: Kind, decimals: usize) -> String {
    let amount = kind == Kind::Amount && cell.ends_with(|c: char| c.is_ascii_digit());
    let own = cell.rsplit_once('.').map_or(0, |(_, fraction)| fraction.len() + 1);
    if amount { format!("{cell}{}", " ".repeat(decimals.saturating_sub(own))) } else { cell.to_owned() }
}

/// The beginning of a text that is too wide, with an ellipsis.
pub(super) fn cut(text: &str, wide: usize) -> String {
    if text.width() <= wide {
        return text.to_owned();
    }
    let (mut out, mut used) = (String::new(), 0);
    for c in text.chars() {
        let more = c.width().unwrap_or(0);
        if used + more + 1 > wide {
            break;
        }
        out.push(c);
        used += more;
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(title: &str, kind: Kind, rank: u8) -> Column {
        Column { title: title.to_owned(), path: vec![title.to_owned()], kind, rank }
    }

    fn table(columns: &[Column], rows: &[[&str; 3]], width: usize) -> String {
        let cells: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        let grid = Grid::of(columns, &cells, width);
        let kept: Vec<usize> =
            grid.columns().map(|kept| columns.iter().position(|column| column.title == kept.title).unwrap()).collect();
        let lines = cells.iter().map(|row| grid.line(&kept.iter().map(|n| row[*n].clone()).collect::<Vec<_>>()));
        grid.head() + &lines.collect::<String>()
    }

    #[test]
    fn points_of_amounts_stand_below_one_another() {
        let columns = [column("WHO", Kind::Name, 0), column("AMOUNT", Kind::Amount, 0), column("X", Kind::Text, 0)];
        let rows = [["Jana", "1,250.50", "a"], ["日本", "7", ""]];
        assert_eq!(table(&columns, &rows, 80), "WHO     AMOUNT  X\nJana  1,250.50  a\n日本      7\n");
    }

    #[test]
    fn words_are_cut_before_columns_go() {
        let columns = [column("ID", Kind::Time, 0), column("TITLE", Kind::Text, 0), column("NOTE", Kind::Text, 1)];
        let rows = [["2026-01-01 10:00", "a title of some length", "and a note"]];
        let fits = table(&columns, &rows, 46);
        assert!(fits.contains("  a title of some…  and a note\n"), "{fits}");
        let narrow = table(&columns, &rows, 34);
        assert_eq!(narrow, "ID                TITLE\n2026-01-01 10:00  a title of some…\n");
        assert!(narrow.lines().all(|line| line.width() <= 34));
    }
}
