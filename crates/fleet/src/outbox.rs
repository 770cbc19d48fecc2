//! What waits to be sent: a bounded part of it in memory, the rest in the control log.

use continuity_auth::{AuthError, ControlStream, Outgoing};

use crate::bookmark::Bookmark;

/// Messages that wait in memory; what is behind them waits in the control log.
const MOST: usize = 200;

#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Vec<Outgoing>,
    /// They are everything up to this position of the control log.
    until: u64,
}

impl Outbox {
    /// Begins behind what the bookmark has as sent.
    pub(crate) fn reset(&mut self, bookmark: &Bookmark) {
        *self = Self { waiting: Vec::new(), until: bookmark.sent };
    }

    pub(crate) fn waiting(&self) -> &[Outgoing] {
        &self.waiting
    }

    /// Looks for more in the control log, if there is room. Blocks while it reads, not for long: a log of many reads is
    /// gone through in several calls.
    pub(crate) fn fill(&mut self, stream: &ControlStream, bookmark: &Bookmark) -> Result<(), AuthError> {
        const LOOKS: usize = 10;
        for _ in 0..LOOKS {
            if self.until >= stream.head() || self.waiting.len() >= MOST {
                break;
            }
            let pending = stream.pending(self.until, self.until < bookmark.all_until, MOST - self.waiting.len())?;
            if pending.until == self.until {
                break;
            }
            self.waiting.extend(pending.messages);
            self.until = pending.until;
        }
        Ok(())
    }

    /// Everything that waited is stored; what that makes of the bookmark is true. Whether it has to be kept now: what
    /// moved it may all be records that nobody else needs.
    pub(crate) fn sent(&mut self, bookmark: &mut Bookmark) -> bool {
        const FAR: u64 = 10_000;
        let news = !self.waiting.is_empty() || self.until > bookmark.sent + FAR;
        self.waiting.clear();
        if news {
            bookmark.sent = self.until;
        }
        news
    }
}
