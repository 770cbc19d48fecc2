//! Pages of a list: which rows, spliced as a JSON array.

use std::ops::Bound;

use continuity_readmodel::{Direction, Row, Snapshot, StoreError, Table, prefix_end};

use crate::filter::Filter;

/// Which rows of a list are wanted, in the default order of the contract (section 3). The default is the whole list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Begin after this row: its key as [`Rowset::next`] gave it.
    pub after: Option<Vec<u8>>,
    /// At most so many rows; all when `None`.
    pub limit: Option<usize>,
    /// Which rows count at all.
    pub filter: Filter,
}

/// Rows as they are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rowset {
    /// A JSON array.
    pub json: Vec<u8>,
    /// Number of elements in `json`.
    pub count: usize,
    /// The key of the last row, when more rows follow.
    pub next: Option<Vec<u8>>,
    /// Number of rows on all pages together.
    pub total: u64,
    /// Whether that is all of them: counting ends at a bound.
    pub total_is_exact: bool,
    /// How many rows of the offset the page was cut before: it begins nowhere unless this is 0.
    pub offset_left: u64,
}

/// The rows of one list: those of `table` below `prefix`.
pub(crate) struct List<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) table: Table,
    pub(crate) prefix: Vec<u8>,
    /// Whether the default order is descending.
    pub(crate) descending: bool,
    /// Whether rows may be left out by writing nothing of them: then each has to be written to be counted.
    pub(crate) sieved: bool,
}

impl List<'_> {
    /// One page; `write` appends the JSON of one row (key without prefix, value), or nothing where rows are sieved.
    pub(crate) fn page(
        &self,
        page: &Page,
        mut write: impl FnMut(&[u8], &[u8], &mut Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<Rowset, StoreError> {
        let mut array = Array::expecting(page.limit.unwrap_or_default());
        let (mut seen, mut last, mut element) = (0_u64, None, Vec::new());
        for row in self.scan(page)? {
            let (key, value) = row?;
            let full = page.limit.is_some_and(|limit| array.count >= limit);
            // Where any row counts, one more is not read.
            if !(full && self.counts_unread(page)) {
                element.clear();
                write(&key[self.prefix.len()..], &value, &mut element)?;
                if element.is_empty() || !page.filter.wants(&element) {
                    continue;
                }
            }
            if full {
                let next = last.map(|row: Row| row[self.prefix.len()..].to_vec());
                let total = self.total(page, write)?;
                return Ok(array.finish(next, total));
            }
            seen += 1;
            array.element().extend_from_slice(&element);
            last = Some(key);
        }
        let total = if page.after.is_some() { self.total(page, write)? } else { seen };
        Ok(array.finish(None, total))
    }

    /// Rows that count, on all pages.
    fn total(
        &self,
        page: &Page,
        mut write: impl FnMut(&[u8], &[u8], &mut Vec<u8>) -> Result<(), StoreError>,
    ) -> Result<u64, StoreError> {
        let (mut total, mut element) = (0, Vec::new());
        for row in self.snapshot.scan_prefix(self.table, &self.prefix, Direction::Forward)? {
            let (key, value) = row?;
            if self.counts_unread(page) {
                total += 1;
                continue;
            }
            element.clear();
            write(&key[self.prefix.len()..], &value, &mut element)?;
            total += u64::from(!element.is_empty() && page.filter.wants(&element));
        }
        Ok(total)
    }

    /// Whether any row counts, whatever it says.
    fn counts_unread(&self, page: &Page) -> bool {
        page.filter.is_empty() && !self.sieved
    }

    fn scan(&self, page: &Page) -> Result<continuity_readmodel::Scan, StoreError> {
        let end = prefix_end(&self.prefix).map_or(Bound::Unbounded, Bound::Excluded);
        let start = Bound::Included(self.prefix.clone());
        let after = page.after.as_ref().map(|suffix| Bound::Excluded([&self.prefix[..], suffix].concat()));
        if self.descending {
            self.snapshot.scan(self.table, (start, after.unwrap_or(end)), Direction::Backward)
        } else {
            self.snapshot.scan(self.table, (after.unwrap_or(start), end), Direction::Forward)
        }
    }
}

/// A JSON array in the making.
#[derive(Debug, Default)]
pub(crate) struct Array {
    json: Vec<u8>,
    pub(crate) count: usize,
    expected: usize,
}

impl Array {
    /// At most how many elements memory is set aside for.
    const MOST_EXPECTED: usize = 100;

    /// For so many elements about.
    pub(crate) fn expecting(expected: usize) -> Self {
        Self { expected: expected.min(Self::MOST_EXPECTED), ..Self::default() }
    }

    /// Where the next element is to be appended.
    pub(crate) fn element(&mut self) -> &mut Vec<u8> {
        // Elements of a list are about as long as its first: growing step by step would copy them again and again.
        if self.count == 1 {
            let others = self.json.len() * self.expected.saturating_sub(1);
            self.json.reserve(others + others / 4);
        }
        self.json.push(if self.count == 0 { b'[' } else { b',' });
        self.count += 1;
        &mut self.json
    }

    pub(crate) fn finish(mut self, next: Option<Vec<u8>>, total: u64) -> Rowset {
        self.json.extend_from_slice(if self.count == 0 { b"[]" } else { b"]" });
        Rowset { json: self.json, count: self.count, next, total, total_is_exact: true, offset_left: 0 }
    }
}

/// Appends `object` to `out` with one more member: everything up to its value, which the caller writes next, and then
/// a closing brace. The object must not have the member yet.
pub(crate) fn open_member(out: &mut Vec<u8>, object: &[u8], name: &str) {
    let body = object.strip_suffix(b"}").unwrap_or(object).trim_ascii_end();
    out.extend_from_slice(body);
    if !body.ends_with(b"{") {
        out.push(b',');
    }
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(object: &str, expected: &str) {
        let mut out = Vec::new();
        open_member(&mut out, object.as_bytes(), "items");
        out.extend_from_slice(b"[]}");
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn members_are_appended_by_bytes() {
        check("{}", r#"{"items":[]}"#);
        check("{ \n }", r#"{"items":[]}"#);
        check(r#"{"a":{}}"#, r#"{"a":{},"items":[]}"#);
        check(r#"{"a": 1.50 }"#, r#"{"a": 1.50,"items":[]}"#);
    }

    #[test]
    fn arrays_are_whole() {
        assert_eq!(Array::default().finish(None, 0).json, b"[]");
        let mut array = Array::default();
        array.element().push(b'1');
        array.element().push(b'2');
        assert_eq!(array.finish(None, 2).json, b"[1,2]");
    }

    #[test]
    fn memory_is_set_aside_once_for_elements_of_about_one_size() {
        let mut array = Array::expecting(25);
        array.element().extend_from_slice(&[b'1'; 1_000]);
        let place = array.element().as_ptr();
        for _ in 2..25 {
            array.element().extend_from_slice(&[b'1'; 1_200]);
        }
        assert_eq!(array.element().as_ptr(), place);
        let mut one = Array::expecting(usize::MAX);
        one.element().push(b'1');
        assert!(one.element().capacity() < 1_000);
    }
}
