//! What is lost or forged on its way through a broker is named: exactly that, loan by loan.

use std::collections::BTreeSet;

use continuity_simulator::{Emitted, Every, Faults, Kind, Manifests, Options, Simulator};
use continuity_tests::brokers::Sort;
use continuity_tests::harness::{Failure, poll};
use serde_json::Value;

use crate::feeds;
use crate::rig::{LIMIT, Rig, fold, succeeded};

/// Loan and sequence.
type Places = BTreeSet<(String, u64)>;

fn places<'a>(events: impl IntoIterator<Item = &'a Emitted>) -> Result<Places, Failure> {
    let mut places = Places::new();
    for event in events {
        let event: Value = serde_json::from_str(&event.line)?;
        if let Some(loan) = event["subject"].as_str().and_then(|subject| subject.strip_prefix("loan-requests/")) {
            places.insert((loan.to_owned(), event["sequence"].as_str().unwrap_or_default().parse()?));
        }
    }
    Ok(places)
}

async fn asked(rig: &Rig, words: &[&str]) -> Result<Value, Failure> {
    let output = rig.replica.order(words).await?;
    succeeded(&output);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What the newest evaluation misses.
fn missing(result: &Value) -> Result<Places, Failure> {
    let mut places = Places::new();
    for loan in result["missing"].as_array().ok_or("no list of what is missing")? {
        let id = loan["loanRequestId"].as_str().ok_or("no loan")?;
        for range in loan["ranges"].as_array().ok_or("no ranges")? {
            let end = |name: &str| range[name].as_str().unwrap_or_default().parse::<u64>();
            places.extend((end("from")?..=end("to")?).map(|sequence| (id.to_owned(), sequence)));
        }
    }
    Ok(places)
}

async fn holes_and_forks_are_named(sort: Sort) -> Result<(), Failure> {
    const SEED: u64 = 83;
    let faults = Faults { gaps: 0.02, forks: 0.02, duplicates: 0.02, ..Faults::default() };
    let mut simulator = Simulator::new(Options { snapshots: false, ..Options::new(SEED, feeds::START, 12) });
    let manifests = Manifests::over(simulator.history(), Every::Events(u64::MAX), "/banclo/test", SEED);
    let produced: Vec<Emitted> = manifests.collect();
    let sent: Vec<Emitted> = faults.over(SEED, produced.clone().into_iter()).collect();
    let forks = places(sent.iter().filter(|event| event.kind == Kind::Fork))?;
    let true_ones = places(sent.iter().filter(|event| event.kind != Kind::Fork))?;
    let holes: Places = places(&produced)?.difference(&true_ones).cloned().collect();
    assert!(holes.len() > 5 && forks.len() > 5, "{} holes, {} forks", holes.len(), forks.len());

    let rig = Rig::start(sort, &sent, "").await?;
    rig.until_events(fold(&sent).counts().events).await?;
    let mut report = Value::Null;
    let evaluated = poll(LIMIT, async || {
        report = asked(&rig, &["completeness", "--json"]).await?;
        Ok(report["results"].as_array().is_some_and(|results| !results.is_empty()))
    });
    assert!(evaluated.await?, "no evaluation: {report}");
    assert_eq!((&report["status"], missing(&report["results"][0])?), (&"incomplete".into(), holes));

    let quarantined = asked(&rig, &["quarantine", "list", "--json"]).await?;
    let mut named = Places::new();
    for entry in quarantined.as_array().ok_or_else(|| format!("no list: {quarantined}"))? {
        assert_eq!(entry["reason"], "fork", "{entry}");
        let loan = entry["loan"].as_str().ok_or_else(|| format!("no loan: {entry}"))?;
        named.insert((loan.to_owned(), entry["sequence"].as_u64().unwrap_or_default()));
    }
    assert_eq!(named, forks);
    let counted = rig.replica.metric("continuity_ingest_quarantined_total{reason=\"fork\"}").await?;
    assert_eq!(counted, Some(f64::from(u32::try_from(forks.len())?)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn holes_and_forks_over_nats_are_named() -> Result<(), Failure> {
    holes_and_forks_are_named(Sort::Nats).await
}

#[tokio::test(flavor = "multi_thread")]
async fn holes_and_forks_over_kafka_are_named() -> Result<(), Failure> {
    holes_and_forks_are_named(Sort::Kafka).await
}
