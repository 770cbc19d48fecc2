//! The bytes of an answer, made piece by piece, and spoilt where a fault says so.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;

use super::Shared;
use crate::content::Content;

const PIECE: u64 = 64 * 1024;
/// How long the bytes before a cut have to get out.
const FLUSH: Duration = Duration::from_millis(30);
/// Between how many pieces a slow answer pauses.
const PAUSES: u32 = 20;

/// What is wrong with an answer's bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spoilt {
    /// The byte at this offset of the file is another one.
    pub(super) flip: Option<u64>,
    /// The connection breaks at this offset of the file.
    pub(super) cut: Option<u64>,
    /// It takes longer by this.
    pub(super) slow: Duration,
}

struct State {
    shared: Arc<Shared>,
    content: Content,
    range: Range<u64>,
    piece: u64,
    pause: Duration,
    spoilt: Spoilt,
}

/// The bytes of `range`; zeros beyond the end of the file.
pub(super) fn of(shared: Arc<Shared>, content: Content, range: Range<u64>, spoilt: Spoilt) -> Body {
    let slow = spoilt.slow > Duration::ZERO;
    let piece = if slow { (range.end - range.start).div_ceil(PAUSES.into()).clamp(1, PIECE) } else { PIECE };
    let pieces = (range.end - range.start).div_ceil(piece).max(1);
    let pause = spoilt.slow / u32::try_from(pieces).unwrap_or(u32::MAX);
    let state = State { shared, content, range, piece, pause, spoilt };
    Body::from_stream(stream::unfold(Some(state), |state| async {
        let mut state = state?;
        match state.next().await? {
            Ok(bytes) => Some((Ok(bytes), Some(state))),
            Err(error) => Some((Err::<Bytes, io::Error>(error), None)),
        }
    }))
}

impl State {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.range.is_empty() {
            return None;
        }
        if self.pause > Duration::ZERO {
            tokio::time::sleep(self.pause).await;
        }
        let start = self.range.start;
        let mut end = self.range.end.min(start + self.piece);
        if let Some(cut) = self.spoilt.cut.filter(|cut| *cut < end) {
            if cut <= start {
                tokio::time::sleep(FLUSH).await;
                return Some(Err(io::Error::other("cut on demand")));
            }
            end = cut;
        }
        let mut bytes = vec![0; usize::try_from(end - start).unwrap_or(0)];
        self.content.read_at(start, &mut bytes);
        let flipped = self.spoilt.flip.and_then(|at| usize::try_from(at.checked_sub(start)?).ok());
        if let Some(byte) = flipped.and_then(|at| bytes.get_mut(at)) {
            *byte ^= 0x10;
        }
        self.range.start = end;
        self.shared.counters.add_bytes(bytes.len() as u64);
        Some(Ok(bytes.into()))
    }
}
