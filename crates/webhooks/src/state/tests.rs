//! The state over restarts, bounds and damage.

use continuity_base::Timestamp;
use serde_json::Map;
use tempfile::TempDir;

use super::*;
use crate::Kind;
use crate::scan::{Cursor, Marks};
use crate::send::Outcome;
use crate::state::row::{Disabled, Head, Replay};

fn message() -> Message {
    Message::of_now(Kind::SyncStalled, Timestamp::from_micros(7), 3, &Map::new())
}

fn dead(message: Message) -> Dead {
    Dead { message, attempts: 3, given_up_at: 9, reason: "it answers with 500".to_owned() }
}

#[test]
fn what_was_saved_is_there_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.redb");
    let told = message();
    {
        let state = State::open(&path).unwrap();
        assert_eq!(state.row("a").unwrap(), None);
        state.write(|writer| writer.put("a", &Row { cursor: Cursor::behind(5), ..Row::default() })).unwrap();
        state.touch(|writer| writer.change("a", |row| row.cursor = Cursor::behind(6))).unwrap();
        state.write(|writer| writer.tell(&told, true)).unwrap();
        assert!(matches!(State::open(&path), Err(WebhookError::InUse { .. })));
    }
    let state = State::open(&path).unwrap();
    assert_eq!(state.row("a").unwrap().unwrap().cursor, Cursor::behind(6));
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
    assert_eq!((numbers(&state), state.dead_letters("a").unwrap()), (vec![1], KEPT_DEAD));
    let bury = |number, letter| state.write(|writer| writer.bury("a", number, letter)).unwrap();
    assert!(bury(KEPT_DEAD + 1, &letters[0]), "another one takes the place of what is to be sent again");
    let marked = state.write(|writer| Ok(writer.again.range(("a", 0)..=("a", u64::MAX))?.count()));
    assert_eq!(marked.unwrap(), 0, "nothing is left of its mark");
    assert!(numbers(&state).is_empty() && state.dead("a", 10).unwrap().iter().all(|(_, again)| !again));
    assert_eq!(state.write(|writer| writer.retry("a", Some(&letters[0].message.id))).unwrap(), 1);
    assert_eq!(numbers(&state), [KEPT_DEAD + 1]);
    assert_eq!(state.dead("a", 1).unwrap(), [(letters[0].clone(), true)]);
    state.write(|writer| writer.raise("a", KEPT_DEAD + 1)).unwrap();
    assert!(numbers(&state).is_empty());
    assert_eq!(state.write(|writer| writer.retry("a", None)).unwrap(), KEPT_DEAD - 1);
    assert_eq!(numbers(&state)[..2], [2, 3], "oldest first");
}

/// Of what is to be sent again.
fn numbers(state: &State) -> Vec<u64> {
    state.again("a", 64).unwrap().into_iter().map(|(number, _)| number).collect()
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

#[test]
fn a_state_of_another_format_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.redb");
    for other in [FORMAT - 1, FORMAT + 1] {
        let state = State::open(&path).unwrap();
        state.write(|writer| writer.put("a", &Row::default())).unwrap();
        let set = |format| state.write(|writer| Ok(writer.meta.insert(FORMAT_KEY, format).map(drop)?));
        set(other).unwrap();
        drop(state);
        let Err(WebhookError::State { cause, .. }) = State::open(&path) else { panic!("format {other} was opened") };
        assert!(cause.starts_with(&format!("it has the format {other}, this version writes {FORMAT}")), "{cause}");
        assert!(!path.with_extension("damaged").exists());
        let database = Database::create(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        transaction.open_table(META).unwrap().insert(FORMAT_KEY, FORMAT).unwrap();
        transaction.commit().unwrap();
    }
}

/// Compares with `fixtures/state/v{FORMAT}/{name}.bin`. With `CONTINUITY_BLESS` set a missing file is written; one that is
/// there is never replaced, for a state somewhere holds the same bytes.
fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(name: &str, sample: &T) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/state/v{FORMAT}"));
    let path = folder.join(format!("{name}.bin"));
    if !path.exists() && std::env::var_os("CONTINUITY_BLESS").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, encode(sample).unwrap()).unwrap();
    }
    let stored = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; write it with CONTINUITY_BLESS=1 cargo test -p continuity-webhooks", path.display())
    });
    assert_eq!(&decode::<T>(&stored).unwrap(), sample, "{name}");
    assert_eq!(encode(sample).unwrap(), stored, "{name}: the stored shape changed; raise FORMAT");
}

#[test]
fn rows_are_written_as_ever() {
    let cursor = Cursor { position: 4_711, within: 64 };
    let head = Head {
        id: "msg_1".to_owned(),
        attempts: 3,
        first_at: 1_795_348_800_000_000,
        refused_since: Some(1_795_348_860_000_000),
        due_at: 1_795_348_920_000_000,
        known_at: -1,
        reason: "it answers with 400".to_owned(),
    };
    let replay = Replay { cursor, to: 5_000, marks: Marks::default() };
    let row = Row {
        since: 1_795_348_800_000_000,
        begun: 7,
        cursor,
        marks: Marks { complete: Some(false) },
        fact: 2,
        head: Some(head),
        disabled: Some(Disabled { url: "https://hooks.bank.example/".to_owned(), at: 9 }),
        replays: vec![replay],
        delivered: 300,
        delivered_at: Some(11),
        dead: 5,
        number: 306,
    };
    check("row", &row);
    let message = Message {
        id: "msg_2".to_owned(),
        kind: Kind::ClientDataChanged,
        body: "{}".to_owned(),
        position: 4_712,
        loan: Some("lr_1".to_owned()),
        purge: true,
        known_at: 13,
    };
    check("message", &message);
    check("dead", &Dead { message, attempts: 4, given_up_at: 17, reason: "it answers with 500".to_owned() });
    check("kinds", &Kind::ALL.to_vec());
    check("outcomes", &Outcome::ALL.to_vec());
    let made = Made {
        at: 19,
        id: "msg_3".to_owned(),
        kind: Kind::LoanReloaded,
        loan: None,
        position: 4_713,
        attempt: 2,
        outcome: Outcome::Failed,
        status: Some(503),
        millis: 1_500,
        detail: "it answers with 503".to_owned(),
    };
    check("made", &made);
}
