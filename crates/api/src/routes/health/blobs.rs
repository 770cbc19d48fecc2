//! The bytes of documents and attachments in `/health`: open to anybody, so counts, bytes and an age.

use continuity_blobs::{BlobAmount, BlobLag};
use serde_json::{Value, json};

pub(super) fn component(lag: &BlobLag) -> Value {
    let amount = |amount: BlobAmount| json!({"count": amount.count, "bytes": amount.bytes});
    json!({
        "pending": amount(lag.pending),
        "available": amount(lag.available),
        "failed": amount(lag.failed),
        "damaged": amount(lag.damaged),
        "erased": amount(lag.erased),
        "oldestPendingSeconds": lag.oldest_pending.map(|age| age.as_secs()),
    })
}

/// Bytes on their way are the replica's daily work; ones that cannot be had or are wrong need somebody.
pub(super) fn are_well(lag: &BlobLag) -> bool {
    lag.failed.count == 0 && lag.damaged.count == 0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn lag_is_shown_and_only_what_needs_somebody_is_unwell() {
        let one = BlobAmount { count: 1, bytes: 5 };
        let pending =
            BlobLag { pending: one, oldest_pending: Some(Duration::from_millis(61_500)), ..BlobLag::default() };
        assert!(are_well(&pending) && are_well(&BlobLag { erased: one, ..pending }));
        assert!(!are_well(&BlobLag { failed: one, ..pending }));
        assert!(!are_well(&BlobLag { damaged: one, ..pending }));
        let none = json!({"count": 0, "bytes": 0});
        let expected = json!({
            "pending": {"count": 1, "bytes": 5}, "available": none, "failed": none, "damaged": none, "erased": none,
            "oldestPendingSeconds": 61,
        });
        assert_eq!(component(&pending), expected);
    }
}
