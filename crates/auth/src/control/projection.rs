//! The control store: clients and accesses as rows.

#[cfg(test)]
mod tests;

use continuity_base::Timestamp;
use continuity_log::Record;
use continuity_readmodel::{Direction, Rows, Snapshot, StoreError, Table};

use super::accesses;
use super::clients::{self, ClientRow, Clients};
use super::event::{Change, Entry};
use crate::AuthError;

/// Rows of another version are thrown away and come back from the log.
pub(super) const VERSION: u32 = 2;
/// Client id -> [`ClientRow`] in postcard.
const CLIENTS: Table = "clients";
pub(super) const TABLES: &[Table] = &[CLIENTS, accesses::ACCESSES, accesses::OF_LOAN, accesses::COUNTS];

/// Applies one record to the rows; the client it changed, if any.
pub(super) fn apply(record: &Record, position: u64, rows: &mut Rows<'_>) -> Result<Option<ClientRow>, AuthError> {
    let entry = Entry::decode(&record.payload)?;
    let at = Timestamp::from_micros(record.arrived_at);
    let entry = match entry {
        Entry { change: Change::AccessRecorded(read), .. } => {
            return accesses::put_task(read, at, position, rows).map(|()| None);
        }
        Entry { change: Change::DocumentRead(read), .. } => {
            return accesses::put_document(read, at, position, rows).map(|()| None);
        }
        Entry { change: Change::ReadsRecorded(reads), .. } => {
            return accesses::put_reads(reads, position, rows).map(|()| None);
        }
        of_a_client => of_a_client,
    };
    let id = entry.change.subject().as_bytes().to_vec();
    let before = rows.get(CLIENTS, &id).map_err(store_failed)?.map(|row| decode_client(&row)).transpose()?;
    let after = clients::fold(before, entry, at)?;
    if let Some(row) = &after {
        rows.put(CLIENTS, id, postcard::to_stdvec(row).expect("plain data always encodes into memory"));
    }
    Ok(after)
}

/// Enters every stored client into the table.
pub(super) fn load_clients(snapshot: &Snapshot, clients: &Clients) -> Result<(), AuthError> {
    for row in snapshot.scan_prefix(CLIENTS, &[], Direction::Forward).map_err(store_failed)? {
        let (_, row) = row.map_err(store_failed)?;
        clients.put(decode_client(&row)?);
    }
    Ok(())
}

pub(super) fn store_failed(error: impl std::fmt::Display) -> AuthError {
    AuthError::ControlLog(format!("its read model: {error}"))
}

fn decode_client(row: &[u8]) -> Result<ClientRow, AuthError> {
    postcard::from_bytes(row).map_err(|_| store_failed(StoreError::corrupt("control", "a client")))
}
