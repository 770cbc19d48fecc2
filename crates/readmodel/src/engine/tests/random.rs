//! Random histories: live, rebuilt and folded naively, the outcome is one.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::models::*;
use super::naive::{NaiveLoan, Outcome};
use super::source::{Arrival, LOANS, arrivals, steps};
use super::support::*;
use crate::store::MemoryShelf;
use crate::{Counts, View};

pub(super) fn outcome(view: &View, loan: &str) -> Outcome {
    let rows = entities(view.model("entities").unwrap(), loan).into_iter();
    let rows: BTreeMap<_, Value> =
        rows.map(|(kind, id, json)| ((kind, id), serde_json::from_str(&json).unwrap())).collect();
    let state = view.loan(loan).unwrap();
    assert_eq!(state.complete, state.gaps.is_empty() && state.parked.is_none());
    assert_eq!(state.exists, rows.keys().any(|(kind, _)| kind == "loanRequest"));
    Outcome {
        rows,
        parked: state.parked,
        gaps: state.gaps.iter().flat_map(|(first, last)| *first..=*last).collect(),
        last: state.last_sequence,
        purged: state.purged,
        skipped: state.skipped.into_iter().collect(),
        trail: trail(view.model("trail").unwrap(), loan),
    }
}

fn counts(outcomes: &[Outcome]) -> Counts {
    let count = |what: &dyn Fn(&Outcome) -> bool| outcomes.iter().filter(|o| what(o)).count() as u64;
    Counts {
        loans: count(&|o| o.rows.keys().any(|(kind, _)| kind == "loanRequest")),
        parked_loans: count(&|o| o.parked.is_some()),
        incomplete_loans: count(&|o| o.parked.is_some() || !o.gaps.is_empty()),
        skipped: outcomes.iter().map(|o| o.skipped.len() as u64).sum(),
        ..Counts::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("CONTINUITY_SOAK").is_some() { 20_000 } else { 96 }, ..ProptestConfig::default() })]

    #[test]
    fn live_rebuilt_and_naive_agree(steps in steps(), rows in 1..40_usize) {
        let mut ingest = Ingest::default();
        let (handle, mut engine) = engine(&MemoryShelf::new(), &ingest.history, rows).unwrap();
        let mut naive = LOANS.map(NaiveLoan::new);
        for arrival in arrivals(&steps) {
            match &arrival {
                Arrival::Event(event) => {
                    ingest.arrive(event);
                    let index = LOANS.iter().position(|loan| event.loan_id() == Some(loan)).unwrap();
                    naive[index].arrive(event);
                }
                Arrival::GiveUp(loan) => {
                    ingest.give_up(loan);
                    let index = LOANS.iter().position(|other| other == loan).unwrap();
                    naive[index].give_up();
                }
                Arrival::Sync => {
                    ingest.history.sync();
                    drain(&mut engine).unwrap();
                    let view = handle.view();
                    let expected: Vec<_> = naive.iter().map(NaiveLoan::outcome).collect();
                    for (loan, expected) in LOANS.iter().zip(&expected) {
                        prop_assert_eq!(&outcome(&view, loan), expected, "loan {}", loan);
                    }
                    let Counts { parked_events, unprojected, erased_loans, .. } = view.counts();
                    let wanted = Counts { parked_events, unprojected, erased_loans, ..counts(&expected) };
                    prop_assert_eq!(view.counts(), wanted);
                    prop_assert!(erased_loans >= expected.iter().filter(|loan| loan.purged).count() as u64);
                }
            }
        }
        prop_assert_eq!(digests(&handle), rebuilt(&ingest.history));
    }
}
