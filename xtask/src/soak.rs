//! The long proofs and the benchmarks, by name.

use crate::checks;
use crate::run::{Outcome, command, run};

/// Name, what it proves, package and the whole path of its test. `CONTINUITY_SOAK` makes each of them long.
const SOAKS: &[(&str, &str, &str, &str)] = &[
    (
        "kills",
        "kill -9 at 50 random moments, then every endpoint of every loan",
        "continuity-tests",
        "kills::survives_kill",
    ),
    (
        "kills-nats",
        "102 deaths of replica, broker and connection while NATS is published to",
        "continuity-tests",
        "kills::sources::nats_survives_kills",
    ),
    (
        "kills-kafka",
        "102 deaths of replica, broker and connection while Kafka is published to",
        "continuity-tests",
        "kills::sources::kafka_survives_kills",
    ),
    (
        "feed",
        "a long simulated feed with faults against the independent fold",
        "continuity-tests",
        "simulated::simulated_feed_agrees",
    ),
    (
        "as-of",
        "answers recorded while events arrive, asked for again as of their positions",
        "continuity-tests",
        "as_of::what_was_answered_at_a_position_is_answered_again",
    ),
    (
        "hostile",
        "100 feeds of random hostile histories and the independent fold",
        "continuity-tests",
        "hostile::hostile_histories_agree",
    ),
    (
        "polling",
        "50 runs of walks by cursor and polling by position while 5,000 events/s arrive",
        "continuity-tests",
        "polling::polls_and_walks_miss_nothing",
    ),
    (
        "histories",
        "20,000 random histories: live, rebuilt and naively folded rows agree",
        "continuity-readmodel",
        "engine::tests::random::live_rebuilt_and_naive_agree",
    ),
    (
        "power",
        "4,000 power cuts at random syncs of the read models",
        "continuity-readmodel",
        "engine::tests::crash::at_whatever_sync_the_power_fails_nothing_is_lost_or_twice",
    ),
    (
        "blobs",
        "10,000 documents from a server on its worst day, over 30 kills of the replica",
        "continuity-tests",
        "blobs::arrive::everything_arrives_over_kills",
    ),
    (
        "api",
        "schemathesis over the whole OpenAPI document, 400 new cases for each operation and phase",
        "continuity-tests",
        "open_api::fuzz::schemathesis_finds_nothing",
    ),
    (
        "log",
        "4,000 lives of a log that end in a power cut or a kill",
        "continuity-log",
        "recovery::tests::crashes::nothing_acknowledged_is_lost",
    ),
];

/// Name, what it measures, package and bench target.
const BENCHES: &[(&str, &str, &str, &str)] = &[
    ("verify", "access tokens verified a second, with the cache and without", "continuity-auth", "verify"),
    (
        "sign_in",
        "whether a refused sign-in tells who has an account, and what sign-ins cost others",
        "continuity-auth",
        "sign_in",
    ),
    (
        "sign_ins",
        "what 32 people who sign in at once do to the p99 of reads, over HTTP (words: rounds, seconds)",
        "continuity-tests",
        "sign_ins",
    ),
    ("log", "durable appends/s beside a plain file with crc32c and fdatasync", "continuity-log", "append"),
    ("ingest", "feed to visible events/s, rebuild events/s, sizes against raw JSON", "continuity-tests", "ingest"),
    (
        "lists",
        "a page of loan requests in every way at 10,000 and at 1,000,000 loans (words: other sizes)",
        "continuity-projections",
        "lists",
    ),
    (
        "pages",
        "pages of the console at 10,000 and at 1,000,000 loans beside the API (words: other sizes, rounds)",
        "continuity-tests",
        "pages",
    ),
    ("serve", "by-id and list requests/s beside a bare axum TLS server", "continuity-tests", "serve"),
    (
        "load",
        "1,000 connections of HTTP/1.1 and of HTTP/2 for two minutes each: errors, memory, p99 (needs h2load)",
        "continuity-tests",
        "load",
    ),
    (
        "downloads",
        "one large document to 20 clients beside nginx over TLS, and memory meanwhile (needs nginx)",
        "continuity-tests",
        "downloads",
    ),
    (
        "sources",
        "broker to durable (G3) and to visible (G4) events/s beside the broker's own client",
        "continuity-tests",
        "sources",
    ),
    (
        "rss",
        "anonymous memory over ten minutes at full rate (words: nats or kafka, minutes), and a bound on its slope",
        "continuity-tests",
        "rss",
    ),
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
    let words = ["cargo", "test", "--release", "--package", package, "--", "--exact", test, "--nocapture"];
    match checks::tests(command(&words).env("CONTINUITY_SOAK", "1"))? {
        counts if counts.failed > 0 || !counts.succeeded => Err(format!("the soak {name} failed")),
        counts if counts.passed == 1 => Ok(()),
        counts => Err(format!("the soak {name} is one test, {test}, and {} ran", counts.passed)),
    }
}

pub(crate) fn bench(words: &[&str]) -> Outcome {
    let Some(name) = words.first() else {
        for (name, what, ..) in BENCHES {
            println!("{name:<12} {what}");
        }
        return Ok(());
    };
    let bench = BENCHES.iter().find(|bench| bench.0 == *name).ok_or(format!("there is no bench {name}"))?;
    if bench.2 == "continuity-tests" {
        // They measure the program, which stands beside them and which cargo does not build for them.
        run(&mut command(&["cargo", "build", "--release", "--package", "continuity"]))?;
    }
    run(command(&["cargo", "bench", "--package", bench.2, "--bench", bench.3, "--"]).args(&words[1..]))
}
