//! The metrics: what is exposed is what the documentation lists, and every name keeps Prometheus' conventions.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use continuity_tests::harness::{Demo, Failure};

/// Name, type and help of each metric, from the exposition text.
fn described(exposition: &str) -> BTreeMap<String, (String, String)> {
    let mut found: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in exposition.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            help.clone_into(&mut found.entry(name.to_owned()).or_default().1);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            kind.clone_into(&mut found.entry(name.to_owned()).or_default().0);
        }
    }
    found
}

fn document(metrics: &BTreeMap<String, (String, String)>) -> String {
    let mut text =
        "# Metrics\n\n`GET /metrics` on a listener of its own (`listen.metrics`), in the Prometheus text format. \
                    No loan is ever a label.\n\n| name | type | meaning |\n|---|---|---|\n"
            .to_owned();
    for (name, (kind, help)) in metrics {
        writeln!(text, "| `{name}` | {kind} | {help} |").expect("a string takes everything");
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exposed_is_documented() -> Result<(), Failure> {
    let demo = Demo::new().argument("--loans").argument("3").argument("--rate").argument("0").start().await?;
    let client = continuity_tests::harness::Client::of(&demo, "").await?;
    assert_eq!(client.get("/api/v1/loan-requests").await?.status, 200);
    let exposition = reqwest::get(demo.told("metricsUrl")?).await?.text().await?;
    let mut metrics = described(&exposition);
    // Webhooks have figures of their own for each subscription, and the demo has none.
    let folder = tempfile::TempDir::new()?;
    let (_receiver, replica) = crate::webhooks::with_one_message(folder.path()).await?;
    metrics.extend(described(&reqwest::get(&replica.access().metrics_url).await?.text().await?));
    // And a replica that is alone has no control stream.
    let (_broker, replica) = crate::fleet::one(folder.path()).await?;
    metrics.extend(described(&reqwest::get(&replica.access().metrics_url).await?.text().await?));
    for (name, (kind, help)) in &metrics {
        assert!(name.starts_with("continuity_") && !help.is_empty(), "{name} has no help or a foreign name");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        assert!(kind != "histogram" || name.ends_with("_seconds") || name.ends_with("_bytes"), "{name} has no unit");
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    let actual = document(&metrics);
    if std::env::var_os("CONTINUITY_BLESS").is_some() {
        std::fs::write(&path, &actual)?;
    }
    let listed = std::fs::read_to_string(&path)?;
    assert_eq!(listed, actual, "docs/metrics.md is out of date; CONTINUITY_BLESS=1 writes it anew");
    Ok(())
}
