//! The long proofs and the benchmarks, by name.

use crate::run::{Outcome, command, run};

/// Name, what it proves, package and test. `CONTINUITY_SOAK` makes each of them long.
const SOAKS: &[(&str, &str, &str, &str)] = &[
    ("kills", "kill -9 at 50 random moments, then every endpoint of every loan", "continuity-tests", "survives_kill"),
    (
        "kills-nats",
        "102 deaths of replica, broker and connection while NATS is published to",
        "continuity-tests",
        "nats_survives_kills",
    ),
    (
        "kills-kafka",
        "102 deaths of replica, broker and connection while Kafka is published to",
        "continuity-tests",
        "kafka_survives_kills",
    ),
    ("feed", "a long simulated feed with faults against the independent fold", "continuity-tests", "simulated"),
    ("hostile", "100 feeds of random hostile histories and the independent fold", "continuity-tests", "hostile"),
    (
        "histories",
        "20,000 random histories: live, rebuilt and naively folded rows agree",
        "continuity-readmodel",
        "live_rebuilt",
    ),
    ("power", "4,000 power cuts at random syncs of the read models", "continuity-readmodel", "at_whatever_sync"),
    ("log", "4,000 lives of a log that end in a power cut or a kill", "continuity-log", "nothing_acknowledged"),
];

/// Name, what it measures, package and bench target.
const BENCHES: &[(&str, &str, &str, &str)] = &[
    ("verify", "access tokens verified a second, with the cache and without", "continuity-auth", "verify"),
    ("log", "durable appends/s beside a plain file with crc32c and fdatasync", "continuity-log", "append"),
    ("ingest", "feed to visible events/s, rebuild events/s, sizes against raw JSON", "continuity-tests", "ingest"),
    ("serve", "by-id and list requests/s beside a bare axum TLS server", "continuity-tests", "serve"),
    (
        "sources",
        "broker to durable (G3) and to visible (G4) events/s beside the broker's own client",
        "continuity-tests",
        "sources",
    ),
    ("rss", "anonymous memory over ten minutes at full rate, and its slope", "continuity-tests", "rss"),
];

pub(crate) fn soak(words: &[&str]) -> Outcome {
    let Some(name) = words.first() else {
        for (name, what, ..) in SOAKS {
            println!("{name:<12} {what}");
        }
        println!("rss          the bench of that name: ten minutes at full rate");
        return Ok(());
    };
    if *name == "rss" {
        return bench(words);
    }
    let (_, _, package, test) = SOAKS.iter().find(|soak| soak.0 == *name).ok_or(format!("there is no soak {name}"))?;
    let words = ["cargo", "test", "--release", "--package", package, test, "--", "--nocapture"];
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
