//! The digest of content.

use super::super::content::digest;
use super::super::list::List;
use super::place::{Found, Place};
use super::presence::Presence;
use super::*;

/// What the producer says: over these events, as `a1 a2`, with what the notation makes of them.
fn said(events: &str) -> String {
    let mut sum = [0_u8; 32];
    for word in events.split_whitespace() {
        let line = arrival(word);
        let data = line.split_once("\"data\":").unwrap().1.strip_suffix('}').unwrap();
        let (loan, rest) = word.split_at(1);
        let sequence = rest.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let id = line.split_once("\"id\":\"").unwrap().1.split('"').next().unwrap();
        let text = format!("{loan}\n{sequence}\n{id}\n{}", hex(&Sha256::digest(data)));
        sum.iter_mut().zip(Sha256::digest(text)).for_each(|(sum, byte)| *sum ^= byte);
    }
    format!(",\"contentDigest\":\"{}\"", hex(&sum))
}

fn case(script: &str, loans: &str, events: &str) -> (Option<bool>, &'static str, String) {
    let mut rig = Rig::new();
    stream(&mut rig, 1, script);
    let end = script.split_whitespace().count() as u64;
    let at = arrives(&mut rig, end + 1, &manifest("m", &format!("{{\"A\":{end}}}"), loans, &said(events)));
    stream(&mut rig, end + 2, "a9 z1 z2");
    let result = result(&rig, at, false);
    (result.content, result.word(), result.note)
}

#[test]
fn changed_content_is_found() {
    assert_eq!(case("a1 b1 a2", "a2 b1", "a1 a2 b1").0, Some(true));
    assert_eq!(case("a2 b1 b1 a1", "a2 b1", "a1 a2 b1").0, Some(true));
    assert_eq!(case("a1 b1 a2x", "a2 b1", "a1 a2 b1"), (Some(false), "different", String::new()));
    assert_eq!(case("a1 b1 a2y", "a2 b1", "a1 a2 b1").0, Some(false));
    assert_eq!(case("a1 b1", "a1 b1", ""), (Some(false), "different", String::new()));
}

#[test]
fn content_is_compared_only_where_it_is_here() {
    let (content, word, note) = case("a1 a3", "a3", "a1 a2 a3");
    assert_eq!(
        (content, word, note.as_str()),
        (None, "incomplete", "content was not compared: not every event is here")
    );
    let (content, word, note) = case("a1 a@3", "a3", "a1 a2 a3");
    assert_eq!((content, word), (None, "complete"));
    assert!(note.starts_with("content was not compared: of 1 loans a snapshot"), "{note}");
    assert_eq!(case("a1 a2 a@2 b1 b2p", "a2 b2", "a1 a2 b1 b2p").0, Some(true));
    assert_eq!(case("a1 a2e", "a2", "a1 a2e").0, Some(true));
}

#[test]
fn an_earlier_comparison_is_gone_on_from() {
    let mut rig = Rig::new();
    stream(&mut rig, 1, "a1 b1 a2");
    let first = arrives(&mut rig, 4, &manifest("m", "{\"A\":3}", "a2 b1", &said("a1 a2 b1")));
    let earlier = result(&rig, first, false).content_through.unwrap();
    assert_eq!(earlier.0, 2, "up to where nothing can be beyond `at`");
    stream(&mut rig, 5, "b2 c1");
    let second = manifest("n", "{\"A\":6}", "a2 b2 c1", &said("a1 a2 b1 b2 c1"));
    let second = arrives(&mut rig, 7, &second);
    let (ledger, stop) = (rig.reader(), Stop::new());
    let look = Look { log: &rig.log, ledger: &ledger, stop: &stop };
    let go = |earlier| match evaluate(look, second, false, earlier, &|_| Err(String::new())).unwrap() {
        Report::Result(result) => result,
        Report::Waiting(parts) => panic!("{parts:?}"),
    };
    let (anew, on) = (go(None), go(Some(earlier)));
    assert_eq!((anew.content, &anew), (Some(true), &on));
    assert_eq!(go(Some((earlier.0, [1; 32]))).content, Some(false), "it was used");
    // Not for an older manifest, of which it holds too much.
    let text = "[{\"id\":\"a\",\"lastSequence\":1}]";
    let list = List::read(text).unwrap();
    let from = message(1, "a1").position;
    let at = [continuity_events::manifest::At::Stream { stream: "A".into(), sequence: 1 }];
    let Found::Place(place) = Place::find(look, first, &from, &at).unwrap() else { panic!("it waits") };
    let presence = Presence::compare(look, &place, false, Some(&list)).unwrap();
    let found = digest(look, &place, &presence, false, Some(&list), Some(on.content_through.unwrap())).unwrap();
    assert!(said("a1").contains(&hex(&found.digest)));
}
