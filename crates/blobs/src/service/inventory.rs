//! At the start: what the index says and what is on the shelf are brought together.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use futures_util::StreamExt;
use tracing::error;

use super::BlobServiceError;
use super::core::Core;
use crate::disk::blocking;
use crate::index::{IndexError, Row, State};
use crate::metrics;
use crate::queue::part::remove_those;
use crate::shelf::Digest;

const GONE: &str = "it is gone from the store";
/// Rows of one transaction.
const BATCH: usize = 1_000;

/// Has fetched again what is lost, and notes what nobody is known to refer to. Holds 40 bytes a stored blob in memory.
pub(super) async fn take(core: &Arc<Core>) -> Result<(), BlobServiceError> {
    let mut stored = list(core).await?;
    let core = Arc::clone(core);
    blocking(move || {
        compare(&core, &mut stored)?;
        adopt(&core, stored)?;
        clear_parts(&core)?;
        metrics::quarantined(core.quarantine.bytes()?);
        Ok(())
    })
    .await
}

async fn list(core: &Core) -> io::Result<HashMap<Digest, u64>> {
    let mut stored = HashMap::new();
    let mut list = core.places.shelf.list();
    while let Some(entry) = list.next().await {
        let (digest, size) = entry?;
        stored.insert(digest, size);
    }
    Ok(stored)
}

/// Takes out of `stored` what has a row. Rows whose bytes are gone raise the alarm and go back to the queue, and so do
/// those that were given up, without one: the configuration may be another one now.
fn compare(core: &Core, stored: &mut HashMap<Digest, u64>) -> Result<(), IndexError> {
    let (mut after, now) = (None, core.now());
    loop {
        let rows = core.index.rows(after.as_ref(), BATCH)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = Some(*last);
        let (mut lost, mut again) = (Vec::new(), Vec::new());
        for (digest, row) in rows {
            if is_lost(&row, stored.remove(&digest)) {
                lost.push(digest);
            } else if row.state == State::Failed {
                again.push(digest);
            }
        }
        if !lost.is_empty() {
            error!(blobs = lost.len(), "stored blobs are gone from the store; they are fetched again");
        }
        if lost.len() + again.len() == 0 {
            continue;
        }
        core.index.write(|writer| {
            for digest in again {
                writer.change(&digest, |row| row.begin_again(now))?;
            }
            for digest in lost {
                writer.change(&digest, |row| row.damage(GONE, now))?;
            }
            Ok(())
        })?;
    }
}

fn is_lost(row: &Row, stored: Option<u64>) -> bool {
    row.state == State::Available && (stored.is_none() || stored != row.stored)
}

fn adopt(core: &Core, stored: HashMap<Digest, u64>) -> Result<(), IndexError> {
    let (strays, now): (Vec<_>, _) = (stored.into_iter().collect(), core.now());
    for batch in strays.chunks(BATCH) {
        core.index.write(|writer| {
            batch.iter().try_for_each(|(digest, size)| writer.put(digest, Some(&Row::stray(*size, now))))
        })?;
    }
    Ok(())
}

/// Removes the parts that nobody goes on with. Those of an index that is derived anew may still find their row.
fn clear_parts(core: &Core) -> Result<(), BlobServiceError> {
    if core.index.tally().cursor.is_none() {
        return Ok(());
    }
    remove_those(&core.incoming, |digest| Ok(core.index.row(digest)?.is_none_or(|row| row.state == State::Available)))
}
