//! Where bytes come from.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use continuity_base::Clock;
use continuity_blobs::origin::{DirectoryOrigin, HttpOptions, HttpOrigin, NatsOrigin, Origin, Origins};
use continuity_ingest::nats_jetstream;

use crate::config::{Config, SourceUrl, given};
use crate::sources;

/// The origins of the configuration; `directory`: the files that a feed brings along.
pub(crate) async fn of_config(config: &Config, directory: Option<PathBuf>, clock: &Arc<dyn Clock>) -> Result<Origins> {
    let mut buckets = HashMap::new();
    object_stores(config, &mut buckets)?;
    jetstream(config, clock, &mut buckets).await?;
    Ok(Origins { directory: directory.map(DirectoryOrigin::new), http: http(config, clock)?, buckets })
}

type Buckets = HashMap<String, Arc<dyn Origin>>;

/// No client, where nobody may be asked.
fn http(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<HttpOrigin>> {
    let http = &config.blobs.http;
    if http.hosts.is_empty() && http.token_hosts.is_empty() {
        return Ok(None);
    }
    let options = HttpOptions {
        hosts: http.hosts.clone(),
        token_hosts: http.token_hosts.clone(),
        token: (!http.token.is_empty()).then(|| http.token.reveal().to_owned()),
        reference_url: Some(http.reference_url.clone()).filter(|url| !url.is_empty()),
        ca: given(&http.ca),
        clock: Arc::clone(clock),
        allow_http: http.allow_http,
        ..HttpOptions::default()
    };
    Ok(Some(HttpOrigin::new(options).context("blobs.http cannot be used")?))
}

async fn jetstream(config: &Config, clock: &Arc<dyn Clock>, buckets: &mut Buckets) -> Result<()> {
    let names = &config.blobs.nats.buckets;
    let SourceUrl::Nats { servers, tls } =
        SourceUrl::parse(&config.source.url, "source.url").map_err(anyhow::Error::msg)?
    else {
        return Ok(());
    };
    if names.is_empty() {
        return Ok(());
    }
    let context = nats_jetstream(&sources::nats(servers, tls, config, clock)).await?;
    let origin: Arc<dyn Origin> = Arc::new(NatsOrigin::new(context, names.clone()));
    buckets.extend(names.iter().map(|name| (name.clone(), Arc::clone(&origin))));
    Ok(())
}

#[cfg(feature = "object-store")]
fn object_stores(config: &Config, buckets: &mut Buckets) -> Result<()> {
    use continuity_blobs::origin::BucketOrigin;

    use crate::config::BootstrapUrl;
    let place = &config.blobs.s3;
    if place.url.is_empty() {
        return Ok(());
    }
    let BootstrapUrl::S3(url) = BootstrapUrl::parse(&place.url, "blobs.s3.url").map_err(anyhow::Error::msg)? else {
        anyhow::bail!("blobs.s3.url has to be s3://BUCKET");
    };
    let names: Vec<_> = url.bucket.split(',').map(str::to_owned).collect();
    let origin = BucketOrigin::new(sources::object_store(url, place), names.clone());
    let origin: Arc<dyn Origin> = Arc::new(origin.map_err(anyhow::Error::msg).context("blobs.s3 cannot be used")?);
    buckets.extend(names.into_iter().map(|name| (name, Arc::clone(&origin))));
    Ok(())
}

/// This build cannot read object stores; the configuration was refused if it names one.
#[cfg(not(feature = "object-store"))]
#[expect(clippy::unnecessary_wraps, reason = "a build with object stores may fail")]
fn object_stores(_: &Config, _: &mut Buckets) -> Result<()> {
    Ok(())
}
