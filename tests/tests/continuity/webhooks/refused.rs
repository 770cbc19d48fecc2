//! What does not arrive: waits, dead letters, replays, 410, and the documented receiver.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use continuity_tests::brokers::free_port;
use continuity_tests::harness::{Failure, poll};
use serde_json::Value;
use tempfile::TempDir;

use super::receiver::{Answer, Receiver};
use super::{EVERYTHING, Feed, SECRET, asked, listed, section, status, subscription, until};
use crate::clients::python;
use crate::rig::{LIMIT, succeeded};

fn ids(receiver: &Receiver) -> Vec<String> {
    receiver.all().into_iter().map(|arrival| arrival.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_becomes_a_dead_letter_and_can_be_replayed() -> Result<(), Failure> {
    let (folder, receiver) = (TempDir::new()?, Receiver::start().await?);
    let feed = Feed::new(folder.path(), &[status("L1", 1, 1, "DRAFT")])?;
    receiver.answer(Answer::Refusing("\"BID\""));
    let mut replica = feed.followed(&section(&receiver, "give_up_refused_seconds = 2")).await?;
    feed.append(&[status("L2", 1, 1, "BID"), status("L3", 1, 1, "DRAFT"), status("L4", 1, 1, "SANCTION")])?;
    let taken = receiver.until_taken(2).await?;
    assert_eq!(
        taken.iter().map(|taken| taken.shown(&["loanRequestId"])).collect::<Vec<_>>(),
        ["loan.status_changed L3", "loan.status_changed L4"]
    );
    let dead = asked(&replica, &["dead"]).await?;
    assert_eq!((&dead[0]["loanRequestId"], dead.as_array().map(Vec::len)), (&"L2".into(), Some(1)), "{dead}");
    assert_eq!(dead[0]["reason"], "it answers with 400");
    let attempts = dead[0]["attempts"].as_u64().ok_or("no attempts")?;
    assert!(attempts >= 2, "{dead}");
    let message = dead[0]["messageId"].as_str().ok_or("no id")?.to_owned();
    assert_eq!(replica.metric("continuity_webhook_dead_letters{subscription=\"core\"}").await?, Some(1.0));
    let health = replica.health().await?;
    let webhooks = health.get("components").and_then(|all| all.get("webhooks")).ok_or("no webhooks")?;
    assert_eq!((webhooks.text("status"), webhooks.number("deadLetters")), (Some("degraded"), Some(1)));
    assert_eq!(replica.ready().await?, 200);

    // Refused once more, it is dead at once, over a kill too.
    replica.kill()?;
    replica.restart().await?;
    // What had arrived just before the kill may arrive once more.
    until(&replica, "core", |core| core["backlogPositions"] == 0).await?;
    let count = ids(&receiver).len();
    asked(&replica, &["replay", "core", "--message", &message]).await?;
    receiver.until("sent again", || ids(&receiver).len() > count).await?;
    until(&replica, "core", |core| core["deadLetters"] == 1 && core["retrying"].is_null()).await?;
    receiver.answer(Answer::Always(200));
    assert_eq!(asked(&replica, &["replay", "core", "--dead"]).await?["count"], 1);
    receiver.until_taken(3).await?;
    until(&replica, "core", |core| core["deadLetters"] == 0).await?;
    let again = ids(&receiver);
    assert_eq!(again[count..], [message.clone(), message.clone()], "the same id each time");

    // A range of the log, with the ids that it had.
    let told: Vec<_> = receiver.taken().into_iter().map(|taken| taken.id).collect();
    let position = listed(&replica, "core").await?["position"].as_u64().ok_or("no position")?;
    asked(&replica, &["replay", "core", "--from", "1", "--to", &position.to_string()]).await?;
    // The whole log has the loan in it that was there before the subscription, too.
    receiver.until("replayed", || ids(&receiver).len() >= again.len() + 4).await?;
    until(&replica, "core", |core| core["replayingPositions"] == 0).await?;
    let replayed = ids(&receiver).split_off(again.len());
    assert_eq!(replayed.len(), 4);
    assert!(told.iter().all(|id| replayed.contains(id)), "{told:?} {replayed:?}");
    let beyond = replica.order(&["webhooks", "replay", "core", "--from", "99999", "--to", "100000"]).await?;
    assert!(String::from_utf8_lossy(&beyond.stderr).contains("there is nothing to replay"), "{beyond:?}");
    receiver.verified().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_away_is_waited_for_over_kills_and_then_given_up() -> Result<(), Failure> {
    let (folder, receiver) = (TempDir::new()?, Receiver::start().await?);
    let feed = Feed::new(folder.path(), &[status("L1", 1, 1, "DRAFT")])?;
    receiver.answer(Answer::Always(503));
    let mut replica = feed
        .followed(&section(&receiver, "give_up_seconds = 8\ngive_up_refused_seconds = 1\nretry_most_seconds = 1"))
        .await?;
    feed.append(&[status("L2", 1, 1, "BID"), status("L3", 1, 1, "BID")])?;
    let retrying = until(&replica, "core", |core| core["retrying"]["attempts"].as_u64() > Some(1)).await?;
    assert_eq!(
        (&retrying["state"], &retrying["retrying"]["reason"]),
        (&"retrying".into(), &"it answers with 503".into())
    );
    let oldest = "continuity_webhook_oldest_undelivered_timestamp_seconds{subscription=\"core\"}";
    assert!(replica.metric(oldest).await?.is_some_and(|seconds| seconds > 1.7e9));
    replica.kill()?;
    replica.restart().await?;
    // The time goes on where it was: the second message is tried once the first one was given up.
    let dead = poll(LIMIT, async || Ok(listed(&replica, "core").await?["deadLetters"] == 1));
    assert!(dead.await?, "{}", replica.errors());
    let dead = asked(&replica, &["dead", "core"]).await?;
    assert_eq!(dead[0]["loanRequestId"], "L2");
    receiver.answer(Answer::Always(200));
    assert_eq!(receiver.until_taken(1).await?[0].message["data"]["loanRequestId"], "L3");
    let attempts = receiver.all().iter().filter(|arrival| arrival.body.contains("\"L2\"")).count();
    let counted = dead[0]["attempts"].as_u64().unwrap_or_default();
    // One may have arrived in the moment of the kill.
    let lost = (attempts as u64).checked_sub(counted);
    assert!(lost.is_some_and(|lost| lost <= 1), "attempts of both lives count: {counted} of {attempts}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn gone_disables_until_somebody_enables() -> Result<(), Failure> {
    let (folder, receiver) = (TempDir::new()?, Receiver::start().await?);
    let feed = Feed::new(folder.path(), &[status("L1", 1, 1, "DRAFT")])?;
    receiver.answer(Answer::Always(410));
    let mut replica = feed.followed(&section(&receiver, "")).await?;
    feed.append(&[status("L2", 1, 1, "BID")])?;
    until(&replica, "core", |core| core["state"] == "disabled").await?;
    feed.append(&[status("L3", 1, 1, "BID")])?;
    replica.restart().await?;
    until(&replica, "core", |core| core["state"] == "disabled" && core["backlogPositions"].as_u64() > Some(0)).await?;
    assert_eq!(replica.metric("continuity_webhook_disabled{subscription=\"core\"}").await?, Some(1.0));
    assert_eq!(receiver.all().len(), 1);
    receiver.answer(Answer::Always(200));
    asked(&replica, &["enable", "core"]).await?;
    let taken = receiver.until_taken(2).await?;
    assert_eq!(
        taken.iter().map(|taken| taken.shown(&["loanRequestId"])).collect::<Vec<_>>(),
        ["loan.status_changed L2", "loan.status_changed L3"]
    );
    Ok(())
}

/// The receiver in the documentation, as it stands there.
struct Documented(Child);

impl Documented {
    fn start(folder: &TempDir, port: u16) -> Result<Self, Failure> {
        let document = include_str!("../../../../docs/webhooks.md");
        let code = document.split("```python\n").nth(1).and_then(|rest| rest.split("```").next()).ok_or("no sample")?;
        let file = folder.path().join("receiver.py");
        std::fs::write(&file, code)?;
        let mut command = Command::new(python());
        command.arg(file).arg(port.to_string()).env("WEBHOOK_SECRET", SECRET).stdout(Stdio::piped());
        Ok(Self(command.spawn()?))
    }

    fn next(&mut self) -> Result<Value, Failure> {
        let out = self.0.stdout.as_mut().ok_or("no output")?;
        let mut line = String::new();
        // One byte at a time: nothing of the next line is taken.
        BufReader::with_capacity(1, out).read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Documented {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_receiver_works() -> Result<(), Failure> {
    let (folder, port) = (TempDir::new()?, free_port()?);
    let feed = Feed::new(folder.path(), &[status("L1", 1, 1, "DRAFT")])?;
    let mut receiver = Documented::start(&folder, port)?;
    let up = poll(LIMIT, async || Ok(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()));
    assert!(up.await?, "it does not listen");
    let webhooks = format!(
        "allowed_targets = ['127.0.0.1:{port}']\nallow_http = true\nretry_first_seconds = 1\n{}",
        subscription("core", &format!("http://127.0.0.1:{port}/"), EVERYTHING)
    );
    let replica = feed.followed(&webhooks).await?;
    let tested = replica.order(&["webhooks", "test", "core"]).await?;
    succeeded(&tested);
    assert!(String::from_utf8_lossy(&tested.stdout).starts_with("the ping arrived: 204 after"), "{tested:?}");
    feed.append(&[status("L1", 2, 2, "BID")])?;
    let read = tokio::task::spawn_blocking(move || -> Result<(Value, Value), Failure> {
        Ok((receiver.next()?, receiver.next()?))
    });
    let (ping, told) = tokio::time::timeout(Duration::from_mins(1), read).await???;
    assert_eq!(ping["type"], "ping");
    assert_eq!((&told["type"], &told["data"]["status"]), (&"loan.status_changed".into(), &"BID".into()));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_receiver_refuses_what_is_forged() -> Result<(), Failure> {
    let (folder, port) = (TempDir::new()?, free_port()?);
    let _receiver = Documented::start(&folder, port)?;
    let url = format!("http://127.0.0.1:{port}/");
    let client = reqwest::Client::new();
    let mut status = None;
    let asked = poll(LIMIT, async || {
        let forged = client.post(&url).header("webhook-id", "msg_1").header("webhook-timestamp", "1").body("{}");
        status = forged.header("webhook-signature", "v1,AAAA").send().await.ok().map(|reply| reply.status().as_u16());
        Ok(status.is_some())
    });
    assert!(asked.await?);
    assert_eq!(status, Some(401));
    Ok(())
}
