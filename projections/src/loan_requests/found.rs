//! Searches: the loans that have the rarest of the words, put in order.
//!
//! A word that begins too many words of the index is not worth beginning with: where all words are that common, a scan in
//! order meets what is wanted soon, and looks at each row.

use continuity_readmodel::{Direction, KeyReader, Snapshot, StoreError};

use super::SPEC;
use super::index::{self, Facts, WORDS};
use super::list::{ListQuery, Models, row_of};
use super::words::Search;
use crate::order;
use crate::page::{Array, Rowset};

/// Gives the row key of a loan in the order asked for; `None` leaves the loan out.
pub(super) type RowKey<'a> = dyn Fn(&str, &Facts) -> Result<Option<Vec<u8>>, StoreError> + 'a;

/// The page of a search; `None` when nothing is searched for, and when every word is too common.
pub(super) fn page(models: Models<'_>, query: &ListQuery, key: &RowKey<'_>) -> Result<Option<Rowset>, StoreError> {
    let Some(search) = &query.search else { return Ok(None) };
    if search.words().is_empty() {
        return Ok(Some(Array::default().finish(None, 0)));
    }
    let Some(loans) = with_rarest(models, search)? else { return Ok(None) };
    let mut found = in_order(models.loans, loans, query, key)?;
    if query.descending {
        found.reverse();
    }
    let (mut array, mut skip, mut last, mut next, mut total) =
        (Array::expecting(query.limit), query.offset, None, None, 0);
    for (key, loan) in found {
        let on_page = next.is_none() && is_after(&key, query);
        if !on_page && !query.reads_rows() {
            total += 1;
            continue;
        }
        if !query.wants_row(models, &loan)? {
            continue;
        }
        total += 1;
        if on_page && skip > 0 {
            skip -= 1;
        } else if on_page && array.count < query.limit {
            array.element().extend_from_slice(&row_of(models.loans, &loan)?);
            last = Some(key);
        } else if on_page {
            next.clone_from(&last);
        }
    }
    let most = models.bounds.counted;
    Ok(Some(Rowset { total_is_exact: total <= most, ..array.finish(next, total.min(most)) }))
}

fn is_after(key: &[u8], query: &ListQuery) -> bool {
    query.after.as_deref().is_none_or(|after| if query.descending { key < after } else { key > after })
}

/// The loans that have a word which begins with the rarest one; `None` when that one is too common too.
fn with_rarest(models: Models<'_>, search: &Search) -> Result<Option<Vec<String>>, StoreError> {
    let mut words: Vec<&str> = search.words().iter().map(String::as_str).collect();
    // A long word is probably rare, and what is found bounds how far the others are looked at.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let (mut rarest, mut most) = (None, models.bounds.found);
    for word in words {
        if let Some(loans) = with_word(models.loans, word, most)? {
            most = loans.len();
            rarest = Some(loans);
        }
    }
    Ok(rarest.map(|mut loans: Vec<String>| {
        loans.sort_unstable();
        loans.dedup();
        loans
    }))
}

/// The loan of every row of the index with a word that begins like this one; `None` when there are more than `most`.
fn with_word(snapshot: &Snapshot, word: &str, most: usize) -> Result<Option<Vec<String>>, StoreError> {
    let mut loans = Vec::new();
    for row in snapshot.scan_prefix(WORDS, word.as_bytes(), Direction::Forward)? {
        if loans.len() >= most {
            return Ok(None);
        }
        let (key, _) = row?;
        let mut reader = KeyReader::new(&key);
        let loan = reader.text().and_then(|_| reader.text());
        loans.push(loan.ok_or_else(|| StoreError::corrupt(SPEC.name, "a row of words"))?.into_owned());
    }
    Ok(Some(loans))
}

/// Those that have the other words too and that the query wants, as far as the index knows, with their row keys, ascending.
fn in_order(
    snapshot: &Snapshot,
    loans: Vec<String>,
    query: &ListQuery,
    key: &RowKey<'_>,
) -> Result<Vec<(Vec<u8>, String)>, StoreError> {
    let others = query.search.as_ref().filter(|search| search.words().len() > 1);
    let statuses: Vec<_> = query.statuses.iter().map(|status| order::of_text(status)).collect();
    let mut found = Vec::new();
    for loan in loans {
        if let Some(search) = others
            && !index::has_words(snapshot, &loan, search)?
        {
            continue;
        }
        let facts = Facts::of(snapshot, &loan)?;
        let facts = facts.ok_or_else(|| StoreError::corrupt(SPEC.name, "a word without its loan"))?;
        let of_status = statuses.is_empty() || statuses.contains(&facts.status);
        if of_status && (query.include_deleted || !facts.deleted) {
            found.extend(key(&loan, &facts)?.map(|key| (key, loan)));
        }
    }
    found.sort_unstable();
    Ok(found)
}
