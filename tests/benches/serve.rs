//! Requests a second and CPU per request of the replica, beside a bare axum TLS server that sends the same bytes.
//!
//! `cargo bench --package continuity-tests --bench serve [-- ROUNDS LOANS]`. Both servers run on this machine, `wrk`
//! beside them; rounds are interleaved, the first is dropped, medians are printed. Ratios are the result: absolute
//! figures say as much about the machine as about the program.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod support;

use std::sync::Arc;

use support::bare::BareServer;
use support::replica::Replica;
use support::wrk::{Figures, load};

struct Subject {
    what: &'static str,
    path: String,
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let rounds: usize = arguments.next().map_or(6, |text| text.parse().expect("ROUNDS is a number"));
    let loans: u32 = arguments.next().map_or(2_000, |text| text.parse().expect("LOANS is a number"));
    let replica = Replica::start(&["--loans", &loans.to_string(), "--rate", "0"]);
    let first = replica.first_loan("/api/v1/loan-requests?limit=1");
    let subjects = [
        Subject { what: "loan by id", path: format!("/api/v1/loan-requests/{first}") },
        Subject {
            what: "list of 25",
            path: "/api/v1/loan-requests?status=BID&sortBy=updatedAt&sortOrder=DESC&limit=25".to_owned(),
        },
    ];
    println!("{rounds} rounds, the first dropped; {loans} loans; medians");
    for subject in subjects {
        let body = replica.get(&subject.path);
        let bare = BareServer::start(Arc::from(body.as_slice()), &replica.certificates);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(load(&format!("{}{}", replica.base_url, subject.path), Some(&replica.token), replica.pid));
            theirs.push(load(&bare.url, None, std::process::id()));
        }
        report(subject.what, body.len(), &median(&mut ours), &median(&mut theirs));
    }
}

fn median(figures: &mut Vec<Figures>) -> Figures {
    figures.remove(0);
    let middle = figures.len() / 2;
    let of = |pick: fn(&Figures) -> f64| {
        let mut values: Vec<f64> = figures.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values[middle]
    };
    Figures { per_second: of(|f| f.per_second), p99_ms: of(|f| f.p99_ms), cpu_us: of(|f| f.cpu_us) }
}

fn report(what: &str, bytes: usize, ours: &Figures, bare: &Figures) {
    println!(
        "{what}, {bytes} bytes: {:.0}/s, p99 {:.2} ms, {:.1} us CPU; bare axum TLS {:.0}/s, p99 {:.2} ms, {:.1} us CPU; \
         ratio {:.2}, CPU {:.2}x",
        ours.per_second,
        ours.p99_ms,
        ours.cpu_us,
        bare.per_second,
        bare.p99_ms,
        bare.cpu_us,
        ours.per_second / bare.per_second,
        ours.cpu_us / bare.cpu_us,
    );
}
