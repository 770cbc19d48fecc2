//! The list of loan requests: a merge of index scans, one for each status asked for.

use std::ops::Bound;

use continuity_readmodel::{Direction, KeyReader, Row, Scan, Snapshot, StoreError, View, prefix_end};

use super::words::Search;
use super::{LOANS, SPEC, Sort, found, index, position, row_key};
use crate::filter::Filter;
use crate::order;
use crate::page::{Array, Rowset};
use crate::tasks;

/// Which loan requests are wanted, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Any of these statuses; all when empty.
    pub statuses: Vec<String>,
    /// The order; ties by id, in the same direction.
    pub sort: Sort,
    /// The exact reverse of the ascending order.
    pub descending: bool,
    /// Begin after this row: its key as [`Rowset::next`] gave it for the same order.
    pub after: Option<Vec<u8>>,
    /// Rows to leave out after that.
    pub offset: u64,
    /// At most so many rows.
    pub limit: usize,
    /// Soft-deleted ones too.
    pub include_deleted: bool,
    /// Only loans with an event behind this log position; for the order by position, ascending.
    pub changed_since: Option<u64>,
    /// Only those whose reference and participants have these words.
    pub search: Option<Search>,
    /// What else a row has to be. It is looked at row by row, at most 20,000 for one page; then the page is cut, and its
    /// `next` leads on.
    pub filter: Filter,
    /// Whether it has a task that somebody still has to do; looked at in the same way.
    pub open_tasks: Option<bool>,
}

/// What rows are looked up in.
#[derive(Clone, Copy)]
pub(super) struct Models<'a> {
    pub(super) loans: &'a Snapshot,
    /// For [`ListQuery::open_tasks`].
    pub(super) tasks: Option<&'a Snapshot>,
    pub(super) bounds: Bounds,
}

/// How much is looked at for one page, so that its cost does not grow with the loans.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Rows in order, for the page, and once more for its total.
    pub(super) examined: usize,
    /// Rows in a total, where it is not known.
    pub(super) counted: u64,
    /// Rows of the index of words, for one word.
    pub(super) found: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { examined: 20_000, counted: 10_000, found: 20_000 }
    }
}

impl<'a> From<&'a Snapshot> for Models<'a> {
    fn from(loans: &'a Snapshot) -> Self {
        Self { loans, tasks: None, bounds: Bounds::default() }
    }
}

impl ListQuery {
    /// Whether each row is looked at in a scan in order.
    pub fn is_residual(&self) -> bool {
        self.search.is_some() || self.reads_rows()
    }

    /// Whether it depends on a row and on tasks which loans are wanted.
    pub(super) fn reads_rows(&self) -> bool {
        !self.filter.is_empty() || self.open_tasks.is_some()
    }

    /// Whether the loan is wanted, as far as the orders do not know it.
    pub(super) fn wants(&self, models: Models<'_>, loan: &str) -> Result<bool, StoreError> {
        let found = match &self.search {
            Some(search) => index::has_words(models.loans, loan, search)?,
            None => true,
        };
        Ok(found && self.wants_row(models, loan)?)
    }

    /// The same without [`ListQuery::search`].
    pub(super) fn wants_row(&self, models: Models<'_>, loan: &str) -> Result<bool, StoreError> {
        if !self.filter.is_empty() && !self.filter.wants(&row_of(models.loans, loan)?) {
            return Ok(false);
        }
        match self.open_tasks.zip(models.tasks) {
            Some((wanted, tasks)) => Ok(tasks::has_open(tasks, loan)? == wanted),
            None => Ok(true),
        }
    }
}

/// One page with its total; `None` while a read model that it needs is being rebuilt.
pub fn list(view: &View, query: &ListQuery) -> Result<Option<Rowset>, StoreError> {
    let Some(snapshot) = view.model(SPEC.name) else { return Ok(None) };
    let tasks = view.model("tasks");
    if query.open_tasks.is_some() && tasks.is_none() {
        return Ok(None);
    }
    let models = Models { loans: snapshot, tasks, bounds: Bounds::default() };
    let page = if query.sort == Sort::Position { position::page(view, models, query) } else { page(models, query) };
    page.map(Some)
}

pub(super) fn page<'a>(models: impl Into<Models<'a>>, query: &ListQuery) -> Result<Rowset, StoreError> {
    let models = models.into();
    if let Some(rows) = found::page(models, query, &|loan, facts| Ok(facts.row_key(query.sort, loan)))? {
        return Ok(rows);
    }
    let mut rows = Merged::open(models.loans, query)?;
    let (mut array, mut skip, mut last, mut examined) = (Array::expecting(query.limit), query.offset, None, 0);
    while let Some(key) = rows.next()? {
        examined += 1;
        // Without a condition any row counts: those that are left out, and the one that tells of a next page, are not read.
        let wanted = !query.is_residual() || query.wants(models, &loan_of(&key)?)?;
        if wanted && skip > 0 {
            skip -= 1;
        } else if wanted && array.count >= query.limit {
            return counted(array.finish(last, 0), models, query);
        } else if wanted {
            array.element().extend_from_slice(&row_of(models.loans, &loan_of(&key)?)?);
            last = Some(key.clone());
        }
        if query.is_residual() && examined >= models.bounds.examined {
            let cut = Rowset { offset_left: skip, ..array.finish(Some(key), 0) };
            return counted(cut, models, query);
        }
    }
    counted(array.finish(None, 0), models, query)
}

/// The row of a loan that an index names.
pub(super) fn row_of(snapshot: &Snapshot, loan: &str) -> Result<Row, StoreError> {
    let row = snapshot.get(LOANS, &row_key(loan))?;
    row.ok_or_else(|| StoreError::corrupt(SPEC.name, "an index key without its loan"))
}

/// The page with the number of rows on all pages: exact without a filter, and up to a bound with one.
pub(super) fn counted(rows: Rowset, models: Models<'_>, query: &ListQuery) -> Result<Rowset, StoreError> {
    if !query.is_residual() {
        return Ok(Rowset { total: total(models.loans, query)?, ..rows });
    }
    let all = ListQuery { sort: Sort::default(), after: None, ..query.clone() };
    let mut every = Merged::open(models.loans, &all)?;
    let (mut total, mut examined) = (0, 0);
    while let Some(key) = every.next()? {
        if total >= models.bounds.counted || examined >= models.bounds.examined {
            return Ok(Rowset { total, total_is_exact: false, ..rows });
        }
        examined += 1;
        total += u64::from(query.wants(models, &loan_of(&key)?)?);
    }
    Ok(Rowset { total, ..rows })
}

pub(super) fn total(snapshot: &Snapshot, query: &ListQuery) -> Result<u64, StoreError> {
    let mut total = 0;
    for deleted in deleted_flags(query) {
        if query.statuses.is_empty() {
            total += index::total(snapshot, *deleted, None)?;
        }
        for status in distinct(&query.statuses) {
            total += index::total(snapshot, *deleted, Some(status))?;
        }
    }
    Ok(total)
}

fn deleted_flags(query: &ListQuery) -> &'static [bool] {
    if query.include_deleted { &[false, true] } else { &[false] }
}

fn distinct(statuses: &[String]) -> Vec<&String> {
    let mut distinct: Vec<_> = statuses.iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

/// The loan of a row key, which is the sort member and the id.
pub(super) fn loan_of(key: &[u8]) -> Result<String, StoreError> {
    let mut reader = KeyReader::new(key);
    let loan = reader.bytes().and_then(|_| reader.text());
    Ok(loan.ok_or_else(|| StoreError::corrupt(SPEC.name, "an index key"))?.into_owned())
}

/// Several index scans as one, in order.
pub(super) struct Merged {
    sources: Vec<Source>,
    descending: bool,
}

struct Source {
    scan: Scan,
    /// Length of what precedes the row key.
    cut: usize,
    head: Option<Row>,
}

impl Merged {
    pub(super) fn open(snapshot: &Snapshot, query: &ListQuery) -> Result<Self, StoreError> {
        let mut sources = Vec::new();
        for deleted in deleted_flags(query) {
            let order = index::by(query.sort, *deleted);
            if query.statuses.is_empty() {
                let prefix = order.finish();
                sources.push(Source::open(snapshot, index::BY, &prefix, prefix.len(), query)?);
                continue;
            }
            let cut = order.clone().finish().len();
            for status in distinct(&query.statuses) {
                let prefix = order.clone().bytes(&order::of_text(status)).finish();
                let (table, cut) =
                    if query.sort == Sort::Status { (index::BY, cut) } else { (index::BY_STATUS, prefix.len()) };
                sources.push(Source::open(snapshot, table, &prefix, cut, query)?);
            }
        }
        Ok(Self { sources, descending: query.descending })
    }

    /// The next row key.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let heads = self.sources.iter_mut().filter(|source| source.head.is_some());
        let first = if self.descending {
            heads.max_by(|a, b| a.key().cmp(b.key()))
        } else {
            heads.min_by(|a, b| a.key().cmp(b.key()))
        };
        let Some(source) = first else { return Ok(None) };
        let key = source.key().to_vec();
        source.advance()?;
        Ok(Some(key))
    }
}

impl Source {
    fn open(
        snapshot: &Snapshot,
        table: &'static str,
        prefix: &[u8],
        cut: usize,
        query: &ListQuery,
    ) -> Result<Self, StoreError> {
        let after = query.after.as_ref().map(|key| [&prefix[..cut], key].concat());
        let end = prefix_end(prefix).unwrap_or_default();
        let scan = if query.descending {
            let end = after.filter(|after| *after < end).unwrap_or(end);
            snapshot.scan(table, prefix.to_vec()..end, Direction::Backward)?
        } else {
            let start = after.filter(|after| after.as_slice() >= prefix).map(Bound::Excluded);
            let start = start.unwrap_or_else(|| Bound::Included(prefix.to_vec()));
            snapshot.scan(table, (start, Bound::Excluded(end)), Direction::Forward)?
        };
        let mut source = Self { scan, cut, head: None };
        source.advance()?;
        Ok(source)
    }

    fn key(&self) -> &[u8] {
        self.head.as_ref().map_or(&[], |head| &head[self.cut..])
    }

    fn advance(&mut self) -> Result<(), StoreError> {
        self.head = self.scan.next().transpose()?.map(|(key, _)| key);
        Ok(())
    }
}
