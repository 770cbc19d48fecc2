//! Two builds of a read model that differ: everybody is told, and an operator serves the right one again.

use std::path::Path;
use std::sync::Arc;

use continuity_base::SystemClock;
use continuity_events::json::merge_patch;
use continuity_log::{Log, Options, RealDisk};
use continuity_readmodel::ledger::Ledger;
use continuity_readmodel::{
    AppendedEvent, BatchLimits, ChangeForm, Engine, EngineOptions, EntityChange, Projection, Rows, Spec, StoreError,
};
use continuity_tests::harness::{Browser, Client, Failure, Replica, poll};
use serde_json::Value;

use super::encoded;
use super::operator::says;
use super::states::{Followed, operator};
use crate::rig::LIMIT;

const MODEL: &str = "tasks";
const PAGE: &str = "/console/operations/read-models/tasks";
const WRONG: &str = "Folded by a faulty program";

/// A read model as a faulty program folds it: every title is another one.
struct Faulty(Box<dyn Projection>);

impl Projection for Faulty {
    fn spec(&self) -> &'static Spec {
        self.0.spec()
    }

    fn apply(&self, change: &EntityChange<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        let ChangeForm::After(after) = change.form else { return self.0.apply(change, rows) };
        let wrong = merge_patch(after, &format!("{{\"title\":\"{WRONG}\"}}"));
        let wrong = wrong.map_err(|error| StoreError::Other(error.to_string()))?;
        self.0.apply(&EntityChange { form: ChangeForm::After(&wrong), ..*change }, rows)
    }

    fn clear(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        self.0.clear(loan, rows)
    }

    fn appended(&self, event: &AppendedEvent<'_>, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        self.0.appended(event, rows)
    }

    fn purge(&self, loan: &str, rows: &mut Rows<'_>) -> Result<(), StoreError> {
        self.0.purge(loan, rows)
    }
}

/// What such a program leaves of a data directory at rest: its build of [`MODEL`] is served, the right one is kept.
fn rebuild_wrongly(data: &Path) -> Result<(), Failure> {
    let dir = data.join("read-models");
    let mut checkpoints = Engine::checkpoints(&dir);
    checkpoints.extend(Ledger::checkpoint_in(&dir)?);
    let opened = Log::open(Arc::new(RealDisk::new(data.join("log"))?), Options::default(), &checkpoints)?;
    let (_ledger, ledger) = Ledger::open(&dir, &opened.log)?;
    let faulty = |model: Box<dyn Projection>| -> Box<dyn Projection> {
        if model.spec().name == MODEL { Box::new(Faulty(model)) } else { model }
    };
    let options = |projections| EngineOptions {
        dir: dir.clone(),
        log: opened.log.clone(),
        ledger: ledger.clone(),
        projections,
        clock: Arc::new(SystemClock::new()),
        cache_bytes: 64 << 20,
        batch: BatchLimits::default(),
    };
    // What was not durable when the process was killed is folded rightly first.
    let right = Engine::rebuild_offline(options(continuity_projections::all()), MODEL)?;
    assert_eq!(right.old_digest, Some(right.new_digest));
    let wrong = continuity_projections::all().into_iter().map(faulty).collect();
    let wrong = Engine::rebuild_offline(options(wrong), MODEL)?;
    assert_eq!(wrong.old_digest, Some(right.new_digest));
    assert_ne!(wrong.old_digest, Some(wrong.new_digest));
    Ok(())
}

/// Lets the replica find two builds at its next start, once it has everything.
pub(super) async fn find_two(replica: &mut Replica) -> Result<(), Failure> {
    has_everything(replica).await?;
    replica.kill()?;
    rebuild_wrongly(replica.data_dir())?;
    replica.restart().await?;
    has_everything(replica).await
}

async fn has_everything(replica: &Replica) -> Result<(), Failure> {
    let is_ready = poll(LIMIT, async || Ok(replica.ready().await? == 200));
    if is_ready.await? { Ok(()) } else { Err("it is never ready".into()) }
}

async fn asked(replica: &Replica, path: &str) -> Result<Value, Failure> {
    let client = Client::with_access(replica.access(), "loans:read tasks:read").await?;
    Ok(serde_json::from_slice(&client.get(path).await?.bytes)?)
}

/// The titles of the tasks of the first loan that has any, which clients read.
async fn titles(replica: &Replica) -> Result<Vec<String>, Failure> {
    let list = asked(replica, "/api/v1/loan-requests?limit=20").await?;
    for loan in list["loanRequests"].as_array().ok_or("no list")? {
        let id = loan["id"].as_str().ok_or("a loan without an id")?;
        let tasks = asked(replica, &format!("/api/v1/loan-requests/{}/tasks", encoded(id))).await?;
        let titles = tasks.as_array().into_iter().flatten().filter_map(|task| task["title"].as_str());
        let titles: Vec<_> = titles.map(str::to_owned).collect();
        if !titles.is_empty() {
            return Ok(titles);
        }
    }
    Err("no loan has a task".into())
}

/// What everybody is told: which builds differ, by the health and by a metric, and the digest of the one that is kept.
async fn told(replica: &Replica) -> Result<(Vec<Value>, Option<f64>, Option<String>), Failure> {
    let health = asked(replica, "/health").await?;
    let models = health["components"]["readModels"].as_array().ok_or("no read models")?;
    let differ = models.iter().filter(|model| model["buildsDiffer"] == true).map(|model| model["name"].clone());
    let metric = replica.metric("continuity_projection_builds_differ{projection=\"tasks\"}").await?;
    let listed: Value = serde_json::from_slice(&replica.order(&["projection", "list", "--json"]).await?.stdout)?;
    let tasks =
        listed.as_array().and_then(|list| list.iter().find(|model| model["name"] == MODEL)).ok_or("no tasks")?;
    Ok((differ.collect(), metric, tasks["kept"]["digest"].as_str().map(str::to_owned)))
}

/// The number of the kept build, as the page has it.
async fn shown(browser: &mut Browser) -> Result<String, Failure> {
    let page = browser.get(PAGE).await?;
    let number = page.between("name=\"build\" value=\"", "\"");
    number.ok_or_else(|| format!("{PAGE} answers {}: {}", page.status, page.text).into())
}

async fn until(replica: &Replica, status: &str) -> Result<(), Failure> {
    replica.until(status, LIMIT, |health| health.text("status") == Some(status)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_builds_the_right_one_is_served_again() -> Result<(), Failure> {
    let mut followed = Followed::start(84, 20).await?;
    has_everything(&followed.replica).await?;
    let right = titles(&followed.replica).await?;
    find_two(&mut followed.replica).await?;
    let replica = &followed.replica;
    let mut browser = operator(replica).await?;
    until(replica, "degraded").await?;
    let (differ, metric, kept) = told(replica).await?;
    assert_eq!((differ, metric), (vec![Value::from(MODEL)], Some(1.0)));
    let wrong = titles(replica).await?;
    assert!(wrong.iter().all(|title| title == WRONG), "what is served until somebody chooses: {wrong:?}");
    says(&mut browser, "/console/status", "A rebuild of tasks ended in other rows").await?;
    says(&mut browser, "/console/status", "two builds differ").await?;
    says(&mut browser, "/console/operations/read-models", "Choose a build").await?;
    says(&mut browser, PAGE, &kept.ok_or("nothing is kept")?).await?;

    let number = shown(&mut browser).await?;
    browser.post(&format!("{PAGE}/rollback"), &[("build", &number)]).await?.to()?;
    let twice = browser.post(&format!("{PAGE}/rollback"), &[("build", &number)]).await?;
    assert!(twice.status == 409 && twice.text.contains("is not the one that is kept"), "{}", twice.text);
    assert_eq!(titles(replica).await?, right);
    let refused = browser.post(&format!("{PAGE}/discard"), &[("confirm", "task")]).await?;
    assert_eq!(refused.status, 422, "{}", refused.text);
    followed.replica.kill()?;
    followed.replica.restart().await?;
    let replica = &followed.replica;
    assert_eq!(titles(replica).await?, right, "what was chosen stays chosen");
    assert_eq!(told(replica).await?.1, Some(1.0));

    let number = shown(&mut browser).await?;
    let discarded = replica.order(&["projection", "discard", MODEL, "--build", &number]).await?;
    let said = String::from_utf8(discarded.stdout)?;
    assert!(said.starts_with("tasks at position ") && said.trim_end().ends_with(" is removed"), "{said}");
    until(replica, "healthy").await?;
    assert_eq!(told(replica).await?, (Vec::new(), Some(0.0), None));
    let nothing = replica.order(&["projection", "rollback", MODEL, "--build", "1"]).await?;
    let said = String::from_utf8(nothing.stderr)?;
    assert!(!nothing.status.success() && said.contains("no other build of tasks is kept"), "{said}");
    Ok(())
}
