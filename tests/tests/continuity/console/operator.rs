//! What an operator does in the console, over HTTP and without a script; and the status page in bad times.

use std::time::Duration;

use continuity_tests::harness::{Access, Browser, Failure, Replica, poll};
use serde_json::Value;

use super::super::open_api::demo;
use super::told;

const EMAIL: &str = "otto@bank.example";
const PASSWORD: &str = "Trout-Lantern-42-Velvet";
pub(super) const ACCOUNT: [&str; 8] =
    ["account", "create", "--email", EMAIL, "--name", "Otto Operator", "--roles", "operator"];
const IN_TIME: Duration = Duration::from_mins(1);

/// An operator who is signed in.
pub(super) async fn signed_in(access: &Access, account: &Value) -> Result<Browser, Failure> {
    let mut browser = Browser::new(access)?;
    browser.choose_password(account["link"].as_str().ok_or("no link")?, PASSWORD).await?;
    browser.sign_in(EMAIL, PASSWORD, "").await?.to()?;
    Ok(browser)
}

/// Looks at a page until it says this.
pub(super) async fn says(browser: &mut Browser, path: &str, text: &str) -> Result<(), Failure> {
    let mut last = String::new();
    let said = poll(IN_TIME, async || {
        let page = browser.get(path).await?;
        if page.status != 200 {
            return Err(format!("{path} answers {}", page.status).into());
        }
        last = page.text;
        Ok(last.contains(text))
    });
    if said.await? { Ok(()) } else { Err(format!("{path} never says {text:?}: {last}").into()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_pauses_resumes_rebuilds_and_verifies() -> Result<(), Failure> {
    let demo = demo().await?;
    let account = told(&ACCOUNT, demo.data_dir())?;
    let mut browser = signed_in(&demo.access()?, &account).await?;
    let (status, source) = ("/console/status", "/console/operations");
    says(&mut browser, status, "Following live").await?;

    says(&mut browser, source, "Pause").await?;
    let refused = browser.post("/console/operations/source/pause", &[("reason", " ")]).await?;
    assert_eq!(refused.status, 422, "without a reason: {}", refused.text);
    browser.post("/console/operations/source/pause", &[("reason", "drill of the branch")]).await?.to()?;
    says(&mut browser, status, "Reading was paused by an operator").await?;
    says(&mut browser, source, "drill of the branch").await?;
    browser.post("/console/operations/source/resume", &[("reason", "the drill is over")]).await?.to()?;
    says(&mut browser, status, "Following live").await?;

    let models = "/console/operations/read-models";
    says(&mut browser, models, "tasks").await?;
    browser.post(models, &[("name", "tasks")]).await?.to()?;
    says(&mut browser, status, "Following live").await?;
    says(&mut browser, models, "It is the same as before").await?;
    let log = "/console/operations/log";
    browser.post(log, &[("log", "replica")]).await?.to()?;
    says(&mut browser, log, "It is whole").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_stays_up_on_a_full_disk_and_without_a_source() -> Result<(), Failure> {
    let feed = tempfile::NamedTempFile::new()?;
    let bad = [
        ("nats://127.0.0.1:9".to_owned(), 0, "Cloud cut off"),
        (format!("file:{}", feed.path().display()), 1_u64 << 60, "the disk is almost full"),
    ];
    for (source, reserve, sentence) in bad {
        let config = format!(
            "[source]\nurl = '{source}'\n[ingest]\nmin_free_bytes = {reserve}\n[auth]\nsecond_factor_required = false\n"
        );
        let replica = Replica::new().config(&config).start().await?;
        let account = replica.order(&[&ACCOUNT[..], &["--json"]].concat()).await?;
        let mut browser = signed_in(replica.access(), &serde_json::from_slice(&account.stdout)?).await?;
        says(&mut browser, "/console/status", sentence).await?;
        says(&mut browser, "/console/status/now", sentence).await?;
    }
    Ok(())
}
