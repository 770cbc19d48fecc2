//! Whether everything is here: the report, and evaluating the newest manifest again.

use std::sync::Arc;

use anyhow::Result;
use continuity_api::completeness;
use continuity_base::{Clock, Stop};
use continuity_blobs::{BlobService, inline};
use continuity_ingest::completeness::{Auditor, AuditorOptions, ReadList};
use continuity_ingest::control::IngestControl;
use continuity_log::Log;
use continuity_readmodel::SyncBoard;
use continuity_readmodel::ledger::LedgerReader;
use serde_json::{Value, json};

use super::Operations;

/// Bytes of a manifest's list of loans, at most, when it comes in a blob: as much as a manifest itself may have.
const MAX_LIST_BYTES: u64 = 64 << 20;

/// Evaluates manifests over these; `control`: what writes the results.
pub(crate) fn auditor(
    (log, ledger, board): (&Log, &LedgerReader, &SyncBoard),
    control: Option<IngestControl>,
    read_list: ReadList,
    clock: &Arc<dyn Clock>,
) -> Auditor {
    let options = AuditorOptions { clock: Arc::clone(clock), read_list };
    Auditor::new(log.clone(), ledger.clone(), control, board.clone(), options)
}

/// Lists of manifests are read from where their bytes are.
pub(crate) fn read_list(blobs: BlobService) -> ReadList {
    Arc::new(move |reference| blobs.read(reference, MAX_LIST_BYTES).map_err(|error| error.to_string()))
}

/// Of a directory at rest only lists in the manifest itself are read.
pub(crate) fn inline_list() -> ReadList {
    Arc::new(|reference| inline(reference, MAX_LIST_BYTES).map_err(|error| error.to_string()))
}

/// The first `limit` entries of the report that the API gives too.
pub(super) fn report(on: &Operations, limit: u64) -> Result<Value> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let page = completeness::page(&on.ledger, &on.engine.view(), None, None, limit)?;
    let mut report = page.report;
    report.insert("hasMore".to_owned(), page.next.is_some().into());
    Ok(Value::Object(report))
}

/// Evaluates the newest manifest over everything that has come since.
pub(super) fn again(on: &Operations, stop: &Stop) -> Result<Value> {
    let evaluated = on.auditor.again(stop)?;
    let mut result = completeness::told(&evaluated.result);
    result.insert("position".to_owned(), json!(evaluated.recorded));
    Ok(Value::Object(result))
}
