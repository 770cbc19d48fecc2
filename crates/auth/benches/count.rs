//! What it costs a request to be counted: a row that exists, from one thread and from all at once, and new rows.
//!
//! `cargo bench -p continuity-auth --bench count`. Rounds are interleaved, the first is dropped, the median counts.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its purpose")]

use std::error::Error;
use std::sync::Arc;

use continuity_auth::{Auth, AuthOptions};
use continuity_base::{Clock, SystemClock};

const ROUNDS: usize = 7;
const READS: u32 = 1_000_000;
const ROWS: u32 = 10_000;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let auth = Auth::open(AuthOptions::new(dir.path(), "https://localhost:8083", Arc::clone(&clock)))?;
    let loans: Vec<String> = (0..1_000).map(|n| format!("00000000-0000-4000-8000-{n:012}")).collect();
    let many = |reads: u32| {
        for loan in loans.iter().cycle().take(reads as usize) {
            auth.count_read("client-0011223344556677", Some(loan), "getLoanRequest");
        }
    };
    let list = |reads: u32| {
        for _ in 0..reads {
            auth.count_read("client-0011223344556677", None, "listLoanRequests");
        }
    };
    let threads = u32::try_from(std::thread::available_parallelism()?.get())?;
    let (mut spread, mut hot, mut at_once, mut new) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        spread.push(nanos(&*clock, READS, || many(READS)));
        hot.push(nanos(&*clock, READS, || list(READS)));
        at_once.push(nanos(&*clock, READS, || {
            std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(|| list(READS / threads)))));
        }));
        let fresh: Vec<String> = (0..ROWS).map(|n| format!("{round}-{n}")).collect();
        new.push(nanos(&*clock, ROWS, || {
            for loan in &fresh {
                auth.count_read("client-0011223344556677", Some(loan), "listTasks");
            }
        }));
        auth.write_reads(true);
    }
    println!("{threads} threads, optimised: {}", !cfg!(debug_assertions));
    println!("1,000 loans in turn         {:>8.0} ns a read", median(spread));
    println!("one row                     {:>8.0} ns a read", median(hot));
    println!("one row, all threads        {:>8.0} ns a read, all together", median(at_once));
    println!("a new row each              {:>8.0} ns a read", median(new));
    Ok(())
}

fn nanos(clock: &dyn Clock, times: u32, work: impl FnOnce()) -> f64 {
    let began = clock.monotonic();
    work();
    clock.monotonic().saturating_sub(began).as_secs_f64() * 1e9 / f64::from(times)
}

/// The first round warms up.
fn median(mut values: Vec<f64>) -> f64 {
    values.remove(0);
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
