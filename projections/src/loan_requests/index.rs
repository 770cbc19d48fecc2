//! The index rows and counters of one loan request. Only keys that changed are written.

use std::borrow::Cow;
use std::collections::BTreeSet;

use continuity_events::json::{self, JsonError};
use continuity_readmodel::{Key, KeyReader, Rows, Snapshot, StoreError};

use super::words::{self, Search};
use super::{SPEC, Sort, row_key};
use crate::order::{self, Meaning};

/// (sort, deleted, sort member, id), without values.
pub(super) const BY: &str = "by";
/// (sort, deleted, status, sort member, id), without values; not for the order by status, which `BY` serves.
pub(super) const BY_STATUS: &str = "by_status";
/// (deleted) and (deleted, status) -> number of loans, big-endian.
pub(super) const COUNTS: &str = "counts";

/// (word, loan), without values: what the loan is found by.
pub(super) const WORDS: &str = "words";
/// (loan) -> [`Facts`], so that a search need not read and parse whole loans.
pub(super) const FACTS: &str = "facts";

/// A loan is found by so many words, those of its first participants.
const MOST_WORDS: usize = 1_000;

/// The orders that are indexed, with their members.
const ORDERS: [(Sort, &str, Meaning); 6] = [
    (Sort::CreatedAt, "createdAt", Meaning::Instant),
    (Sort::UpdatedAt, "updatedAt", Meaning::Instant),
    (Sort::StatusChangedAt, "statusChangedAt", Meaning::Instant),
    (Sort::RequestedAmount, "requestedAmount", Meaning::Decimal),
    (Sort::Reference, "reference", Meaning::Text),
    (Sort::Status, "status", Meaning::Text),
];

/// The names of a participant.
const NAMES: [&str; 3] = ["displayName", "givenName", "familyName"];

/// What the indexes know of a loan request.
#[derive(Default)]
pub(super) struct Facts {
    pub(super) deleted: bool,
    pub(super) status: Vec<u8>,
    sorts: Vec<Vec<u8>>,
    /// Ascending, each once.
    words: Vec<String>,
}

impl Facts {
    pub(super) fn read(json: &str) -> Result<Self, JsonError> {
        let members = json::members(json)?;
        let deleted = members.iter().any(|(name, raw)| name == "deletedAt" && *raw != "null");
        let status = order::of_member(&members, "status", Meaning::Text);
        let sorts = ORDERS.iter().map(|(_, name, meaning)| order::of_member(&members, name, *meaning)).collect();
        Ok(Self { deleted, status, sorts, words: words_of(&members) })
    }

    /// What is stored of a loan.
    pub(super) fn stored(loan: &str, rows: &Rows<'_>) -> Result<Option<Self>, StoreError> {
        rows.get(FACTS, &row_key(loan))?.as_deref().map(Self::decode).transpose()
    }

    /// The same for readers.
    pub(super) fn of(snapshot: &Snapshot, loan: &str) -> Result<Option<Self>, StoreError> {
        snapshot.get(FACTS, &row_key(loan))?.as_deref().map(Self::decode).transpose()
    }

    /// The words first, with spaces between them: a search reads no further.
    fn encode(&self) -> Vec<u8> {
        let head = Key::new().text(&self.words.join(" ")).u8(u8::from(self.deleted)).bytes(&self.status);
        self.sorts.iter().fold(head, |key, sort| key.bytes(sort)).finish()
    }

    fn decode(row: &[u8]) -> Result<Self, StoreError> {
        let mut reader = KeyReader::new(row);
        let mut read = || -> Option<Self> {
            let words = reader.text()?.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
            let deleted = reader.u8()? == 1;
            let status = reader.bytes()?.into_owned();
            let sorts = ORDERS.iter().map(|_| reader.bytes().map(Cow::into_owned)).collect::<Option<_>>()?;
            Some(Self { deleted, status, sorts, words })
        };
        read().ok_or_else(|| StoreError::corrupt(SPEC.name, "a row of facts"))
    }

    /// The row key of the loan in that order; `None` when it is not an indexed one.
    pub(super) fn row_key(&self, sort: Sort, loan: &str) -> Option<Vec<u8>> {
        let number = ORDERS.iter().position(|(order, ..)| *order == sort)?;
        Some(Key::new().bytes(self.sorts.get(number)?).text(loan).finish())
    }

    /// Every index key of the loan request, in the same order for any two of them.
    fn keys(&self, loan: &str) -> Vec<(&'static str, Vec<u8>)> {
        let orders = ORDERS.iter().zip(&self.sorts);
        let alone = orders.clone().map(|((sort, ..), bytes)| (BY, by(*sort, self.deleted), bytes));
        let with_status = orders.filter(|((sort, ..), _)| *sort != Sort::Status);
        let with_status =
            with_status.map(|((sort, ..), bytes)| (BY_STATUS, by(*sort, self.deleted).bytes(&self.status), bytes));
        alone.chain(with_status).map(|(table, key, bytes)| (table, key.bytes(bytes).text(loan).finish())).collect()
    }

    fn counters(&self) -> [Vec<u8>; 2] {
        let deleted = Key::new().u8(u8::from(self.deleted));
        [deleted.clone().finish(), deleted.bytes(&self.status).finish()]
    }
}

/// Whether each word that is searched for begins one of the loan's.
pub(super) fn has_words(snapshot: &Snapshot, loan: &str, search: &Search) -> Result<bool, StoreError> {
    let Some(row) = snapshot.get(FACTS, &row_key(loan))? else { return Ok(false) };
    let words = KeyReader::new(&row).text().ok_or_else(|| StoreError::corrupt(SPEC.name, "a row of facts"))?;
    let begins = |wanted: &String| words.split(' ').any(|word| word.starts_with(wanted.as_str()));
    Ok(!search.words().is_empty() && search.words().iter().all(begins))
}

/// What a loan request is found by: its reference and the names of its participants.
fn words_of(members: &[(Cow<'_, str>, &str)]) -> Vec<String> {
    let mut found = BTreeSet::new();
    let raw = |name: &str| members.iter().find(|(member, _)| member == name).map(|(_, raw)| *raw);
    if let Some(reference) = raw("reference").and_then(json::text) {
        words::add(&reference, &mut found);
    }
    let participants = raw("participants").and_then(|list| json::elements(list).ok()).unwrap_or_default();
    for participant in participants {
        if found.len() >= MOST_WORDS {
            break;
        }
        for name in NAMES.iter().filter_map(|name| json::text(json::member(participant, name)?)) {
            words::add(&name, &mut found);
        }
    }
    found.into_iter().take(MOST_WORDS).collect()
}

/// The beginning of every index key of one order.
pub(super) fn by(sort: Sort, deleted: bool) -> Key {
    let number = ORDERS.iter().position(|(order, ..)| *order == sort).unwrap_or(ORDERS.len());
    Key::new().u8(u8::try_from(number).unwrap_or(u8::MAX)).u8(u8::from(deleted))
}

/// Turns the index rows and counters of the old state into those of the new one.
pub(super) fn replace(
    loan: &str,
    old: Option<&Facts>,
    new: Option<&Facts>,
    rows: &mut Rows<'_>,
) -> Result<(), StoreError> {
    let old_keys = old.map(|facts| facts.keys(loan)).unwrap_or_default();
    let new_keys = new.map(|facts| facts.keys(loan)).unwrap_or_default();
    for (number, (table, key)) in old_keys.iter().enumerate() {
        if new_keys.get(number).is_none_or(|(_, new)| new != key) {
            rows.delete(table, key);
        }
    }
    for (number, (table, key)) in new_keys.into_iter().enumerate() {
        if old_keys.get(number).is_none_or(|(_, old)| *old != key) {
            rows.put(table, key, Vec::new());
        }
    }
    replace_words(loan, old, new, rows);
    count(old.map(Facts::counters), new.map(Facts::counters), rows)
}

fn replace_words(loan: &str, old: Option<&Facts>, new: Option<&Facts>, rows: &mut Rows<'_>) {
    let words = |facts: Option<&Facts>| facts.map(|facts| facts.words.clone()).unwrap_or_default();
    let (before, after) = (words(old), words(new));
    let key = |word: &str| Key::new().text(word).text(loan).finish();
    for word in before.iter().filter(|word| after.binary_search(word).is_err()) {
        rows.delete(WORDS, &key(word));
    }
    for word in after.iter().filter(|word| before.binary_search(word).is_err()) {
        rows.put(WORDS, key(word), Vec::new());
    }
    match new {
        Some(facts) => rows.put(FACTS, row_key(loan), facts.encode()),
        None if old.is_some() => rows.delete(FACTS, &row_key(loan)),
        None => {}
    }
}

fn count(old: Option<[Vec<u8>; 2]>, new: Option<[Vec<u8>; 2]>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    if old == new {
        return Ok(());
    }
    for key in old.into_iter().flatten() {
        match number(rows.get(COUNTS, &key)?.as_deref()) {
            0 | 1 => rows.delete(COUNTS, &key),
            count => rows.put(COUNTS, key, (count - 1).to_be_bytes().to_vec()),
        }
    }
    for key in new.into_iter().flatten() {
        let count = number(rows.get(COUNTS, &key)?.as_deref()) + 1;
        rows.put(COUNTS, key, count.to_be_bytes().to_vec());
    }
    Ok(())
}

/// How many loan requests there are, with one status or with any.
pub(super) fn total(snapshot: &Snapshot, deleted: bool, status: Option<&str>) -> Result<u64, StoreError> {
    let all = Key::new().u8(u8::from(deleted));
    let key = status.map_or(all.clone(), |status| all.bytes(&order::of_text(status))).finish();
    Ok(number(snapshot.get(COUNTS, &key)?.as_deref()))
}

fn number(bytes: Option<&[u8]>) -> u64 {
    bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes)
}
