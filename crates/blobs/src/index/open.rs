//! Opening the file, or making a new one of it.

use std::fs;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableError};
use tracing::warn;

use super::{
    BLOBS, DUE, FORMAT, FORMER, Fault, HOLDERS, IndexError, META, OF_LOAN, TROUBLED, UNREFERENCED, VERIFIED, WAITING,
    decode,
};

/// The open database with all tables.
pub(super) fn database(path: &Path) -> Result<Database, IndexError> {
    match usable(path)? {
        Ok(database) => Ok(database),
        Err(cause) => {
            warn!(path = %path.display(), cause, "the blob index is derived anew");
            remove(path)?;
            usable(path)?.map_err(|cause| store(path, cause))
        }
    }
}

/// The inner error says why it has to be derived anew.
fn usable(path: &Path) -> Result<Result<Database, String>, IndexError> {
    // A damaged file may make redb panic.
    let attempt = catch_unwind(AssertUnwindSafe(|| Database::create(path)));
    let database = match attempt {
        Ok(Ok(database)) => database,
        Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => return Err(IndexError::InUse { path: path.to_owned() }),
        Ok(Err(error)) if refused(&error) => return Err(store(path, error.to_string())),
        Ok(Err(error)) => return Ok(Err(error.to_string())),
        Err(_) => return Ok(Err("it is damaged".to_owned())),
    };
    Ok(match catch_unwind(AssertUnwindSafe(|| prepare(&database))) {
        Ok(Ok(())) => Ok(database),
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
fn prepare(database: &Database) -> Result<(), Fault> {
    let format = match database.begin_read()?.open_table(META) {
        Ok(meta) => meta.get("format")?.map(|format| format.value()),
        Err(TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(error.into()),
    };
    match format {
        Some(FORMAT) => return readable(database),
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
    Ok(transaction.commit()?)
}

/// Reads everything once: a damaged page shows here, and nowhere later.
fn readable(database: &Database) -> Result<(), Fault> {
    let transaction = database.begin_read()?;
    for entry in transaction.open_table(BLOBS)?.iter()? {
        decode(entry?.1.value())?;
    }
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
