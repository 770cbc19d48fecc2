//! Saturation: 1,000 connections of HTTP/1.1 (`wrk`) and then of HTTP/2 (`h2load`), two minutes each unless said otherwise.
//!
//! `cargo bench --package continuity-tests --bench load [-- SECONDS LOANS]`, with `wrk` and `h2load` (Debian: nghttp2-client)
//! beside the replica. It fails when a request is answered with anything but 2xx, 429 and 503, when a connection breaks,
//! and when memory is not bounded: anonymous memory may not grow over the second half of a run.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod support;

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use support::replica::Replica;
use support::wrk::{cpu, resident};

const CONNECTIONS: &str = "1000";
const LOOK: Duration = Duration::from_millis(500);
/// More growth than this over the second half of a run is none of a server at rest, in bytes.
const GROWTH: u64 = 32 << 20;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with("--"));
    let seconds: u64 = arguments.next().map_or(120, |text| text.parse().expect("SECONDS is a number"));
    let loans: u32 = arguments.next().map_or(500, |text| text.parse().expect("LOANS is a number"));
    let replica = Replica::start(&["--loans", &loans.to_string(), "--rate", "0"]);
    let first = replica.first_loan("/api/v1/loan-requests?limit=1");
    println!(
        "{loans} loans, {CONNECTIONS} connections, {seconds} s each; anonymous memory {} MB before",
        mb(resident(replica.pid))
    );
    for (what, path) in [
        ("loan by id", format!("/api/v1/loan-requests/{first}")),
        ("list of 25", "/api/v1/loan-requests?status=BID&sortBy=updatedAt&sortOrder=DESC&limit=25".to_owned()),
    ] {
        let url = format!("{}{path}", replica.base_url);
        let authorization = format!("Authorization: Bearer {}", replica.token);
        let mut wrk = Command::new("wrk");
        wrk.args(["-t1", "-c", CONNECTIONS, "--timeout", "10s", "--latency", "-d", &format!("{seconds}s")]);
        run(&replica, &format!("{what}, HTTP/1.1"), wrk.args(["-H", &authorization, &url]), &check_wrk);
        let mut h2load = Command::new("h2load");
        let times = tempfile::NamedTempFile::new().expect("a temporary file");
        h2load.args(["-t1", "-c", CONNECTIONS, "-m", "4", "-D", &seconds.to_string()]);
        h2load.arg(format!("--log-file={}", times.path().display()));
        let check = |text: &str| format!("{}; {}", check_h2load(text), answered(times.path()));
        run(&replica, &format!("{what}, HTTP/2"), h2load.args(["-H", &authorization, &url]), &check);
    }
}

/// Runs a client against the replica and looks at the replica's memory meanwhile.
fn run(replica: &Replica, what: &str, client: &mut Command, check: &dyn Fn(&str) -> String) {
    let (before, spent) = (refused(replica), cpu(replica.pid));
    let child = client.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("wrk and h2load are installed");
    let (output, memory) = watched(child, replica.pid);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{what}: {text}{}", String::from_utf8_lossy(&output.stderr));
    let (figures, after) = (check(&text), refused(replica));
    assert!(
        after.errors - before.errors <= after.limited - before.limited,
        "{what}: errors beside 429 and 503: {text}"
    );
    let (half, peak) = (memory[memory.len() / 2], memory.iter().copied().max().unwrap_or(0));
    let last = memory.last().copied().unwrap_or(0);
    println!(
        "{what}: {figures}; {} refused by limits; CPU {:.0} s; anonymous memory at most {} MB, at half time {} MB, at the end {} MB",
        after.limited - before.limited,
        (cpu(replica.pid).saturating_sub(spent)).as_secs_f64(),
        mb(peak),
        mb(half),
        mb(last)
    );
    assert!(last < half + GROWTH, "{what}: memory grew from {} MB to {} MB in the second half", mb(half), mb(last));
}

/// Its output, and the replica's memory over time.
fn watched(mut child: Child, pid: u32) -> (Output, Vec<u64>) {
    let mut memory = vec![resident(pid)];
    while child.try_wait().expect("a child can be waited for").is_none() {
        std::thread::sleep(LOOK);
        memory.push(resident(pid));
    }
    (child.wait_with_output().expect("its output"), memory)
}

/// What `wrk` found; a broken connection is an error.
fn check_wrk(text: &str) -> String {
    let errors = text.lines().find(|line| line.contains("Socket errors"));
    assert!(errors.is_none_or(|line| line.contains("connect 0, read 0, write 0")), "{text}");
    let after = |mark: &str| word(text, mark);
    format!("{} requests/s, p50 {}, p99 {}", after("Requests/sec:"), after("50%"), after("99%"))
}

/// What `h2load` found; requests that ended without an answer are errors.
fn check_h2load(text: &str) -> String {
    let line = |mark: &str| text.lines().find(|line| line.starts_with(mark)).unwrap_or_default().to_owned();
    let requests = line("requests:");
    assert!(requests.contains(" 0 errored, 0 timeout"), "{text}");
    let rate = text.lines().find_map(|line| line.strip_prefix("finished in ")).unwrap_or_default();
    format!("{rate}; {}", line("status codes:"))
}

/// How long good answers took, from the log of `h2load`: when it was asked, status, microseconds.
#[expect(clippy::cast_precision_loss, reason = "microseconds of a run of minutes")]
fn answered(log: &Path) -> String {
    let text = std::fs::read_to_string(log).expect("h2load wrote its log");
    let good = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        words.next().filter(|status| *status == "200")?;
        words.next()?.parse::<u64>().ok()
    });
    let mut times: Vec<u64> = good.collect();
    assert!(!times.is_empty(), "no request was answered with 200");
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100] as f64 / 1_000.0;
    format!("of 200s p50 {:.1} ms, p99 {:.1} ms", at(50), at(99))
}

fn word<'a>(text: &'a str, mark: &str) -> &'a str {
    let rest = text.find(mark).map_or("", |at| &text[at + mark.len()..]);
    rest.split_whitespace().next().unwrap_or_default()
}

/// Replies with 4xx or 5xx, and requests that a limit refused, since the start.
struct Refused {
    errors: u64,
    limited: u64,
}

fn refused(replica: &Replica) -> Refused {
    let output = Command::new("curl").args(["-s", "--fail", &replica.metrics_url]).output().expect("curl is installed");
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    let sum = |name: &str, label: &str| {
        let lines = page.lines().filter(|line| line.starts_with(name) && line.contains(label));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum::<u64>()
    };
    let requests = "continuity_http_requests_total{";
    Refused {
        errors: sum(requests, "class=\"4xx\"") + sum(requests, "class=\"5xx\""),
        limited: sum("continuity_http_limited_total{", ""),
    }
}

const fn mb(bytes: u64) -> u64 {
    bytes >> 20
}
