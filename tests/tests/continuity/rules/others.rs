//! Tokens of another issuer with the same key, of the past and of the future.

use std::process::{Command, Stdio};

use continuity_tests::harness::{Failure, Replica, skipped};
use tempfile::TempDir;

use crate::stage::{Registered, Stage, claims};

const OURS: &str = "https://replica.bank.example";
const OTHER: &str = "https://other.bank.example";

/// One data directory under four names and clocks: key and clients are the same, so only what a token says tells.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_another_time_or_issuer_are_refused() -> Result<(), Failure> {
    if !Command::new("faketime").arg("--version").stdout(Stdio::null()).status().is_ok_and(|status| status.success()) {
        skipped("tokens of another time: faketime is not installed");
        return Ok(());
    }
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let under = |url: &str| Replica::new().data_dir(&data).public_url(url);
    let stage = Stage::with(under(OURS), "").await?;
    let client: Registered = stage.client("travels", "loans:read", &[]).await?;
    let good = stage.token(&client, &[]).await?;
    assert_eq!((stage.reads(&good).await?, &claims(&good)?["iss"]), (200, &OURS.into()));
    drop(stage);

    let stage = Stage::with(under(OTHER), "").await?;
    let foreign = stage.token(&client, &[]).await?;
    assert_eq!((stage.reads(&foreign).await?, stage.reads(&good).await?), (200, 401));
    assert_eq!(foreign.split('.').next(), good.split('.').next(), "the same key");
    drop(stage);

    // What waits inside goes by the true clock: with a monotonic one that is ahead it could wait for two hours.
    let stage = Stage::with(under(OURS).wrapped_in(["faketime", "--exclude-monotonic", "-f", "+2h"]), "").await?;
    let future = stage.token(&client, &[]).await?;
    assert_eq!((stage.reads(&future).await?, stage.reads(&good).await?), (200, 401), "an hour is over");
    drop(stage);

    let stage = Stage::with(under(OURS), "").await?;
    let each = [&good, &foreign, &future];
    let mut statuses = Vec::new();
    for token in each {
        statuses.push(stage.reads(token).await?);
    }
    assert_eq!(statuses, [200, 401, 401], "ours, another issuer's, of the future");
    Ok(())
}
