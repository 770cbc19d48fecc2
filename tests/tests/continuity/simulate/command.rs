//! `continuity simulate`, as people start it.

use std::process::{Child, Output, Stdio};

use continuity_tests::brokers::{NATS, NatsServer};
use continuity_tests::compare::{self, Clients};
use continuity_tests::fold::{Fold, Gaps};
use continuity_tests::harness::{Client, Demo, Failure, command};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::read;

/// A simulator that is still publishing; ends with the test.
struct Publishing(Option<Child>);

impl Drop for Publishing {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn simulate(arguments: &[&str]) -> Result<Output, Failure> {
    Ok(command()?.arg("simulate").args(arguments).output()?)
}

fn summary(output: &Output) -> Result<Value, Failure> {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[tokio::test]
async fn what_it_publishes_a_replica_shows() -> Result<(), Failure> {
    let broker = NatsServer::start(NATS)?;
    let url = broker.url();
    let words = [
        &["--to", &url, "--create", "--loans", "8", "--once", "--json", "--manifest-every", "200"][..],
        &["--duplicates", "0.02", "--reorder", "0.05", "--malformed", "0.005", "--seed", "31"],
    ];
    let words: Vec<String> = words.concat().iter().map(ToString::to_string).collect();
    let output = tokio::task::spawn_blocking(move || {
        simulate(&words.iter().map(String::as_str).collect::<Vec<_>>()).map_err(|e| e.to_string())
    });
    let said = summary(&output.await??)?;
    let url = broker.url();
    let arrived = tokio::task::spawn_blocking(move || read::nats(&url).map_err(|e| e.to_string())).await??;
    assert_eq!(said["positions"]["BANCLO_CHANGES"], arrived.len());
    assert_eq!((said["loans"].as_u64(), &said["acknowledged"]), (Some(8), &said["messages"]));
    let published: u64 = ["events", "manifests"].iter().filter_map(|name| said[name].as_u64()).sum();
    let faults: u64 = ["duplicates", "malformed"].iter().filter_map(|name| said["faults"][name].as_u64()).sum();
    assert!(faults > 5 && published + faults == arrived.len() as u64, "{said}");

    let fold = Fold::of(Gaps::Held, arrived.iter().map(|message| message.body.as_str()));
    let demo = Demo::new().argument("--source").argument(broker.url()).start().await?;
    let clients = Clients { all: Client::of(&demo, "").await?, loans_only: Client::of(&demo, "loans:read").await? };
    let report = compare::everything(std::sync::Arc::new(fold), clients).await?;
    assert!(report.replies > 100 && report.differences.is_empty(), "{:?}", report.differences.first());
    Ok(())
}

#[tokio::test]
async fn a_stream_that_carries_something_else_is_refused() -> Result<(), Failure> {
    let broker = NatsServer::start(NATS)?;
    let context = async_nats::jetstream::new(async_nats::connect(broker.url()).await?);
    let (name, subjects) = ("BANCLO_CHANGES".to_owned(), vec!["other.>".to_owned()]);
    let config = async_nats::jetstream::stream::Config { name, subjects, ..Default::default() };
    context.create_stream(config).await?;
    let output = simulate(&["--to", &broker.url(), "--create", "--loans", "1", "--once"])?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    for word in ["BANCLO_CHANGES", "other.>", "banclo.changes.>", "add that"] {
        assert!(said.contains(word), "{said}");
    }
    Ok(())
}

#[test]
fn it_goes_on_until_it_is_interrupted() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let feed = folder.path().join("feed.ndjson");
    let to = format!("file:{}", feed.display());
    let child = command()?
        .args(["simulate", "--to", &to, "--loans", "1", "--rate", "0", "--heartbeat", "0.05", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let id = Pid::from_raw(i32::try_from(child.id())?).ok_or("no process id")?;
    let mut publishing = Publishing(Some(child));
    let beats = || std::fs::read_to_string(&feed).unwrap_or_default().matches("SourceHeartbeat").count();
    let clock = continuity_base::SystemClock::new();
    while beats() < 3 {
        let waited = continuity_base::Clock::monotonic(&clock);
        assert!(waited < std::time::Duration::from_mins(1), "no heartbeats came");
        std::thread::yield_now();
    }
    kill_process(id, Signal::INT)?;
    let child = publishing.0.take().ok_or("it is gone")?;
    let said = summary(&child.wait_with_output()?)?;
    assert_eq!((&said["stopped"], &said["acknowledged"]), (&Value::Bool(true), &said["messages"]));
    assert_eq!(said["positions"]["feed.ndjson"], std::fs::metadata(&feed)?.len());
    Ok(())
}

#[test]
fn an_export_stands_beside_the_events_after_it() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let (feed, export) = (folder.path().join("feed.ndjson"), folder.path().join("bootstrap.ndjson"));
    let (to, export_name) = (format!("file:{}", feed.display()), export.display().to_string());
    let common = ["--loans", "5", "--seed", "33", "--start", "1767600000", "--json"];
    let history = summary(&simulate(&[&["--to", &to, "--once"][..], &common].concat())?)?;
    let whole = std::fs::read_to_string(&feed)?;
    std::fs::remove_file(&feed)?;
    let limit = (history["events"].as_u64().ok_or("no events")? + 40).to_string();
    let tail = ["--to", &to, "--rate", "1000", "--events", &limit, "--snapshot", &export_name, "--skip-history"];
    let told = summary(&simulate(&[&tail[..], &common].concat())?)?;
    assert_eq!(told["events"], 40);
    let after = std::fs::read_to_string(&feed)?;
    assert!(after.lines().all(|line| !whole.contains(line)));
    // A loan's events go on where its snapshot ends.
    let export = std::fs::read_to_string(&export)?;
    let last = |text: &str| {
        let mut last = std::collections::BTreeMap::new();
        for event in text.lines().map(read::parsed) {
            if let (Some(loan), Some(sequence)) = (event.loan_id(), event.sequence) {
                last.insert(loan.to_owned(), sequence);
            }
        }
        last
    };
    assert_eq!(last(&export), last(&whole));
    Ok(())
}

#[test]
fn what_it_cannot_do_it_says() -> Result<(), Failure> {
    for (arguments, said) in [
        (&["--to", "amqp://u:secret@h"][..], "there are nats://"),
        (&["--to", "nats://127.0.0.1:1", "--connect-seconds", "0"], "does not answer"),
        (&["--to", "kafka://127.0.0.1:1", "--connect-seconds", "0"], "does not answer"),
        (&["--to", "file:/proc/nowhere/feed.ndjson", "--once"], "cannot write"),
        (&["--to", "file:x", "--manifest-every", "often"], "--manifest-every is a number"),
        (&["--to", "file:x", "--gaps", "7"], "from 0 to 1"),
    ] {
        let output = simulate(arguments)?;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && errors.contains(said), "{arguments:?}: {errors}");
        assert!(!errors.contains("secret"), "{errors}");
    }
    Ok(())
}
