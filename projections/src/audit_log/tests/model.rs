//! Whatever happens, the audit log is what a naive one is, and equal entries give equal rows.

use std::collections::{BTreeMap, BTreeSet};

use continuity_readmodel::Direction;
use proptest::prelude::*;

use super::*;

/// A history: whether its steps may come in any order is up to the test.
fn history() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1_u64..60, 0_u64..60).prop_map(|(sequence, minute)| at(sequence, (minute + sequence) % 60)),
        3 => (0_u64..60, 0_u64..60).prop_map(|(id, minute)| given(&format!("e{id}"), id, minute)),
        1 => (0_u64..8, 0_u64..60).prop_map(|(id, minute)| given(&format!("x{id}"), id, minute)),
        2 => (60_u64..90, 0_u64..8, 0_u64..60).prop_map(|(sequence, id, minute)| recorded(sequence, &format!("x{id}"), minute)),
        1 => (60_u64..90, 0_u64..60).prop_map(|(sequence, id)| recorded(sequence, &format!("e{id}"), id)),
        1 => (1_u64..60, 0_u64..60).prop_map(|(sequence, minute)| erasure(sequence, minute)),
    ];
    prop::collection::vec(step, 0..120).prop_map(|mut steps| {
        let mut seen = BTreeSet::new();
        // An event comes once, a snapshot names an id once.
        steps.retain(|step| match step {
            Step::Event(event) => seen.insert((true, event.id.clone())),
            Given(id, _) => seen.insert((false, id.clone())),
            Clear | Purge => true,
        });
        steps
    })
}

/// What there is of one id: how good it is (the sequence last, of recorded ones), where it stands, what it says.
type Best = (Source, u64, Vec<u8>, String);

/// The entries, newest first, from all that came at once.
fn naive(steps: &[Step]) -> Vec<(Vec<u8>, String)> {
    let mut best: BTreeMap<String, Best> = BTreeMap::new();
    let mut erased_below = 0;
    for step in steps {
        let entry = match step {
            Given(id, json) => Entry::of_snapshot(id, json),
            Step::Event(event) => {
                if event.role() == Role::Erasure {
                    erased_below = erased_below.max(event.sequence.unwrap());
                }
                entry_of(event)
            }
            Clear | Purge => unreachable!("not of these histories"),
        };
        let rank = if entry.source == Source::Recorded { sequence_of(&entry.key) } else { 0 };
        let found = (entry.source, rank, entry.key, entry.json);
        if best.get(&entry.id).is_none_or(|other| (other.0, other.1) <= (found.0, found.1)) {
            best.insert(entry.id, found);
        }
    }
    let shown = |(_, _, key, json): Best| {
        let json = if sequence_of(&key) < erased_below { redact::redacted(json.as_bytes()) } else { json };
        (key, json)
    };
    let mut all: Vec<_> = best.into_values().map(shown).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all
}

fn entry_of(event: &CloudEvent) -> Entry {
    let (change, sequence) = (event.change().ok(), event.sequence.unwrap());
    match &change {
        Some(change) if change.entity == "auditEntry" => match change.form {
            Form::After(after) => Entry::recorded(&change.id, after, sequence),
            _ => unreachable!("recorded entries have an after-image here"),
        },
        _ => Entry::derived(&AppendedEvent { loan: "L", sequence, position: 1, event, change: change.as_ref() }),
    }
}

/// That the entries by id are exactly those that there are.
fn check_ids_table(bench: &mut Bench) {
    bench.commit(|_, rows| {
        if Marks::read("L", rows).unwrap().by_id() {
            let kept = rows.scan_prefix(ids::IDS, b"").unwrap();
            rows.delete_prefix(ids::IDS, b"").unwrap();
            ids::build("L", rows).unwrap();
            assert_eq!(kept, rows.scan_prefix(ids::IDS, b"").unwrap());
        } else {
            assert!(rows.scan_prefix(ids::IDS, b"").unwrap().is_empty());
        }
    });
}

#[test]
fn a_write_costs_the_same_however_many_entries_there_are() {
    let mut bench = Bench::new(projection());
    let mut id = 0;
    let mut largest = |count: u64| {
        bench.commit(|model, rows| {
            for _ in 0..count {
                id += 1;
                run(model, rows, &if id % 2 == 0 { at(id, id % 60) } else { given(&format!("e{id}"), id, id % 60) });
            }
        });
        let sizes = |table| bench.snapshot().scan_prefix(table, b"", Direction::Forward).unwrap();
        SPEC.tables.iter().flat_map(|table| sizes(table)).map(|row| row.unwrap().1.len()).max().unwrap()
    };
    largest(500);
    let rows = largest(2_500);
    assert!(rows < 64 << 10, "{rows} bytes in one row");
}

#[test]
fn any_number_of_events_may_share_an_id() {
    let same = |sequence| match at(sequence, sequence % 60) {
        Step::Event(event) => Step::Event(Box::new(CloudEvent { id: "same".to_owned(), ..*event })),
        other => other,
    };
    let mut steps = vec![given("same", 1, 1), given("other", 0, 1)];
    steps.extend((1..=300).map(same));
    steps.extend([recorded(301, "same", 1), given("same", 1, 1)]);
    let mut bench = bench(&steps);
    assert_eq!(total(&bench.snapshot(), "L").unwrap(), 301);
    assert_eq!(complete_from(&bench.snapshot(), "L", 301).unwrap(), None);
    check_ids_table(&mut bench);
    bench.commit(|_, rows| assert_eq!(ids::with_id("L", "same", rows).unwrap().len(), 300));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_entries_are_the_naive_ones(steps in history()) {
        let mut bench = bench(&steps);
        prop_assert_eq!(shown(&bench.snapshot(), None), naive(&steps));
        check_ids_table(&mut bench);
    }

    #[test]
    fn equal_entries_give_equal_rows(steps in history(), seed in any::<u64>()) {
        let digest = |steps: &[Step]| bench(steps).snapshot().digest();
        let mut shuffled = steps.clone();
        shuffled.sort_by_key(|step| block::hash(format!("{seed}{step:?}").as_bytes()));
        prop_assert_eq!(digest(&steps), digest(&shuffled));
        let again: Vec<_> = steps.iter().filter(|step| matches!(step, Given(..))).cloned().collect();
        prop_assert_eq!(digest(&steps), digest(&[&steps[..], &[Clear], &again].concat()));
        let logged: Vec<_> = steps.iter().filter(|step| !matches!(step, Given(..))).cloned().collect();
        prop_assert_eq!(digest(&logged), digest(&[&steps[..], &[Clear]].concat()));
    }

    #[test]
    fn pages_walk_through_everything(steps in history(), limit in 1_usize..9) {
        let snapshot = bench(&steps).snapshot();
        let (mut walked, mut after) = (Vec::<(Vec<u8>, String)>::new(), None);
        loop {
            let page = shown(&snapshot, after.as_deref());
            walked.extend(page.into_iter().take(limit));
            let last = walked.last().map(|(key, _)| key.clone());
            if last == after { break; }
            after = last;
        }
        prop_assert_eq!(walked.len() as u64, total(&snapshot, "L").unwrap());
        prop_assert_eq!(walked, shown(&snapshot, None));
    }

    #[test]
    fn a_page_may_begin_where_no_entry_is(steps in history(), minute in 0_u64..60, sequence in 0_u64..60) {
        let snapshot = bench(&steps).snapshot();
        let after = sort_key(&format!("2024-01-01T00:{minute:02}:00Z"), sequence, "f");
        let rest: Vec<_> = shown(&snapshot, None).into_iter().filter(|(key, _)| *key < after).collect();
        prop_assert_eq!(shown(&snapshot, Some(&after)), rest);
    }
}
