//! Where everything stands, in one object.

use continuity_readmodel::SyncSnapshot;
use serde_json::{Value, json};

use super::Operations;

/// Until a bootstrap export is through, at the rate so far; `None` without one, and before anything can be said.
pub(super) fn seconds_left(sync: &SyncSnapshot) -> Option<u64> {
    sync.bootstrap?.eta.map(|eta| eta.as_secs())
}

/// Positions, sync state and counts.
pub(super) fn status(on: &Operations) -> Value {
    let (sync, counts) = (on.sync.snapshot(), on.engine.counts());
    json!({
        "source": sync.source,
        "state": sync.state.name(),
        "synchronised": sync.synchronised,
        "bootstrapLoans": sync.bootstrap.map(|export| export.loans_done),
        "bootstrapLoansExpected": sync.bootstrap.map(|export| export.loans_expected),
        "bootstrapSecondsLeft": seconds_left(&sync),
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
