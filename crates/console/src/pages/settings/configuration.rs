//! `/console/settings/configuration`: what the process was started with, to read. No secret is in it.

use askama::Template;
use serde::Deserialize;

use crate::frame::Frame;
use crate::orders::{Order, sentence};
use crate::pages::operations::WATCHERS;
use crate::reply::Answer;
use crate::texts::{Texts, fill};
use crate::visit::Visit;

pub(crate) const PATH: &str = "/console/settings/configuration";

#[derive(Template)]
#[template(path = "settings/configuration.html")]
struct Page {
    frame: Frame,
    trouble: Option<String>,
    schedules: Vec<(&'static str, String)>,
    /// Nothing, where no configuration was read.
    keys: Option<Vec<Key>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    schedules: Schedules,
    keys: Option<Vec<Key>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Key {
    #[serde(rename = "key")]
    name: String,
    value: String,
    from: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Schedules {
    source: String,
    blob_windows: Vec<String>,
    utc_offset: String,
    scrub_days: u64,
    unreferenced_days: u64,
    key_rotation_days: u64,
    key_published_hours: u64,
    reads_seconds: u64,
    webhook_give_up_seconds: u64,
}

fn rows(t: &Texts, told: &Schedules) -> Vec<(&'static str, String)> {
    let o = t.operations;
    let figure = |text: &str, figure: u64| fill(text, &[&figure.to_string()]);
    let blobs = match &told.blob_windows[..] {
        [] => o.always.to_owned(),
        windows => fill(o.only_within, &[&windows.join(", "), &told.utc_offset]),
    };
    let keys = match told.key_rotation_days {
        0 => o.never.to_owned(),
        days => fill(o.every_days, &[&days.to_string(), &told.key_published_hours.to_string()]),
    };
    vec![
        (o.schedule_source, sentence(&told.source)),
        (o.schedule_blobs, blobs),
        (o.schedule_scrub, figure(o.within_days, told.scrub_days)),
        (o.schedule_unreferenced, figure(o.after_days, told.unreferenced_days)),
        (o.schedule_keys, keys),
        (o.schedule_reads, figure(o.every_seconds, told.reads_seconds)),
        (o.schedule_webhooks, figure(o.after_seconds, told.webhook_give_up_seconds)),
    ]
}

pub(crate) async fn show(visit: Visit) -> Answer {
    let session = visit.with_role(WATCHERS)?;
    let t = visit.texts();
    let told = visit.learn::<Told>(session, Order::Configuration).await;
    let trouble = told.as_ref().err().map(|error| sentence(error));
    let told = told.unwrap_or_default();
    let page = Page {
        frame: visit.frame(t.operations.configuration),
        schedules: if trouble.is_some() { Vec::new() } else { rows(t, &told.schedules) },
        trouble,
        keys: told.keys,
    };
    Ok(visit.page(&page))
}
