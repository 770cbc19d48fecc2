//! The text of server-sent events.

use std::fmt::Write;

use bytes::Bytes;
use continuity_events::json;

use crate::metrics::StreamEvent;

/// The media type of a stream.
pub(crate) const MEDIA_TYPE: &str = "text/event-stream";

/// After how long a listener that was cut off should come back, in milliseconds.
const RETRY_MILLISECONDS: u32 = 2_000;

/// Why a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The token expired, or its client may not listen any more.
    Token(&'static str),
    /// The replica stops.
    Stopping,
    /// Everything up to the present was told, and no more was asked for.
    Once,
    /// A read model could not be read.
    Failed,
}

impl Why {
    /// The word of the event and of the metric.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::Stopping => "stopping",
            Self::Once => "once",
            Self::Failed => "failed",
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::Token(why) => why,
            Self::Stopping => "The replica is stopping",
            Self::Once => "Everything up to the present was told",
            Self::Failed => "A read model could not be read; the operator's log says why",
        }
    }
}

/// How fresh the replica is.
#[derive(Debug)]
pub(super) struct Fresh<'a> {
    pub(super) state: &'a str,
    pub(super) as_of: Option<&'a str>,
    pub(super) lag_seconds: Option<u64>,
}

/// What is told of a loan besides its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Changed,
    /// It is soft-deleted.
    Deleted,
    Purged,
}

/// Events that are sent together.
#[derive(Debug, Default)]
pub(super) struct Events(String);

impl Events {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn bytes(self) -> Bytes {
        Bytes::from(self.0)
    }

    /// How soon to come back when the connection is cut.
    pub(super) fn retry(&mut self) {
        self.put(format_args!("retry: {RETRY_MILLISECONDS}\n\n"));
    }

    /// Everything up to `position` was told, or is known to whoever begins there.
    pub(super) fn position(&mut self, position: u64) {
        StreamEvent::Position.sent();
        self.put(format_args!("event: position\nid: {position}\ndata: {{\"position\":{position}}}\n\n"));
    }

    pub(super) fn state(&mut self, fresh: &Fresh<'_>) {
        StreamEvent::State.sent();
        let data = serde_json::json!({"state": fresh.state, "asOf": fresh.as_of, "lagSeconds": fresh.lag_seconds});
        self.put(format_args!("event: state\ndata: {data}\n\n"));
    }

    /// A loan, whose newest event has that position.
    pub(super) fn change(&mut self, loan: &str, position: u64, mark: Mark) {
        StreamEvent::Change.sent();
        self.put(format_args!("event: change\nid: {position}\ndata: {{\"loanRequestId\":"));
        json::push_string(&mut self.0, loan);
        let mark = match mark {
            Mark::Changed => "",
            Mark::Deleted => ",\"deleted\":true",
            Mark::Purged => ",\"purged\":true",
        };
        self.put(format_args!(",\"position\":{position}{mark}}}\n\n"));
    }

    pub(super) fn end(&mut self, why: Why) {
        StreamEvent::End.sent();
        let (reason, detail) = (why.word(), why.detail());
        self.put(format_args!("event: end\ndata: {{\"reason\":\"{reason}\",\"detail\":\"{detail}\"}}\n\n"));
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("writing to a String cannot fail");
    }
}

/// A comment, which no listener sees: the connection is alive although there is nothing to tell.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b": heartbeat\n\n");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_lines_whatever_a_loan_is_called() {
        let mut events = Events::default();
        events.change("a\nid: 9\r\"\u{2028}", 7, Mark::Purged);
        events.change("b", 8, Mark::Deleted);
        events.position(9);
        let text = String::from_utf8(events.bytes().to_vec()).unwrap();
        let blocks: Vec<&str> = text.trim_end().split("\n\n").collect();
        assert_eq!(blocks.len(), 3, "{text}");
        assert!(blocks[0].starts_with("event: change\nid: 7\ndata: {") && blocks[0].lines().count() == 3, "{text}");
        assert!(blocks[0].ends_with(",\"position\":7,\"purged\":true}") && !blocks[0].contains('\r'), "{text}");
        assert_eq!(blocks[1], "event: change\nid: 8\ndata: {\"loanRequestId\":\"b\",\"position\":8,\"deleted\":true}");
        assert_eq!(blocks[2], "event: position\nid: 9\ndata: {\"position\":9}");
    }

    #[test]
    fn what_ends_a_stream_says_why() {
        let mut events = Events::default();
        events.state(&Fresh { state: "live", as_of: None, lag_seconds: Some(3) });
        events.end(Why::Token("The access token expired"));
        let text = String::from_utf8(events.bytes().to_vec()).unwrap();
        assert_eq!(
            text,
            "event: state\ndata: {\"state\":\"live\",\"asOf\":null,\"lagSeconds\":3}\n\n\
             event: end\ndata: {\"reason\":\"token\",\"detail\":\"The access token expired\"}\n\n"
        );
    }
}
