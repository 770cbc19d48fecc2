//! What a subscription sends next: orders of an operator, news of the source, then the log in its order.

use std::collections::VecDeque;

use crate::WebhookError;
use crate::core::Core;
use crate::kind::Wanted;
use crate::message::Message;
use crate::scan::{Marks, Scanner};
use crate::state::row::{Replay, Row};

/// Dead letters and facts that are taken at a time.
const TAKEN: usize = 64;

/// A message, and what is true once it is dealt with.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(crate) message: Message,
    pub(crate) then: Then,
}

/// What is true once a message is dealt with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing new: its record has more to tell.
    Nothing,
    /// The log is dealt with up to here.
    Log { cursor: u64, marks: Option<Marks> },
    /// The running replay is.
    Replay { cursor: u64, marks: Option<Marks> },
    /// The fact of that number is.
    Fact(u64),
    /// The dead letter of that number is.
    Dead(u64),
}

impl Then {
    /// Whether it was sent on order, and not because its time had come.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self, Self::Dead(_) | Self::Replay { .. })
    }
}

/// The next messages, or that there are none and what is known then.
pub(crate) enum Next {
    Messages(VecDeque<Queued>),
    /// Nothing to tell, but it goes on from there.
    Moved(Then),
    /// Nothing is to be done.
    Idle,
}

/// What comes next.
pub(crate) fn next(
    core: &Core,
    id: &str,
    wanted: &Wanted,
    scanner: &mut Scanner,
    row: &Row,
) -> Result<Next, WebhookError> {
    if row.again > 0 {
        let again = core.state.dead(id, TAKEN, |dead| dead.again)?;
        let oldest_first = again.into_iter().rev();
        let next = messages(oldest_first.map(|(number, dead)| (dead.message, Then::Dead(number))));
        if matches!(next, Next::Messages(_)) {
            return Ok(next);
        }
    }
    let Some(view) = core.view() else { return Ok(Next::Idle) };
    if let Some(Replay { cursor, to, marks }) = row.replays.first().filter(|replay| replay.to <= view.position) {
        // A scanner of its own: what one remembers holds for one order of reading.
        let scanned = Scanner::new(core.history(), wanted.clone()).scan(&view, *cursor, *to, marks)?;
        let end = if scanned.reached >= *to { u64::MAX } else { scanned.reached };
        return Ok(scan(scanned.messages, end, &scanned.marks, |cursor, marks| Then::Replay { cursor, marks }));
    }
    let facts = core.state.facts(row.fact, TAKEN)?;
    if let Some((last, _)) = facts.last() {
        let last = *last;
        let wants = facts.into_iter().filter(|(_, message)| wanted.has(message.kind));
        return Ok(match messages(wants.map(|(number, message)| (message, Then::Fact(number)))) {
            Next::Idle => Next::Moved(Then::Fact(last)),
            next => next,
        });
    }
    if view.position <= row.cursor {
        return Ok(Next::Idle);
    }
    let scanned = scanner.scan(&view, row.cursor, view.position, &row.marks)?;
    Ok(scan(scanned.messages, scanned.reached, &scanned.marks, |cursor, marks| Then::Log { cursor, marks }))
}

fn messages(all: impl Iterator<Item = (Message, Then)>) -> Next {
    let all: VecDeque<_> = all.map(|(message, then)| Queued { message, then }).collect();
    if all.is_empty() { Next::Idle } else { Next::Messages(all) }
}

/// Only the last message of a record moves the cursor, and the last one of all to the end.
fn scan(found: Vec<Message>, reached: u64, marks: &Marks, then: impl Fn(u64, Option<Marks>) -> Then) -> Next {
    let places: Vec<u64> = found.iter().map(|message| message.position).collect();
    let after = |index: usize| match places.get(index + 1) {
        None => then(reached, Some(marks.clone())),
        Some(next) if *next == places[index] => Then::Nothing,
        Some(_) => then(places[index], None),
    };
    if found.is_empty() {
        return Next::Moved(then(reached, Some(marks.clone())));
    }
    messages(found.into_iter().enumerate().map(|(index, message)| (message, after(index))))
}

/// Writes down what is true now.
pub(crate) fn apply(row: &mut Row, then: &Then) {
    match then {
        Then::Nothing => {}
        Then::Dead(_) => row.again = row.again.saturating_sub(1),
        Then::Log { cursor, marks } => {
            row.cursor = *cursor;
            row.marks = marks.clone().unwrap_or_else(|| row.marks.clone());
        }
        Then::Fact(number) => row.fact = number + 1,
        Then::Replay { cursor: u64::MAX, .. } => drop(row.replays.drain(..row.replays.len().min(1))),
        Then::Replay { cursor, marks } => {
            if let Some(replay) = row.replays.first_mut() {
                replay.cursor = *cursor;
                replay.marks = marks.clone().unwrap_or_else(|| replay.marks.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::Kind;
    use crate::message::Place;

    fn at(position: u64) -> Message {
        Message::new(Kind::LoanReloaded, &[], Place { position, known_at: 0 }, "", &Map::new())
    }

    #[test]
    fn only_whole_records_move_the_cursor() {
        let marks = Marks { complete: Some(true), ..Marks::default() };
        let found = vec![at(3), at(3), at(5), at(8)];
        let log = |cursor, marks| Then::Log { cursor, marks };
        let Next::Messages(queue) = scan(found, 9, &marks, log) else { panic!("no messages") };
        let then: Vec<_> = queue.into_iter().map(|queued| queued.then).collect();
        assert_eq!(then, [Then::Nothing, log(3, None), log(5, None), log(9, Some(marks.clone()))]);
        let mut row = Row::default();
        let mut seen = Vec::new();
        for then in &then {
            apply(&mut row, then);
            seen.push((row.cursor, row.marks.complete));
        }
        assert_eq!(seen, [(0, None), (3, None), (5, None), (9, Some(true))]);
        assert!(matches!(scan(Vec::new(), 9, &marks, log), Next::Moved(Then::Log { cursor: 9, .. })));
    }

    #[test]
    fn a_replay_goes_on_and_ends() {
        let replay = |cursor| Replay { cursor, to: 20, marks: Marks::default() };
        let mut row = Row { replays: vec![replay(1), replay(2)], ..Row::default() };
        apply(&mut row, &Then::Replay { cursor: 7, marks: None });
        assert_eq!(row.replays, [replay(7), replay(2)]);
        apply(&mut row, &Then::Replay { cursor: u64::MAX, marks: None });
        assert_eq!(row.replays, [replay(2)]);
        apply(&mut row, &Then::Fact(4));
        assert_eq!((row.fact, row.cursor), (5, 0));
    }
}
