//! What a subscription sends next: orders of an operator, news of the source, then the log in its order.

use std::collections::VecDeque;

use crate::WebhookError;
use crate::core::Core;
use crate::kind::Wanted;
use crate::message::Message;
use crate::scan::{Cursor, Marks, Scanned, Scanner};
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
    Nothing { ordered: bool },
    /// The log is dealt with up to here.
    Log { cursor: Cursor, marks: Option<Marks> },
    /// The running replay is; it is over at its end.
    Replay { cursor: Cursor, marks: Option<Marks> },
    /// The fact of that number is.
    Fact(u64),
    /// The dead letter of that number is.
    Dead(u64),
}

impl Then {
    /// Whether it was sent on order, and not because its time had come.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self, Self::Dead(_) | Self::Replay { .. } | Self::Nothing { ordered: true })
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
    let again = core.state.again(id, TAKEN)?;
    if !again.is_empty() {
        return Ok(messages(again.into_iter().map(|(number, dead)| (dead.message, Then::Dead(number)))));
    }
    let Some(view) = core.view() else { return Ok(Next::Idle) };
    if let Some(Replay { cursor, to, marks }) = row.replays.first().filter(|replay| replay.to <= view.position) {
        // A scanner of its own: what one remembers holds for one order of reading.
        let scanned = Scanner::new(core.history(), wanted.clone()).scan(&view, *cursor, *to, *marks)?;
        return Ok(scan(scanned, true, |cursor, marks| Then::Replay { cursor, marks }));
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
    if view.position <= row.cursor.position {
        return Ok(Next::Idle);
    }
    let scanned = scanner.scan(&view, row.cursor, view.position, row.marks)?;
    Ok(scan(scanned, false, |cursor, marks| Then::Log { cursor, marks }))
}

fn messages(all: impl Iterator<Item = (Message, Then)>) -> Next {
    let all: VecDeque<_> = all.map(|(message, then)| Queued { message, then }).collect();
    if all.is_empty() { Next::Idle } else { Next::Messages(all) }
}

/// Only the last message of a record moves the cursor, and the last one of all to the end.
fn scan(scanned: Scanned, ordered: bool, then: impl Fn(Cursor, Option<Marks>) -> Then) -> Next {
    let Scanned { messages: found, reached, marks } = scanned;
    let places: Vec<u64> = found.iter().map(|message| message.position).collect();
    let after = |index: usize| match places.get(index + 1) {
        None => then(reached, Some(marks)),
        Some(next) if *next == places[index] => Then::Nothing { ordered },
        Some(_) => then(Cursor::behind(places[index]), None),
    };
    if found.is_empty() {
        return Next::Moved(then(reached, Some(marks)));
    }
    messages(found.into_iter().enumerate().map(|(index, message)| (message, after(index))))
}

/// Writes down what is true now.
pub(crate) fn apply(row: &mut Row, then: &Then) {
    match then {
        // A dead letter is no part of the row.
        Then::Nothing { .. } | Then::Dead(_) => {}
        Then::Log { cursor, marks } => (row.cursor, row.marks) = (*cursor, marks.unwrap_or(row.marks)),
        Then::Fact(number) => row.fact = number + 1,
        Then::Replay { cursor, marks } => {
            let Some(replay) = row.replays.first_mut() else { return };
            (replay.cursor, replay.marks) = (*cursor, marks.unwrap_or(replay.marks));
            if cursor.position >= replay.to {
                row.replays.remove(0);
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
        let marks = Marks { complete: Some(true) };
        let reached = Cursor { position: 9, within: 70 };
        let found = |messages| Scanned { messages, reached, marks };
        let log = |cursor, marks| Then::Log { cursor, marks };
        let Next::Messages(queue) = scan(found(vec![at(3), at(3), at(5), at(8)]), false, log) else {
            panic!("no messages")
        };
        let then: Vec<_> = queue.into_iter().map(|queued| queued.then).collect();
        let [third, fifth] = [3, 5].map(|position| log(Cursor::behind(position), None));
        assert_eq!(then, [Then::Nothing { ordered: false }, third, fifth, log(reached, Some(marks))]);
        let mut row = Row::default();
        let mut seen = Vec::new();
        for then in &then {
            apply(&mut row, then);
            seen.push((row.cursor, row.marks.complete));
        }
        let cursors = [0, 3, 5].map(Cursor::behind).map(|cursor| (cursor, None));
        assert_eq!(seen, [cursors.as_slice(), &[(reached, Some(true))]].concat());
        let replay = |cursor, marks| Then::Replay { cursor, marks };
        let Next::Messages(queue) = scan(found(vec![at(3), at(3)]), true, replay) else { panic!("no messages") };
        assert!(queue.iter().all(|queued| queued.then.is_ordered()), "each of them is refused once and for all");
        let Next::Moved(then) = scan(found(Vec::new()), false, log) else { panic!("messages") };
        assert_eq!(then, log(reached, Some(marks)));
    }

    #[test]
    fn a_replay_goes_on_and_ends() {
        let replay = |position| Replay { cursor: Cursor::behind(position), to: 20, marks: Marks::default() };
        let to = |position| Then::Replay { cursor: Cursor::behind(position), marks: None };
        let mut row = Row { replays: vec![replay(1), replay(2)], ..Row::default() };
        apply(&mut row, &to(7));
        assert_eq!(row.replays, [replay(7), replay(2)]);
        apply(&mut row, &to(20));
        assert_eq!(row.replays, [replay(2)]);
        apply(&mut row, &Then::Fact(4));
        assert_eq!((row.fact, row.cursor), (5, Cursor::default()));
    }
}
