//! Everything that became visible is told in its order, whatever fails and whatever is killed; and nothing else is.

use std::collections::BTreeMap;

use continuity_simulator::{Options, Simulator};
use continuity_tests::harness::Failure;
use serde_json::Value;
use tempfile::TempDir;

use super::receiver::{Answer, Receiver, silent};
use super::{Feed, SECRET, asked, listed, section, status, subscription, until};
use crate::feeds;
use crate::rig::succeeded;

/// What a message says, as far as it matters here.
const MEMBERS: [&str; 9] =
    ["loanRequestId", "sequence", "previousStatus", "status", "documentId", "taskId", "itemId", "version", "cause"];

/// The rules of the documentation, over again: they share no code with the product.
#[derive(Default)]
struct Story {
    /// Status and participants of each loan.
    loans: BTreeMap<String, (Value, Value)>,
    told: Vec<String>,
    purged: Vec<String>,
}

impl Story {
    fn hear(&mut self, line: &str) -> Result<(), Failure> {
        let event: Value = serde_json::from_str(line)?;
        let Some(loan) = event["subject"].as_str().and_then(|subject| subject.strip_prefix("loan-requests/")) else {
            return Ok(());
        };
        let place = format!("{loan} {}", event["sequence"].as_str().unwrap_or_default());
        let name = event["type"].as_str().and_then(|name| name.strip_prefix("com.banclo.")).unwrap_or_default();
        let data = &event["data"];
        let (id, version) = (data["id"].as_str().unwrap_or_default(), &data["version"]);
        match data["entity"].as_str().unwrap_or_default() {
            "loanRequest" if data["after"].is_null() && data["patch"].is_null() => {
                self.told.push(format!("client.data_changed {place} purged"));
                self.purged.push(loan.to_owned());
            }
            "loanRequest" => self.of_loan(loan, &place, name, data),
            "document" if is_new(name, data, &["DocumentUploaded", "DocumentGenerated", "DocumentVersionAdded"]) => {
                self.told.push(format!("document.uploaded {place} {id} {version}"));
            }
            "taskItem" if is_new(name, data, &["TaskItemAttached", "TaskItemReplaced"]) => {
                let task = data["parent"]["taskId"].as_str().unwrap_or_default();
                self.told.push(format!("document.uploaded {place} {task} {id} {version}"));
            }
            _ => {}
        }
        Ok(())
    }

    fn of_loan(&mut self, loan: &str, place: &str, name: &str, data: &Value) {
        let before = self.loans.get(loan).cloned().unwrap_or_default();
        let image = if data["after"].is_object() { &data["after"] } else { &data["patch"] };
        let member = |name: &str, old: &Value| {
            if data["after"].is_object() || !image[name].is_null() { image[name].clone() } else { old.clone() }
        };
        let (status, people) = (member("status", &before.0), member("participants", &before.1));
        if status != before.0 {
            let text = |value: &Value| value.as_str().map(|text| format!(" {text}")).unwrap_or_default();
            self.told.push(format!("loan.status_changed {place}{}{}", text(&before.0), text(&status)));
        }
        let nobody = |people: &Value| people.as_array().is_none_or(Vec::is_empty);
        let differ = people != before.1 && !(nobody(&people) && nobody(&before.1));
        if differ || matches!(name, "ParticipantAdded" | "ParticipantChanged" | "ParticipantRemoved") {
            self.told.push(format!("client.data_changed {place} changed"));
        }
        self.loans.insert(loan.to_owned(), (status, people));
    }
}

fn is_new(name: &str, data: &Value, names: &[&str]) -> bool {
    let is_there = data["after"].is_object() || data["patch"].is_object();
    is_there && (names.contains(&name) || data["version"] == 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_told_in_order_over_kills() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let options = Options { snapshots: false, ..Options::new(29, feeds::START, feeds::size(9, 60)) };
    let lines: Vec<String> = Simulator::new(options).history().map(|emitted| emitted.line).collect();
    // What is there before somebody subscribes is no news.
    let (old, new) = lines.split_at(lines.len() * 2 / 3);
    let mut story = Story::default();
    old.iter().try_for_each(|line| story.hear(line))?;
    story.told.clear();
    new.iter().try_for_each(|line| story.hear(line))?;

    let receiver = Receiver::start().await?;
    receiver.answer(Answer::Failing(20));
    let (port, _silent) = silent().await?;
    let slow = subscription("slow", &format!("http://127.0.0.1:{port}/"), "'loan.status_changed'");
    let webhooks = format!("{}{slow}", section(&receiver, "timeout_seconds = 120"));
    let webhooks = webhooks.replacen("allowed_targets = [", &format!("allowed_targets = ['127.0.0.1:{port}', "), 1);
    let feed = Feed::new(folder.path(), old)?;
    let mut replica = feed.followed(&webhooks).await?;
    assert_eq!(receiver.all().len(), 0, "old news");

    let kills = usize::try_from(feeds::size(4, 20))?;
    for (kill, part) in new.chunks(new.len().div_ceil(kills)).enumerate() {
        feed.append(part)?;
        let before = receiver.taken().len();
        receiver.until("something of each part", || receiver.taken().len() > before + 1 + kill % 3).await?;
        replica.kill()?;
        replica.restart().await?;
    }
    let wanted: Vec<_> = story.told.into_iter().filter(|told| is_kept(told, &story.purged)).collect();
    assert!(wanted.len() > 60, "{} messages", wanted.len());
    let kept = || -> Vec<String> {
        let shown = receiver.taken().into_iter().map(|arrival| arrival.shown(&MEMBERS));
        shown.filter(|told| is_kept(told, &story.purged)).collect()
    };
    receiver.until("all", || kept().len() >= wanted.len()).await?;
    assert_eq!(kept(), wanted);
    let all = receiver.all();
    assert!(all.iter().filter(|arrival| arrival.status >= 500).count() > all.len() / 10, "it hardly ever failed");
    println!("{} messages in {} attempts over {kills} kills", wanted.len(), all.len());
    receiver.verified().await?;
    receiver.verified_with(super::OLD_SECRET).await?;
    // The one that never answers held nobody up, and is still waited for.
    assert_eq!(listed(&replica, "slow").await?["delivered"], 0);
    assert!(!replica.errors().contains(SECRET) && !replica.errors().contains("url-secret"), "a secret is in the log");
    nothing_else_is_told(&mut replica, &feed, &receiver).await
}

/// Of a loan that is purged in the end, what came before may or may not have been told; that it was, has to be.
fn is_kept(told: &str, purged: &[String]) -> bool {
    told.ends_with(" purged") || !purged.iter().any(|loan| told.contains(&format!(" {loan} ")))
}

/// A rebuild, a restart and duplicates are no news; a new event after them is.
async fn nothing_else_is_told(
    replica: &mut continuity_tests::harness::Replica,
    feed: &Feed,
    receiver: &Receiver,
) -> Result<(), Failure> {
    receiver.answer(Answer::Always(204));
    let all = until(replica, "core", |core| core["backlogPositions"] == 0 && core["retrying"].is_null()).await?;
    assert_eq!(all["deadLetters"], 0);
    let (told, arrivals) = (receiver.taken().len(), receiver.all().len());
    for model in ["loan-requests", "documents"] {
        succeeded(&replica.order(&["projection", "rebuild", model]).await?);
    }
    assert_eq!(receiver.all().len(), arrivals, "{:?}", receiver.all().last());
    replica.restart().await?;
    let text = std::fs::read_to_string(&feed.0)?;
    let again: Vec<_> = text.lines().rev().take(20).map(str::to_owned).collect();
    feed.append(&again)?;
    feed.append(&[status("LX", 1, 1, "BID")])?;
    let taken = receiver.until_taken(told + 1).await?;
    until(replica, "core", |core| core["backlogPositions"] == 0).await?;
    // What was sent just before the kill may come again, with the id that it had.
    assert_eq!(receiver.taken().len(), told + 1, "{:?}", receiver.all().last());
    assert_eq!(taken[told].shown(&MEMBERS), "loan.status_changed LX 1 BID");
    let made = asked(replica, &["deliveries", "core", "--limit", "1"]).await?;
    assert_eq!((&made[0]["outcome"], &made[0]["status"]), (&"delivered".into(), &204.into()), "{made}");
    Ok(())
}
