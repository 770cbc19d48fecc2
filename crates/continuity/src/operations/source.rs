//! The source: how it is, and the orders about it.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use continuity_base::Timestamp;
use continuity_events::record::SourcePosition;
use continuity_ingest::control::{By, Done, Order};
use continuity_readmodel::ledger::{LedgerReader, partition_name};
use continuity_readmodel::{Pause, RetentionSeen, SyncSnapshot};
use serde_json::{Map, Value, json};

use super::{Following, Operations};

/// Everything that is known of it: from the board while a process runs, from the ledger always.
pub(super) fn status(on: &Operations) -> Result<Value> {
    let totals = on.ledger.totals()?;
    let mut status = match &on.running {
        Some(following) => live(on, following),
        None => json!({ "state": "not-running", "synchronised": totals.synchronised }),
    };
    status["pausedBy"] = totals.paused.map_or(
        Value::Null,
        |paused| json!({ "actor": paused.actor, "reason": paused.reason, "since": at(paused.since) }),
    );
    status["snapshot"] = totals.snapshot.map_or(Value::Null, |export| {
        json!({
            "id": export.id,
            "loansDone": export.loans_done,
            "loansExpected": export.loans_expected,
            "entitiesExpected": export.entities_expected,
            "loansMissing": export.ended.then(|| export.loans_missing()),
            "sincePosition": export.since_position,
            "startedAt": at(export.started_at),
        })
    });
    status["logPosition"] = json!(on.log.head().position);
    status["parts"] = parts(&on.ledger)?;
    Ok(status)
}

fn live(on: &Operations, following: &Following) -> Value {
    let applied = on.engine.view().position;
    let seen = on.sync.snapshot_at(applied);
    let why = seen.why.as_ref();
    json!({
        "source": seen.source,
        "state": seen.state.name(),
        "since": seen.since.to_string(),
        "connected": seen.connected,
        "synchronised": seen.synchronised,
        "cause": why.map(|why| why.cause),
        "reason": why.map(|why| &why.reason),
        "detail": why.map(|why| &why.detail).filter(|detail| !detail.is_empty()),
        "wayOut": why.map(|why| why.way_out).filter(|way_out| !way_out.is_empty()),
        "head": seen.head.as_ref().map(|head| json!({
            "text": head.text,
            "number": head.number,
            "behind": head.behind,
            "seenAt": head.seen_at.to_string(),
            "publishedAt": head.published_at.map(|at| at.to_string()),
        })),
        "lastProofOfLife": seen.last_proof_of_life.map(|at| at.to_string()),
        "lagSeconds": seen.lag.map(|lag| lag.as_secs_f64()),
        "broken": seen.broken,
        "bootstrapSecondsLeft": super::status::seconds_left(&seen),
        "retention": seen.retention.map(retention),
        "pause": seen.pause.as_ref().map(pause),
        "schedule": schedule(following, &seen),
    })
}

fn pause(pause: &Pause) -> Value {
    json!({
        "cause": pause.cause.name(),
        "detail": pause.detail,
        "since": pause.since.map(|at| at.to_string()),
        "until": pause.until.map(|at| at.to_string()),
    })
}

fn retention(seen: RetentionSeen) -> Value {
    json!({
        "maxAgeSeconds": seen.max_age_seconds,
        "outage": seen.outage.name(),
        "outageSeconds": seen.outage.seconds(),
    })
}

fn schedule(following: &Following, seen: &SyncSnapshot) -> Value {
    let now = following.clock.now();
    let next = match &seen.pause {
        Some(pause) if pause.until.is_some() => pause.until,
        _ => following.schedule.next_opening(now).filter(|_| !following.schedule.is_open(now)),
    };
    json!({ "text": following.schedule.describe(), "nextOpening": next.map(|at| at.to_string()) })
}

/// Every part of every source that was ever read: who it is, how far we are, and how it diverged.
fn parts(ledger: &LedgerReader) -> Result<Value> {
    let mut parts: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for identity in ledger.identities()? {
        let facts: Map<String, Value> = identity.facts.into_iter().map(|(name, value)| (name, json!(value))).collect();
        parts.entry(identity.partition).or_default().insert("identity".to_owned(), Value::Object(facts));
    }
    let of_source = |position: &SourcePosition| !matches!(position, SourcePosition::Operator { .. });
    for position in ledger.positions()?.iter().filter(|position| of_source(position)) {
        let part = parts.entry(partition_name(position)).or_default();
        part.insert("position".to_owned(), json!(point(position)));
    }
    for open in ledger.divergences()? {
        let divergence = json!({
            "cause": open.cause.name(),
            "point": open.point,
            "detail": open.detail,
            "since": at(open.since),
        });
        parts.entry(open.partition).or_default().insert("divergence".to_owned(), divergence);
    }
    let part = |(name, mut members): (String, Map<String, Value>)| {
        members.insert("part".to_owned(), json!(name));
        Value::Object(members)
    };
    Ok(Value::Array(parts.into_iter().map(part).collect()))
}

/// A part and a point in it, in words.
pub(super) fn place(position: &SourcePosition) -> String {
    format!("{}, {}", partition_name(position), point(position))
}

/// How far a part was read, in words.
fn point(position: &SourcePosition) -> String {
    match position {
        SourcePosition::File { offset, .. } => format!("byte {offset}"),
        SourcePosition::Stream { sequence, .. } => format!("sequence {sequence}"),
        SourcePosition::Topic { offset, .. } => format!("offset {offset}"),
        SourcePosition::Simulator { number, .. } => format!("event {number}"),
        SourcePosition::Operator { at: micros } => at(*micros),
    }
}

fn at(micros: i64) -> String {
    Timestamp::from_micros(micros).to_string()
}

pub(super) fn pause_reading(on: &Operations, actor: &str, reason: &str) -> Result<Value> {
    logged(give(on, Order::Pause(by(actor, reason)?))?, "paused")
}

pub(super) fn resume_reading(on: &Operations, actor: &str, reason: &str) -> Result<Value> {
    logged(give(on, Order::Resume(by(actor, reason)?))?, "resumed")
}

pub(super) fn sync(on: &Operations) -> Result<Value> {
    match give(on, Order::SyncNow)? {
        Done::Reading => Ok(json!({ "done": "reading" })),
        other => Err(surprise(&other)),
    }
}

pub(super) fn accept(on: &Operations, actor: &str, reason: &str) -> Result<Value> {
    match give(on, Order::Accept(by(actor, reason)?))? {
        Done::Accepted(parts) => {
            let part = |(part, cause): &(String, continuity_events::record::Divergence)| json!({ "part": part, "cause": cause.name() });
            Ok(json!({ "done": "accepted", "parts": parts.iter().map(part).collect::<Vec<_>>() }))
        }
        other => Err(surprise(&other)),
    }
}

pub(super) fn give(on: &Operations, order: Order) -> Result<Done> {
    Ok(on.following()?.ingest.give(order)?)
}

pub(super) fn logged(done: Done, what: &str) -> Result<Value> {
    match done {
        Done::Logged(position) => Ok(json!({ "done": what, "logPosition": position })),
        other => Err(surprise(&other)),
    }
}

pub(super) fn surprise(done: &Done) -> anyhow::Error {
    anyhow!("ingest answered {done:?}, which is no answer to this order")
}

/// Who gives an order, and why.
pub(super) fn by(actor: &str, reason: &str) -> Result<By> {
    if reason.trim().is_empty() {
        bail!("say why with --reason; it stands in the log");
    }
    Ok(By { actor: actor.to_owned(), reason: reason.trim().to_owned() })
}
