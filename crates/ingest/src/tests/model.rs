//! Random histories: whatever is repeated, reordered or cut off in between, the ledger agrees with a naive model and each
//! event is logged exactly once.

use std::collections::{BTreeMap, BTreeSet};

use continuity_log::Kind;
use proptest::prelude::*;

use crate::testing::{Rig, arrival};

/// The rules of the contract's section 6 with sets and no thought of cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Loan {
    last: u64,
    visible: BTreeSet<u64>,
    held: BTreeSet<u64>,
    base: u64,
    duplicates: u64,
    snapshots: BTreeSet<u64>,
}

impl Loan {
    fn event(&mut self, sequence: u64) {
        let known = self.visible.contains(&sequence) || self.held.contains(&sequence) || sequence <= self.base;
        if known {
            self.duplicates += 1;
        } else if sequence > self.last + 1 {
            self.held.insert(sequence);
        } else {
            self.visible.insert(sequence);
            self.last = self.last.max(sequence);
            self.follow();
        }
    }

    fn snapshot(&mut self, as_of: u64) {
        if !self.snapshots.insert(as_of) {
            self.duplicates += 1;
            return;
        }
        self.base = self.base.max(as_of);
        self.last = self.last.max(as_of);
        self.follow();
    }

    fn follow(&mut self) {
        while let Some(next) = self.held.iter().copied().find(|held| *held <= self.last + 1) {
            self.show(next);
        }
    }

    fn give_up(&mut self) {
        while let Some(next) = self.held.first().copied() {
            self.show(next);
        }
    }

    fn show(&mut self, sequence: u64) {
        self.held.remove(&sequence);
        self.visible.insert(sequence);
        self.last = self.last.max(sequence);
    }

    fn missing(&self) -> Vec<u64> {
        (1..=self.last).filter(|at| *at > self.base && !self.visible.contains(at)).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Arrivals of one group.
    Group(Vec<Arrival>),
    GiveUp,
    Restart,
    Crash,
}

#[derive(Clone, Copy, Debug)]
enum Arrival {
    Event(char, u64),
    Snapshot(char, u64),
}

impl Arrival {
    fn line(self) -> String {
        match self {
            Self::Event(loan, sequence) => arrival(&format!("{loan}{sequence}")),
            Self::Snapshot(loan, as_of) => arrival(&format!("{loan}@{as_of}")),
        }
    }
}

/// Histories of two loans, crossing the borders of position chunks, with repetitions, in some disorder.
fn history() -> impl Strategy<Value = Vec<Step>> {
    let loan = prop_oneof![Just('a'), Just('b')];
    let sequence = prop_oneof![8 => 1..12_u64, 1 => 60..70_u64, 1 => 126..131_u64];
    let event = (loan.clone(), sequence.clone()).prop_map(|(loan, sequence)| Arrival::Event(loan, sequence));
    let snapshot = (loan, sequence).prop_map(|(loan, as_of)| Arrival::Snapshot(loan, as_of));
    let arrival = prop_oneof![20 => event, 1 => snapshot];
    let step = prop_oneof![
        10 => proptest::collection::vec(arrival, 1..12).prop_map(Step::Group),
        1 => Just(Step::GiveUp),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ];
    proptest::collection::vec(step, 1..25)
}

fn play(steps: &[Step], with_restarts: bool) -> Rig {
    let mut rig = Rig::new();
    for step in steps {
        match step {
            Step::Group(arrivals) => {
                let lines: Vec<_> = arrivals.iter().map(|arrival| arrival.line()).collect();
                assert_eq!(rig.feed(&lines, false, false), None);
            }
            Step::GiveUp => assert_eq!(rig.feed(&[], false, true), None),
            Step::Restart | Step::Crash if with_restarts => rig = rig.reopen(matches!(step, Step::Crash)),
            Step::Restart | Step::Crash => {}
        }
    }
    rig
}

fn model(steps: &[Step]) -> BTreeMap<char, Loan> {
    let mut loans: BTreeMap<char, Loan> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Group(arrivals) => arrivals.iter().for_each(|arrival| match *arrival {
                Arrival::Event(loan, sequence) => loans.entry(loan).or_default().event(sequence),
                Arrival::Snapshot(loan, as_of) => loans.entry(loan).or_default().snapshot(as_of),
            }),
            Step::GiveUp => loans.values_mut().for_each(Loan::give_up),
            Step::Restart | Step::Crash => {}
        }
    }
    loans
}

fn agrees(rig: &Rig, loans: &BTreeMap<char, Loan>) {
    let records = rig.records();
    let reader = rig.reader();
    for (name, loan) in loans {
        let name = name.to_string();
        let order = reader.loan(&name).unwrap().unwrap();
        let missing: Vec<u64> = order.gaps.iter().flat_map(|(from, to)| *from..=*to).collect();
        assert_eq!((order.last, order.base, missing), (loan.last, loan.base, loan.missing()));
        let held: BTreeSet<_> = reader.held(&name).unwrap().into_iter().map(|(sequence, _)| sequence).collect();
        assert_eq!((order.held, held), (loan.held.len() as u64, loan.held.clone()));
        let events = reader.events(&name, 1..=u64::MAX).unwrap();
        let known: Vec<_> = loan.visible.union(&loan.held).copied().collect();
        assert_eq!(events.iter().map(|(sequence, _)| *sequence).collect::<Vec<_>>(), known);
        for (sequence, position) in events {
            let record = &records[usize::try_from(position).unwrap() - 1];
            assert_eq!((&record.subject, record.sequence), (&name, sequence));
            assert!(matches!(record.kind, Kind::Event | Kind::Held));
        }
    }
    let totals = rig.ledger.totals();
    let sum = |what: fn(&Loan) -> usize| loans.values().map(|loan| what(loan) as u64).sum::<u64>();
    assert_eq!(totals.events, sum(|loan| loan.visible.len() + loan.held.len()));
    assert_eq!(totals.duplicates, loans.values().map(|loan| loan.duplicates).sum::<u64>());
    assert_eq!(totals.held, sum(|loan| loan.held.len()));
    assert_eq!(totals.held_loans, sum(|loan| usize::from(!loan.held.is_empty())));
    assert_eq!(totals.incomplete_loans, sum(|loan| usize::from(!loan.missing().is_empty())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_ledger_agrees_with_the_model_whatever_is_cut_off(steps in history()) {
        let undisturbed = play(&steps, false);
        agrees(&undisturbed, &model(&steps));
        let disturbed = play(&steps, true);
        prop_assert_eq!(disturbed.logged(), undisturbed.logged());
        prop_assert_eq!(disturbed.ledger.totals(), undisturbed.ledger.totals());
        let anew = disturbed.without_ledger();
        prop_assert_eq!(anew.ledger.totals(), undisturbed.ledger.totals());
        agrees(&anew, &model(&steps));
    }

    #[test]
    fn every_order_of_arrival_ends_with_the_same_visible_events(
        order in Just((1..=20_u64).collect::<Vec<_>>()).prop_shuffle(),
        twice in proptest::collection::vec(1..=20_u64, 0..10),
    ) {
        let mut rig = Rig::new();
        let lines: Vec<_> = order.iter().chain(&twice).map(|sequence| arrival(&format!("a{sequence}"))).collect();
        for lines in lines.chunks(4) {
            prop_assert_eq!(rig.feed(lines, false, false), None);
        }
        let loan = rig.reader().loan("a").unwrap().unwrap();
        prop_assert_eq!((loan.last, loan.held, &loan.gaps[..]), (20, 0, &[][..]));
        prop_assert_eq!(rig.ledger.totals().duplicates, twice.len() as u64);
        prop_assert_eq!(rig.reader().events("a", 1..=20).unwrap().len(), 20);
    }
}
