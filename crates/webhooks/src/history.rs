//! What the log says of a loan before one of its events.

use continuity_events::record::{Received, Stored, decode};
use continuity_events::{Change, CloudEvent, Form, Role};
use continuity_log::{Log, Record};
use continuity_readmodel::LoanState;
use continuity_readmodel::ledger::LedgerReader;

use crate::WebhookError;
use crate::standing::Standing;

/// Name of the entity that is the loan itself.
pub(crate) const LOAN_REQUEST: &str = "loanRequest";

/// The log, and where in it the events of a loan are.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) log: Log,
    pub(crate) ledger: LedgerReader,
}

impl History {
    /// The event at a position.
    pub(crate) fn received(&self, position: u64) -> Result<Received, WebhookError> {
        body(position, &self.log.get(position)?)
    }

    /// Status and people of the loan before a sequence, from the newest whole image and the patches behind it; `None`:
    /// nothing is known from before it.
    pub(crate) fn before(
        &self,
        loan: &str,
        sequence: u64,
        state: &LoanState,
    ) -> Result<Option<Standing>, WebhookError> {
        let base = state.base.filter(|(as_of, _)| *as_of < sequence);
        let first = base.map_or(1, |(as_of, _)| as_of + 1);
        let known = if first < sequence { self.ledger.events(loan, first..=sequence - 1)? } else { Vec::new() };
        let mut patches = Vec::new();
        for (_, position) in known.into_iter().rev() {
            let received = self.received(position)?;
            match said(loan, &received.event) {
                Said::Whole(standing) => return Ok(Some(patched(standing, &patches))),
                Said::Patch(patch) => patches.push(patch),
                Said::Nothing => {}
            }
        }
        let standing = match base {
            Some((_, position)) => match said(loan, &self.received(position)?.event) {
                Said::Whole(standing) => standing,
                _ => return Ok(None),
            },
            None if first == 1 && sequence == 1 => Standing::default(),
            None => return Ok(None),
        };
        Ok(Some(patched(standing, &patches)))
    }
}

enum Said {
    Whole(Standing),
    Patch(String),
    Nothing,
}

fn said(loan: &str, event: &CloudEvent) -> Said {
    if event.role() != Role::Loan {
        let Ok(data) = event.snapshot() else { return Said::Nothing };
        let image = data.entities.iter().find(|entity| entity.entity == LOAN_REQUEST);
        return Said::Whole(image.map(|entity| Standing::of(entity.after)).unwrap_or_default());
    }
    match event.change() {
        Ok(change) if is_loan(&change, loan) => match change.form {
            Form::After(image) => Said::Whole(Standing::of(image)),
            Form::Gone => Said::Whole(Standing::default()),
            Form::Patch { patch, .. } => Said::Patch(patch.to_owned()),
        },
        _ => Said::Nothing,
    }
}

/// Whether the change is one of the loan itself.
pub(crate) fn is_loan(change: &Change<'_>, loan: &str) -> bool {
    change.entity == LOAN_REQUEST && change.id == loan
}

fn patched(standing: Standing, newest_first: &[String]) -> Standing {
    newest_first.iter().rev().fold(standing, |standing, patch| standing.patched(patch))
}

/// Decodes a record's body.
pub(crate) fn body<T: Stored>(position: u64, record: &Record) -> Result<T, WebhookError> {
    decode(&record.payload).map_err(|source| WebhookError::Record { position, cause: source.to_string() })
}
