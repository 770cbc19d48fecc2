//! How far the stream was followed, as it is kept beside the control log.

use continuity_auth::{AuthError, ControlStream};
use serde::{Deserialize, Serialize};

use crate::Place;

/// Losing it, or getting an earlier one back, is harmless: some is sent and read again, and every change is known by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bookmark {
    pub(crate) stream: String,
    pub(crate) read: u64,
    pub(crate) read_id: String,
    /// Up to this position of the control log everything that was made here is in the stream.
    pub(crate) sent: u64,
    /// Up to this position what came from others is sent too: a stream that lost something gets it back.
    pub(crate) all_until: u64,
    /// The first message that only a later version of this program can read, and the version that could not.
    pub(crate) unread: Option<(u64, String)>,
}

impl Bookmark {
    /// A bookmark that cannot be read is none.
    pub(crate) fn load(stream: &ControlStream) -> Result<Self, AuthError> {
        Ok(stream.bookmark()?.and_then(|bytes| postcard::from_bytes(&bytes).ok()).unwrap_or_default())
    }

    pub(crate) fn keep(&self, stream: &ControlStream) -> Result<(), AuthError> {
        stream.keep_bookmark(postcard::to_stdvec(self).expect("plain data always encodes into memory"))
    }

    /// Where to connect. Another version than the one that could not read something tries it again.
    pub(crate) fn place(&self, version: &str) -> Place {
        let behind = self.read + 1;
        let again = self.unread.as_ref().filter(|(_, by)| by != version).map(|(from, _)| *from);
        let next = again.map_or(behind, |from| from.min(behind));
        Place { stream: self.stream.clone(), position: self.read, id: self.read_id.clone(), next }
    }

    /// Begins in another stream than before, or in one that lost something: everything that is known here, up to `head`, is
    /// sent there; in the first one what was made here is enough.
    pub(crate) fn begin(&mut self, stream: &str, head: u64) {
        let all_until = if self.stream.is_empty() { 0 } else { head };
        *self = Self { stream: stream.to_owned(), all_until, ..Self::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_stream_gets_everything_and_the_first_one_what_was_made_here() {
        let mut bookmark = Bookmark::default();
        bookmark.begin("a", 7);
        assert_eq!((bookmark.stream.as_str(), bookmark.all_until), ("a", 0));
        (bookmark.read, bookmark.sent) = (5, 9);
        bookmark.begin("b", 9);
        assert_eq!((bookmark.read, bookmark.sent, bookmark.all_until), (0, 0, 9));
    }

    #[test]
    fn what_could_not_be_read_is_read_again_by_another_version() {
        let bookmark = Bookmark { read: 9, unread: Some((4, "1".to_owned())), ..Bookmark::default() };
        assert_eq!((bookmark.place("1").next, bookmark.place("2").next, bookmark.place("2").position), (10, 4, 9));
    }
}
