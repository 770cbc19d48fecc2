//! The repair of one loan: its newest snapshot out of a feed, handed in.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use continuity_base::Stop;
use continuity_events::Limits;
use continuity_ingest::control::{By, Done, HandedIn, Order};
use continuity_ingest::{FoundSnapshot, find_snapshot};
use continuity_readmodel::LoanState;
use serde_json::{Value, json};

use super::Operations;
use crate::config::{Config, Place};
use crate::control::Reply;
use crate::sources;

/// How long the read models may take to show what was handed in.
const VISIBLE_LIMIT: Duration = Duration::from_mins(1);

/// Where snapshots are looked for.
#[derive(Clone, Debug)]
pub(crate) struct Repair {
    bootstrap: Place,
    /// The source, which is a feed too when it is a file.
    source_url: String,
    data_dir: PathBuf,
    reserve: u64,
    limits: Limits,
}

impl Repair {
    /// As configured; `source_url` is what is followed.
    pub(crate) fn new(config: &Config, source_url: &str, data_dir: PathBuf) -> Self {
        let settings = &config.ingest;
        let limits = Limits {
            max_event_bytes: settings.max_event_bytes,
            max_snapshot_bytes: settings.max_snapshot_bytes,
            ..Limits::default()
        };
        Self {
            bootstrap: config.bootstrap.clone(),
            source_url: source_url.to_owned(),
            data_dir,
            reserve: settings.min_free_bytes,
            limits,
        }
    }

    /// The feed to read: the one given, else the bootstrap, else the source when it is a file feed.
    fn feed<'a>(&'a self, given: Option<&'a str>) -> Result<&'a str> {
        match given {
            Some(given) => Ok(given),
            None if !self.bootstrap.url.is_empty() => Ok(&self.bootstrap.url),
            None if self.source_url.starts_with("file:") => Ok(&self.source_url),
            None => bail!("no bootstrap is configured, and the source is no file; name a feed with --from"),
        }
    }

    fn find(&self, loan: &str, from: &str, stop: &Stop, out: &mut dyn FnMut(Reply)) -> Result<FoundSnapshot> {
        let told = &mut |done, of| out(Reply::Progress { done, of });
        let files = sources::feed_files(from, "--from", &self.bootstrap, &self.data_dir, self.reserve, stop, told)?;
        let found =
            find_snapshot(&files, loan, &self.limits, stop, told).with_context(|| format!("cannot read {from}"))?;
        found.with_context(|| {
            format!("{from} holds no LoanRequestSnapshot of the loan {loan:?}; ask the source for one")
        })
    }
}

/// Hands in the newest snapshot of `loan` and says what became of the loan.
pub(super) fn resync(
    on: &Operations,
    by: By,
    loan: &str,
    from: Option<&str>,
    out: &mut dyn FnMut(Reply),
) -> Result<Value> {
    let following = on.following()?;
    if by.reason.is_empty() {
        bail!("say why with --reason; it stands in the log");
    }
    let from = following.repair.feed(from)?;
    let before = on.engine.view().loan(loan)?;
    let found = following.repair.find(loan, from, &on.stop, out)?;
    let Done::HandedIn(handed) = following.ingest.give(Order::HandIn(vec![found.event], by))? else {
        bail!("ingest answered something that is no answer to this order");
    };
    if handed.quarantined > 0 {
        bail!("the snapshot {} was not taken but quarantined; `continuity quarantine list` says why", found.id);
    }
    let head = on.log.head().position;
    if !on.engine.wait_for(head, VISIBLE_LIMIT) {
        bail!("the snapshot is in the log, but the read models have not applied it yet; look at `continuity status`");
    }
    let after = on.engine.view().loan(loan)?;
    Ok(json!({
        "loan": loan,
        "from": from,
        "snapshot": { "id": found.id, "asOfSequence": found.as_of, "found": found.of },
        "known": handed == HandedIn { duplicates: handed.duplicates, ..HandedIn::default() } && handed.duplicates > 0,
        "before": state(&before),
        "after": state(&after),
        "filled": pairs(&filled(&before.gaps, &after.gaps)),
        "logPosition": head,
    }))
}

fn state(loan: &LoanState) -> Value {
    json!({
        "exists": loan.exists,
        "complete": loan.complete,
        "lastSequence": loan.last_sequence,
        "missing": pairs(&loan.gaps),
        "parkedAt": loan.parked,
    })
}

fn pairs(ranges: &[(u64, u64)]) -> Vec<Value> {
    ranges.iter().map(|(from, to)| json!([from, to])).collect()
}

/// What was missing and is no more, as ranges.
fn filled(before: &[(u64, u64)], after: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut filled = Vec::new();
    for &(from, to) in before {
        let mut next = from;
        for &(still_from, still_to) in after.iter().filter(|(a, b)| *a <= to && *b >= from) {
            if still_from > next {
                filled.push((next, still_from - 1));
            }
            next = still_to.saturating_add(1);
        }
        if next <= to {
            filled.push((next, to));
        }
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_filled_is_the_difference() {
        let before = [(3, 5), (8, 8), (10, 20)];
        assert_eq!(filled(&before, &[]), before);
        assert_eq!(filled(&before, &before), []);
        assert_eq!(filled(&before, &[(12, 13), (20, 20)]), [(3, 5), (8, 8), (10, 11), (14, 19)]);
        assert_eq!(filled(&before, &[(5, 5), (10, 20)]), [(3, 4), (8, 8)]);
    }

    #[test]
    fn the_feed_is_the_one_given_or_the_one_configured() {
        let mut config = Config::default();
        let repair = |config: &Config, url| Repair::new(config, url, PathBuf::new());
        assert_eq!(repair(&config, "file:/x").feed(None).unwrap(), "file:/x");
        assert!(repair(&config, "nats://x").feed(None).unwrap_err().to_string().contains("--from"));
        config.bootstrap.url = "s3://bucket/export".to_owned();
        assert_eq!(repair(&config, "file:/x").feed(None).unwrap(), "s3://bucket/export");
        assert_eq!(repair(&config, "nats://x").feed(Some("file:/y")).unwrap(), "file:/y");
    }
}
