//! The long proofs and the benchmarks, by name.

use crate::run::{Outcome, command, run};

/// Name, what it proves, and the test (an environment variable makes it long).
const SOAKS: &[(&str, &str, &str)] = &[
    ("kills", "kill -9 at 50 random moments of an ingest, then every endpoint of every loan", "survives_kill"),
    ("histories", "20,000 random histories: live state, a rebuild's and an independent fold's agree", "histories"),
];

/// Name, what it measures, package and bench target.
const BENCHES: &[(&str, &str, &str, &str)] = &[
    ("log", "durable appends/s beside a plain file with crc32c and fdatasync", "continuity-log", "append"),
    ("ingest", "feed to visible events/s, rebuild events/s, sizes against raw JSON", "continuity-tests", "ingest"),
    ("serve", "by-id and list requests/s beside a bare axum TLS server", "continuity-tests", "serve"),
];

pub(crate) fn soak(words: &[&str]) -> Outcome {
    let Some(name) = words.first() else {
        for (name, what, _) in SOAKS {
            println!("{name:<12} {what}");
        }
        return Ok(());
    };
    let (_, _, test) = SOAKS.iter().find(|soak| soak.0 == *name).ok_or(format!("there is no soak {name}"))?;
    let words = ["cargo", "test", "--release", "--workspace", test, "--", "--nocapture"];
    run(command(&words).env("CONTINUITY_SOAK", "1"))
}

pub(crate) fn bench(words: &[&str]) -> Outcome {
    let Some(name) = words.first() else {
        for (name, what, ..) in BENCHES {
            println!("{name:<12} {what}");
        }
        return Ok(());
    };
    let bench = BENCHES.iter().find(|bench| bench.0 == *name).ok_or(format!("there is no bench {name}"))?;
    run(command(&["cargo", "bench", "--package", bench.2, "--bench", bench.3, "--"]).args(&words[1..]))
}
