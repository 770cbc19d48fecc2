//! What became of the source's identity, as records: seen, diverged, itself again, accepted.

use continuity_events::record::{Divergence, Operator, SourceChange, SourceEvent};
use continuity_log::Kind;
use continuity_readmodel::ledger::{Entry, Identity};

use super::Worker;
use crate::control::{By, Done, OrderError};
use crate::decide::Decider;
use crate::{Diverged, IngestError};

/// Something about the source that is to be recorded with the next group, unless the ledger has it already.
pub(super) enum News {
    /// It is connected, with these identities; perhaps after it had diverged.
    Resumed { identities: Vec<Identity>, recovered: bool },
    /// It diverged.
    Diverged(Box<Diverged>),
}

impl News {
    /// Appends what is new.
    pub(super) fn record(self, decider: &mut Decider<'_>) -> Result<(), IngestError> {
        match self {
            Self::Resumed { identities, recovered } => {
                if recovered {
                    end_divergences(decider, &identities)?;
                }
                for identity in identities.into_iter().filter(|identity| !identity.facts.is_empty()) {
                    if decider.batch.identity(&identity.partition)?.as_ref() != Some(&identity) {
                        append(decider, identity.partition, SourceChange::Identified { facts: identity.facts })?;
                    }
                }
                Ok(())
            }
            Self::Diverged(found) => {
                let Diverged { cause, partition, point, detail, .. } = *found;
                let open = decider.batch.divergences()?;
                if open.iter().any(|open| open.partition == partition && open.cause == cause) {
                    return Ok(());
                }
                append(decider, partition, SourceChange::Diverged { cause, point, detail })
            }
        }
    }
}

/// Every part that had diverged was seen as itself again.
fn end_divergences(decider: &mut Decider<'_>, identities: &[Identity]) -> Result<(), IngestError> {
    for open in decider.batch.divergences()? {
        let seen = identities.iter().find(|identity| identity.partition == open.partition).cloned();
        let known = match seen {
            Some(seen) => Some(seen),
            None => decider.batch.identity(&open.partition)?,
        };
        let facts = known.map(|identity| identity.facts).unwrap_or_default();
        append(decider, open.partition, SourceChange::Identified { facts })?;
    }
    Ok(())
}

fn append(decider: &mut Decider<'_>, partition: String, change: SourceChange) -> Result<(), IngestError> {
    let body = SourceEvent { source: decider.source.to_owned(), partition, change };
    decider.append(Kind::Source, "", 0, &body, Entry::Source)
}

impl Worker {
    /// Takes the diverged source as it was last seen, and reads it from its beginning.
    pub(super) fn accept(&mut self, by: &By) -> Result<Result<Done, OrderError>, IngestError> {
        let Some(found) = self.diverged.clone() else {
            let detail = "the source has not diverged, as far as was seen since the start: there is nothing to accept";
            return Ok(Err(OrderError::NotApplicable(detail.to_owned())));
        };
        self.by_order(|decider| {
            for identity in &found.present {
                let (facts, cause) = (identity.facts.clone(), found.cause);
                let (actor, reason) = (by.actor.clone(), by.reason.clone());
                let change = SourceChange::Accepted { facts, cause, actor, reason };
                append(decider, identity.partition.clone(), change)?;
            }
            // What diverged as a whole (a topic, a cluster) has no position of its own, but its divergence ends, too.
            if !found.present.iter().any(|identity| identity.partition == found.partition) {
                let (cause, actor, reason) = (found.cause, by.actor.clone(), by.reason.clone());
                let change = SourceChange::Accepted { facts: Vec::new(), cause, actor, reason };
                append(decider, found.partition.clone(), change)?;
            }
            let detail = format!("{} {} at {}: {}", found.partition, found.cause.name(), found.point, found.detail);
            operator(decider, by, "source-accept", detail)
        })?;
        self.disconnect();
        self.reader.acknowledgements.forget();
        self.diverged = None;
        self.untold = None;
        self.news.retain(|news| !matches!(news, News::Diverged(_)));
        self.parts.board.accepted();
        self.backoff = self.parts.options.reconnect_first;
        self.retry = Some(self.now());
        tracing::warn!(source = %self.source, actor = by.actor, reason = by.reason, "the diverged source was accepted");
        let accepted = |identity: &Identity| -> (String, Divergence) { (identity.partition.clone(), found.cause) };
        Ok(Ok(Done::Accepted(found.present.iter().map(accepted).collect())))
    }
}

/// Appends what an operator did.
pub(super) fn operator(decider: &mut Decider<'_>, by: &By, action: &str, detail: String) -> Result<(), IngestError> {
    let body = Operator { actor: by.actor.clone(), action: action.to_owned(), reason: by.reason.clone(), detail };
    decider.append(Kind::Operator, "", 0, &body, Entry::Operator)
}
