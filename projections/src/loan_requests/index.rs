//! The index rows and counters of one loan request. Only keys that changed are written.

use continuity_events::json::{self, JsonError};
use continuity_readmodel::{Key, Rows, Snapshot, StoreError};

use super::Sort;
use crate::order::{self, Meaning};

/// (sort, deleted, sort member, id), without values.
pub(super) const BY: &str = "by";
/// (sort, deleted, status, sort member, id), without values; not for the order by status, which `BY` serves.
pub(super) const BY_STATUS: &str = "by_status";
/// (deleted) and (deleted, status) -> number of loans, big-endian.
pub(super) const COUNTS: &str = "counts";

/// The orders that are indexed, with their members.
const ORDERS: [(Sort, &str, Meaning); 6] = [
    (Sort::CreatedAt, "createdAt", Meaning::Instant),
    (Sort::UpdatedAt, "updatedAt", Meaning::Instant),
    (Sort::StatusChangedAt, "statusChangedAt", Meaning::Instant),
    (Sort::RequestedAmount, "requestedAmount", Meaning::Decimal),
    (Sort::Reference, "reference", Meaning::Text),
    (Sort::Status, "status", Meaning::Text),
];

/// What the indexes know of a loan request.
pub(super) struct Facts {
    deleted: bool,
    status: Vec<u8>,
    sorts: Vec<Vec<u8>>,
}

impl Facts {
    pub(super) fn read(json: &str) -> Result<Self, JsonError> {
        let members = json::members(json)?;
        let deleted = members.iter().any(|(name, raw)| name == "deletedAt" && *raw != "null");
        let status = order::of_member(&members, "status", Meaning::Text);
        let sorts = ORDERS.iter().map(|(_, name, meaning)| order::of_member(&members, name, *meaning)).collect();
        Ok(Self { deleted, status, sorts })
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
    count(old.map(Facts::counters), new.map(Facts::counters), rows)
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
