//! Opening the file, or making a new one of it.

use std::fs;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableError};
use tracing::warn;

use super::tally::Tally;

use super::{
    BLOBS, DUE, FORMAT, FORMER, Fault, HOLDERS, IndexError, META, OF_LOAN, TROUBLED, UNREFERENCED, VERIFIED, WAITING,
    decode,
};

/// How much of a file is looked at before it is relied upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Its rows, which are counted at the same time: at each start.
    Rows,
    /// Every page: where something went wrong.
    Everything,
}

/// The open database with all tables, and the counts over its rows.
pub(super) fn database(path: &Path, look: Look) -> Result<(Database, Tally), IndexError> {
    match usable(path, look)? {
        Ok(opened) => Ok(opened),
        Err(cause) => {
            warn!(path = %path.display(), cause, "the blob index is derived anew");
            remove(path)?;
            usable(path, look)?.map_err(|cause| store(path, cause))
        }
    }
}

/// The inner error says why it has to be derived anew.
fn usable(path: &Path, look: Look) -> Result<Result<(Database, Tally), String>, IndexError> {
    // A damaged file may make redb panic.
    let attempt = catch_unwind(AssertUnwindSafe(|| Database::create(path)));
    let database = match attempt {
        Ok(Ok(database)) => database,
        Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => return Err(IndexError::InUse { path: path.to_owned() }),
        Ok(Err(error)) if refused(&error) => return Err(store(path, error.to_string())),
        Ok(Err(error)) => return Ok(Err(error.to_string())),
        Err(_) => return Ok(Err("it is damaged".to_owned())),
    };
    Ok(match catch_unwind(AssertUnwindSafe(|| prepare(&database, look))) {
        Ok(Ok(tally)) => Ok((database, tally)),
        Ok(Err(Fault(cause))) => Err(cause),
        Err(_) => Err("it is damaged".to_owned()),
    })
}

/// Whether the operating system said no: then the file may be well.
fn refused(error: &DatabaseError) -> bool {
    let DatabaseError::Storage(redb::StorageError::Io(error)) = error else { return false };
    !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

/// Makes the tables of a new file; fails on one of another format, or with a row that cannot be read.
fn prepare(database: &Database, look: Look) -> Result<Tally, Fault> {
    let format = match database.begin_read()?.open_table(META) {
        Ok(meta) => meta.get("format")?.map(|format| format.value()),
        Err(TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(error.into()),
    };
    match format {
        Some(FORMAT) => {
            if look == Look::Everything {
                readable(database)?;
            }
            return count(database);
        }
        Some(other) => return Err(Fault(format!("it has the format {other}, this version writes {FORMAT}"))),
        None => {}
    }
    let transaction = database.begin_write()?;
    transaction.open_table(META)?.insert("format", FORMAT)?;
    transaction.open_table(BLOBS)?;
    for table in [DUE, WAITING, VERIFIED, UNREFERENCED] {
        transaction.open_table(table)?;
    }
    transaction.open_table(TROUBLED)?;
    transaction.open_table(OF_LOAN)?;
    transaction.open_table(FORMER)?;
    transaction.open_table(HOLDERS)?;
    transaction.commit()?;
    Ok(Tally::default())
}

fn count(database: &Database) -> Result<Tally, Fault> {
    let transaction = database.begin_read()?;
    let cursor = transaction.open_table(META)?.get("cursor")?.map(|cursor| cursor.value());
    let mut tally = Tally { cursor, ..Tally::default() };
    for entry in transaction.open_table(BLOBS)?.iter()? {
        tally.replace(None, Some(&decode(entry?.1.value())?));
    }
    Ok(tally)
}

/// Reads everything but the rows once: a damaged page shows here, and nowhere later.
fn readable(database: &Database) -> Result<(), Fault> {
    let transaction = database.begin_read()?;
    for table in [DUE, WAITING, VERIFIED, UNREFERENCED] {
        transaction.open_table(table)?.iter()?.try_for_each(|entry| entry.map(drop))?;
    }
    transaction.open_table(TROUBLED)?.iter()?.try_for_each(|entry| entry.map(drop))?;
    transaction.open_table(OF_LOAN)?.iter()?.try_for_each(|entry| entry.map(drop))?;
    transaction.open_table(FORMER)?.iter()?.try_for_each(|entry| entry.map(drop))?;
    Ok(transaction.open_table(HOLDERS)?.iter()?.try_for_each(|entry| entry.map(drop))?)
}

fn remove(path: &Path) -> Result<(), IndexError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(store(path, error.to_string())),
        _ => Ok(()),
    }
}

fn store(path: &Path, cause: String) -> IndexError {
    IndexError::Store { path: path.to_owned(), cause }
}
