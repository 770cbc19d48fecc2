//! The state over restarts, bounds and damage.

use continuity_base::Timestamp;
use serde_json::Map;
use tempfile::TempDir;

use super::*;
use crate::Kind;

fn message() -> Message {
    Message::of_now(Kind::SyncStalled, Timestamp::from_micros(7), 3, &Map::new())
}

fn dead(message: Message) -> Dead {
    Dead { message, attempts: 3, given_up_at: 9, reason: "it answers with 500".to_owned(), again: false }
}

#[test]
fn what_was_saved_is_there_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.redb");
    let told = message();
    {
        let state = State::open(&path).unwrap();
        assert_eq!(state.row("a").unwrap(), None);
        state.write(|writer| writer.put("a", &Row { cursor: 5, ..Row::default() })).unwrap();
        state.touch(|writer| writer.change("a", |row| row.cursor = 6)).unwrap();
        state.write(|writer| writer.tell(&told, true)).unwrap();
        assert!(matches!(State::open(&path), Err(WebhookError::InUse { .. })));
    }
    let state = State::open(&path).unwrap();
    assert_eq!(state.row("a").unwrap().unwrap().cursor, 6);
    assert_eq!(state.facts(0, 10).unwrap(), [(0, told)]);
    assert!(state.is_stalled().unwrap() && state.facts(1, 10).unwrap().is_empty());
}

#[test]
fn dead_letters_are_kept_sent_again_and_bounded() {
    let folder = TempDir::new().unwrap();
    let state = State::open(&folder.path().join("state.redb")).unwrap();
    let letters: Vec<_> = (0..3).map(|_| dead(message())).collect();
    let dropped = state.write(|writer| {
        let mut dropped = 0;
        for number in 0..=KEPT_DEAD {
            let letter = &letters[usize::try_from(number).unwrap().min(2)];
            // Counting them all each time takes long: the bound is looked at where it is reached.
            if number < KEPT_DEAD - 1 {
                writer.dead.insert(("a", number), encode(letter)?.as_slice())?;
            } else {
                dropped += u64::from(writer.bury("a", number, letter)?);
            }
        }
        Ok(dropped)
    });
    assert_eq!(dropped.unwrap(), 1, "the oldest one");
    state.write(|writer| writer.put("a", &Row::default())).unwrap();
    assert_eq!(state.write(|writer| writer.retry("a", Some(&letters[1].message.id))).unwrap(), 1);
    assert_eq!(state.write(|writer| writer.retry("a", Some(&letters[1].message.id))).unwrap(), 0, "it is already");
    assert_eq!(state.write(|writer| writer.retry("b", None)).unwrap(), 0);
    assert_eq!((state.row("a").unwrap().unwrap().again, state.dead_letters("a").unwrap()), (1, KEPT_DEAD));
    let again = state.dead("a", 10, |dead| dead.again).unwrap();
    assert_eq!(again.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [1]);
    state.write(|writer| writer.raise("a", 1)).unwrap();
    assert!(state.dead("a", 10, |dead| dead.again).unwrap().is_empty());
    let newest = state.dead("a", 1, |_| true).unwrap();
    assert_eq!(newest[0].0, KEPT_DEAD);
}

#[test]
fn a_damaged_file_is_put_aside() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.redb");
    std::fs::write(&path, [7; 5_000]).unwrap();
    let state = State::open(&path).unwrap();
    assert_eq!(state.row("a").unwrap(), None);
    assert_eq!(std::fs::read(path.with_extension("damaged")).unwrap(), [7; 5_000]);
}
