//! Live updates: a stream of server-sent events (WHATWG HTML, section 9.2) that tells which loan requests changed.
//!
//! A stream is a walk over the index of loans by log position (`walk`), one chunk at a time, each read from the latest
//! view when the socket takes more. So it holds nothing in memory whatever the speed of its reader, and it goes on behind
//! any position: a loan stands in that index once, at its newest event, hence each one behind the position is told at
//! least once after its last change, and one that changes while the walk goes on moves ahead of it.

mod event;
mod room;
mod walk;

use std::time::Duration;

pub(crate) use event::MEDIA_TYPE;
pub(crate) use room::Room;
pub(crate) use walk::{Begin, body};

/// Bounds of the streams of changes.
#[derive(Clone, Copy, Debug)]
pub struct ChangeOptions {
    /// A stream that has nothing to tell says so this often. Tokens are looked at again at least as often.
    pub heartbeat: Duration,
    /// Streams at once; 503 above.
    pub streams: usize,
    /// Streams at once of one client; 429 above.
    pub streams_per_client: usize,
}

impl Default for ChangeOptions {
    fn default() -> Self {
        Self { heartbeat: Duration::from_secs(15), streams: 256, streams_per_client: 16 }
    }
}
