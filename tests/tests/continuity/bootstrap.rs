//! A replica that begins with a snapshot export and goes on with the changes, and the repair of one loan from one.

mod objects;
mod resync;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use continuity_simulator::{Emitted, Exporting, Faults, Options, Simulator};
use continuity_tests::brokers::{Broker, Sort};
use continuity_tests::compare::{self, Clients};
use continuity_tests::fold::{Fold, Gaps};
use continuity_tests::harness::{self, Failure, Replica};
use continuity_tests::json::Json;
use tempfile::TempDir;

use crate::feeds;
use crate::rig::{self, LIMIT, state, succeeded};

/// Events behind the export.
const LIVE: usize = 150;
/// Events of the tail that the export covers.
const OVERLAP: usize = 400;

/// A platform's history with an export of it, and the changes around and behind that.
pub(crate) struct Story {
    directory: TempDir,
    /// The export's lines.
    pub(crate) export: Vec<String>,
    /// The last events before the export, and those behind it.
    tail: Vec<Emitted>,
}

impl Story {
    pub(crate) fn new(seed: u64, loans: u64) -> Result<Self, Failure> {
        let directory = TempDir::new()?;
        let options = Options { exports: true, ..Options::new(seed, feeds::START, loans) };
        let path = directory.path().join("export/export.ndjson");
        let mut events = Exporting::new(Simulator::new(options), &path)?;
        let history = events.by_ref().take_while(|event| event.history).collect::<Vec<_>>();
        let mut tail = history[history.len().saturating_sub(OVERLAP)..].to_vec();
        tail.extend(events.take(LIVE));
        // Duplicates and disorder on top: the export and the tail overlap in any order.
        let faults = Faults { duplicates: 0.05, reordering: 0.1, window: 20, ..Faults::default() };
        let tail = faults.over(seed, tail.into_iter()).collect();
        let export = fs::read_to_string(&path)?.lines().map(str::to_owned).collect();
        Ok(Self { directory, export, tail })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, lines: &[String]) -> Result<(), Failure> {
        let mut file = fs::File::create(self.path(name))?;
        lines.iter().try_for_each(|line| writeln!(file, "{line}"))?;
        Ok(())
    }

    /// The tail as a file feed.
    pub(crate) fn write_tail(&self) -> Result<(), Failure> {
        self.write("tail.ndjson", &self.tail.iter().map(|event| event.line.clone()).collect::<Vec<_>>())
    }

    /// What has to come of the export and the tail.
    fn fold(&self) -> Fold {
        let lines = self.export.iter().map(String::as_str);
        Fold::of(Gaps::Held, lines.chain(self.tail.iter().map(|event| event.line.as_str())))
    }

    /// `[source]` of the tail as a file, and the export in front of it.
    pub(crate) fn config(&self, source: &str) -> String {
        let (tail, export) = (self.path("tail.ndjson"), self.path("export"));
        with_bootstrap(&format!("[source]\nurl = 'file:{}'\n{}{source}", tail.display(), rig::QUICK), &export)
    }
}

fn with_bootstrap(config: &str, export: &Path) -> String {
    format!("{config}\n[ingest]\nmin_free_bytes = 0\n[bootstrap]\nurl = 'file:{}'\n", export.display())
}

async fn live(replica: &Replica) -> Result<(), Failure> {
    replica.until("live", LIMIT, |health| state(health) == "live").await?;
    // The log is live; the read models follow it.
    let shown = async || {
        let status = status(replica).await?;
        Ok(status.number("appliedPosition") == status.number("logPosition"))
    };
    assert!(harness::poll(LIMIT, shown).await?, "{}", status(replica).await?.to_text());
    Ok(())
}

/// Every endpoint of every loan.
async fn agrees(replica: &Replica, fold: Fold) -> Result<(), Failure> {
    replica.until_bytes(LIMIT).await?;
    let clients = Clients { all: replica.client("").await?, loans_only: replica.client("loans:read").await? };
    let report = compare::everything(std::sync::Arc::new(fold), clients).await?;
    let shown: Vec<_> = report.differences.iter().take(10).cloned().collect();
    let count = report.differences.len();
    assert!(report.differences.is_empty(), "{count} of {} replies differ:\n{}", report.replies, shown.join("\n"));
    assert!(report.replies > 100, "only {} replies were compared", report.replies);
    Ok(())
}

async fn status(replica: &Replica) -> Result<Json, Failure> {
    let output = replica.order(&["status", "--json"]).await?;
    succeeded(&output);
    Ok(Json::parse(std::str::from_utf8(&output.stdout)?)?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_export_then_a_file_tail() -> Result<(), Failure> {
    let story = Story::new(61, 25)?;
    story.write_tail()?;
    let mut replica = Replica::new().config(&story.config("")).start().await?;
    live(&replica).await?;
    assert_eq!(replica.ready().await?, 200);
    agrees(&replica, story.fold()).await?;
    let errors = replica.errors();
    assert!(errors.contains("the bootstrap feed is read"), "{errors}");
    // The files may go now, and the configuration may keep naming them.
    fs::remove_dir_all(story.path("export"))?;
    replica.restart().await?;
    live(&replica).await?;
    agrees(&replica, story.fold()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_export_then_a_stream() -> Result<(), Failure> {
    let story = Story::new(62, 12)?;
    let broker = Broker::start(Sort::Nats)?;
    let proxy = broker.proxy()?;
    rig::published(rig::publishing(&broker, &story.tail, 0.0)?).await?;
    let source = format!("[source]\nurl = '{}'\n{}", proxy.url(broker.scheme()), rig::QUICK);
    let config = with_bootstrap(&source, &story.path("export"));
    let replica = Replica::new().config(&config).start().await?;
    live(&replica).await?;
    agrees(&replica, story.fold()).await
}

/// The export on the stream itself, in front of the changes.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_on_the_stream() -> Result<(), Failure> {
    let story = Story::new(63, 8)?;
    let like = &story.tail[0];
    let export = story.export.iter().map(|line| Emitted { line: line.clone(), ..like.clone() });
    let all: Vec<Emitted> = export.chain(story.tail.iter().cloned()).collect();
    let rig = rig::Rig::start(Sort::Nats, &all, "").await?;
    live(&rig.replica).await?;
    agrees(&rig.replica, story.fold()).await
}

/// Killed again and again while the export is read, slowly; then it goes on at full speed.
#[tokio::test(flavor = "multi_thread")]
async fn kills_in_the_middle_of_the_export() -> Result<(), Failure> {
    const SLOW: &str = "[source.schedule]\nmax_bytes_per_second = 400000\n";
    let story = Story::new(64, 25)?;
    story.write_tail()?;
    let mut replica = Replica::new().config(&story.config(SLOW)).start().await?;
    for round in 0..feeds::size(3, 30) {
        let before = status(&replica).await?.number("logPosition").unwrap_or_default();
        let further = async || {
            let now = status(&replica).await?;
            Ok(now.number("logPosition").unwrap_or_default() > before
                || now.get("synchronised") == Some(&Json::Bool(true)))
        };
        assert!(harness::poll(LIMIT, further).await?, "nothing came in round {round}");
        replica.kill()?;
        replica.restart().await?;
    }
    replica.configure(&story.config(""));
    replica.restart().await?;
    live(&replica).await?;
    agrees(&replica, story.fold()).await
}

/// An export without its end is named, nothing is called synchronised, and it goes on once the rest is there.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_without_its_end() -> Result<(), Failure> {
    let story = Story::new(65, 6)?;
    story.write_tail()?;
    let (rest, most) = story.export.split_last().ok_or("an empty export")?;
    assert!(rest.contains("SnapshotCompleted"), "{rest}");
    story.write("export/export.ndjson", most)?;
    let replica = Replica::new().config(&story.config("")).start().await?;
    replica.until("refused", LIMIT, |health| state(health) == "disconnected").await?;
    assert_eq!(replica.ready().await?, 503);
    let said = replica.order(&["source", "status"]).await?;
    succeeded(&said);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("ends without SnapshotCompleted"), "{said}");
    assert_eq!(status(&replica).await?.get("synchronised"), Some(&Json::Bool(false)));
    let mut file = fs::File::options().append(true).open(story.path("export/export.ndjson"))?;
    writeln!(file, "{rest}")?;
    live(&replica).await?;
    assert_eq!(replica.ready().await?, 200);
    agrees(&replica, story.fold()).await
}

/// How long a gap is waited for here.
const SHORTLY: Duration = Duration::from_secs(1);
