//! What is asked of the index.

use continuity_base::Timestamp;
use redb::{Range, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use super::{
    BLOBS, DUE, Doubt, Fault, HOLDERS, Index, IndexError, OF_LOAN, Ordered, Row, TROUBLED, UNREFERENCED, VERIFIED,
    WAITING, closed, decode,
};
use crate::shelf::Digest;

impl Index {
    fn read<T>(&self, read: impl FnOnce(&ReadTransaction) -> Result<T, Fault>) -> Result<T, IndexError> {
        let attempt = || -> Result<T, Fault> {
            let _doubt = Doubt(&self.broken);
            let database = self.database.read();
            read(&database.as_ref().ok_or_else(closed)?.begin_read()?)
        };
        attempt().map_err(|fault| self.failed(fault))
    }

    /// The row of the digest.
    pub(crate) fn row(&self, digest: &Digest) -> Result<Option<Row>, IndexError> {
        self.read(|transaction| row(transaction, digest))
    }

    /// Rows in the order of their digests, behind `after`.
    pub(crate) fn rows(&self, after: Option<&Digest>, limit: usize) -> Result<Vec<(Digest, Row)>, IndexError> {
        self.read(|transaction| {
            let table = transaction.open_table(BLOBS)?;
            let behind = table.range::<&Digest>(after.unwrap_or(&[0; 32])..)?;
            let mut rows = Vec::new();
            for entry in behind {
                let (digest, row) = entry?;
                if after != Some(digest.value()) {
                    rows.push((*digest.value(), decode(row.value())?));
                }
                if rows.len() == limit {
                    break;
                }
            }
            Ok(rows)
        })
    }

    /// What is due by `now`, the longest due first, behind `after`.
    pub(crate) fn due(
        &self,
        after: Option<(Timestamp, Digest)>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, Digest)>, IndexError> {
        self.read(|transaction| {
            let (at, digest) = after.unwrap_or((Timestamp::from_micros(i64::MIN), [0; 32]));
            if at > now {
                return Ok(Vec::new());
            }
            let table = transaction.open_table(DUE)?;
            let mut found = keys(table.range((at.as_micros(), &digest)..=(now.as_micros(), &[0xff; 32]))?, limit + 1)?;
            found.retain(|key| Some(*key) != after);
            Ok(found)
        })
    }

    /// What was verified by `until`, the longest ago first.
    pub(crate) fn verified(&self, until: Timestamp, limit: usize) -> Result<Vec<(Timestamp, Digest)>, IndexError> {
        self.first(VERIFIED, until, limit)
    }

    /// How many are stored, those that nobody refers to any more included, and when the last of them was verified.
    pub(crate) fn kept(&self) -> Result<(u64, Option<Timestamp>), IndexError> {
        self.read(|transaction| {
            let table = transaction.open_table(VERIFIED)?;
            let last = table.last()?.map(|(key, _)| Timestamp::from_micros(key.value().0));
            Ok((table.len()?, last))
        })
    }

    /// What nobody has referred to since `until` or longer.
    pub(crate) fn unreferenced(&self, until: Timestamp, limit: usize) -> Result<Vec<Digest>, IndexError> {
        Ok(self.first(UNREFERENCED, until, limit)?.into_iter().map(|(_, digest)| digest).collect())
    }

    /// Since when the oldest blob has been on its way.
    pub(crate) fn oldest_pending(&self) -> Result<Option<Timestamp>, IndexError> {
        let first = self.first(WAITING, Timestamp::from_micros(i64::MAX), 1)?;
        Ok(first.first().map(|(since, _)| *since))
    }

    /// What failed or is damaged.
    pub(crate) fn troubled(&self, limit: usize) -> Result<Vec<(Digest, Row)>, IndexError> {
        self.read(|transaction| {
            let mut found = Vec::new();
            for entry in transaction.open_table(TROUBLED)?.iter()?.take(limit) {
                let digest = *entry?.0.value();
                found.extend(row(transaction, &digest)?.map(|row| (digest, row)));
            }
            Ok(found)
        })
    }

    /// The rows of what the loan holds.
    pub(crate) fn of_loan(&self, loan: &str) -> Result<Vec<(Digest, Row)>, IndexError> {
        self.read(|transaction| {
            let mut found = Vec::new();
            for digest in digests(&transaction.open_table(OF_LOAN)?, loan)? {
                found.extend(row(transaction, &digest)?.map(|row| (digest, row)));
            }
            Ok(found)
        })
    }

    /// Loans that hold the digest.
    pub(crate) fn holders(&self, digest: &Digest, limit: usize) -> Result<Vec<String>, IndexError> {
        self.read(|transaction| holders(&transaction.open_table(HOLDERS)?, digest, limit))
    }

    fn first(&self, order: Ordered, until: Timestamp, limit: usize) -> Result<Vec<(Timestamp, Digest)>, IndexError> {
        self.read(|transaction| {
            let table = transaction.open_table(order)?;
            keys(table.range(..=(until.as_micros(), &[0xff; 32]))?, limit)
        })
    }
}

fn keys(range: Range<'_, (i64, &'static Digest), ()>, limit: usize) -> Result<Vec<(Timestamp, Digest)>, Fault> {
    let mut found = Vec::new();
    for entry in range.take(limit) {
        let entry = entry?;
        let (at, digest) = entry.0.value();
        found.push((Timestamp::from_micros(at), *digest));
    }
    Ok(found)
}

fn row(transaction: &ReadTransaction, digest: &Digest) -> Result<Option<Row>, Fault> {
    transaction.open_table(BLOBS)?.get(digest)?.map(|row| decode(row.value())).transpose()
}

pub(super) fn digests<V: redb::Value + 'static>(
    table: &impl ReadableTable<(&'static str, &'static Digest), V>,
    loan: &str,
) -> Result<Vec<Digest>, Fault> {
    let mut found = Vec::new();
    for entry in table.range((loan, &[0; 32])..=(loan, &[0xff; 32]))? {
        found.push(*entry?.0.value().1);
    }
    Ok(found)
}

pub(super) fn holders(
    table: &impl ReadableTable<(&'static Digest, &'static str), ()>,
    digest: &Digest,
    limit: usize,
) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    for entry in table.range((digest, "")..)?.take(limit) {
        let entry = entry?;
        let (of, loan) = entry.0.value();
        if of != digest {
            break;
        }
        found.push(loan.to_owned());
    }
    Ok(found)
}
