//! Opening the file, or making a new one.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, TableError};
use tracing::error;

use super::row::Row;
use super::{AGAIN, DEAD, FACTS, FORMAT, FORMAT_KEY, Fault, MADE, META, SUBSCRIPTIONS, decode};
use crate::WebhookError;

/// The open database with all tables.
pub(super) fn database(path: &Path) -> Result<Database, WebhookError> {
    let cause = match usable(path)? {
        Ok(database) => return Ok(database),
        Err(cause) => cause,
    };
    let aside = path.with_extension("damaged");
    error!(
        path = %path.display(),
        aside = %aside.display(),
        cause,
        "the state of webhooks cannot be read: it is put aside, and every subscription begins anew at the present; \
         `webhooks replay` sends what was not delivered by now"
    );
    std::fs::rename(path, &aside).map_err(|error| state(path, error.to_string()))?;
    usable(path)?.map_err(|cause| state(path, cause))
}

/// The inner error says why the file is of no use.
fn usable(path: &Path) -> Result<Result<Database, String>, WebhookError> {
    // A damaged file may make redb panic.
    let database = match catch_unwind(AssertUnwindSafe(|| Database::create(path))) {
        Ok(Ok(database)) => database,
        Ok(Err(DatabaseError::DatabaseAlreadyOpen)) => return Err(WebhookError::InUse { path: path.to_owned() }),
        Ok(Err(error @ DatabaseError::UpgradeRequired(_))) => return Err(state(path, error.to_string())),
        Ok(Err(error)) if refused(&error) => return Err(state(path, error.to_string())),
        Ok(Err(error)) => return Ok(Err(error.to_string())),
        Err(_) => return Ok(Err("it is damaged".to_owned())),
    };
    match catch_unwind(AssertUnwindSafe(|| prepare(&database))) {
        Ok(Ok(None)) => Ok(Ok(database)),
        Ok(Ok(Some(format))) => Err(state(
            path,
            format!(
                "it has the format {format}, this version writes {FORMAT}; start the version that wrote it, or move the file away: subscriptions then begin at the present"
            ),
        )),
        Ok(Err(Fault(cause))) => Ok(Err(cause)),
        Err(_) => Ok(Err("it is damaged".to_owned())),
    }
}

/// Whether the operating system said no: then the file may be well.
fn refused(error: &DatabaseError) -> bool {
    let DatabaseError::Storage(redb::StorageError::Io(error)) = error else { return false };
    !matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

/// Makes the tables of a new file; gives the format of one that another version wrote, and fails on one whose
/// subscriptions cannot be read.
fn prepare(database: &Database) -> Result<Option<u64>, Fault> {
    let format = match database.begin_read()?.open_table(META) {
        Ok(meta) => meta.get(FORMAT_KEY)?.map(|format| format.value()),
        Err(TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(error.into()),
    };
    match format {
        Some(FORMAT) => {
            let transaction = database.begin_read()?;
            for entry in transaction.open_table(SUBSCRIPTIONS)?.iter()? {
                decode::<Row>(entry?.1.value())?;
            }
            return Ok(None);
        }
        Some(other) => return Ok(Some(other)),
        None => {}
    }
    let transaction = database.begin_write()?;
    transaction.open_table(META)?.insert(FORMAT_KEY, FORMAT)?;
    transaction.open_table(SUBSCRIPTIONS)?;
    transaction.open_table(FACTS)?;
    transaction.open_table(DEAD)?;
    transaction.open_table(AGAIN)?;
    transaction.open_table(MADE)?;
    transaction.commit()?;
    Ok(None)
}

fn state(path: &Path, cause: String) -> WebhookError {
    WebhookError::State { path: path.to_owned(), cause }
}
