//! The section about blobs.

use super::{Place, distinct, files, object_store, refuse_if, within};
use crate::config::blobs::{BlobHttp, BlobScan};
use crate::config::{BootstrapUrl, Config, ObjectStoreUrl, SourceUrl};

pub(super) fn check(config: &Config) -> Result<(), String> {
    let blobs = &config.blobs;
    within("blobs.parallel", blobs.parallel as u64, 1, 256)?;
    within("blobs.per_host", blobs.per_host as u64, 1, 256)?;
    within("blobs.max_bytes", blobs.max_bytes, 1, u64::MAX)?;
    if blobs.max_bytes_per_second != 0 {
        within("blobs.max_bytes_per_second", blobs.max_bytes_per_second, 1_024, u64::MAX)?;
    }
    if blobs.scrub_bytes_per_second != 0 {
        within("blobs.scrub_bytes_per_second", blobs.scrub_bytes_per_second, 1_024, u64::MAX)?;
    }
    within("blobs.unreferenced_days", blobs.unreferenced_days.into(), 0, 3_650)?;
    within("blobs.scrub_days", blobs.scrub_days.into(), 1, 365)?;
    media_types("blobs.allow_types", &blobs.allow_types)?;
    media_types("blobs.deny_types", &blobs.deny_types)?;
    crate::sources::windows("blobs.windows", &blobs.windows)?;
    bucket("blobs.store", &blobs.store)?;
    http(&blobs.http)?;
    if let Some(url) = bucket("blobs.s3", &blobs.s3)? {
        let twice = url.bucket.split(',').find(|name| blobs.nats.buckets.iter().any(|other| other == name));
        if let Some(name) = twice {
            return Err(format!("the bucket {name:?} is in blobs.s3.url and in blobs.nats.buckets"));
        }
        refuse_if(!url.prefix.is_empty(), "blobs.s3.url has a prefix; references name whole keys: s3://BUCKET")?;
    }
    nats(config)?;
    scan(&blobs.scan)
}

fn media_types(key: &str, types: &[String]) -> Result<(), String> {
    let good = |text: &String| text.split_once('/').is_some_and(|(main, sub)| !main.is_empty() && !sub.is_empty());
    match types.iter().find(|text| !good(text) || text.contains([' ', ';'])) {
        Some(wrong) => Err(format!("{key} has {wrong:?}; it has to be like application/pdf or image/*")),
        None => Ok(()),
    }
}

/// The place, where there is one.
fn bucket(section: &str, place: &Place) -> Result<Option<ObjectStoreUrl>, String> {
    let key = format!("{section}.url");
    if place.url.is_empty() {
        return Ok(None);
    }
    match BootstrapUrl::parse(&place.url, &key)? {
        BootstrapUrl::File(_) => Err(format!("{key} is {:?}, but only s3://BUCKET can be there", place.url)),
        BootstrapUrl::S3(url) => object_store(section, place, &url).map(|()| Some(url)),
    }
}

fn http(http: &BlobHttp) -> Result<(), String> {
    distinct("blobs.http.hosts", &http.hosts)?;
    distinct("blobs.http.token_hosts", &http.token_hosts)?;
    let plain = |host: &&String| host.is_empty() || host.contains(['/', '?', '#', '@', ' ', '*']);
    if let Some(wrong) = http.hosts.iter().chain(&http.token_hosts).find(plain) {
        return Err(format!("blobs.http has the host {wrong:?}; it has to be HOST or HOST:PORT"));
    }
    refuse_if(
        !http.token_hosts.is_empty() && http.token.is_empty(),
        "blobs.http.token_hosts are to get a token, but blobs.http.token is empty",
    )?;
    refuse_if(
        http.hosts.is_empty()
            && http.token_hosts.is_empty()
            && !(http.token.is_empty() && http.reference_url.is_empty()),
        "blobs.http has a token or a reference_url, but no hosts and no token_hosts: nobody would be asked",
    )?;
    files("blobs.http", &[("ca", &http.ca)])
}

fn nats(config: &Config) -> Result<(), String> {
    let buckets = &config.blobs.nats.buckets;
    distinct("blobs.nats.buckets", buckets)?;
    let is_nats = matches!(SourceUrl::parse(&config.source.url, "source.url")?, SourceUrl::Nats { .. });
    refuse_if(
        !buckets.is_empty() && !is_nats,
        "blobs.nats.buckets are on the servers of source.url, which is not nats://",
    )
}

fn scan(scan: &BlobScan) -> Result<(), String> {
    within("blobs.scan.limit_seconds", scan.limit_seconds, 1, 3_600)?;
    refuse_if(
        !scan.command.is_empty() && !scan.clamd.is_empty(),
        "blobs.scan has a command and a clamd; one of them is enough",
    )?;
    let port = scan.clamd.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
    refuse_if(
        !scan.clamd.is_empty() && !matches!(port, Some((host, Ok(_))) if !host.is_empty()),
        "blobs.scan.clamd has to be HOST:PORT",
    )
}
