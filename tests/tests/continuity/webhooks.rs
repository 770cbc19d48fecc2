//! Webhooks: everything that changed is told, in order, signed, to nobody else, and nothing that is no news.

mod guarded;
mod order;
mod receiver;
mod refused;
mod source;
mod told;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use continuity_tests::harness::{Failure, Replica, poll};
use serde_json::Value;

use crate::rig::{LIMIT, succeeded};
use receiver::Receiver;

/// Of the subscription `core`, and the one before it.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const OLD_SECRET: &str = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=";
/// Everything that one can subscribe to.
pub(crate) const EVERYTHING: &str = "'loan.status_changed', 'document.uploaded', 'client.data_changed', 'sync.stalled', \
                                     'sync.recovered', 'completeness.failed', 'completeness.recovered'";

/// A feed that grows.
struct Feed(PathBuf);

impl Feed {
    fn new(folder: &Path, lines: &[String]) -> Result<Self, Failure> {
        let feed = Self(folder.join("feed.ndjson"));
        feed.append(lines)?;
        Ok(feed)
    }

    fn append(&self, lines: &[String]) -> Result<(), Failure> {
        let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
        Ok(File::options().create(true).append(true).open(&self.0)?.write_all(text.as_bytes())?)
    }

    /// A replica that follows it; `webhooks` is what stands under that section, and behind it.
    async fn followed(&self, webhooks: &str) -> Result<Replica, Failure> {
        let replica = Replica::new().config(&self.config(webhooks)).start().await?;
        until_active(&replica).await?;
        Ok(replica)
    }

    fn config(&self, webhooks: &str) -> String {
        format!("[source]\nurl = 'file:{}'\n[ingest]\nmin_free_bytes = 0\n[webhooks]\n{webhooks}", self.0.display())
    }
}

/// The section, with one subscription to everything at the receiver; `more` are further keys of the section.
fn section(receiver: &Receiver, more: &str) -> String {
    format!(
        "allowed_targets = ['127.0.0.1:{port}']\nallow_http = true\nretry_first_seconds = 1\n{more}\n{subscription}",
        port = receiver.port(),
        subscription = subscription("core", &receiver.url(), EVERYTHING)
    )
}

fn subscription(id: &str, url: &str, events: &str) -> String {
    format!(
        "[[webhooks.subscriptions]]\nid = '{id}'\nurl = '{url}'\nevents = [{events}]\nsecret = '{SECRET}'\n\
         previous_secret = '{OLD_SECRET}'\n"
    )
}

/// A replica with a subscription, to which one message was sent.
pub(crate) async fn with_one_message(folder: &Path) -> Result<(Receiver, Replica), Failure> {
    let receiver = Receiver::start().await?;
    let feed = Feed::new(folder, &[status("L1", 1, 1, "BID")])?;
    let replica = feed.followed(&section(&receiver, "")).await?;
    asked(&replica, &["test", "core"]).await?;
    Ok((receiver, replica))
}

/// What a command about webhooks says.
async fn asked(replica: &Replica, words: &[&str]) -> Result<Value, Failure> {
    let output = replica.order(&[&["webhooks"], words, &["--json"]].concat()).await?;
    succeeded(&output);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What `webhooks list` says of a subscription.
async fn listed(replica: &Replica, id: &str) -> Result<Value, Failure> {
    let all = asked(replica, &["list"]).await?;
    let found = all.as_array().into_iter().flatten().find(|each| each["id"] == id);
    Ok(found.ok_or_else(|| format!("no {id} in {all}"))?.clone())
}

/// Waits until what is said of a subscription is what is wanted.
async fn until(replica: &Replica, id: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
    let mut last = Value::Null;
    let seen = poll(LIMIT, async || {
        last = listed(replica, id).await?;
        Ok(wanted(&last))
    });
    if seen.await? { Ok(last) } else { Err(format!("in the end {last}\n{}", replica.errors()).into()) }
}

/// Waits until every subscription has begun.
async fn until_active(replica: &Replica) -> Result<(), Failure> {
    let begun = poll(LIMIT, async || {
        let all = asked(replica, &["list"]).await?;
        Ok(all.as_array().is_some_and(|all| all.iter().all(|each| each["state"] != "waiting")))
    });
    if begun.await? { Ok(()) } else { Err(format!("no subscription began\n{}", replica.errors()).into()) }
}

/// An event of a loan, as a line of a feed.
fn event(loan: &str, sequence: u64, name: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"e-{loan}-{sequence}","source":"/s","type":"com.banclo.{name}","subject":"loan-requests/{loan}","time":"2026-01-05T08:00:00Z","sequence":"{sequence}","data":{data}}}"#
    )
}

/// The data of an event that brings a whole loan.
fn loan(loan: &str, version: u64, rest: &str) -> String {
    format!(
        r#"{{"entity":"loanRequest","id":"{loan}","version":{version},"after":{{"id":"{loan}","createdAt":"2026-01-01T00:00:00Z"{rest}}}}}"#
    )
}

/// A loan with a status, as an event of some name.
fn status(id: &str, sequence: u64, version: u64, status: &str) -> String {
    event(id, sequence, "LoanRequestDetailsChanged", &loan(id, version, &format!(r#","status":"{status}""#)))
}
