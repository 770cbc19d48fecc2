//! The replica log and the control log: verify them, read them.

use anyhow::Result;
use continuity_auth::ControlRecordAt;
use continuity_base::Timestamp;
use continuity_events::record::{self, Received};
use continuity_log::{Kind, Log, Record, SegmentSize};
use serde_json::{Value, json};

use crate::control::Reply;

/// Reads and checks everything.
pub(super) fn verify(log: &Log, out: &mut dyn FnMut(Reply)) -> Result<Value> {
    let verified = log.verify(&mut |done, of| out(Reply::Progress { done, of }))?;
    Ok(json!({
        "records": verified.head.position,
        "frames": verified.frames,
        "segments": verified.segments,
        "bytes": verified.bytes,
        "hash": verified.head.hash.to_string(),
    }))
}

/// Where the log ends, and the files that it is in, oldest first.
pub(super) fn segments(log: &Log) -> Value {
    let head = log.head();
    let segment = |size: &SegmentSize| json!({ "first": size.first, "last": size.last, "bytes": size.bytes });
    json!({
        "position": head.position,
        "hash": head.hash.to_string(),
        "bytes": log.size_bytes(),
        "stopped": log.stopped().as_deref(),
        "segments": log.segments().iter().map(segment).collect::<Vec<_>>(),
    })
}

/// At most `limit` records from position `from`, one item each.
pub(super) fn cat(
    log: &Log,
    from: u64,
    limit: u64,
    item: &dyn Fn(u64, &Record) -> Result<Value>,
    out: &mut dyn FnMut(Reply),
) -> Result<Value> {
    let mut reader = log.reader(from.max(1));
    let mut given = 0;
    while let Some(frame) = reader.next_frame()? {
        for (position, record) in (frame.first..).zip(&frame.records).filter(|(position, _)| *position >= from) {
            if given == limit {
                return Ok(json!({ "records": given }));
            }
            out(Reply::Item(item(position, record)?));
            given += 1;
        }
    }
    Ok(json!({ "records": given }))
}

/// A record of the replica log; with `payload` what it holds.
pub(super) fn item(position: u64, record: &Record, payload: bool) -> Result<Value> {
    let mut item = json!({
        "position": position,
        "kind": record.kind.name(),
        "subject": record.subject,
        "sequence": record.sequence,
        "arrivedAt": Timestamp::from_micros(record.arrived_at).to_string(),
    });
    if payload && matches!(record.kind, Kind::Event | Kind::Held | Kind::Control | Kind::Snapshot) {
        let received: Received = record::decode(&record.payload)?;
        item["payload"] = serde_json::from_str(&received.event.to_structured())?;
    }
    Ok(item)
}

/// A record of the control log: who did what, from where and why.
pub(super) fn control_item(position: u64, record: &Record) -> Result<Value> {
    Ok(serde_json::to_value(ControlRecordAt::read(position, record)?)?)
}
