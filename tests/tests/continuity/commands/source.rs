//! `continuity source`: look at it, pause it, and accept it after it diverged.

use std::io::Write;
use std::time::Duration;

use super::*;

const STEP: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_secs(30);

/// A demo over a feed without heartbeats: those of a history are old, so its source would rightly count as stale.
async fn quiet(directory: &TempDir) -> Result<Running, Failure> {
    let feed = directory.path().join("feed.ndjson");
    feeds::write(&feed, 5, 4, Faults::default())?;
    let lines = std::fs::read_to_string(&feed)?;
    let kept = lines.lines().filter(|line| !line.contains("com.banclo.SourceHeartbeat"));
    std::fs::write(&feed, kept.fold(String::new(), |text, line| text + line + "\n"))?;
    Demo::new().feed(&feed).data_dir(directory.path().join("data")).start().await
}

async fn status(data: &Path) -> Result<Value, Failure> {
    json(data, &["source", "status"]).await
}

/// Waits until the source is in that state; its status then.
async fn until(data: &Path, state: &str) -> Result<Value, Failure> {
    until_that(data, state, |seen| seen["state"] == state).await
}

async fn until_that(data: &Path, what: &str, enough: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
    for _ in 0..LIMIT.as_millis() / STEP.as_millis() {
        let seen = status(data).await?;
        if enough(&seen) {
            return Ok(seen);
        }
        tokio::time::sleep(STEP).await;
    }
    Err(format!("waited in vain for {what}: {}", status(data).await?).into())
}

async fn kinds(data: &Path, from: u64) -> Result<Vec<String>, Failure> {
    let from = from.to_string();
    let records = text(data, &["log", "cat", "--from", &from, "--limit", "9999", "--json"]).await?;
    let kind = |line: &str| -> Result<String, Failure> {
        let record: Value = serde_json::from_str(line)?;
        Ok(record["kind"].as_str().unwrap_or_default().to_owned())
    };
    records.lines().map(kind).collect()
}

fn head(status: &Value) -> u64 {
    status["logPosition"].as_u64().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_told_everywhere_and_lasts() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let running = quiet(&directory).await?;
    let data = running.data_dir().to_owned();
    let live = until(&data, "live").await?;
    assert_eq!(live["schedule"]["text"], "all the time", "{live}");
    let part = &live["parts"][0];
    assert!(part["part"] == "feed.ndjson" && part["position"].as_str().unwrap().starts_with("byte "), "{live}");
    let nothing = refused(&data, &["source", "accept", "--reason", "why not"]).await?;
    assert!(nothing.contains("has not diverged"), "{nothing}");
    assert!(refused(&data, &["source", "pause", "--reason", " "]).await?.contains("say why"));
    let done = json(&data, &["source", "pause", "--reason", "broker maintenance"]).await?;
    assert_eq!(done["logPosition"].as_u64(), Some(head(&live) + 1), "{done}");
    let paused = status(&data).await?;
    assert_eq!((&paused["state"], &paused["pausedBy"]["reason"]), (&"paused".into(), &"broker maintenance".into()));
    assert!(paused["pausedBy"]["actor"].as_str().unwrap().starts_with("uid:"), "{paused}");
    let again = refused(&data, &["source", "pause", "--reason", "x"]).await?;
    assert!(again.contains("paused already") && again.contains("broker maintenance"), "{again}");
    assert!(refused(&data, &["source", "sync"]).await?.contains("resume it first"));
    running.kill()?;

    let at_rest = status(&data).await?;
    assert_eq!((&at_rest["state"], &at_rest["parts"]), (&"not-running".into(), &paused["parts"]), "{at_rest}");
    let words = text(&data, &["source", "status"]).await?;
    assert!(words.contains("broker maintenance") && words.contains("feed.ndjson"), "{words}");
    for order in ["pause", "resume", "accept"] {
        let nobody = refused(&data, &["source", order, "--reason", "x"]).await?;
        assert!(nobody.contains("needs the running replica"), "{nobody}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_feed_diverges_and_goes_on_once_it_is_accepted() -> Result<(), Failure> {
    let directory = TempDir::new()?;
    let running = quiet(&directory).await?;
    let data = running.data_dir().to_owned();
    let before = until(&data, "live").await?;
    let feed = directory.path().join("feed.ndjson");
    let whole = std::fs::read_to_string(&feed)?;
    let lines: Vec<&str> = whole.lines().collect();
    let half: usize = lines[..lines.len() / 2].iter().map(|line| line.len() + 1).sum();
    std::fs::OpenOptions::new().write(true).open(&feed)?.set_len(half as u64)?;

    let diverged = until(&data, "diverged").await?;
    let open = &diverged["parts"][0]["divergence"];
    assert!(open["cause"].is_string() && open["detail"].is_string(), "{diverged}");
    assert!(diverged["wayOut"].as_str().is_some_and(|way| way.contains("source accept")), "{diverged}");
    assert!(text(&data, &["source", "status"]).await?.contains("way out"));
    assert_eq!(kinds(&data, head(&before) + 1).await?, ["Source"]);

    let done = json(&data, &["source", "accept", "--reason", "the export was cut"]).await?;
    assert_eq!((&done["done"], &done["parts"][0]["part"]), (&"accepted".into(), &"feed.ndjson".into()), "{done}");
    std::fs::OpenOptions::new().append(true).open(&feed)?.write_all(&whole.as_bytes()[half..])?;
    let end = format!("byte {}", whole.len());
    let after = until_that(&data, "the feed's end", |seen| seen["parts"][0]["position"] == end.as_str()).await?;
    until(&data, "live").await?;
    assert!(after["parts"][0].get("divergence").is_none(), "{after}");
    let records = kinds(&data, head(&before) + 1).await?;
    assert_eq!(records[..3], ["Source", "Source", "Operator"], "{records:?}");
    assert!(!records.iter().any(|kind| kind == "Event"), "what was known was appended again: {records:?}");
    assert_eq!(json(&data, &["status"]).await?["forks"], 0);
    running.kill()?;
    Ok(())
}
