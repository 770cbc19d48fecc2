//! Changes within one transaction.

use continuity_base::Timestamp;
use redb::{ReadableTable, Table, WriteTransaction};
use tracing::warn;

use super::row::Row;
use super::tally::Tally;
use super::{
    BLOBS, DUE, FORMER, Fault, HOLDERS, META, OF_LOAN, TROUBLED, UNREFERENCED, VERIFIED, WAITING, decode, encode,
};
use crate::shelf::Digest;

/// Since when nobody refers to what nobody is known to refer to.
const UNKNOWN: Timestamp = Timestamp::from_micros(i64::MAX);

type Keys<'a> = Table<'a, (i64, &'static Digest), ()>;

/// A write transaction that has not been committed.
pub(crate) struct Writer<'a> {
    blobs: Table<'a, &'static Digest, &'static [u8]>,
    due: Keys<'a>,
    waiting: Keys<'a>,
    verified: Keys<'a>,
    unreferenced: Keys<'a>,
    troubled: Table<'a, &'static Digest, ()>,
    of_loan: Table<'a, (&'static str, &'static Digest), u64>,
    former: Table<'a, (&'static str, &'static Digest), ()>,
    holders: Table<'a, (&'static Digest, &'static str), ()>,
    meta: Table<'a, &'static str, u64>,
    tally: &'a mut Tally,
}

impl<'a> Writer<'a> {
    pub(super) fn new(transaction: &'a WriteTransaction, tally: &'a mut Tally) -> Result<Self, Fault> {
        Ok(Self {
            blobs: transaction.open_table(BLOBS)?,
            due: transaction.open_table(DUE)?,
            waiting: transaction.open_table(WAITING)?,
            verified: transaction.open_table(VERIFIED)?,
            unreferenced: transaction.open_table(UNREFERENCED)?,
            troubled: transaction.open_table(TROUBLED)?,
            of_loan: transaction.open_table(OF_LOAN)?,
            former: transaction.open_table(FORMER)?,
            holders: transaction.open_table(HOLDERS)?,
            meta: transaction.open_table(META)?,
            tally,
        })
    }

    pub(crate) fn row(&self, digest: &Digest) -> Result<Option<Row>, Fault> {
        self.blobs.get(digest)?.map(|row| decode(row.value())).transpose()
    }

    /// Changes the row, if there is one; what it is then.
    pub(crate) fn change(&mut self, digest: &Digest, change: impl FnOnce(&mut Row)) -> Result<Option<Row>, Fault> {
        let Some(mut row) = self.row(digest)? else { return Ok(None) };
        change(&mut row);
        self.put(digest, Some(&row))?;
        Ok(Some(row))
    }

    /// Writes the row, or takes it away, with all that is derived from it.
    pub(crate) fn put(&mut self, digest: &Digest, row: Option<&Row>) -> Result<(), Fault> {
        let before = self.row(digest)?;
        let old = before.as_ref();
        move_key(&mut self.due, digest, old.and_then(Row::due), row.and_then(Row::due))?;
        move_key(&mut self.waiting, digest, old.and_then(Row::waiting), row.and_then(Row::waiting))?;
        move_key(&mut self.verified, digest, old.and_then(Row::verified), row.and_then(Row::verified))?;
        let since = |row: &Row| row.unreferenced_since;
        move_key(&mut self.unreferenced, digest, old.and_then(since), row.and_then(since))?;
        match (old.is_some_and(Row::troubled), row.is_some_and(Row::troubled)) {
            (false, true) => drop(self.troubled.insert(digest, ())?),
            (true, false) => drop(self.troubled.remove(digest)?),
            _ => {}
        }
        match row {
            Some(row) => drop(self.blobs.insert(digest, encode(row)?.as_slice())?),
            None => drop(self.blobs.remove(digest)?),
        }
        self.tally.replace(old, row);
        Ok(())
    }

    /// The digests that the loan holds.
    pub(crate) fn of_loan(&self, loan: &str) -> Result<Vec<Digest>, Fault> {
        super::read::digests(&self.of_loan, loan)
    }

    /// Notes that the loan holds the digest by a reference of that mark; whether that is new.
    pub(crate) fn hold(&mut self, loan: &str, digest: &Digest, mark: u64) -> Result<bool, Fault> {
        let before = self.of_loan.insert((loan, digest), mark)?.map(|mark| mark.value());
        if before.is_none() {
            self.holders.insert((digest, loan), ())?;
            self.former.remove((loan, digest))?;
        }
        Ok(before != Some(mark))
    }

    /// Notes that the loan does not hold the digest any more; whether no loan does now.
    pub(crate) fn release(&mut self, loan: &str, digest: &Digest) -> Result<bool, Fault> {
        self.of_loan.remove((loan, digest))?;
        self.holders.remove((digest, loan))?;
        self.former.insert((loan, digest), ())?;
        Ok(super::read::holders(&self.holders, digest, 1)?.is_empty())
    }

    /// What the loan held once; it is forgotten that it did.
    pub(crate) fn forget_former(&mut self, loan: &str) -> Result<Vec<Digest>, Fault> {
        let former = super::read::digests(&self.former, loan)?;
        for digest in &former {
            self.former.remove((loan, digest))?;
        }
        Ok(former)
    }

    /// Begins anew with references of another version, or of another log than that which ends at `head`. Until they are
    /// read again nobody is known to refer to anything.
    pub(super) fn expect_references(&mut self, version: u64, head: Option<u64>) -> Result<(), Fault> {
        let known = self.meta.insert("references", version)?.map(|known| known.value());
        let cursor = self.meta.get("cursor")?.map(|cursor| cursor.value());
        if known.is_none_or(|known| known == version) && cursor <= head.or(cursor) {
            return Ok(());
        }
        warn!("the read model of references, or the log, is another one than it was: references are read anew");
        self.meta.remove("cursor")?;
        self.tally.cursor = None;
        self.of_loan.retain(|_, _| false)?;
        self.holders.retain(|_, ()| false)?;
        self.former.retain(|_, ()| false)?;
        let mut digests = Vec::new();
        for entry in self.blobs.iter()? {
            digests.push(*entry?.0.value());
        }
        for digest in digests {
            // Its time begins when it is known that nobody does.
            self.change(&digest, |row| row.unreferenced_since = Some(UNKNOWN))?;
        }
        Ok(())
    }

    /// What nobody was known to refer to while references were read anew: nobody does, from now on.
    pub(crate) fn begin_unreferenced(&mut self, now: Timestamp) -> Result<(), Fault> {
        let mut unknown = Vec::new();
        for entry in self.unreferenced.range((UNKNOWN.as_micros(), &[0; 32])..)? {
            unknown.push(*entry?.0.value().1);
        }
        for digest in unknown {
            self.change(&digest, |row| row.unreferenced_since = Some(now))?;
        }
        Ok(())
    }

    /// References are known up to this log position.
    pub(crate) fn set_cursor(&mut self, position: u64) -> Result<(), Fault> {
        self.meta.insert("cursor", position)?;
        self.tally.cursor = Some(position);
        Ok(())
    }
}

fn move_key(
    table: &mut Keys<'_>,
    digest: &Digest,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
) -> Result<(), Fault> {
    if from == to {
        return Ok(());
    }
    if let Some(from) = from {
        table.remove((from.as_micros(), digest))?;
    }
    if let Some(to) = to {
        table.insert((to.as_micros(), digest), ())?;
    }
    Ok(())
}
