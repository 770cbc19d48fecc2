//! How far the bytes of documents and attachments are: the figures that health, the API and commands give.

use continuity_base::Timestamp;
use continuity_blobs::{BlobAmount, BlobFailure, BlobLag, LoanBlobs};
use serde_json::{Map, Value, json};

/// What of all that loans refer to is here.
pub fn lag(lag: &BlobLag, now: Timestamp) -> Map<String, Value> {
    let BlobLag { pending, available, failed, damaged, .. } = lag;
    let mut shown = amounts([*pending, *available, *failed, *damaged]);
    let since = lag.oldest_pending.map(|at| now.since(at).as_secs());
    shown.insert("stuck".to_owned(), lag.stuck.into());
    shown.insert("oldestPendingAt".to_owned(), json!(lag.oldest_pending.map(|at| at.to_string())));
    shown.insert("oldestPendingSeconds".to_owned(), json!(since));
    shown.insert("position".to_owned(), json!(lag.known_up_to));
    shown
}

/// What of a loan's is here.
pub fn loan(blobs: &LoanBlobs) -> Map<String, Value> {
    amounts([blobs.pending, blobs.available, blobs.failed, blobs.damaged])
}

/// A blob in trouble.
pub fn failure(failure: &BlobFailure) -> Value {
    json!({
        "sha256": sha256(&failure.sha256),
        "state": failure.state,
        "reason": failure.reason,
        "loanRequestIds": failure.loans,
    })
}

/// A digest as people write it.
fn sha256(digest: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}

fn amounts(amounts: [BlobAmount; 4]) -> Map<String, Value> {
    let names = ["pending", "available", "failed", "damaged"];
    let shown = |BlobAmount { count, bytes }| json!({"count": count, "bytes": bytes});
    names.into_iter().zip(amounts).map(|(name, amount)| (name.to_owned(), shown(amount))).collect()
}
