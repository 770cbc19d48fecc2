//! Channels as somebody sees them who is limited to kinds of them: the others are not there, nor is what tells of them.

use std::cell::RefCell;
use std::collections::HashMap;

use continuity_events::json;
use continuity_readmodel::{Snapshot, StoreError};

use crate::messages;

/// The channels of one loan that may be seen.
///
/// A channel is what it is now, whatever it was when something happened in it. One that is gone is of no kind any more.
pub struct Channels {
    loan: String,
    kinds: Vec<String>,
    /// The read model `messages` of each view that has to admit a channel.
    models: Vec<Snapshot>,
    known: RefCell<HashMap<Thing, bool>>,
}

/// What belongs to a channel, by its id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Thing {
    Channel(String),
    Message(String),
    /// Nobody knows of which.
    Other,
}

impl Channels {
    /// Those of the loan whose kind is one of `kinds` in each of the `models` (`messages`).
    pub fn of(loan: &str, kinds: &[String], models: Vec<Snapshot>) -> Self {
        Self { loan: loan.to_owned(), kinds: kinds.to_vec(), models, known: RefCell::default() }
    }

    /// Whether the channel may be seen; of one that there is not, no.
    pub fn admits(&self, channel: &str) -> Result<bool, StoreError> {
        self.shows_thing(Thing::Channel(channel.to_owned()))
    }

    /// Whether a row may be seen, a JSON object that may have a `target` (`type` and `id`), or several: no where one is a
    /// channel or a message that may not.
    pub fn shows(&self, row: &[u8]) -> Result<bool, StoreError> {
        let target = std::str::from_utf8(row).ok().and_then(|row| json::member(row, "target"));
        let Some(target) = target else { return Ok(true) };
        let several = if target.starts_with('[') { json::elements(target).ok() } else { None };
        for thing in several.unwrap_or_else(|| vec![target]).into_iter().filter_map(thing) {
            if !self.shows_thing(thing)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn shows_thing(&self, thing: Thing) -> Result<bool, StoreError> {
        if let Some(shows) = self.known.borrow().get(&thing) {
            return Ok(*shows);
        }
        let mut shows = true;
        for model in &self.models {
            shows = shows && self.is_admitted(model, &thing)?;
        }
        self.known.borrow_mut().insert(thing, shows);
        Ok(shows)
    }

    fn is_admitted(&self, model: &Snapshot, thing: &Thing) -> Result<bool, StoreError> {
        let kind = match thing {
            Thing::Channel(id) => messages::kind(model, &self.loan, id)?,
            Thing::Message(id) => match messages::channel_of(model, &self.loan, id)? {
                Some(channel) => messages::kind(model, &self.loan, &channel)?,
                None => None,
            },
            Thing::Other => None,
        };
        Ok(kind.is_some_and(|kind| self.kinds.contains(&kind)))
    }
}

/// What a `target` is, as far as it belongs to a channel. Types are open: one that only sounds like it is taken for it.
fn thing(target: &str) -> Option<Thing> {
    let text = |name| json::member(target, name).and_then(json::text);
    let kind = text("type")?.to_ascii_uppercase();
    let id = || text("id").unwrap_or_default().into_owned();
    match kind.as_str() {
        "CHANNEL" => Some(Thing::Channel(id())),
        "MESSAGE" => Some(Thing::Message(id())),
        kind => (kind.contains("CHANNEL") || kind.contains("MESSAGE")).then_some(Thing::Other),
    }
}

#[cfg(test)]
mod tests;
