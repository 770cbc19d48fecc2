//! Events that could not be accepted.

use anyhow::{Result, bail};
use continuity_base::Timestamp;
use continuity_events::record::{self, Quarantined};
use continuity_log::{Kind, Log};
use continuity_readmodel::ledger::{LedgerReader, QuarantineEntry, QuarantineState};
use serde_json::{Value, json};

/// At most `limit` of those behind log position `after`, oldest first.
pub(super) fn list(ledger: &LedgerReader, after: u64, limit: u64) -> Result<Value> {
    let entries = ledger.quarantined(after, usize::try_from(limit).unwrap_or(usize::MAX))?;
    let row = |(position, entry): &(u64, QuarantineEntry)| {
        json!({
            "position": position,
            "arrivedAt": Timestamp::from_micros(entry.arrived_at).to_string(),
            "state": match entry.state { QuarantineState::Open => "open", QuarantineState::Dismissed => "dismissed" },
            "reason": entry.reason,
            "loan": entry.loan,
            "sequence": entry.sequence,
            "eventId": entry.event_id,
            "eventType": entry.event_type,
            "bytes": entry.bytes,
        })
    };
    Ok(Value::Array(entries.iter().map(row).collect()))
}

/// One of them with its raw bytes; what is not UTF-8 in them is replaced, and their length is that of the original.
pub(super) fn show(log: &Log, position: u64) -> Result<Value> {
    let record = log.get(position)?;
    if record.kind != Kind::Quarantined {
        bail!("position {position} holds a record of kind {}, not a quarantined event", record.kind.name());
    }
    let event: Quarantined = record::decode(&record.payload)?;
    Ok(json!({
        "position": position,
        "arrivedAt": Timestamp::from_micros(record.arrived_at).to_string(),
        "reason": event.reason,
        "detail": event.detail,
        "eventId": event.event_id,
        "eventType": event.event_type,
        "source": format!("{:?}", event.position),
        "bytes": event.raw.len(),
        "raw": String::from_utf8_lossy(&event.raw),
    }))
}
