//! What a page of the list of loan requests costs, at two numbers of loans, in one run.
//!
//! `cargo bench --package continuity-projections --bench lists [-- SMALL LARGE]`, 10,000 and 1,000,000 unless said
//! otherwise. Loans come through the log and the engine, as in the replica; what is measured is the read model alone,
//! without HTTP, in CPU time of its thread, because machines are shared; for loans by id, which are over in microseconds, p50 and p99 of
//! the time itself. The sizes take turns, medians are printed. The claim is the last column: the cost grows with the page,
//! not with the loans. What reads row by row grows up to its bound, 20,000 rows for a page and as many for its total.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod support;

use std::time::Duration;

use continuity_base::{Clock, SystemClock};
use continuity_projections::loan_requests::{self, ListQuery, Search, Sort, list};
use continuity_projections::{Filter, Rowset, Test};
use continuity_readmodel::View;

use support::{Loans, TAIL};

/// Time for one query at one size.
const PATIENCE: Duration = Duration::from_millis(700);
const ROUNDS: usize = 7;
const PAGE: usize = 25;
/// Loans read by id in one round, of each size.
const READS: u64 = 20_000;

/// A query, given how many loans there are.
type Ask = fn(&View, u64) -> ListQuery;

const SUBJECTS: &[(&str, Ask)] = &[
    ("first page, by createdAt", |_, _| of()),
    ("page by cursor in the middle, by createdAt", |view, loans| in_the_middle(view, loans, of())),
    ("page by cursor in the middle, by amount ascending", |view, loans| {
        in_the_middle(view, loans, ListQuery { sort: Sort::RequestedAmount, descending: false, ..of() })
    }),
    ("status, by updatedAt", |_, _| ListQuery { statuses: vec!["BID".to_owned()], sort: Sort::UpdatedAt, ..of() }),
    ("three statuses, by reference", |_, _| ListQuery {
        statuses: ["BID", "DRAFT", "DEED"].map(str::to_owned).to_vec(),
        sort: Sort::Reference,
        ..of()
    }),
    ("by position, newest first", |_, _| ListQuery { sort: Sort::Position, ..of() }),
    ("by position, newest first, in the middle", |_, loans| ListQuery {
        sort: Sort::Position,
        after: Some((loans / 2).to_be_bytes().to_vec()),
        ..of()
    }),
    ("changedSince: 20 loans", |_, loans| since(loans - 20)),
    ("changedSince: nothing", |_, loans| since(loans)),
    ("changedSince: everything, its first page", |_, _| since(0)),
    ("q: one reference", |_, _| search("XY-2026-0000077")),
    ("q: a family name and part of a given one", |_, _| search("fam77x g")),
    ("q: a family name that 20 loans have", |_, _| search(TAIL)),
    ("q: a given name that 1 loan in 200 has", |_, _| search("g44x")),
    ("q: what every loan has", |_, _| search("xy")),
    ("q: two common words, together rare", |_, _| search("g4 fam7")),
    ("filter: every second loan", |_, _| team("even")),
    ("filter: 1 loan in 10,000", |_, _| team("rare")),
    ("filter: none", |_, _| team("none")),
    ("offset 9,000", |_, _| ListQuery { offset: 9_000, ..of() }),
];

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let mut size = |or: u64| arguments.next().map_or(or, |text| text.parse().expect("sizes are numbers"));
    let sizes = [size(10_000), size(1_000_000)];
    let clock = SystemClock::new();
    let built = sizes.map(|loans| Loans::build(loans, &clock));
    by_id(&built, sizes, &clock);
    println!("{:<52} {:>10} {:>10} {:>7}  rows, total", "microseconds a page", sizes[0], sizes[1], "ratio");
    for (what, ask) in SUBJECTS {
        let queries = [0, 1].map(|at| ask(&built[at].view(), sizes[at]));
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for at in [0, 1] {
                times[at].push(measure(&built[at].view(), &queries[at], &clock));
            }
        }
        let [small, large] = times.map(median);
        let shown = answer(&built[1].view(), &queries[1]);
        println!(
            "{what:<52} {small:>10.1} {large:>10.1} {:>7.2}  {}, {}{}",
            large / small,
            shown.count,
            if shown.total_is_exact { "" } else { "over " },
            shown.total
        );
    }
}

/// Loans by id, any of them, the sizes in turns: how long one takes, wall time.
fn by_id(built: &[Loans; 2], sizes: [u64; 2], clock: &dyn Clock) {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS as u64 {
        for at in [0, 1] {
            let view = built[at].view();
            let model = view.model("loan-requests").expect("the read model serves");
            for read in 0..READS {
                let id = support::id(support::mixed(round * READS + read) % sizes[at]);
                let started = clock.monotonic();
                let loan = loan_requests::get(model, &id).expect("the store can be read");
                times[at].push(clock.monotonic().saturating_sub(started).as_secs_f64() * 1e6);
                assert!(std::hint::black_box(loan).is_some(), "loan {id} is there");
            }
        }
    }
    println!("{:<52} {:>10} {:>10} {:>7}", "microseconds a loan by id, anywhere", sizes[0], sizes[1], "ratio");
    for times in &mut times {
        times.sort_by(f64::total_cmp);
    }
    for (what, percent) in [("p50", 50), ("p99", 99)] {
        let [small, large] = [0, 1].map(|at: usize| times[at][(times[at].len() - 1) * percent / 100]);
        println!("{what:<52} {small:>10.1} {large:>10.1} {:>7.2}", large / small);
    }
}

/// The first page of everything.
fn of() -> ListQuery {
    ListQuery { limit: PAGE, descending: true, ..ListQuery::default() }
}

fn since(position: u64) -> ListQuery {
    ListQuery { sort: Sort::Position, descending: false, changed_since: Some(position), include_deleted: true, ..of() }
}

fn search(q: &str) -> ListQuery {
    ListQuery { search: Some(Search::parse(q).expect("it has a word")), ..of() }
}

fn team(name: &str) -> ListQuery {
    let mut filter = Filter::default();
    filter.and(&["team"], Test::AnyOf(vec![name.to_owned()]));
    ListQuery { filter, ..of() }
}

/// The page that begins after the middle row.
fn in_the_middle(view: &View, loans: u64, query: ListQuery) -> ListQuery {
    let half = ListQuery { offset: loans / 2, limit: 1, ..query.clone() };
    ListQuery { after: answer(view, &half).next, limit: PAGE, ..query }
}

fn answer(view: &View, query: &ListQuery) -> Rowset {
    list(view, query).expect("the stores can be read").expect("the read model serves")
}

/// Microseconds of CPU time a page, over as many pages as fit into a part of the patience.
fn measure(view: &View, query: &ListQuery, clock: &dyn Clock) -> f64 {
    let patience = PATIENCE / u32::try_from(ROUNDS).expect("a few");
    let (started, before, mut pages) = (clock.monotonic(), cpu(), 0_u32);
    while pages == 0 || clock.monotonic().saturating_sub(started) < patience {
        drop(std::hint::black_box(answer(view, query)));
        pages += 1;
    }
    (cpu() - before) / 1e3 / f64::from(pages)
}

/// Nanoseconds of CPU time that this thread has used, from `/proc`.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux counts them");
    stat.split(' ').next().and_then(|used| used.parse().ok()).expect("a number")
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
