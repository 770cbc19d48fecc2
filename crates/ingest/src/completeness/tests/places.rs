//! Where manifests are evaluated: reached and not, several partitions, replaced ones, foreign positions, repairs.

use continuity_events::manifest::At;
use continuity_events::record::{Divergence, SourceChange, SourceEvent};
use continuity_log::Kind;
use proptest::prelude::*;

use super::*;

fn partition(partition: i32, offset: i64, line: String) -> Message {
    let position = SourcePosition::Topic { topic: "t".to_owned(), partition, offset, mark: 0 };
    Message { raw: Raw::Structured(line.into_bytes()), position }
}

fn waits(rig: &Rig, manifest: u64) -> Vec<String> {
    match try_to(rig, manifest, false) {
        Report::Waiting(parts) => parts,
        Report::Result(result) => panic!("{result:?}"),
    }
}

#[test]
fn it_waits_until_every_partition_is_read_up_to_at() {
    let mut rig = Rig::new();
    rig.take(vec![partition(0, 0, arrival("a1")), partition(1, 0, arrival("b1"))]);
    let line = manifest("m", r#"{"t":{"0":2,"1":1,"2":-1}}"#, "a2 b2", "");
    rig.take(vec![partition(0, 1, line)]);
    let at = rig.ledger.position();
    assert_eq!(waits(&rig, at), ["t/0 2", "t/1 1"]);
    rig.take(vec![partition(0, 2, arrival("a2")), partition(0, 3, arrival("a3"))]);
    assert_eq!(waits(&rig, at), ["t/1 1"]);
    // Partition 0 is beyond `at` before partition 1 has reached it; partition 2 is not covered at all.
    rig.take(vec![partition(2, 0, arrival("c1")), partition(1, 1, arrival("b2")), partition(1, 2, arrival("b3"))]);
    assert_eq!(told(&rig, at, false), "complete");
    assert_eq!(result(&rig, at, false).through, 8 - 1);
}

#[test]
fn an_event_beyond_at_does_not_fill_a_hole() {
    let mut rig = Rig::new();
    rig.take(vec![partition(0, 0, arrival("a1")), partition(0, 1, arrival("a3")), partition(0, 2, arrival("a2"))]);
    let line = manifest("m", r#"{"t":{"0":1,"1":0}}"#, "a3 b1", "");
    rig.take(vec![partition(0, 3, line), partition(1, 0, arrival("b1"))]);
    let at = rig.reader().open_manifests().unwrap()[0].position;
    assert_eq!(told(&rig, at, false), "incomplete -a2-2");
    assert_eq!(told(&rig, at, true), "complete");
}

#[test]
fn positions_of_another_kind_are_never_waited_for() {
    let mut rig = Rig::new();
    let file = |offset, line: String| Message {
        raw: Raw::Structured(line.into_bytes()),
        position: SourcePosition::File {
            name: "feed.ndjson".to_owned(),
            device: 1,
            inode: 1,
            head_len: 0,
            head_sha256: [0; 32],
            offset,
        },
    };
    rig.take(vec![file(10, arrival("a1")), file(20, manifest("m", "{\"BANCLO_CHANGES\":900}", "a2", ""))]);
    rig.take(vec![file(30, arrival("a2"))]);
    let found = result(&rig, 2, false);
    assert_eq!((told(&rig, 2, false).as_str(), found.through), ("incomplete -a2-2", 2));
    assert!(found.note.contains("names no position of the source that it came from"), "{}", found.note);
    rig.take(vec![file(40, manifest("n", "{\"feed.ndjson\":30}", "a2", ""))]);
    assert_eq!((told(&rig, 4, false).as_str(), result(&rig, 4, false).note.as_str()), ("complete", ""));
    rig.take(vec![file(50, manifest("o", "{}", "a1", ""))]);
    let found = result(&rig, 5, false);
    assert!(!found.complete && found.note.contains("names nothing"), "{found:?}");
}

#[test]
fn a_bootstrap_feed_is_elsewhere_to_the_file_behind_it() {
    let mut rig = Rig::new();
    let file = |name: &str, offset, line: String| Message {
        raw: Raw::Structured(line.into_bytes()),
        position: SourcePosition::File {
            name: name.to_owned(),
            device: 1,
            inode: 1,
            head_len: 0,
            head_sha256: [0; 32],
            offset,
        },
    };
    // The export is newer than the manifest in the file that is followed behind it.
    rig.take(vec![file("bootstrap:0/1.ndjson", 10, arrival("a@5")), file("feed.ndjson", 10, arrival("b1"))]);
    rig.take(vec![file("feed.ndjson", 20, manifest("m", "{}", "a3 b1", ""))]);
    assert_eq!(told(&rig, 3, false), "complete");
    rig.take(vec![file("feed.ndjson", 30, arrival("b2")), file("feed.ndjson", 40, manifest("n", "{}", "a3 b1", ""))]);
    assert_eq!(told(&rig, 5, false), "different +b1<2", "what came in the same file counts");
}

#[test]
fn what_came_from_elsewhere_is_present_and_never_too_much() {
    let mut rig = Rig::new();
    let repair = |script: &str| Message {
        raw: Raw::Structured(arrival(script).into_bytes()),
        position: SourcePosition::Operator { at: 1 },
    };
    // A bootstrap that is newer than the part of the stream that follows it, then a repair of a hole.
    rig.take(vec![repair("a@5"), repair("b1"), repair("b2"), repair("d1")]);
    stream(&mut rig, 1, "a3 c1 c3");
    rig.take(vec![repair("c2")]);
    let at = arrives(&mut rig, 4, &manifest("m", "{\"A\":3}", "a3 b1 c3", ""));
    assert_eq!(told(&rig, at, false), "complete");
    // One that came after the place counts only when it is asked again.
    let at = arrives(&mut rig, 5, &manifest("n", "{\"A\":3}", "a3 b1 c4", ""));
    rig.take(vec![repair("c4")]);
    assert_eq!(told(&rig, at, false), "incomplete -c4-4");
    assert_eq!(told(&rig, at, true), "complete");
}

fn accept(rig: &mut Rig) {
    let change = SourceChange::Accepted {
        facts: Vec::new(),
        cause: Divergence::Recreated,
        actor: "uid 0".to_owned(),
        reason: "restored".to_owned(),
    };
    let body = SourceEvent { source: "nats:A".to_owned(), partition: "A".to_owned(), change };
    rig.append(Kind::Source, &body);
}

#[test]
fn a_stream_that_was_replaced_counts_anew_and_keeps_what_it_gave() {
    let mut rig = Rig::new();
    stream(&mut rig, 100, "a1 a2 b1");
    let waiting = arrives(&mut rig, 103, &manifest("m", "{\"A\":200}", "a2 b2", ""));
    assert_eq!(waits(&rig, waiting), ["A 200"]);
    accept(&mut rig);
    // The new stream is at 3 where the old one was at 103; everything of the old one is there by then.
    stream(&mut rig, 1, "a3 a4");
    let at = arrives(&mut rig, 3, &manifest("n", "{\"A\":1}", "a3 b1", ""));
    assert_eq!(told(&rig, at, false), "complete");
    let found = result(&rig, waiting, false);
    assert_eq!((found.word(), found.through, &found.missing), ("incomplete", 4, &vec![("b".to_owned(), vec![(2, 2)])]));
    assert!(found.note.starts_with("A was replaced at log position 5"), "{}", found.note);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The place that the marks lead to is the one that reading the whole log finds.
    #[test]
    fn places_are_those_of_a_naive_search(
        reads in proptest::collection::vec((0..3_i32, 1..4_i64), 1..400),
        stretch in 1..20_usize,
        wanted in proptest::collection::vec(-1..900_i64, 3),
    ) {
        let mut rig = Rig::new();
        let (mut offsets, mut log) = ([-1_i64; 3], Vec::new());
        // Some records of the same partition in a row, so that marks lie apart.
        for (part, step) in reads {
            let mut messages = Vec::new();
            for _ in 0..stretch {
                let offset = &mut offsets[usize::try_from(part).unwrap()];
                *offset += step;
                log.push((part, *offset));
                messages.push(partition(part, *offset, "junk".to_owned()));
            }
            rig.take(messages);
        }
        let naive = |part: usize, wanted: i64| {
            let reached = |(p, offset): &(i32, i64)| usize::try_from(*p) == Ok(part) && *offset >= wanted;
            log.iter().position(reached).map(|index| index as u64 + 1)
        };
        let at: Vec<At<'_>> = (0..).zip(&wanted).map(|(partition, offset)| At::Topic { topic: "t".into(), partition, offset: *offset }).collect();
        let from = SourcePosition::Topic { topic: "t".to_owned(), partition: 0, offset: 0, mark: 0 };
        let (ledger, stop) = (rig.reader(), Stop::new());
        let look = Look { log: &rig.log, ledger: &ledger, stop: &stop };
        let found = place::Place::find(look, 1, &from, &at).unwrap();
        let reached: Vec<_> = (0..).zip(&wanted).filter(|(_, offset)| **offset >= 0).map(|(part, offset)| naive(part, *offset)).collect();
        match found {
            place::Found::Waiting(parts) => {
                prop_assert_eq!(parts.len(), reached.iter().filter(|at| at.is_none()).count());
            }
            place::Found::Place(place) => {
                prop_assert!(reached.iter().all(Option::is_some));
                prop_assert_eq!(place.through, reached.into_iter().flatten().max().unwrap_or(1).max(1));
            }
        }
    }
}
