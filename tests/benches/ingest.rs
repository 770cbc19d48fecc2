//! How fast a feed becomes visible, how fast it is folded again, and how much room it takes.
//!
//! `cargo bench --package continuity-tests --bench ingest -- FEED.ndjson`. The demo starts over an empty directory; the
//! time until its JSON line counts, so reading, validating, hashing, fsync, folding and serving are all in it. The
//! baseline is reading the same file line by line and parsing each line with `serde_json`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::cast_precision_loss, reason = "ratios of counts, printed with few digits")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::replica::{Replica, binary};
use support::wrk::resident;

fn main() {
    let feed = std::env::args().skip(1).find(|a| !a.starts_with("--")).expect("a feed: -- FEED.ndjson");
    let (events, bytes, parsing) = baseline(Path::new(&feed));
    let rate = |time: Duration| events as f64 / time.as_secs_f64();
    println!("{events} events, {bytes} bytes of JSON; parsing alone {:.0} events/s", rate(parsing));

    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().to_str().expect("a path that is text");
    let started = Instant::now();
    let replica = Replica::start(&["--feed", &feed, "--data-dir", data]);
    let visible = started.elapsed();
    println!(
        "feed to visible: {:.0} events/s ({:.1} s), {:.3} of parsing alone; anonymous memory {} MiB",
        rate(visible),
        visible.as_secs_f64(),
        rate(visible) / rate(parsing),
        resident(replica.pid) >> 20
    );
    sizes(directory.path(), bytes);
    rebuilds(data, events);
    drop(replica); // SIGKILL

    let started = Instant::now();
    let again = Replica::start(&["--feed", &feed, "--data-dir", data]);
    println!("ready again after SIGKILL: {:.2} s", started.elapsed().as_secs_f64());
    again.stop();
}

fn baseline(feed: &Path) -> (u64, u64, Duration) {
    let text = fs::read(feed).expect("the feed can be read");
    let started = Instant::now();
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    let mut events = 0;
    for line in lines {
        serde_json::from_slice::<Value>(line).expect("a JSON line");
        events += 1;
    }
    (events, text.len() as u64, started.elapsed())
}

fn sizes(data: &Path, raw: u64) {
    for (what, folder) in [("log", "log"), ("read models", "read-models")] {
        let bytes = size(&data.join(folder));
        println!("{what}: {bytes} bytes on disk, {:.2} of the raw JSON", bytes as f64 / raw as f64);
    }
}

/// Bytes that the files below `path` take on disk: preallocated room counts only once it is written.
fn size(path: &PathBuf) -> u64 {
    let output = Command::new("du").args(["-s", "--block-size=1"]).arg(path).output().expect("du runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace().next().and_then(|word| word.parse().ok()).expect("du prints a size")
}

fn rebuilds(data: &str, events: u64) {
    for name in ["loan-requests", "tasks", "audit-log"] {
        let started = Instant::now();
        let output =
            Command::new(binary()).args(["projection", "rebuild", name, "--data-dir", data]).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let time = started.elapsed();
        println!(
            "rebuild of {name}: {:.0} events/s ({:.1} s); {}",
            events as f64 / time.as_secs_f64(),
            time.as_secs_f64(),
            String::from_utf8_lossy(&output.stdout).trim()
        );
    }
}
