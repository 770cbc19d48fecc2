//! `asOf` from outside: what was answered at a position is answered again, and a time is the fold of what had happened.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use continuity_simulator::BlobMode;
use continuity_tests::compare::{self, Clients, segment, without_blob_states};
use continuity_tests::fold::{Fold, Gaps};
use continuity_tests::harness::{Client, Demo, Failure, Running, poll};
use continuity_tests::instant::{self, Instant};
use continuity_tests::json::Json;
use tempfile::TempDir;

use crate::feeds::{self, Feed};

const TAILS: [&str; 12] = [
    "",
    "/audit-log",
    "/tasks",
    "/bid-requests",
    "/analysis",
    "/documents",
    "/spaces",
    "/guilds",
    "/comments",
    "/views",
    "/worksheets",
    "/tasks?limit=2&status=COMPLETED",
];

/// A feed with everything that happens on a bad day, as lines.
fn lines(path: &Path, feed: Feed) -> Result<(Vec<String>, Vec<String>), Failure> {
    // Bytes within events come and go in replies with what the replica verified.
    let fold = feeds::write_feed_with(path, feed, BlobMode::Files)?;
    let lines = std::fs::read_to_string(path)?.lines().map(str::to_owned).collect();
    Ok((lines, fold.loan_ids().map(str::to_owned).collect()))
}

fn append(path: &Path, lines: &[String]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    lines.iter().try_for_each(|line| writeln!(file, "{line}"))
}

/// A body without what the replica says of itself: states of bytes, and its own audit entries.
fn said(body: &Json) -> Json {
    match without_blob_states(body) {
        Json::List(entries) => {
            let own = |entry: &Json| entry.text("origin") == Some("REPLICA");
            Json::List(entries.into_iter().filter(|entry| !own(entry)).collect())
        }
        other => other,
    }
}

/// The first page of loans and everything of some of them, with the position of each answer, while events arrive.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_at_a_position_is_answered_again() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let (whole, path) = (directory.path().join("whole.ndjson"), directory.path().join("feed.ndjson"));
    let feed = Feed { seed: 51, loans: feeds::size(30, 300), faults: feeds::rough(), snapshots: true };
    let (lines, ids) = lines(&whole, feed)?;
    append(&path, &lines[..lines.len() / 4])?;
    let demo = Demo::new().feed(&path).start().await?;
    // Gaps are given up soon, so that events are released and come late.
    let replica = demo.serve(&path, "[ingest]\ngap_release_seconds = 1")?;
    let client = ready(&replica).await?;
    let (mut answers, mut number) = (Vec::new(), 0);
    for chunk in lines[lines.len() / 4..].chunks(lines.len() / 40) {
        let before = position(&client).await?;
        append(&path, chunk)?;
        let moved = poll(Duration::from_secs(30), async || Ok(position(&client).await? > before)).await?;
        assert!(moved, "nothing came beyond {before}: {}", replica.errors());
        for tail in TAILS {
            let asked = format!("/api/v1/loan-requests/{}{tail}", segment(&ids[number % ids.len()]));
            answers.push((client.get(&asked).await?, asked));
            number += 1;
        }
        let list = "/api/v1/loan-requests?limit=10".to_owned();
        answers.push((client.get(&list).await?, list));
    }
    let mut positions = std::collections::BTreeSet::new();
    let mut compared = 0;
    for (before, asked) in &answers {
        let position = before.header("x-replica-position");
        positions.insert(position.to_owned());
        let again = client.as_of(position).get(asked).await?;
        // What was purged or erased since is not shown again.
        if again.status == 410 {
            continue;
        }
        assert_eq!(again.status, before.status, "{asked} as of {position}: {}", again.text());
        if before.status.is_success() {
            let (mut got, mut want) = (said(&again.json()?), said(&before.json()?));
            if asked.ends_with("?limit=10") {
                // Purged ones never come again, and totals of the past are not counted.
                (got, want) = (rows(&got), rows(&want));
                let gone: Vec<String> = missing(&want, &got);
                for id in &gone {
                    assert_eq!(
                        client.get(&format!("/api/v1/loan-requests/{}", segment(id))).await?.status,
                        410,
                        "{id}"
                    );
                }
                if !gone.is_empty() {
                    continue;
                }
            }
            assert_eq!(got.to_text(), want.to_text(), "{asked} as of {position}");
            assert_eq!(again.header("x-replica-complete"), before.header("x-replica-complete"), "{asked}");
            compared += 1;
        }
    }
    assert!(compared > 200 && positions.len() > 10, "{compared} answers at {} positions", positions.len());
    Ok(())
}

async fn position(client: &Client) -> Result<u64, Failure> {
    Ok(client.get("/api/v1/loan-requests?limit=1").await?.header("x-replica-position").parse()?)
}

/// A client, once the replica answers.
async fn ready(replica: &Running) -> Result<Client, Failure> {
    let anonymous = Client::anonymous(replica)?;
    let answers = async || Ok(anonymous.get("/ready").await.is_ok_and(|reply| reply.status.is_success()));
    assert!(poll(Duration::from_mins(1), answers).await?, "not ready: {}", replica.errors());
    Client::of(replica, "").await
}

fn rows(page: &Json) -> Json {
    page.get("loanRequests").cloned().unwrap_or(Json::Null)
}

fn missing(from: &Json, to: &Json) -> Vec<String> {
    let ids =
        |list: &Json| list.elements().iter().filter_map(|row| row.text("id").map(str::to_owned)).collect::<Vec<_>>();
    let there = ids(to);
    ids(from).into_iter().filter(|id| !there.contains(id)).collect()
}

/// Every endpoint of every loan as of some times, against the independent fold of what had happened by then.
#[tokio::test(flavor = "multi_thread")]
async fn a_time_is_the_fold_of_what_had_happened_by_then() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let path = directory.path().join("feed.ndjson");
    let feed = Feed { seed: 52, loans: feeds::size(12, 100), faults: feeds::rough(), snapshots: false };
    let (lines, ids) = lines(&path, feed)?;
    let demo = Demo::new().feed(&path).start().await?;
    let clients = Clients { all: Client::of(&demo, "").await?, loans_only: Client::of(&demo, "loans:read").await? };
    let history = History::of(&lines);
    let (mut replies, mut not_yet) = (0, 0);
    for at in history.some_times(5) {
        let fold = Fold::of(Gaps::Held, history.until(&at));
        let asked = Clients { all: clients.all.as_of(&at), loans_only: clients.loans_only.as_of(&at) };
        for id in &ids {
            let gone = clients.all.get(&format!("/api/v1/loan-requests/{}", segment(id))).await?.status == 410;
            if gone || history.erased.contains(id) {
                continue;
            }
            if fold.loan(id).is_none() {
                let answer = asked.all.get(&format!("/api/v1/loan-requests/{}", segment(id))).await?;
                assert_eq!(answer.status, 404, "{id} at {at}: {}", answer.text());
                not_yet += 1;
                continue;
            }
            let report = compare::loan(&fold, &asked, id).await?;
            assert!(report.differences.is_empty(), "at {at}: {:?}", report.differences);
            replies += report.replies;
        }
    }
    assert!(replies > 500 && not_yet > 0, "{replies} replies, {not_yet} not yet");
    Ok(())
}

/// The events of each loan by sequence, as they came first.
struct History {
    loans: BTreeMap<String, BTreeMap<u64, (Instant, String)>>,
    erased: std::collections::BTreeSet<String>,
}

impl History {
    fn of(lines: &[String]) -> Self {
        let mut history = Self { loans: BTreeMap::new(), erased: std::collections::BTreeSet::new() };
        for line in lines {
            let Ok(event) = Json::parse(line) else { continue };
            let loan = event.text("subject").and_then(|subject| subject.strip_prefix("loan-requests/"));
            let sequence = event.text("sequence").and_then(|text| text.parse().ok());
            let time = event.text("time").and_then(instant::parse);
            let (Some(loan), Some(sequence), Some(time)) = (loan, sequence, time) else { continue };
            if event.text("type").is_some_and(|name| name.ends_with("DataSubjectErased")) {
                history.erased.insert(loan.to_owned());
            }
            history.loans.entry(loan.to_owned()).or_default().entry(sequence).or_insert((time, line.clone()));
        }
        history
    }

    /// Times between the first and the last, as they stand in events.
    fn some_times(&self, count: usize) -> Vec<String> {
        let events = self.loans.values().flat_map(BTreeMap::values);
        let mut times: Vec<(Instant, String)> = events
            .filter_map(|(time, line)| Some((time.clone(), Json::parse(line).ok()?.text("time")?.replace('+', "%2B"))))
            .collect();
        times.sort();
        (0..count).map(|n| times[(times.len() - 1) * n / count].1.clone()).collect()
    }

    /// The longest prefix of each loan in which no event is later.
    fn until(&self, at: &str) -> Vec<&str> {
        let at = instant::parse(&at.replace("%2B", "+")).expect("it stood in an event");
        let prefix =
            |events: &'_ BTreeMap<u64, (Instant, String)>| events.values().take_while(|(time, _)| *time <= at).count();
        let loans = self.loans.values();
        loans.flat_map(|events| events.values().take(prefix(events)).map(|(_, line)| line.as_str())).collect()
    }
}
