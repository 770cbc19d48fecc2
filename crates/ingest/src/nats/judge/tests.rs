//! The judgement over what a server may say of a stream, case by case.

use super::super::api::{StreamConfig, StreamState};
use super::*;

const BORN: &str = "2026-11-22T18:00:00.5Z";

fn info(first_seq: u64, last_seq: u64) -> StreamInfo {
    let messages = (last_seq + 1).saturating_sub(first_seq);
    StreamInfo {
        config: StreamConfig { retention: "limits".to_owned(), ..StreamConfig::default() },
        created: BORN.to_owned(),
        state: StreamState { messages, first_seq, last_seq, ..StreamState::default() },
        ts: None,
    }
}

/// The stream was read up to `sequence`, where the message had the mark 7.
fn read_to(sequence: u64) -> Remembered {
    let point = Some(Point { sequence, mark: 7 });
    Remembered { created: Some(BORN.to_owned()), next: Some(1), point, unread: Some(sequence + 1) }
}

fn cause(verdict: Result<(), Trouble>) -> Option<Divergence> {
    match verdict {
        Ok(()) => None,
        Err(Trouble::Diverged(found)) => Some(found.cause),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn every_change_of_a_stream_has_its_name() {
    let cases = [
        ("as it was", read_to(5), info(1, 9), Found::Mark(7), None),
        ("nothing new", read_to(9), info(1, 9), Found::Mark(7), None),
        ("all that was read is gone", read_to(5), info(6, 9), Found::Unknown, None),
        ("emptied after all was read", read_to(9), info(10, 9), Found::Unknown, None),
        ("the last that was read is gone", read_to(5), info(1, 9), Found::Nothing, None),
        ("never read", Remembered { point: None, ..read_to(0) }, info(1, 9), Found::Unknown, None),
        ("lost unread", Remembered { point: None, ..read_to(0) }, info(4, 9), Found::Unknown, Some(Divergence::Lost)),
        (
            "purged unread",
            Remembered { point: None, ..read_to(0) },
            info(4, 3),
            Found::Unknown,
            Some(Divergence::Purged),
        ),
        ("filtered", Remembered { point: None, next: None, ..read_to(0) }, info(4, 9), Found::Unknown, None),
        ("never seen", Remembered::default(), info(4, 9), Found::Unknown, None),
        ("empty", Remembered::default(), info(0, 0), Found::Unknown, None),
        ("shorter", read_to(5), info(1, 4), Found::Unknown, Some(Divergence::Truncated)),
        ("empty and new counting", read_to(5), info(0, 0), Found::Unknown, Some(Divergence::Truncated)),
        ("other content", read_to(5), info(1, 9), Found::Mark(8), Some(Divergence::Rewritten)),
        ("emptied", read_to(5), info(10, 9), Found::Unknown, Some(Divergence::Purged)),
        ("dropped", read_to(5), info(7, 9), Found::Unknown, Some(Divergence::Lost)),
        ("not known to be unread", Remembered { unread: None, ..read_to(5) }, info(7, 9), Found::Unknown, None),
        ("a hole", Remembered { unread: Some(3), ..read_to(5) }, info(5, 9), Found::Unknown, Some(Divergence::Lost)),
    ];
    for (what, remembered, info, found, expected) in cases {
        assert_eq!(cause(judge("S", &remembered, Some(&info), found)), expected, "{what}");
    }
}

#[test]
fn another_time_of_creation_is_another_stream_whatever_it_holds() {
    let mut other = info(1, 9);
    other.created = "2026-11-22T18:00:01Z".to_owned();
    for remembered in [read_to(5), read_to(99), Remembered { point: None, ..read_to(0) }] {
        let verdict = judge("S", &remembered, Some(&other), Found::Mark(7));
        let Err(Trouble::Diverged(found)) = verdict else { panic!("{verdict:?}") };
        assert_eq!((found.cause, &found.present[..]), (Divergence::Recreated, &[identity("S", &other)][..]));
    }
    other.created = "2026-11-22T18:00:00.500Z".to_owned();
    assert_eq!(judge("S", &read_to(5), Some(&other), Found::Mark(7)), Ok(()));
}

#[test]
fn a_stream_that_is_not_there_is_missing_only_when_it_was() {
    let verdict = judge("S", &read_to(5), None, Found::Unknown);
    let Err(Trouble::Diverged(found)) = verdict else { panic!("{verdict:?}") };
    assert_eq!((found.cause, found.point.as_str()), (Divergence::Missing, "message 5"));
    assert!(found.present[0].facts.is_empty());
    assert!(matches!(judge("S", &Remembered::default(), None, Found::Unknown), Err(Trouble::Refused(_))));
}

#[test]
fn a_stream_that_forgets_what_was_consumed_is_refused() {
    for retention in ["interest", "workqueue"] {
        let mut info = info(1, 9);
        info.config.retention = retention.to_owned();
        let verdict = judge("S", &read_to(5), Some(&info), Found::Mark(7));
        assert!(matches!(verdict, Err(Trouble::Refused(detail)) if detail.contains(retention)));
    }
}

#[test]
fn only_a_point_that_the_stream_still_covers_is_compared() {
    assert_eq!(comparable(&read_to(5), &info(1, 9)), read_to(5).point);
    for (remembered, info) in [(read_to(5), info(6, 9)), (read_to(10), info(1, 9)), (Remembered::default(), info(1, 9))]
    {
        assert_eq!(comparable(&remembered, &info), None);
    }
    let unknown = Remembered { point: Some(Point { sequence: 5, mark: 0 }), ..read_to(5) };
    assert_eq!(comparable(&unknown, &info(1, 9)), None);
}

#[test]
fn a_beginning_that_is_gone_is_told() {
    let told = |remembered: &Remembered, info: &StreamInfo, found| surprises("S", remembered, info, found).join(";");
    assert!(told(&Remembered::default(), &info(4, 9), Found::Unknown).contains("begins at message 4"));
    assert_eq!(told(&Remembered::default(), &info(1, 9), Found::Unknown), "");
    let mut numbered_from_1000 = info(1_000, 1_009);
    numbered_from_1000.config.first_seq = 1_000;
    assert_eq!(told(&Remembered::default(), &numbered_from_1000, Found::Unknown), "");
    assert_eq!(told(&read_to(5), &info(4, 9), Found::Mark(7)), "");
    assert!(told(&read_to(5), &info(1, 9), Found::Nothing).contains("no message 5"));
}

#[test]
fn other_streams_than_those_that_were_read_are_a_rename() {
    let known = |name: &str| identity(name, &info(1, 9));
    let kafka = Identity { partition: "T/0".to_owned(), facts: vec![("kind".to_owned(), "kafka".to_owned())] };
    assert_eq!(renamed(std::slice::from_ref(&kafka), &[known("A")]), Ok(()));
    assert_eq!(renamed(&[known("A")], &[known("A"), known("B")]), Ok(()));
    let verdict = renamed(&[known("A"), known("B")], &[known("B"), known("C")]);
    let Err(Trouble::Diverged(found)) = verdict else { panic!("{verdict:?}") };
    let present: Vec<_> = found.present.iter().map(|one| (one.partition.as_str(), one.facts.len())).collect();
    assert_eq!(present, [("A", 0), ("C", 2)], "B is followed as before");
    assert!(renamed(&[known("A"), known("B")], &[known("B")]).is_err(), "A is given up");
    assert_eq!(renamed(&[], &[known("A")]), Ok(()));
    let verdict = renamed(&[kafka, known("A"), known("B")], &[known("C")]);
    let Err(Trouble::Diverged(found)) = verdict else { panic!("{verdict:?}") };
    assert_eq!((found.cause, found.partition.as_str()), (Divergence::Renamed, "A"));
    let present: Vec<_> = found.present.iter().map(|one| (one.partition.as_str(), one.facts.len())).collect();
    assert_eq!(present, [("A", 0), ("B", 0), ("C", 2)]);
}

#[test]
fn other_subjects_than_those_that_were_read_are_a_rename() {
    let filter = |subjects: &[&str]| StreamFilter {
        stream: "S".to_owned(),
        subjects: subjects.iter().map(|subject| (*subject).to_owned()).collect(),
    };
    let stream = info(3, 9);
    let known = followed(&filter(&["b.>", "a.>"]), &Remembered::default(), &stream);
    assert_eq!((known.fact(SUBJECTS), known.fact(NEXT)), (Some("a.> b.>"), None));
    let judged = |subjects: &[&str], known: &Identity| refiltered(&filter(subjects), Some(known), &read_to(5), &stream);
    assert_eq!(judged(&["a.>", "b.>", "b.>"], &known), Ok(()));
    for others in [&[][..], &["a.>"], &["a.>", "b.>", "c.>"]] {
        assert_eq!(cause(judged(others, &known)), Some(Divergence::Renamed), "{others:?}");
    }
    let all = followed(&filter(&[]), &Remembered::default(), &stream);
    assert_eq!((all.fact(SUBJECTS), all.fact(NEXT)), (None, Some("3")));
    assert_eq!(cause(judged(&["a.>"], &all)), Some(Divergence::Renamed));
    let nothing_read = Remembered { point: None, ..read_to(0) };
    assert_eq!(refiltered(&filter(&["a.>"]), Some(&all), &nothing_read, &stream), Ok(()));
    assert_eq!(followed(&filter(&[]), &read_to(5), &info(7, 9)).fact(NEXT), Some("1"), "what was known stays");
}
