//! Loans with an event that cannot be folded: served as they were before it, marked as incomplete.

use anyhow::Result;
use continuity_base::Timestamp;
use continuity_events::record::{self, Received};
use continuity_readmodel::LoanState;
use serde_json::{Value, json};

use super::Operations;

/// Loans that lack something and are looked at together.
const CHUNK: usize = 256;

/// At most `limit` of them behind `after`, by id.
pub(super) fn list(on: &Operations, after: Option<&str>, limit: u64) -> Result<Value> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (view, mut after) = (on.engine.view(), after.map(str::to_owned));
    let mut parked = Vec::new();
    while parked.len() < limit {
        let chunk = view.incomplete_loans(after.as_deref(), CHUNK)?;
        let is_last = chunk.len() < CHUNK;
        after = chunk.last().map(|(loan, _)| loan.clone());
        for (loan, state) in chunk {
            if let Some(sequence) = state.parked.filter(|_| parked.len() < limit) {
                parked.push(row(on, &loan, &state, sequence)?);
            }
        }
        if is_last {
            break;
        }
    }
    Ok(Value::Array(parked))
}

/// The loan, and the event at which it stands.
fn row(on: &Operations, loan: &str, state: &LoanState, sequence: u64) -> Result<Value> {
    let found = on.ledger.events(loan, sequence..=sequence)?.pop();
    let mut row = json!({
        "loan": loan,
        "sequence": sequence,
        "lastSequence": state.last_sequence,
        "missing": state.gaps.iter().map(|(from, to)| json!([from, to])).collect::<Vec<_>>(),
    });
    if let Some((_, position)) = found {
        let record = on.log.get(position)?;
        let received: Received = record::decode(&record.payload)?;
        row["position"] = json!(position);
        row["arrivedAt"] = json!(Timestamp::from_micros(record.arrived_at).to_string());
        row["eventId"] = json!(received.event.id);
        row["eventType"] = json!(received.event.event_type);
    }
    Ok(row)
}
