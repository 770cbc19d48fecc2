//! Where everything stands, in one object.

use serde_json::{Value, json};

use super::Operations;

/// Positions, sync state and counts.
pub(super) fn status(on: &Operations) -> Value {
    let (sync, counts) = (on.sync.snapshot(), on.engine.counts());
    json!({
        "source": sync.source,
        "state": sync.state.name(),
        "synchronised": sync.synchronised,
        "lastProofOfLife": sync.last_proof_of_life.map(|at| at.to_string()),
        "logPosition": on.log.head().position,
        "logBytes": on.log.size_bytes(),
        "appliedPosition": on.engine.view().position,
        "asOf": on.engine.view().as_of,
        "events": sync.counters.events,
        "duplicates": sync.counters.duplicates,
        "quarantined": sync.counters.quarantined,
        "forks": sync.counters.forks,
        "held": sync.counters.held,
        "gapsOpen": sync.counters.gaps_open,
        "parkedLoans": counts.parked_loans,
        "incompleteLoans": counts.incomplete_loans,
        "unprojected": counts.unprojected,
        "skippedPatches": counts.skipped,
    })
}
