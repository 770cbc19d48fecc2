//! Finding out what a file holds, and making a new one.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{Builder, Database, ReadableDatabase};

use super::snapshot::definition;
use super::{Checkpoint, META, META_KEY, Meta, Opened, Place, Table, encode};
use crate::error::StoreError;

/// Page cache for a look at the checkpoint alone.
const PEEK_CACHE_BYTES: usize = 1 << 20;

/// How far a store is that nobody has open; `None` when there is none that can be read.
pub(crate) fn peek(place: &Place) -> Option<Checkpoint> {
    if place.size() == 0 {
        return None;
    }
    let mut builder = Builder::new();
    builder.set_cache_size(PEEK_CACHE_BYTES);
    let look =
        || -> Result<Option<Meta>, redb::Error> { read_meta(&builder.create_with_backend(place.backend()?)?, &[]) };
    // redb may panic on a damaged file.
    catch_unwind(AssertUnwindSafe(look)).ok()?.ok()?.map(|meta| meta.checkpoint)
}

/// A store that can be gone on with, or why there is none.
type Usable = Result<(Database, Meta), Opened>;

/// Opens what is there; the inner error says why it is of no use.
pub(super) fn open_existing(
    builder: &Builder,
    place: &Place,
    want: &Meta,
    tables: &'static [Table],
) -> Result<Usable, StoreError> {
    let useless = |why: String| Ok(Err(Opened::Replaced { why }));
    // redb may panic on a damaged file; the file is replaced then.
    let attempt = catch_unwind(AssertUnwindSafe(|| -> Result<(Database, Option<Meta>), redb::Error> {
        let database = builder.create_with_backend(place.backend()?)?;
        let meta = read_meta(&database, tables)?;
        Ok((database, meta))
    }));
    match attempt {
        Err(_) => useless("redb panicked while opening it: it is damaged".to_owned()),
        Ok(Err(redb::Error::DatabaseAlreadyOpen)) => Err(StoreError::InUse { name: want.name.clone() }),
        Ok(Err(redb::Error::Io(error))) if refused(&error) => Err(StoreError::redb(&want.name, error)),
        Ok(Err(error)) => useless(error.to_string()),
        Ok(Ok((_, None))) => useless("it has no description of what it holds".to_owned()),
        Ok(Ok((database, Some(found)))) => {
            if (found.format, &found.name, found.version) == (want.format, &want.name, want.version) {
                return Ok(Ok((database, found)));
            }
            let (was, is) = ((&found.name, found.version), (&want.name, want.version));
            useless(format!("it holds {} version {}, wanted is {} version {}", was.0, was.1, is.0, is.1))
        }
    }
}

pub(super) fn create(builder: &Builder, place: &Place, meta: &Meta, tables: &[Table]) -> Result<Database, StoreError> {
    let made = || -> Result<Database, redb::Error> {
        let database = builder.create_with_backend(place.backend()?)?;
        let mut txn = database.begin_write()?;
        txn.set_quick_repair(true);
        for &table in tables {
            txn.open_table(definition(table))?;
        }
        txn.open_table(definition(META))?.insert(META_KEY, encode(meta).as_slice())?;
        txn.commit()?;
        Ok(database)
    };
    made().map_err(|e| StoreError::redb(&meta.name, e))
}

fn read_meta(database: &Database, tables: &[Table]) -> Result<Option<Meta>, redb::Error> {
    let txn = database.begin_read()?;
    for &table in tables {
        txn.open_table(definition(table))?;
    }
    let stored = txn.open_table(definition(META))?.get_owned(META_KEY)?;
    Ok(stored.and_then(|bytes| postcard::from_bytes(bytes.value()).ok()))
}

/// Whether the operating system kept us from the file, rather than the file being no store.
fn refused(error: &io::Error) -> bool {
    !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}
