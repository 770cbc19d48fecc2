//! A loan officer in an outage and an operator on a bad day, by clicks in Chromium, with JavaScript and without.

use std::path::Path;
use std::process::Command;

use continuity_simulator::Faults;
use continuity_tests::brokers::Sort;
use continuity_tests::harness::{Access, Client, Failure, Replica};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{builds, encoded, succeeds, workshop};
use crate::clients::python;
use crate::rig::{Rig, events};

const ALL: &str = "loans:read documents:read bids:read tasks:read analysis:read messages:read reports:read audit:read";
/// Nobody here has a second factor: that is another flow's.
const PLAIN: &str = "[auth]\nsecond_factor_required = false\n";
/// Those of the first part of the history, which leaves work to be done, are more than a page of the list.
const LOANS: u64 = 90;

/// Lets somebody with a role and every scope do what the program in `tests/clients/node` does.
async fn clicks(replica: &Replica, program: &str, role: &str, is_scripted: bool, more: &Value) -> Result<(), Failure> {
    let email = format!("{role}.{is_scripted}@bank.example");
    let account = ["account", "create", "--email", &email, "--name", "Olive Oak", "--json", "--roles", role];
    let account = replica.order(&[&account[..], &["--scopes", ALL]].concat()).await?;
    let account: Value = serde_json::from_slice(&account.stdout)?;
    let pictures = std::env::var("CONTINUITY_PICTURES").unwrap_or_default();
    let mut words = json!({
        "base": replica.access().base_url, "email": email, "link": account["link"], "isScripted": is_scripted,
        "folder": pictures, "python": python(),
    });
    let (words, more) = (words.as_object_mut().ok_or("an object")?, more.as_object().ok_or("an object")?);
    words.extend(more.clone());
    let folder = workshop()?;
    let mut browser = Command::new("node");
    browser.current_dir(folder.path()).env("NODE_EXTRA_CA_CERTS", &replica.access().ca_file);
    browser.args([program, &serde_json::to_string(words)?]);
    let said = succeeds(browser).await.map_err(|error| format!("{error}\n{}", replica.errors()))?;
    assert_eq!(said, "all of it was done\n");
    Ok(())
}

async fn asked(access: &Access, path: &str) -> Result<Value, Failure> {
    Ok(serde_json::from_slice(&Client::with_access(access, ALL).await?.get(path).await?.bytes)?)
}

/// A loan with a sensitive form that was filled in and a file that is shown: its id and its reference.
async fn loan_with_everything(access: &Access) -> Result<(String, String), Failure> {
    let list = asked(access, "/api/v1/loan-requests?limit=100").await?;
    for loan in list["loanRequests"].as_array().ok_or("no list")? {
        let id = loan["id"].as_str().ok_or("a loan without an id")?;
        let path = format!("/api/v1/loan-requests/{}", encoded(id));
        let tasks = asked(access, &format!("{path}/tasks?sensitive=true&type=FORM&status=COMPLETED")).await?;
        let files = asked(access, &format!("{path}/documents?limit=100")).await?;
        let has =
            |list: &Value, like: &dyn Fn(&Value) -> bool| list.as_array().is_some_and(|list| list.iter().any(like));
        let is_shown = |file: &Value| file["mediaType"] == "application/pdf" && file["sensitive"] != true;
        if has(&tasks, &|_| true) && has(&files, &is_shown) {
            let reference = loan["reference"].as_str().ok_or("a loan without a reference")?;
            return Ok((id.to_owned(), reference.to_owned()));
        }
    }
    Err("no loan has a sensitive form and a PDF".into())
}

/// That somebody read a form with sensitive data of a loan stands on record.
async fn is_recorded(access: &Access, loan: &str, email: &str) -> Result<(), Failure> {
    let path = format!("/api/v1/replica/accesses?loanRequestId={}&action=TASK_FORM_DATA_READ", encoded(loan));
    let reads = asked(access, &path).await?;
    assert!(reads.to_string().contains(email), "{email}: {reads}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loan_officer_goes_on_working_in_an_outage() -> Result<(), Failure> {
    let history = events(71, LOANS, Faults::default());
    let rig = Rig::start(Sort::Nats, &history[..history.len() * 2 / 3], PLAIN).await?;
    rig.until("live").await?;
    rig.until_applied().await?;
    let access = rig.replica.access();
    let (loan, reference) = loan_with_everything(access).await?;
    rig.proxy.refuse();
    rig.until("disconnected").await?;
    for is_scripted in [true, false] {
        let more = json!({ "reference": reference });
        clicks(&rig.replica, "officer.mjs", "viewer", is_scripted, &more).await?;
        is_recorded(access, &loan, &format!("viewer.{is_scripted}@bank.example")).await?;
    }
    Ok(())
}

/// A feed with some lines that nobody can read.
fn broken(folder: &Path) -> Result<String, Failure> {
    let path = folder.join("feed.ndjson");
    let lines = events(72, 20, Faults { malformed: 0.005, ..Faults::default() });
    std::fs::write(&path, lines.iter().map(|event| event.line.clone() + "\n").collect::<String>())?;
    Ok(format!("[source]\nurl = 'file:{}'\n[ingest]\nmin_free_bytes = 0\n{PLAIN}", path.display()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_looks_after_the_replica() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let backup = folder.path().join("backup");
    let config = format!("{}[backup]\ndirectory = '{}'\n", broken(folder.path())?, backup.display());
    let mut replica = Replica::new().config(&config).start().await?;
    for is_scripted in [true, false] {
        builds::find_two(&mut replica).await?;
        clicks(&replica, "operator.mjs", "operator", is_scripted, &json!({})).await?;
        std::fs::remove_dir_all(&backup)?;
    }
    Ok(())
}
