//! Completeness manifests: what is missing is named, exactly, over the API and on the command line, over restarts too.
//!
//! The producer here counts and digests for itself; it shares no code with the product.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use continuity_tests::harness::{Client, Demo, Failure, Running, command};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

const LIMIT: Duration = Duration::from_mins(1);
const PATH: &str = "/api/v1/replica/completeness";

/// A producer: everything that it ever gave out, whether or not it arrived.
#[derive(Default)]
pub(crate) struct Producer {
    /// Loan -> (event id, data) of each sequence.
    loans: BTreeMap<String, Vec<(String, String)>>,
    manifests: u32,
}

impl Producer {
    /// The next event of a loan.
    pub(crate) fn event(&mut self, loan: &str) -> String {
        let events = self.loans.entry(loan.to_owned()).or_default();
        let sequence = events.len() + 1;
        let id = format!("evt_{loan}_{sequence}");
        let (name, data) = if sequence == 1 {
            let after = format!(
                r#"{{"id":"{loan}","status":"BID","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","requestedAmount":1.50}}"#
            );
            let data = format!(r#"{{"entity":"loanRequest","id":"{loan}","version":1,"after":{after}}}"#);
            ("LoanRequestCreated", data)
        } else {
            let comment = format!("c{sequence}");
            let after = format!(r#"{{"id":"{comment}", "text":"é","createdAt":"2026-01-01T00:00:00Z"}}"#);
            ("CommentAdded", format!(r#"{{"entity":"comment","id":"{comment}","version":1,"after":{after}}}"#))
        };
        events.push((id.clone(), data.clone()));
        let subject = format!("loan-requests/{loan}");
        line(&id, name, &subject, &format!("\"sequence\":\"{sequence}\","), &data)
    }

    /// What must be there now; `at` as JSON text.
    pub(crate) fn manifest(&mut self, at: &str) -> String {
        self.manifests += 1;
        let (mut presence, mut content, mut events) = ([0_u8; 32], [0_u8; 32], 0);
        for (loan, sent) in &self.loans {
            events += sent.len();
            add(&mut presence, &format!("{loan}\n{}", sent.len()));
            for (sequence, (id, data)) in (1..).zip(sent) {
                let data = hex::encode(Sha256::digest(data));
                add(&mut content, &format!("{loan}\n{sequence}\n{id}\n{data}"));
            }
        }
        let list: Vec<Value> =
            self.loans.iter().map(|(loan, sent)| json!({"id": loan, "lastSequence": sent.len()})).collect();
        let data = format!(
            r#"{{"asOf":"2026-03-0{}T10:00:00Z","at":{at},"loanRequests":{},"events":{events},"digest":"{}","contentDigest":"{}","loans":{}}}"#,
            self.manifests,
            list.len(),
            hex::encode(presence),
            hex::encode(content),
            Value::Array(list.clone()),
        );
        line(&format!("evt_m{}", self.manifests), "CompletenessManifest", "control", "", &data)
    }
}

fn add(sum: &mut [u8; 32], text: &str) {
    sum.iter_mut().zip(Sha256::digest(text)).for_each(|(sum, byte)| *sum ^= byte);
}

fn line(id: &str, name: &str, subject: &str, sequence: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/banclo/test","type":"com.banclo.{name}","subject":"{subject}",{sequence}"time":"2026-03-01T10:00:00Z","data":{data}}}"#
    )
}

/// A feed that grows.
struct Feed(PathBuf);

impl Feed {
    fn new(directory: &Path, lines: &[String]) -> Result<Self, Failure> {
        let feed = Self(directory.join("feed.ndjson"));
        feed.append(lines)?;
        Ok(feed)
    }

    fn append(&self, lines: &[String]) -> Result<(), Failure> {
        let mut text = String::new();
        for line in lines {
            writeln!(text, "{line}")?;
        }
        Ok(OpenOptions::new().create(true).append(true).open(&self.0)?.write_all(text.as_bytes())?)
    }
}

/// The report once so many results are in it.
async fn results(client: &Client, wanted: u64) -> Result<Value, Failure> {
    report(client, |report| report["counts"]["results"] == wanted).await
}

async fn report(client: &Client, fits: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
    let mut last = Value::Null;
    let look = async {
        loop {
            let reply = client.get(PATH).await?;
            last = serde_json::from_slice(&reply.bytes)?;
            if fits(&last) {
                return Ok::<_, Failure>(());
            }
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(LIMIT, look).await.map_err(|_| "no such report in time")??;
    Ok(last)
}

/// Runs `continuity completeness` on a data directory.
async fn completeness(data: &Path, words: &[&str]) -> Result<String, Failure> {
    let mut command = command()?;
    command.arg("completeness").args(words).arg("--data-dir").arg(data);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// Loans of three events each, and what of them arrives: `b` without its second, `c` without its last, `d` not at all.
fn with_holes(producer: &mut Producer) -> (Vec<String>, Vec<String>) {
    let (mut arrives, mut lost) = (Vec::new(), Vec::new());
    for sequence in 1..=3 {
        for loan in ["a", "b", "c", "d", "e"] {
            let line = producer.event(loan);
            let gone = matches!((loan, sequence), ("b", 2) | ("c", 3) | ("d", _));
            if gone { lost.push(line) } else { arrives.push(line) }
        }
    }
    (arrives, lost)
}

fn named(result: &Value) -> Value {
    let range = |range: &Value| format!("{}-{}", range["from"].as_str().unwrap(), range["to"].as_str().unwrap());
    let loan = |loan: &Value| {
        let ranges: Vec<String> = loan["ranges"].as_array().unwrap().iter().map(range).collect();
        json!([loan["loanRequestId"], ranges.join(",")])
    };
    result["missing"].as_array().unwrap().iter().map(loan).collect()
}

/// Planted holes: exactly those are named, everywhere; when what was lost comes late, asking again finds all of it.
#[tokio::test(flavor = "multi_thread")]
async fn planted_holes_are_named_and_filled() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let mut producer = Producer::default();
    let (mut lines, lost) = with_holes(&mut producer);
    lines.push(producer.manifest("{\"BANCLO_CHANGES\":900}"));
    let feed = Feed::new(directory.path(), &lines)?;
    let demo = Demo::new().feed(&feed.0).data_dir(directory.path().join("data")).start().await?;
    let client = Client::of(&demo, "audit:read").await?;

    let first = results(&client, 1).await?;
    let result = &first["results"][0];
    assert_eq!(first["status"], "incomplete", "{first}");
    assert_eq!(named(result), json!([["b", "2-2"], ["c", "3-3"], ["d", "1-3"]]));
    assert_eq!(
        (&result["loansMissing"], &result["eventsMissing"], &result["unlisted"]),
        (&json!(3), &json!(5), &json!([]))
    );
    assert_eq!((&result["presence"], &result["content"]), (&json!(false), &Value::Null));
    shown_to_all(&demo, &client, false).await?;
    let text = completeness(demo.data_dir(), &[]).await?;
    let text =
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join("\n");
    for words in ["INCOMPLETE", "5 events of 3 loans", "\nb 2\n", "\nc 3\n", "\nd 1-3\n"] {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    assert!(!text.lines().any(|line| line.starts_with("a ") || line.starts_with("e ")), "{text}");

    feed.append(&lost)?;
    logged(&demo, &client, 15).await?;
    let again: Value = serde_json::from_str(&completeness(demo.data_dir(), &["--again", "--json"]).await?)?;
    assert_eq!(
        (&again["result"], &again["content"], &again["again"]),
        (&json!("complete"), &json!(true), &json!(true))
    );
    let second = results(&client, 2).await?;
    let words: Vec<&Value> = second["results"].as_array().unwrap().iter().map(|result| &result["result"]).collect();
    assert_eq!(words, ["complete", "incomplete"], "the history keeps both");
    shown_to_all(&demo, &client, true).await?;
    Ok(())
}

/// Until so many loan events are logged.
async fn logged(demo: &Running, client: &Client, events: u32) -> Result<(), Failure> {
    let look = async {
        while client.metric(demo, "continuity_ingest_events_total").await? != Some(f64::from(events)) {
            sleep(Duration::from_millis(50)).await;
        }
        Ok::<_, Failure>(())
    };
    timeout(LIMIT, look).await?
}

/// `/health` and the metrics say what the newest result was, in counts alone.
async fn shown_to_all(demo: &Running, client: &Client, complete: bool) -> Result<(), Failure> {
    let health = client.get("/health").await?;
    let value: Value = serde_json::from_slice(&health.bytes)?;
    let shown = &value["components"]["completeness"];
    assert_eq!(shown["complete"], complete, "{value}");
    assert_eq!(shown["eventsMissing"], if complete { 0 } else { 5 });
    assert!(!health.text().contains("evt_"), "{}", health.text());
    for (name, expected) in [
        ("last_result", if complete { 1.0 } else { 0.0 }),
        ("loans_missing", if complete { 0.0 } else { 3.0 }),
        ("events_missing", if complete { 0.0 } else { 5.0 }),
        ("manifests_total", if complete { 2.0 } else { 1.0 }),
    ] {
        let value = client.metric(demo, &format!("continuity_completeness_{name}")).await?;
        assert_eq!(value, Some(expected), "{name}");
    }
    Ok(())
}

/// An event whose content is another one than was sent, and events that the producer does not know of.
#[tokio::test(flavor = "multi_thread")]
async fn changed_and_surplus_events_differ() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let mut producer = Producer::default();
    let mut lines: Vec<String> = ["a", "a", "b"].map(|loan| producer.event(loan)).to_vec();
    lines.push(producer.manifest("{\"BANCLO_CHANGES\":3}"));
    // The producer's own copy of one event changes behind its back; then it forgets a loan and the end of another.
    producer.loans.get_mut("a").unwrap()[1].1.push(' ');
    lines.push(producer.manifest("{\"BANCLO_CHANGES\":3}"));
    producer.loans.remove("b");
    producer.loans.get_mut("a").unwrap().pop();
    lines.push(producer.manifest("{\"BANCLO_CHANGES\":3}"));
    let feed = Feed::new(directory.path(), &lines)?;
    let demo = Demo::new().feed(&feed.0).start().await?;
    let client = Client::of(&demo, "").await?;
    let report = results(&client, 3).await?;
    let shown: Vec<Value> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| json!([result["result"], result["presence"], result["content"], result["unlisted"]]))
        .collect();
    let expected = [
        json!(["different", false, null, ["b"]]),
        json!(["different", true, false, []]),
        json!(["complete", true, true, []]),
    ];
    assert_eq!(shown, expected, "{report}");
    assert_eq!(report["results"][0]["ahead"], json!([{"loanRequestId": "a", "listed": "1", "here": "2"}]));
    let few = Client::of(&demo, "loans:read").await?;
    assert_eq!(few.get(PATH).await?.status, 403, "names are for auditors");
    Ok(())
}

/// A manifest that came before the source was read up to its `at` waits, over a kill too, and is evaluated then.
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_waits_over_a_kill() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let data = directory.path().join("data");
    let mut producer = Producer::default();
    let (lines, lost) = with_holes(&mut producer);
    let (early, late) = lines.split_at(4);
    // `at` names the file itself, up to the end of lines that are not written yet.
    let line = producer.manifest("{\"feed.ndjson\":9999}");
    let bytes = |lines: &[String]| lines.iter().map(|line| line.len() + 1).sum::<usize>();
    let end = bytes(early) + line.len() + 1 + bytes(late);
    assert!((1_000..9_999).contains(&end), "as many digits as in its place");
    let line = line.replace("\"feed.ndjson\":9999", &format!("\"feed.ndjson\":{end}"));
    let mut first = early.to_vec();
    first.push(line);
    let feed = Feed::new(directory.path(), &first)?;
    for _ in 0..2 {
        let demo = Demo::new().feed(&feed.0).data_dir(&data).start().await?;
        let client = Client::of(&demo, "audit:read").await?;
        let waiting = report(&client, |report| report["counts"]["waiting"] == 1).await?;
        assert_eq!((&waiting["status"], &waiting["waiting"][0]["manifestId"]), (&json!("unknown"), &json!("evt_m1")));
        demo.kill()?;
    }
    // While nothing runs, the source goes on: up to `at`, and beyond it with what had been lost.
    feed.append(late)?;
    feed.append(&lost)?;
    let demo = Demo::new().feed(&feed.0).data_dir(&data).start().await?;
    let client = Client::of(&demo, "audit:read").await?;
    let found = results(&client, 1).await?;
    assert_eq!(
        named(&found["results"][0]),
        json!([["b", "2-2"], ["c", "3-3"], ["d", "1-3"]]),
        "only what is up to `at` counts"
    );
    demo.kill()?;
    let text = completeness(&data, &[]).await?;
    assert!(text.contains("INCOMPLETE") && text.contains("5 events of 3 loans"), "{text}");
    let again: Value = serde_json::from_str(&completeness(&data, &["--again", "--json"]).await?)?;
    assert_eq!((&again["result"], &again["position"]), (&json!("complete"), &Value::Null), "{again}");
    let demo = Demo::new().feed(&feed.0).data_dir(&data).start().await?;
    let client = Client::of(&demo, "audit:read").await?;
    let kept = results(&client, 1).await?;
    assert_eq!(kept["results"], found["results"], "a result is never worked out twice");
    Ok(())
}
