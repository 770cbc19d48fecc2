//! A broker, a proxy in front of it, and a replica that follows it through the proxy.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;
use std::thread::JoinHandle;
use std::time::Duration;

use continuity_base::Stop;
use continuity_simulator::publish::{PublishError, PublishOptions, Summary, Target, publish};
use continuity_simulator::{Emitted, Faults, Options, Simulator};
use continuity_tests::brokers::{Broker, Proxy, Sort};
use continuity_tests::compare::{self, Clients};
use continuity_tests::fold::{Fold, Gaps};
use continuity_tests::harness::{Failure, Replica, poll};
use continuity_tests::json::Json;

use crate::feeds;

/// How long anything may take that has to happen in the end.
pub(crate) const LIMIT: Duration = Duration::from_mins(2);

/// Everything that is asked of a source here shows within seconds.
pub(crate) const QUICK: &str = "probe_seconds = 1\nstale_after_seconds = 3\nreconnect_most_seconds = 1\n";

pub(crate) struct Rig {
    pub(crate) broker: Broker,
    pub(crate) proxy: Proxy,
    pub(crate) replica: Replica,
}

impl Rig {
    /// Over a broker that holds these events. `source` is more of `[source]`, then further tables.
    pub(crate) async fn start(sort: Sort, events: &[Emitted], source: &str) -> Result<Self, Failure> {
        let broker = Broker::start(sort)?;
        let proxy = broker.proxy()?;
        published(publishing(&broker, events, 0.0)?).await?;
        let replica = Replica::new().config(&following(&broker, &proxy, source)).start().await?;
        Ok(Self { broker, proxy, replica })
    }

    /// Publishes these events, as many a second (0: as fast as it goes), until each is acknowledged.
    pub(crate) fn publish(&self, events: &[Emitted], rate: f64) -> Result<Publishing, Failure> {
        publishing(&self.broker, events, rate)
    }

    /// The state of the source, as `/health` has it.
    pub(crate) async fn state(&self) -> Result<String, Failure> {
        Ok(state(&self.replica.health().await?).to_owned())
    }

    /// Waits for a state of the source.
    pub(crate) async fn until(&self, wanted: &str) -> Result<Json, Failure> {
        self.replica.until(wanted, LIMIT, |health| state(health) == wanted).await
    }

    /// Events of loans that the log holds.
    pub(crate) async fn events(&self) -> Result<u64, Failure> {
        self.status("events").await
    }

    /// A number of `continuity status`.
    pub(crate) async fn status(&self, name: &str) -> Result<u64, Failure> {
        let output = self.replica.order(&["status", "--json"]).await?;
        let status = Json::parse(std::str::from_utf8(&output.stdout)?)?;
        status.number(name).ok_or_else(|| format!("no {name} in {}", status.to_text()).into())
    }

    /// Waits until the read models show what is in the log now.
    pub(crate) async fn until_applied(&self) -> Result<(), Failure> {
        let position = self.status("logPosition").await?;
        let applied = poll(LIMIT, async || Ok(self.status("appliedPosition").await? >= position));
        assert!(applied.await?, "the read models are not at {position}\n{}", self.replica.errors());
        self.replica.until_bytes(LIMIT).await.map(drop)
    }

    /// Waits until the log holds that many events of loans, and the read models show them.
    pub(crate) async fn until_events(&self, wanted: u64) -> Result<(), Failure> {
        let mut last = 0;
        let came = poll(LIMIT, async || {
            last = self.events().await?;
            Ok(last >= wanted)
        });
        if came.await? && last == wanted {
            return self.until_applied().await;
        }
        let health = self.replica.health().await?.to_text();
        Err(format!("{last} events, not {wanted}; /health says {health}\n{}", self.replica.errors()).into())
    }

    /// Takes the source as it is.
    pub(crate) async fn accept(&self) -> Result<(), Failure> {
        let output = self.replica.order(&["source", "accept", "--reason", "a test's broker lost something"]).await?;
        succeeded(&output);
        Ok(())
    }

    /// Every endpoint of every loan, and the order in the log.
    pub(crate) async fn agrees(&self, fold: Fold) -> Result<(), Failure> {
        self.until_applied().await?;
        assert!(!self.places().await?.is_empty(), "no event in the log");
        let clients =
            Clients { all: self.replica.client("").await?, loans_only: self.replica.client("loans:read").await? };
        let report = compare::everything(std::sync::Arc::new(fold), clients).await?;
        let shown: Vec<_> = report.differences.iter().take(10).cloned().collect();
        let count = report.differences.len();
        assert!(report.differences.is_empty(), "{count} of {} replies differ:\n{}", report.replies, shown.join("\n"));
        Ok(())
    }

    /// Loan and sequence of every event in the log. Each is there once, and takes effect behind the one before it.
    pub(crate) async fn places(&self) -> Result<BTreeSet<(String, u64)>, Failure> {
        let output = self.replica.order(&["log", "cat", "--limit", "10000000", "--json"]).await?;
        succeeded(&output);
        let mut effective: BTreeMap<String, u64> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for line in std::str::from_utf8(&output.stdout)?.lines() {
            let record = Json::parse(line)?;
            let (kind, loan) = (record.text("kind").unwrap_or_default(), record.text("subject").unwrap_or_default());
            let sequence = record.number("sequence").unwrap_or_default();
            if matches!(kind, "Event" | "Held") {
                assert!(seen.insert((loan.to_owned(), sequence)), "{loan} has {sequence} twice");
            }
            let last = effective.entry(loan.to_owned()).or_default();
            match kind {
                "Event" => assert_eq!(sequence, *last + 1, "an event of {loan}"),
                "Released" => assert!(sequence > *last, "{loan} released {sequence} behind {last}"),
                _ => continue,
            }
            *last = sequence;
        }
        Ok(seen)
    }
}

/// `[source]` of a replica that follows `broker` through `proxy`.
pub(crate) fn following(broker: &Broker, proxy: &Proxy, source: &str) -> String {
    format!("[source]\nurl = '{}'\n{QUICK}{source}\n[ingest]\nmin_free_bytes = 0\n", proxy.url(broker.scheme()))
}

/// A component of `/health`; null when there is none of that name.
pub(crate) fn component(health: &Json, name: &str) -> Json {
    health.get("components").and_then(|all| all.get(name)).cloned().unwrap_or(Json::Null)
}

/// The state of the source.
pub(crate) fn state(health: &Json) -> &str {
    health.get("components").and_then(|all| all.get("source")).and_then(|source| source.text("state")).unwrap_or("?")
}

/// Fails with what it said unless it succeeded.
pub(crate) fn succeeded(output: &Output) {
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&said));
}

/// The events of a simulated history, faults included.
pub(crate) fn events(seed: u64, loans: u64, faults: Faults) -> Vec<Emitted> {
    let options = Options { snapshots: false, ..Options::new(seed, feeds::START, loans) };
    faults.over(seed, Simulator::new(options).history()).collect()
}

/// What has to come of them; nothing is missing at their end.
pub(crate) fn fold(events: &[Emitted]) -> Fold {
    Fold::of(Gaps::Held, events.iter().map(|event| event.line.as_str()))
}

pub(crate) type Publishing = JoinHandle<Result<Summary, PublishError>>;

pub(crate) fn publishing(broker: &Broker, events: &[Emitted], rate: f64) -> Result<Publishing, Failure> {
    let (target, events) = (Target::parse(&broker.url())?, events.to_vec());
    let options = PublishOptions {
        create: true,
        rate,
        history_rate: rate,
        ack_timeout: Duration::from_secs(1),
        ..PublishOptions::default()
    };
    Ok(std::thread::spawn(move || publish(events.into_iter(), &target, &options, &Stop::new())))
}

/// Waits until every one is acknowledged.
pub(crate) async fn published(publishing: Publishing) -> Result<Summary, Failure> {
    let joined = tokio::task::spawn_blocking(move || publishing.join());
    Ok(tokio::time::timeout(LIMIT, joined).await??.map_err(|_| "the publisher panicked")??)
}
