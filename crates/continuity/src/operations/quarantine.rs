//! Events that could not be accepted.

use anyhow::{Result, bail};
use continuity_base::Timestamp;
use continuity_events::record::{self, Quarantined};
use continuity_ingest::control::{Done, Order};
use continuity_log::Kind;
use continuity_readmodel::ledger::{LedgerReader, QuarantineEntry, QuarantineState};
use serde_json::{Value, json};

use super::{Operations, source};

/// Bytes that are shown as digits, at most: the whole of a large one can be had as text, and out of the log.
const HEX_BYTES: usize = 64 << 10;

/// At most `limit` of those behind log position `after`, oldest first.
pub(super) fn list(ledger: &LedgerReader, after: u64, limit: u64) -> Result<Value> {
    let entries = ledger.quarantined(after, usize::try_from(limit).unwrap_or(usize::MAX))?;
    let row = |(position, entry): &(u64, QuarantineEntry)| {
        json!({
            "position": position,
            "arrivedAt": Timestamp::from_micros(entry.arrived_at).to_string(),
            "state": state(entry.state),
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

/// One of them with its raw bytes; as `raw` what is not UTF-8 in them is replaced, and as `hex` they are as they were.
pub(super) fn show(on: &Operations, position: u64) -> Result<Value> {
    let record = on.log.get(position)?;
    if record.kind != Kind::Quarantined {
        bail!("position {position} holds a record of kind {}, not a quarantined event", record.kind.name());
    }
    let event: Quarantined = record::decode(&record.payload)?;
    let entries = on.ledger.quarantined(position.saturating_sub(1), 1)?;
    let entry = entries.iter().find(|(at, _)| *at == position).map(|(_, entry)| entry);
    Ok(json!({
        "position": position,
        "arrivedAt": Timestamp::from_micros(record.arrived_at).to_string(),
        "state": entry.map(|entry| state(entry.state)),
        "reason": event.reason,
        "detail": event.detail,
        "loan": record.subject,
        "sequence": record.sequence,
        "eventId": event.event_id,
        "eventType": event.event_type,
        "source": source::place(&event.position),
        "bytes": event.raw.len(),
        "raw": String::from_utf8_lossy(&event.raw),
        "text": std::str::from_utf8(&event.raw).is_ok(),
        "hex": hex::encode(event.raw.get(..HEX_BYTES).unwrap_or(&event.raw)),
    }))
}

/// Looks at its bytes once more, and takes them in if they are good now.
pub(super) fn retry(on: &Operations, actor: &str, position: u64, reason: &str) -> Result<Value> {
    match source::give(on, Order::Retake(position, source::by(actor, reason)?))? {
        Done::HandedIn(handed) => Ok(json!({ "position": position, "known": handed.duplicates > 0 })),
        other => Err(source::surprise(&other)),
    }
}

/// Takes it off the list of those that wait; its bytes stay in the log.
pub(super) fn dismiss(on: &Operations, actor: &str, position: u64, reason: &str) -> Result<Value> {
    source::logged(source::give(on, Order::Dismiss(position, source::by(actor, reason)?))?, "dismissed")
}

fn state(state: QuarantineState) -> &'static str {
    match state {
        QuarantineState::Open => "open",
        QuarantineState::Dismissed => "dismissed",
        QuarantineState::Taken => "taken",
    }
}
