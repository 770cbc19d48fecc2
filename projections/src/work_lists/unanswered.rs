//! Channels in which a client waits for an answer, over all loan requests that go on.
//!
//! What the contract tells of who wrote a message is its `author`: a `type` and a `role`, both optional. See [`turn`] for what
//! is made of them. A channel waits since the first message of a client behind the last answer in it, by `seq`. Only messages
//! and loans are folded: whether the channel is still there, and where, is for readers to ask of the read model `messages`.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Bound;

use continuity_events::json::{self, JsonError};
use continuity_readmodel::{
    Direction, EntityChange, Found, Key, KeyReader, Rows, Snapshot, StoreError, Table, prefix_end,
};

use super::{KEPT, Placed, folded, kept, kept_key, replace, said};
use crate::order;

/// (since, loan, channel) -> [`Unanswered::json`].
pub(super) const WAITING: Table = "waiting";
/// (loan, channel, [`Turn`], seq, id), without values: so that neither way has to pass the messages between.
pub(super) const TURNS: Table = "turns";

pub(super) const MESSAGE: &str = "message";

/// Of a message; `channelId` besides, its parent, which outlives it.
const OF_MESSAGE: &[&str] = &["seq", "author", "postedAt", "deletedAt"];
const CHANNEL_ID: &str = "channelId";

/// A channel in which a client waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Id of the loan.
    pub loan: String,
    /// Id of the channel.
    pub channel: String,
    /// A JSON object: `waitingSince` as the platform wrote it, if it did, and `message` (`id`, `seq`, `author`).
    pub json: String,
    /// To go on after it.
    pub key: Vec<u8>,
}

/// Channels in which a client waits, the longest first, behind the one with the key `after`. What is no time stands before
/// everything else.
pub fn unanswered(
    snapshot: &Snapshot,
    after: Option<&[u8]>,
) -> Result<impl Iterator<Item = Result<Unanswered, StoreError>> + use<>, StoreError> {
    let start = after.map_or(Bound::Unbounded, |key| Bound::Excluded(key.to_vec()));
    let rows = snapshot.scan(WAITING, (start, Bound::Unbounded), Direction::Forward)?;
    Ok(rows.map(|row| {
        let (key, value) = row?;
        waiting(&key, &value).ok_or_else(|| StoreError::corrupt(WAITING, "a row"))
    }))
}

fn waiting(key: &[u8], value: &[u8]) -> Option<Unanswered> {
    let mut reader = KeyReader::new(key);
    reader.bytes()?;
    let (loan, channel) = (reader.text()?.into_owned(), reader.text()?.into_owned());
    Some(Unanswered { loan, channel, json: std::str::from_utf8(value).ok()?.to_owned(), key: key.to_vec() })
}

/// What a message is in a talk with a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Turn {
    /// A client wrote it.
    Asks = 1,
    /// Somebody else did.
    Answers = 2,
}

/// Whose turn a message was. Programs (`SYSTEM`, `API_CLIENT`) neither ask nor answer. Nor does an author of whom neither type
/// nor role is told: taken for an answer, that could hide a client who waits.
fn turn(message: &str) -> Option<Turn> {
    if said(message, "deletedAt").is_some() {
        return None;
    }
    let author = said(message, "author")?;
    let word = |name| said(author, name).and_then(json::text).filter(|word| !word.is_empty());
    let (kind, role) = (word("type"), word("role"));
    let is = |word: &Option<Cow<'_, str>>, name: &str| word.as_ref().is_some_and(|w| w.eq_ignore_ascii_case(name));
    match () {
        () if is(&kind, "SYSTEM") || is(&kind, "API_CLIENT") => None,
        () if is(&kind, "CLIENT") || is(&role, "client") => Some(Turn::Asks),
        () => kind.or(role).map(|_| Turn::Answers),
    }
}

/// Takes a message in. Its channels wait only while their loan is open.
pub(super) fn apply(change: &EntityChange<'_>, is_open: bool, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    let key = kept_key(change.loan, MESSAGE, change.id);
    let old = kept(rows, &key)?;
    let new = after(change, &old)
        .map_err(|error| StoreError::Other(format!("the author of a message cannot be read: {error}")))?;
    if new == old {
        return Ok(());
    }
    let channels: BTreeSet<String> = [&old, &new].into_iter().filter_map(|message| channel_of(message)).collect();
    let before = if is_open { all_waiting(rows, change.loan, &channels)? } else { Vec::new() };
    let (old_turn, new_turn) = (turn_key(change, &old), turn_key(change, &new));
    if old_turn != new_turn {
        if let Some(key) = old_turn {
            rows.delete(TURNS, &key);
        }
        if let Some(key) = new_turn {
            rows.put(TURNS, key, Vec::new());
        }
    }
    if new == "{}" {
        rows.delete(KEPT, &key);
    } else {
        rows.put(KEPT, key, new.into_bytes());
    }
    if is_open {
        replace(WAITING, &before, all_waiting(rows, change.loan, &channels)?, rows);
    }
    Ok(())
}

/// Channels wait as long as their loan goes on.
pub(super) fn follow(loan: &str, was_open: bool, is_open: bool, rows: &mut Rows<'_>) -> Result<(), StoreError> {
    if was_open == is_open {
        return Ok(());
    }
    let all = all_waiting(rows, loan, &channels(rows, loan)?)?;
    let (before, after) = if is_open { (Vec::new(), all) } else { (all, Vec::new()) };
    replace(WAITING, &before, after, rows);
    Ok(())
}

/// The kept members of a message after the change. A channel that the event does not name is the one that it was.
fn after(change: &EntityChange<'_>, old: &str) -> Result<String, JsonError> {
    let mut new = folded(old, &change.form, OF_MESSAGE)?;
    let named = change.parent.and_then(|parent| parent.get(CHANNEL_ID)).map(str::to_owned);
    if let Some(channel) = named.or_else(|| channel_of(old)) {
        let mut id = String::new();
        json::push_string(&mut id, &channel);
        json::push_member(&mut new, CHANNEL_ID, &id);
    }
    Ok(new)
}

fn channel_of(message: &str) -> Option<String> {
    said(message, CHANNEL_ID).and_then(json::text).map(Cow::into_owned)
}

fn turn_key(change: &EntityChange<'_>, message: &str) -> Option<Vec<u8>> {
    let seq = order::of_member(&json::members(message).ok()?, "seq", order::Meaning::Decimal);
    Some(turns(change.loan, &channel_of(message)?, turn(message)?).bytes(&seq).text(change.id).finish())
}

fn turns(loan: &str, channel: &str, turn: Turn) -> Key {
    Key::new().text(loan).text(channel).u8(turn as u8)
}

/// The channels of the loan in which anybody asked or answered: one step each, however much was said in them.
fn channels(rows: &Rows<'_>, loan: &str) -> Result<BTreeSet<String>, StoreError> {
    let prefix = Key::new().text(loan).finish();
    let (mut found, mut from) = (BTreeSet::new(), prefix.clone());
    while let Some((key, _)) = rows.first_at_or_after(TURNS, &prefix, &from)? {
        let channel = KeyReader::new(&key[prefix.len()..]).text().map(Cow::into_owned);
        let channel = channel.ok_or_else(|| StoreError::corrupt(TURNS, "a key"))?;
        let next = prefix_end(&Key::new().text(loan).text(&channel).finish());
        found.insert(channel);
        let Some(next) = next else { break };
        from = next;
    }
    Ok(found)
}

/// The rows of those of the channels in which a client waits.
fn all_waiting(rows: &Rows<'_>, loan: &str, channels: &BTreeSet<String>) -> Result<Placed, StoreError> {
    let found = channels.iter().map(|channel| row(rows, loan, channel));
    found.filter_map(Result::transpose).collect()
}

fn row(rows: &Rows<'_>, loan: &str, channel: &str) -> Result<Option<Found>, StoreError> {
    let asks = turns(loan, channel, Turn::Asks).finish();
    let answers = turns(loan, channel, Turn::Answers).finish();
    let end = prefix_end(&answers).unwrap_or_default();
    let answer = rows.last_at_or_before(TURNS, &answers, &end)?;
    let behind = answer.map_or_else(Vec::new, |(key, _)| key[answers.len()..].to_vec());
    let Some((key, _)) = rows.first_at_or_after(TURNS, &asks, &[asks.as_slice(), &behind].concat())? else {
        return Ok(None);
    };
    let mut reader = KeyReader::new(&key[asks.len()..]);
    reader.bytes();
    let id = reader.text().ok_or_else(|| StoreError::corrupt(TURNS, "a key"))?;
    let message = kept(rows, &kept_key(loan, MESSAGE, &id))?;
    let posted = said(&message, "postedAt");
    let since = order::of_instant(&posted.and_then(json::text).unwrap_or_default());
    let mut value = "{}".to_owned();
    if let Some(raw) = posted {
        json::push_member(&mut value, "waitingSince", raw);
    }
    json::push_member(&mut value, "message", &shown(&id, &message));
    Ok(Some((Key::new().bytes(&since).text(loan).text(channel).finish(), value.into_bytes())))
}

/// What a list shows of a message: not what it says.
fn shown(id: &str, message: &str) -> String {
    let (mut shown, mut quoted) = ("{}".to_owned(), String::new());
    json::push_string(&mut quoted, id);
    json::push_member(&mut shown, "id", &quoted);
    for name in ["seq", "author"] {
        if let Some(raw) = said(message, name) {
            json::push_member(&mut shown, name, raw);
        }
    }
    shown
}

#[cfg(test)]
mod tests;
