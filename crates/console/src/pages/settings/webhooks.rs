//! `/console/settings/webhooks`: how the subscriptions of the configuration are.

pub(crate) mod one;

use askama::Template;
use serde::Deserialize;

use crate::frame::Frame;
use crate::orders::{Order, sentence};
use crate::pages::operations::WATCHERS;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;
use crate::when::When;

pub(crate) const PATH: &str = "/console/settings/webhooks";

#[derive(Template)]
#[template(path = "settings/webhooks.html")]
struct Page {
    frame: Frame,
    trouble: Option<String>,
    lines: Vec<Line>,
}

/// One of them, as the command tells it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Subscription {
    id: String,
    target: String,
    events: Vec<String>,
    state: String,
    since: Option<String>,
    position: Option<u64>,
    backlog_positions: u64,
    replaying_positions: u64,
    delivered: u64,
    last_delivered_at: Option<String>,
    dead_letters: u64,
    disabled_at: Option<String>,
    oldest_undelivered_at: Option<String>,
    retrying: Option<Retrying>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Retrying {
    message_id: String,
    attempts: u64,
    next_at: String,
    reason: String,
}

/// The same, for people.
struct Line {
    id: String,
    address: String,
    state: &'static str,
    is_good: bool,
    is_disabled: bool,
    target: String,
    events: String,
    facts: Vec<(&'static str, String)>,
    times: Vec<(&'static str, When)>,
    trying: Option<String>,
    dead_letters: u64,
}

fn line(t: &Texts, one: Subscription) -> Line {
    let o = t.operations;
    let position = one.position.map(|position| position.to_string()).unwrap_or_default();
    let mut facts = vec![
        (o.log_position, position),
        (o.backlog, one.backlog_positions.to_string()),
        (o.delivered, one.delivered.to_string()),
        (o.dead_letters, one.dead_letters.to_string()),
    ];
    if one.replaying_positions > 0 {
        facts.push((o.replaying, one.replaying_positions.to_string()));
    }
    facts.retain(|(_, value)| !value.is_empty());
    let next = one.retrying.as_ref().map(|retrying| retrying.next_at.clone());
    let times = [
        (o.since, one.since),
        (o.last_delivered, one.last_delivered_at),
        (o.oldest_waiting, one.oldest_undelivered_at),
        (o.tried_next, next),
        (o.disabled_at, one.disabled_at),
    ];
    let tried =
        |retrying: Retrying| fill(o.tried, &[&retrying.message_id, &retrying.attempts.to_string(), &retrying.reason]);
    Line {
        // Ids are safe in addresses.
        address: format!("{PATH}/{}", one.id),
        state: o.subscription(&one.state),
        is_good: one.state == "active",
        is_disabled: one.state == "disabled",
        id: one.id,
        target: one.target,
        events: one.events.join(", "),
        facts,
        times: times.into_iter().filter_map(|(name, at)| Some((name, When::read(t, &at?)))).collect(),
        trying: one.retrying.map(tried),
        dead_letters: one.dead_letters,
    }
}

pub(crate) async fn list(visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    let t = visit.texts();
    let told = visit.learn::<Vec<Subscription>>(session, Order::Webhooks).await;
    let (all, trouble) = told.map_or_else(|error| (Vec::new(), Some(sentence(&error))), |all| (all, None));
    let lines = all.into_iter().map(|one| line(t, one)).collect();
    Ok(visit.page(&Page { frame: visit.frame(t.operations.webhooks), trouble, lines }))
}
