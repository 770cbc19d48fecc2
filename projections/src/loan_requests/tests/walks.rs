//! Random histories and random queries against a naive model: every walk by cursor gives what is wanted, in order, once,
//! whichever way it is found, and wherever a page is cut.

use std::collections::BTreeMap;

use continuity_readmodel::Snapshot;
use serde_json::{Value, json};

use super::list::{Bounds, Models};
use super::*;

/// Names, and the words that they are made of.
const NAMES: [(&str, &[&str]); 6] = [
    ("Johanna Müller", &["johanna", "muller"]),
    ("Johann", &["johann"]),
    ("Łukasz O'Neil", &["lukasz", "o", "neil"]),
    ("müller-johann", &["muller", "johann"]),
    ("Ann", &["ann"]),
    ("[erased]", &["erased"]),
];
const QUERIES: [&str; 9] = ["joh", "johann mull", "muller", "o'neil", "neil luk", "a", "r", "r-1 joh", "nobody"];
const SORTS: [(Sort, &str); 4] = [
    (Sort::CreatedAt, "createdAt"),
    (Sort::Reference, "reference"),
    (Sort::Status, "status"),
    (Sort::Position, "position"),
];

/// What happens to a loan.
#[derive(Clone, Debug)]
enum Step {
    After(Loan),
    Names(Vec<usize>),
    Status(usize),
    Gone,
    Purge,
}

#[derive(Clone, Debug)]
struct Loan {
    status: usize,
    names: Vec<usize>,
    reference: u8,
    day: u8,
    deleted: bool,
    team: bool,
}

fn names() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..NAMES.len(), 0..3)
}

fn loan() -> impl Strategy<Value = Loan> {
    let parts = (0..STATUSES.len(), names(), 0..9_u8, 1..9_u8, any::<bool>(), any::<bool>());
    parts.prop_map(|(status, names, reference, day, deleted, team)| Loan {
        status,
        names,
        reference,
        day,
        deleted,
        team,
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => loan().prop_map(Step::After),
        2 => names().prop_map(Step::Names),
        2 => (0..STATUSES.len()).prop_map(Step::Status),
        1 => Just(Step::Gone),
        1 => Just(Step::Purge),
    ]
}

fn participants(names: &[usize]) -> Value {
    names.iter().map(|name| json!({"displayName": NAMES[*name].0})).collect()
}

impl Loan {
    fn json(&self, id: &str) -> Value {
        let deleted = if self.deleted { json!("2026-02-01T00:00:00Z") } else { Value::Null };
        json!({
            "id": id, "status": STATUSES[self.status], "reference": format!("R-{}", self.reference), "team": if self.team { "x" } else { "y" },
            "createdAt": format!("2026-01-0{}T00:00:00Z", self.day), "participants": participants(&self.names), "deletedAt": deleted,
        })
    }
}

/// The read model, and what it has to agree with.
struct Both {
    bench: Bench,
    loans: BTreeMap<String, Value>,
    positions: Vec<(u64, String)>,
}

impl Both {
    fn of(steps: &[(u8, Step)]) -> Self {
        let mut both = Self { bench: Bench::new(projection()), loans: BTreeMap::new(), positions: Vec::new() };
        for (position, (loan, step)) in steps.iter().enumerate() {
            both.step(position as u64 + 1, &format!("l{loan:02}"), step);
        }
        both
    }

    fn step(&mut self, position: u64, loan: &str, step: &Step) {
        self.positions.retain(|(_, id)| id != loan);
        self.positions.push((position, loan.to_owned()));
        let (text, patch) = match step {
            Step::After(after) => (after.json(loan), false),
            Step::Names(names) => (json!({"participants": participants(names)}), true),
            Step::Status(status) => (json!({"status": STATUSES[*status]}), true),
            Step::Gone | Step::Purge => (Value::Null, false),
        };
        if patch && !self.loans.contains_key(loan) {
            return; // The engine parks a patch of nothing.
        }
        let written = text.to_string();
        let form = match step {
            Step::Gone => ChangeForm::Gone,
            _ if patch => ChangeForm::Patch(&written),
            _ => ChangeForm::After(&written),
        };
        self.bench.commit(|model, rows| match step {
            Step::Purge => model.purge(loan, rows).unwrap(),
            _ => model.apply(&change(loan, form), rows).unwrap(),
        });
        match (text, self.loans.get_mut(loan)) {
            (Value::Object(patch), Some(state)) => state.as_object_mut().unwrap().extend(patch),
            (Value::Null, _) => drop(self.loans.remove(loan)),
            (text, _) => drop(self.loans.insert(loan.to_owned(), text)),
        }
    }

    /// The ids of the loans that are wanted, in order.
    fn expected(&self, query: &Asked) -> Vec<String> {
        let wanted = |(_, loan): &(&String, &Value)| {
            let deleted = !loan["deletedAt"].is_null();
            let of_status = query.status.is_none_or(|status| loan["status"] == STATUSES[status]);
            let of_team = !query.team || loan["team"] == "x";
            of_status
                && of_team
                && (query.include_deleted || !deleted)
                && query.q.is_none_or(|q| matches(loan, QUERIES[q]))
        };
        let key = |(id, loan): (&String, &Value)| match SORTS[query.sort].1 {
            "position" => (format!("{:06}", position_of(&self.positions, id)), id.clone()),
            member => (loan[member].as_str().unwrap().to_owned(), id.clone()),
        };
        let mut found: Vec<_> = self.loans.iter().filter(wanted).map(key).collect();
        found.sort();
        if query.descending {
            found.reverse();
        }
        let since = query.since().map_or(String::new(), |position| format!("{position:06}"));
        found.into_iter().filter(|(key, _)| query.since().is_none() || *key > since).map(|(_, id)| id).collect()
    }
}

fn position_of(positions: &[(u64, String)], loan: &str) -> u64 {
    positions.iter().find(|(_, id)| id == loan).map_or(0, |(position, _)| *position)
}

/// Whether each word of `q`, punctuation left out, begins somewhere at a part of the reference or a name.
fn matches(loan: &Value, q: &str) -> bool {
    let reference = loan["reference"].as_str().unwrap().to_lowercase();
    let mut texts = vec![reference.split('-').map(str::to_owned).collect::<Vec<_>>()];
    for person in loan["participants"].as_array().unwrap() {
        let (_, parts) = NAMES.iter().find(|(name, _)| *name == person["displayName"]).unwrap();
        texts.push(parts.iter().map(|part| (*part).to_owned()).collect());
    }
    let begins = |parts: &[String], word: &str| (0..parts.len()).any(|at| parts[at..].concat().starts_with(word));
    q.split(' ').map(|word| word.replace(['\'', '-'], "")).all(|word| texts.iter().any(|parts| begins(parts, &word)))
}

/// A query.
#[derive(Clone, Debug)]
struct Asked {
    q: Option<usize>,
    sort: usize,
    descending: bool,
    include_deleted: bool,
    status: Option<usize>,
    team: bool,
    since: Option<u64>,
    limit: usize,
}

impl Asked {
    fn since(&self) -> Option<u64> {
        self.since.filter(|_| SORTS[self.sort].0 == Sort::Position && !self.descending)
    }

    fn list(&self) -> ListQuery {
        let statuses = self.status.map(|status| STATUSES[status].to_owned()).into_iter().collect();
        let mut query = ListQuery {
            statuses,
            sort: SORTS[self.sort].0,
            descending: self.descending,
            limit: self.limit,
            include_deleted: self.include_deleted,
            changed_since: self.since(),
            search: self.q.and_then(|q| Search::parse(QUERIES[q])),
            ..ListQuery::default()
        };
        if self.team {
            query.filter.and(&["team"], crate::Test::AnyOf(vec!["x".to_owned()]));
        }
        query
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let first = (prop::option::weighted(0.8, 0..QUERIES.len()), 0..SORTS.len(), any::<bool>(), any::<bool>());
    let second = (
        prop::option::weighted(0.3, 0..STATUSES.len()),
        prop::bool::weighted(0.3),
        prop::option::of(0..40_u64),
        1..6_usize,
    );
    (first, second).prop_map(|((q, sort, descending, include_deleted), (status, team, since, limit))| Asked {
        q,
        sort,
        descending,
        include_deleted,
        status,
        team,
        since,
        limit,
    })
}

fn one_page(snapshot: &Snapshot, both: &Both, query: &ListQuery, bounds: Bounds) -> (Rowset, Vec<String>) {
    let models = Models { loans: snapshot, tasks: None, bounds };
    let rows = match query.sort {
        Sort::Position => position::page(&Positions(both.positions.clone()), models, query).unwrap(),
        _ => page(models, query).unwrap(),
    };
    assert!(rows.count <= query.limit);
    let loans: Vec<Value> = serde_json::from_slice(&rows.json).unwrap();
    let ids = loans.iter().map(|loan| loan["id"].as_str().unwrap().to_owned());
    let ids = ids.collect();
    (rows, ids)
}

/// Ids of all pages, with the totals checked.
fn walk(snapshot: &Snapshot, both: &Both, asked: &Asked, bounds: Bounds) -> Vec<String> {
    let (mut query, mut walked, expected) = (asked.list(), Vec::new(), both.expected(asked).len() as u64);
    for _ in 0..200 {
        let (rows, ids) = one_page(snapshot, both, &query, bounds);
        assert!(if rows.total_is_exact { rows.total == expected } else { rows.total <= expected }, "{asked:?}");
        walked.extend(ids);
        query.after = rows.next;
        if query.after.is_none() {
            return walked;
        }
    }
    panic!("{asked:?} comes to no end");
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (1..8_usize, 0..6_u64, 0..12_usize).prop_map(|(examined, counted, found)| Bounds { examined, counted, found })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn walks_agree_with_a_naive_model(
        steps in prop::collection::vec((0..14_u8, step()), 0..40),
        queries in prop::collection::vec((asked(), bounds()), 8),
    ) {
        let both = Both::of(&steps);
        let snapshot = both.bench.snapshot();
        for (asked, bounds) in queries {
            for bounds in [bounds, Bounds::default()] {
                prop_assert_eq!(walk(&snapshot, &both, &asked, bounds), both.expected(&asked), "{:?}", asked);
            }
        }
    }

    /// A page that was cut before its offset was reached says so, and shows nothing.
    #[test]
    fn an_offset_is_whole_or_told(
        steps in prop::collection::vec((0..14_u8, step()), 0..40),
        asked in asked(), bounds in bounds(), offset in 0..12_u64,
    ) {
        let both = Both::of(&steps);
        let query = ListQuery { offset, ..asked.list() };
        let (rows, ids) = one_page(&both.bench.snapshot(), &both, &query, bounds);
        let behind: Vec<String> = both.expected(&asked).into_iter().skip(usize::try_from(offset).unwrap()).collect();
        if rows.offset_left > 0 {
            prop_assert!(ids.is_empty() && rows.next.is_some());
        } else {
            prop_assert_eq!(&ids[..], &behind[..ids.len()]);
            prop_assert!(rows.next.is_some() || ids.len() == behind.len());
        }
    }

    /// What a loan was once leaves nothing behind: the rows are those of the loans as they are.
    #[test]
    fn rows_depend_on_the_state_alone(steps in prop::collection::vec((0..6_u8, step()), 0..30)) {
        let both = Both::of(&steps);
        let (snapshot, mut fresh) = (both.bench.snapshot(), Bench::new(projection()));
        fresh.commit(|model, rows| {
            for loan in both.loans.keys() {
                let now = String::from_utf8(get(&snapshot, loan).unwrap().unwrap()).unwrap();
                model.apply(&change(loan, ChangeForm::After(&now)), rows).unwrap();
            }
        });
        prop_assert_eq!(fresh.snapshot().digest(), snapshot.digest());
    }
}
