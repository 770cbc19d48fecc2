//! Channels with their messages, by `seq`. The read model keeps guilds and channels too, so that one state answers
//! whether a channel is there at all.

use std::borrow::Cow;
use std::ops::Bound;

use continuity_events::json;
use continuity_readmodel::{Direction, Key, Projection, Row, Scan, Snapshot, Spec, StoreError, prefix_end};

use crate::collection::Collection;
use crate::kept::Kept;
use crate::order::{self, Meaning};
use crate::page::{Array, open_member};

static SPEC: Spec = Spec {
    name: "messages",
    version: 1,
    tables: &["guilds", "guild_ids", "channels", "channel_ids", "messages", "message_ids"],
    entities: &["guild", "channel", "message"],
};

static GUILDS: Collection = Collection::new("guild", "guilds", "guild_ids");

static CHANNELS: Collection = Collection {
    parents: &["guildId"],
    added: &["messages", "nextCursor"],
    ..Collection::new("channel", "channels", "channel_ids")
};

/// A message hangs on its channel alone: when the channel moves to another guild, its messages come along.
static MESSAGES: Collection = Collection {
    parents: &["channelId"],
    sort: &[("seq", Meaning::Decimal)],
    ..Collection::new("message", "messages", "message_ids")
};

/// Which messages of a channel are wanted. They always come in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// The oldest.
    #[default]
    Start,
    /// The oldest above this `seq`.
    After(u64),
    /// The newest below this `seq`.
    Before(u64),
    /// The oldest after this row: its key as [`Channel::next`] gave it.
    AfterRow(Vec<u8>),
}

/// A channel and some of its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The channel's JSON.
    pub head: Vec<u8>,
    /// The messages, a JSON array.
    pub messages: Vec<u8>,
    /// Number of messages in the array.
    pub count: usize,
    /// The key of the last message given, when there are newer ones.
    pub next: Option<Vec<u8>>,
}

impl Channel {
    /// The reply `{...channel, "messages": [...], "nextCursor": null | "..."}`.
    pub fn into_reply(self, next_cursor: Option<&str>) -> Vec<u8> {
        let mut with_messages = Vec::with_capacity(self.head.len() + self.messages.len() + 64);
        open_member(&mut with_messages, &self.head, "messages");
        with_messages.extend_from_slice(&self.messages);
        with_messages.push(b'}');
        let mut reply = Vec::with_capacity(with_messages.len() + 64);
        open_member(&mut reply, &with_messages, "nextCursor");
        let mut cursor = String::new();
        match next_cursor {
            Some(text) => json::push_string(&mut cursor, text),
            None => cursor.push_str("null"),
        }
        reply.extend_from_slice(cursor.as_bytes());
        reply.push(b'}');
        reply
    }
}

/// The read model for the engine.
pub fn projection() -> Box<dyn Projection> {
    Box::new(Kept { spec: &SPEC, collections: vec![&GUILDS, &CHANNELS, &MESSAGES] })
}

/// The guild that has the channel, and the channel's JSON; `None` when there is no such channel, or its guild is gone.
pub fn place(snapshot: &Snapshot, loan: &str, channel: &str) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    let Some(found) = CHANNELS.find(snapshot, loan, channel)? else { return Ok(None) };
    let guild = found.parents.first().cloned().unwrap_or_default();
    let is_there = GUILDS.find(snapshot, loan, &guild)?.is_some();
    Ok(is_there.then(|| (guild, found.lean().to_vec())))
}

/// The `kind` of a channel; `None` when there is no such channel, or it says none.
pub(crate) fn kind(snapshot: &Snapshot, loan: &str, channel: &str) -> Result<Option<String>, StoreError> {
    let found = CHANNELS.find(snapshot, loan, channel)?;
    let channel = found.as_ref().and_then(|stored| std::str::from_utf8(stored.lean()).ok());
    Ok(channel.and_then(|channel| json::member(channel, "kind")).and_then(json::text).map(Cow::into_owned))
}

/// The channel of a message, also of one that is gone.
pub(crate) fn channel_of(snapshot: &Snapshot, loan: &str, message: &str) -> Result<Option<String>, StoreError> {
    Ok(MESSAGES.parents_known(snapshot, loan, message)?.and_then(|parents| parents.into_iter().next()))
}

/// A channel with at most `limit` of its messages; `None` when the guild does not exist or has no such channel.
pub fn channel(
    snapshot: &Snapshot,
    loan: &str,
    guild: &str,
    channel: &str,
    window: &Window,
    limit: usize,
) -> Result<Option<Channel>, StoreError> {
    let found = place(snapshot, loan, channel)?.filter(|(of, _)| of == guild);
    let Some((_, head)) = found else { return Ok(None) };
    let prefix = Key::new().text(loan).text(channel).finish();
    let rows = rows(snapshot, &prefix, window, limit)?;
    let last = rows.last().map(|(key, _)| key.to_vec());
    let more = match &last {
        Some(last) => above(snapshot, &prefix, Bound::Excluded(last.clone()))?.next().transpose()?.is_some(),
        None => false,
    };
    let mut array = Array::default();
    for (_, value) in &rows {
        array.element().extend_from_slice(value.get(1..).unwrap_or_default());
    }
    let messages = array.finish(None, 0);
    let next = last.filter(|_| more).map(|key| key[prefix.len()..].to_vec());
    Ok(Some(Channel { head, messages: messages.json, count: messages.count, next }))
}

fn rows(snapshot: &Snapshot, prefix: &[u8], window: &Window, limit: usize) -> Result<Vec<(Row, Row)>, StoreError> {
    let of_seq = |seq: &u64| [prefix, &Key::new().bytes(&order::of_u64(*seq)).finish()].concat();
    let start = match window {
        Window::Start => Bound::Included(prefix.to_vec()),
        Window::After(seq) => prefix_end(&of_seq(seq)).map_or(Bound::Unbounded, Bound::Included),
        Window::AfterRow(key) => Bound::Excluded([prefix, key].concat()),
        Window::Before(seq) => {
            let range = (Bound::Included(prefix.to_vec()), Bound::Excluded(of_seq(seq)));
            let newest = snapshot.scan(MESSAGES.rows, range, Direction::Backward)?.take(limit);
            let mut rows = newest.collect::<Result<Vec<_>, _>>()?;
            rows.reverse();
            return Ok(rows);
        }
    };
    above(snapshot, prefix, start)?.take(limit).collect()
}

fn above(snapshot: &Snapshot, prefix: &[u8], start: Bound<Vec<u8>>) -> Result<Scan, StoreError> {
    let end = prefix_end(prefix).map_or(Bound::Unbounded, Bound::Excluded);
    snapshot.scan(MESSAGES.rows, (start, end), Direction::Forward)
}

#[cfg(test)]
mod tests;
