//! Load from `wrk`, and what it cost the server.

use std::process::Command;
use std::time::Duration;

const SECONDS: u64 = 4;
const CONNECTIONS: &str = "32";

/// What one round showed.
pub(crate) struct Figures {
    /// Requests a second.
    pub(crate) per_second: f64,
    /// 99th percentile of the latency, in milliseconds.
    pub p99_ms: f64,
    /// CPU time of the server per request, in microseconds.
    pub(crate) cpu_us: f64,
}

/// Loads `url` for some seconds; `pid` is the server's process.
pub(crate) fn load(url: &str, token: Option<&str>, pid: u32) -> Figures {
    let mut command = Command::new("wrk");
    command.args(["-t1", "-c", CONNECTIONS, "--latency", "-d", &format!("{SECONDS}s")]);
    if let Some(token) = token {
        command.args(["-H", &format!("Authorization: Bearer {token}")]);
    }
    let before = cpu(pid);
    let output = command.arg(url).output().expect("wrk is installed (cargo xtask test installs it)");
    let spent = cpu(pid).saturating_sub(before);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!text.contains("Non-2xx"), "the server answered with errors: {text}");
    let requests = word_before(&text, " requests in ").parse::<f64>().expect("wrk counts requests");
    Figures {
        per_second: word_after(&text, "Requests/sec:").parse().expect("wrk prints a rate"),
        p99_ms: milliseconds(word_after(&text, "99%")),
        cpu_us: spent.as_secs_f64() * 1e6 / requests,
    }
}

fn word_before<'a>(text: &'a str, mark: &str) -> &'a str {
    let at = text.find(mark).expect(mark);
    text[..at].split_whitespace().next_back().unwrap_or_default()
}

fn word_after<'a>(text: &'a str, mark: &str) -> &'a str {
    let at = text.find(mark).expect(mark) + mark.len();
    text[at..].split_whitespace().next().unwrap_or_default()
}

fn milliseconds(text: &str) -> f64 {
    let (number, factor) = match text {
        t if t.ends_with("us") => (&t[..t.len() - 2], 0.001),
        t if t.ends_with("ms") => (&t[..t.len() - 2], 1.0),
        t => (t.trim_end_matches('s'), 1_000.0),
    };
    number.parse::<f64>().expect("wrk prints a latency") * factor
}

/// CPU time that a process has used, user and system, from `/proc` (clock ticks of 10 ms).
pub(crate) fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process runs");
    let fields: Vec<&str> = stat[stat.rfind(')').expect("a name in brackets") + 2..].split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().expect("utime") + fields[12].parse::<u64>().expect("stime");
    Duration::from_millis(ticks * 10)
}

/// Resident memory of a process in bytes.
pub(crate) fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).expect("a line RssAnon");
    line.split_whitespace().nth(1).and_then(|text| text.parse::<u64>().ok()).expect("a size in kB") * 1024
}
