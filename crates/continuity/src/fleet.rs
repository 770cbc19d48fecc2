//! The control stream: from the configuration to what follows it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use continuity_api::{ControlStreamHealth, ControlStreamProbe};
use continuity_auth::Auth;
use continuity_base::Clock;
use continuity_fleet::{Board, Follower, FollowerOptions, Health, JetStream, JetStreamOptions};
use continuity_ingest::nats_jetstream;

use crate::config::{Config, SourceUrl};
use crate::sources;

/// What follows the stream; nothing where this replica is alone.
pub(crate) type Fleet = Option<Follower<JetStream>>;

/// Follows the stream that is configured; nothing is connected yet.
pub(crate) async fn open(auth: &Auth, config: &Config, clock: &Arc<dyn Clock>) -> Result<Fleet> {
    let settings = &config.auth.control_stream;
    if !settings.is_on() {
        return Ok(None);
    }
    let url = SourceUrl::parse(&settings.url, "auth.control_stream.url").map_err(anyhow::Error::msg)?;
    let SourceUrl::Nats { servers, tls } = url else {
        bail!("auth.control_stream.url has to name NATS servers");
    };
    let options = sources::nats_access(servers, tls, &settings.access(), clock);
    let context = nats_jetstream(&options).await.context("auth.control_stream cannot be used")?;
    let stream = JetStreamOptions {
        stream: settings.stream.clone(),
        subject: settings.subject.clone(),
        copies: settings.copies,
    };
    let options = FollowerOptions {
        stream: auth.control_stream(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        reconnect_most: Duration::from_secs(settings.reconnect_most_seconds),
        clock: Arc::clone(clock),
    };
    Ok(Some(Follower::new(JetStream::new(context, stream), options)))
}

/// How it goes, for the API.
pub(crate) fn probe(fleet: &Fleet) -> ControlStreamProbe {
    let board = fleet.as_ref().map(Follower::board);
    Arc::new(move || board.as_ref().map(health))
}

fn health(board: &Board) -> ControlStreamHealth {
    let Health { connected, refused, since, waiting, behind, refused_messages, later_messages } = board.health();
    ControlStreamHealth { connected, refused, since, waiting, behind, refused_messages, later_messages }
}
