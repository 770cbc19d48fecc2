//! The body of a reply on its way out, in pieces that know when they were taken.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::watch::{Moving, Running, Watch};
use crate::limits::Held;

/// A peer has to take so many bytes within [`ServerLimits::write`](super::ServerLimits::write).
const PIECE: usize = 64 * 1024;

/// A body in pieces. What the reply holds is given back with the last of them, wherever that waits.
pub(super) struct Outgoing {
    inner: Body,
    rest: Bytes,
    watch: Arc<Watch>,
    /// Its number among the replies of its connection.
    number: u64,
    held: Held,
    /// `None` once the body has ended.
    running: Option<Running>,
}

impl Outgoing {
    pub(super) fn new(inner: Body, watch: Arc<Watch>, held: Held, running: Running) -> Self {
        let number = watch.reply();
        Self { inner, rest: Bytes::new(), watch, number, held, running: Some(running) }
    }

    fn piece(&mut self) -> Frame<Bytes> {
        let bytes = self.rest.split_to(self.rest.len().min(PIECE));
        Frame::data(Bytes::from_owner(Piece {
            bytes,
            _moving: self.watch.piece(self.number),
            _held: self.held.clone(),
        }))
    }
}

struct Piece {
    bytes: Bytes,
    _moving: Moving,
    _held: Held,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        loop {
            if !self.rest.is_empty() {
                return Poll::Ready(Some(Ok(self.piece())));
            }
            match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.running = None;
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.inner.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}
