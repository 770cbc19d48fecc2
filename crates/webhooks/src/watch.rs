//! Looks at the source, and tells when it has been away for a while, and when it is back.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use continuity_readmodel::{SourceState, SyncSnapshot};
use serde_json::{Map, Value};
use tracing::error;

use crate::core::{Core, blocking};
use crate::message::{Message, data};
use crate::{Kind, WebhookError};

/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What is known of the source's absence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Watch {
    /// That it is away was told.
    told: bool,
    /// Since when it is, on the monotonic clock, without a break.
    away_since: Option<Duration>,
}

/// Whether the replica follows its source; `None`: neither clearly.
fn follows(state: SourceState) -> Option<bool> {
    match state {
        SourceState::Live => Some(true),
        SourceState::Stale | SourceState::Disconnected | SourceState::Diverged => Some(false),
        SourceState::Starting | SourceState::CatchingUp | SourceState::Paused => None,
    }
}

impl Watch {
    /// What is to be told at `now`, after `patience` without a break.
    fn look(&mut self, state: SourceState, now: Duration, patience: Duration) -> Option<Kind> {
        match follows(state) {
            Some(true) => {
                self.away_since = None;
                self.told.then_some(Kind::SyncRecovered)
            }
            Some(false) => {
                let since = *self.away_since.get_or_insert(now);
                (!self.told && now.saturating_sub(since) >= patience).then_some(Kind::SyncStalled)
            }
            None => {
                self.away_since = None;
                None
            }
        }
    }
}

pub(crate) async fn run(core: Arc<Core>) -> Infallible {
    let mut watch = None;
    loop {
        if let Err(cause) = step(&core, &mut watch).await {
            error!(%cause, "the state of the source cannot be told by webhooks; tried again");
            watch = None;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn step(core: &Arc<Core>, watch: &mut Option<Watch>) -> Result<(), WebhookError> {
    let mut looked = match *watch {
        Some(watch) => watch,
        None => Watch { told: was_told(core).await?, away_since: None },
    };
    let seen = core.places.sync.snapshot();
    let news = looked.look(seen.state, core.monotonic(), core.options.stalled_after).filter(|_| seen.synchronised);
    if let Some(kind) = news {
        looked.told = kind == Kind::SyncStalled;
        let position = core.places.engine.view().position;
        let message = Message::of_now(kind, core.now(), position, &members(&seen, position));
        let (core, told) = (Arc::clone(core), looked.told);
        blocking(move || core.state.write(|writer| writer.tell(&message, told))).await?;
    }
    *watch = Some(looked);
    Ok(())
}

/// What an earlier process told last.
async fn was_told(core: &Arc<Core>) -> Result<bool, WebhookError> {
    let core = Arc::clone(core);
    let read = move || {
        core.state.mend()?;
        core.state.is_stalled()
    };
    blocking(read).await
}

/// Nothing of it names a loan, a host or a person.
fn members(seen: &SyncSnapshot, position: u64) -> Map<String, Value> {
    let why = seen.why.as_ref();
    data([
        ("position", position.into()),
        ("state", seen.state.name().into()),
        ("since", seen.since.to_string().into()),
        ("cause", why.map(|why| why.cause).into()),
        ("reason", why.map(|why| why.reason.as_str()).into()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lasts_is_told_and_told_once() {
        use SourceState::{CatchingUp, Disconnected, Diverged, Live, Paused, Stale, Starting};
        let patience = Duration::from_mins(1);
        let mut watch = Watch::default();
        let script = [
            (0, Starting, None),
            (1, Live, None),
            (2, Disconnected, None),
            (61, Stale, None),
            (61, Live, None),
            (70, Disconnected, None),
            (129, Stale, None),
            (130, Diverged, Some(Kind::SyncStalled)),
            (131, Diverged, None),
            (140, CatchingUp, None),
            (150, Disconnected, None),
            (300, Disconnected, None),
            (301, Live, Some(Kind::SyncRecovered)),
            (302, Live, None),
            (303, Paused, None),
            (999, Paused, None),
        ];
        for (second, state, expected) in script {
            let news = watch.look(state, Duration::from_secs(second), patience);
            assert_eq!(news, expected, "at {second}");
            if let Some(kind) = news {
                watch.told = kind == Kind::SyncStalled;
            }
        }
    }
}
