//! What goes wrong, before it is known which source it belongs to.

use std::error::Error;

use continuity_events::record::Divergence;
use continuity_readmodel::ledger::Identity;

use crate::{Diverged, SourceError};

/// A [`SourceError`] without the source's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Disconnected(String),
    Refused(String),
    Diverged(Box<Diverged>),
}

impl Trouble {
    pub(super) fn disconnected(detail: impl Into<String>) -> Self {
        Self::Disconnected(detail.into())
    }

    pub(super) fn refused(detail: impl Into<String>) -> Self {
        Self::Refused(detail.into())
    }

    pub(super) fn diverged(cause: Divergence, stream: &str, point: String, detail: String, now: Vec<Identity>) -> Self {
        let partition = stream.to_owned();
        Self::Diverged(Box::new(Diverged { cause, partition, point, detail, present: now }))
    }

    pub(super) fn of(self, source: &str) -> SourceError {
        let source_name = source.to_owned();
        match self {
            Self::Disconnected(detail) => SourceError::Disconnected { source_name, detail },
            Self::Refused(detail) => SourceError::Refused { source_name, detail },
            Self::Diverged(found) => SourceError::Diverged { source_name, found },
        }
    }
}

/// An error with all its causes, each said once.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}
