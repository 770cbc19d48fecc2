//! Who read what: recorded by the running product, shown, exported, and there after kills and on a full disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use continuity_tests::harness::{Access, Client, Failure, Replica, poll, skipped};
use serde_json::Value;
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_mins(1);
const LOAN: &str = "/api/v1/loan-requests/L1";
const SECRET: &str = "/api/v1/loan-requests/L1/tasks/secret";

/// One loan with a sensitive task.
fn feed(folder: &Path) -> Result<PathBuf, Failure> {
    let path = folder.join("feed.ndjson");
    let mut file = File::create(&path)?;
    let entities = [
        ("loanRequest", "L1", r#""status":"BID","createdAt":"2026-01-01T00:00:00Z""#),
        ("task", "secret", r#""sensitive":true,"formData":{"illness":1},"assignedAt":"2026-01-01T00:00:00Z""#),
    ];
    for (sequence, (entity, id, rest)) in (1..).zip(entities) {
        let data = format!(r#"{{"entity":"{entity}","id":"{id}","version":1,"after":{{"id":"{id}",{rest}}}}}"#);
        writeln!(
            file,
            r#"{{"specversion":"1.0","id":"e{sequence}","source":"/s","type":"com.banclo.SomethingChanged","subject":"loan-requests/L1","time":"2026-01-05T08:00:00Z","sequence":"{sequence}","data":{data}}}"#
        )?;
    }
    Ok(path)
}

/// Follows the feed and counts reads by the second.
fn config(folder: &Path) -> Result<String, Failure> {
    let source = format!("[source]\nurl = 'file:{}'\n", feed(folder)?.display());
    Ok(source + "[ingest]\nmin_free_bytes = 0\n[audit]\nperiod_seconds = 1\n")
}

async fn ready(replica: &Replica) -> Result<Client, Failure> {
    assert!(poll(LIMIT, async || Ok(replica.ready().await? == 200)).await?, "not ready\n{}", replica.errors());
    replica.client("").await
}

async fn read(client: &Client, path: &str, times: usize) -> Result<(), Failure> {
    for _ in 0..times {
        let reply = client.get(path).await?;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
    Ok(())
}

/// Reads by (client's name, endpoint), added up.
type Counts = BTreeMap<(String, String), u64>;

fn add_up<'a>(entries: impl IntoIterator<Item = &'a Value>) -> Counts {
    let mut counts = Counts::new();
    for entry in entries.into_iter().filter(|entry| entry["origin"] == "REPLICA") {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let key = (text(&entry["actor"]["displayName"]), text(&entry["endpoint"]));
        *counts.entry(key).or_default() += entry["count"].as_u64().unwrap_or_default();
    }
    counts
}

fn of(counts: &Counts, client: &str, endpoint: &str) -> u64 {
    counts.get(&(client.to_owned(), endpoint.to_owned())).copied().unwrap_or_default()
}

async fn entries(client: &Client, path: &str) -> Result<Vec<Value>, Failure> {
    let reply = client.get(path).await?;
    assert_eq!(reply.status, 200, "{}", reply.text());
    Ok(serde_json::from_slice(&reply.bytes)?)
}

/// What the loan's audit log counts.
async fn shown(client: &Client) -> Result<Counts, Failure> {
    Ok(add_up(&entries(client, &format!("{LOAN}/audit-log")).await?))
}

async fn until_shown(client: &Client, wanted: impl Fn(&Counts) -> bool) -> Result<Counts, Failure> {
    let mut last = Counts::new();
    let came = poll(LIMIT, async || {
        last = shown(client).await?;
        Ok(wanted(&last))
    });
    assert!(came.await?, "the audit log still counts {last:?}");
    Ok(last)
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn lines(output: &Output) -> Result<Vec<Value>, Failure> {
    text(output).lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// A second client: its id, and the client.
async fn second(replica: &Replica) -> Result<(String, Client), Failure> {
    let words = ["client", "create", "--name", "second", "--scopes", "loans:read", "--json"];
    let created: Value = serde_json::from_str(&text(&replica.order(&words).await?))?;
    let of = |name: &str| created[name].as_str().unwrap_or_default().to_owned();
    let access = Access { client_id: of("id"), client_secret: of("secret"), ..replica.access().clone() };
    Ok((of("id"), Client::with_access(&access, "").await?))
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_shown_listed_and_exported() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let mut replica = Replica::new().config(&config(folder.path())?).start().await?;
    let client = ready(&replica).await?;
    let (id, other) = second(&replica).await?;
    read(&client, LOAN, 3).await?;
    read(&client, &format!("{LOAN}/documents"), 2).await?;
    read(&client, "/api/v1/loan-requests", 2).await?;
    read(&client, SECRET, 1).await?;
    read(&other, LOAN, 1).await?;
    assert_eq!(other.get(&format!("{LOAN}/documents")).await?.status, 403);

    assert_eq!(of(&shown(&client).await?, "test", "getTask"), 1, "a sensitive read shows at once");
    let wanted = [("test", "getLoanRequest", 3), ("test", "listDocuments", 2), ("second", "getLoanRequest", 1)];
    let all_of = |counts: &Counts| wanted.iter().all(|(client, endpoint, n)| of(counts, client, endpoint) == *n);
    let counts = until_shown(&client, all_of).await?;
    assert_eq!((of(&counts, "second", "listDocuments"), of(&counts, "test", "listLoanRequests")), (0, 0));
    let lists = entries(&client, "/api/v1/replica/accesses?action=LIST_READ&limit=1000").await?;
    assert_eq!(of(&add_up(&lists), "test", "listLoanRequests"), 2);
    assert!(lists.iter().all(|entry| entry.get("loanRequestId").is_none()));

    let words = ["access", "export", "--loan", "L1", "--client", &id];
    let csv = text(&replica.order(&words).await?);
    let rows: Vec<&str> = csv.lines().collect();
    assert!(rows.len() == 2 && rows[0].starts_with("id,occurredAt,until,"), "{csv}");
    assert!(rows[1].contains(",second,L1,LOAN_REQUEST,L1,,getLoanRequest,1,"), "{csv}");
    let words = ["access", "export", "--to", "2026-01-01", "--json"];
    assert_eq!(lines(&replica.order(&words).await?)?.len(), 0, "nobody read then");
    let refused = replica.order(&["access", "export", "--from", "yesterday"]).await?;
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("yesterday"));

    replica.kill()?;
    let at_rest = lines(&replica.order(&["access", "export", "--format", "ndjson"]).await?)?;
    let counts = add_up(&at_rest);
    assert!(all_of(&counts) && of(&counts, "test", "listLoanRequests") == 2, "{counts:?}");
    Ok(())
}

/// Asks it to stop, and waits until its process has ended.
async fn stop(replica: &Replica) -> Result<(), Failure> {
    let id = replica.id();
    assert!(Command::new("kill").args(["-TERM", &id.to_string()]).status()?.success());
    let ended = async || Ok(std::fs::read_to_string(format!("/proc/{id}/stat"))?.contains(") Z "));
    assert!(poll(LIMIT, ended).await?, "it does not stop\n{}", replica.errors());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_the_running_period_at_most_and_no_sensitive_read() -> Result<(), Failure> {
    const EACH: u64 = 20;
    let times = usize::try_from(EACH)?;
    let folder = TempDir::new()?;
    let mut replica = Replica::new().config(&config(folder.path())?).start().await?;
    let (mut flushed, mut sensitive) = (0, 0);
    for _ in 0..3 {
        let client = ready(&replica).await?;
        read(&client, LOAN, times).await?;
        let wanted = flushed + EACH;
        flushed = of(
            &until_shown(&client, |counts| of(counts, "test", "getLoanRequest") >= wanted).await?,
            "test",
            "getLoanRequest",
        );
        assert_eq!(flushed, wanted, "every read counts once");
        read(&client, LOAN, times).await?;
        read(&client, SECRET, 5).await?;
        sensitive += 5;
        replica.kill()?;
        let counts = add_up(&lines(&replica.order(&["access", "export", "--json"]).await?)?);
        let kept = of(&counts, "test", "getLoanRequest");
        assert!((flushed..=flushed + EACH).contains(&kept), "{flushed} were written, {kept} are there");
        assert_eq!(of(&counts, "test", "getTask"), sensitive);
        flushed = kept;
        replica.restart().await?;
    }
    let client = ready(&replica).await?;
    read(&client, LOAN, times).await?;
    stop(&replica).await?;
    replica.kill()?;
    let counts = add_up(&lines(&replica.order(&["access", "export", "--json"]).await?)?);
    assert_eq!(of(&counts, "test", "getLoanRequest"), flushed + EACH, "a clean stop writes everything");
    Ok(())
}

/// A file system of 24 MiB at the control log's place.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where this user may not mount one.
    fn new(folder: PathBuf) -> Result<Option<Self>, Failure> {
        std::fs::create_dir_all(&folder)?;
        let words = ["-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs"];
        let mounted =
            Command::new("mount").args(words).arg(&folder).output().is_ok_and(|output| output.status.success());
        Ok(mounted.then_some(Self(folder)))
    }

    fn fill(&self) -> Result<(), Failure> {
        let mut file = File::create(self.0.join("ballast"))?;
        while file.write_all(&[0; 4_096]).is_ok() {}
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever still holds a file there is being killed.
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_record_no_sensitive_read_and_all_others() -> Result<(), Failure> {
    let folder = TempDir::new()?;
    let data = folder.path().join("data");
    let Some(disk) = SmallDisk::new(data.join("control"))? else {
        skipped("a full disk below the control log: no file system may be mounted here");
        return Ok(());
    };
    let mut replica = Replica::new().data_dir(&data).config(&config(folder.path())?).start().await?;
    let client = ready(&replica).await?;
    disk.fill()?;
    let mut answered = 0;
    let refused = poll(LIMIT, async || {
        for _ in 0..100 {
            let reply = client.get(SECRET).await?;
            if reply.status != 200 {
                assert!(reply.status == 503 && reply.text().contains("access-not-recorded"), "{}", reply.text());
                assert!(!reply.text().contains("illness"));
                return Ok(true);
            }
            answered += 1;
        }
        Ok(false)
    });
    assert!(refused.await?, "{answered} reads were recorded on a full disk");
    read(&client, LOAN, 3).await?;
    let unrecorded = |health: &continuity_tests::json::Json| {
        let records = health.get("components").and_then(|all| all.get("accessRecords"));
        records.is_some_and(|r| r.text("state") == Some("failed") && r.number("unrecordedReads") >= Some(3))
    };
    let health = replica.until("degraded", LIMIT, unrecorded).await?;
    assert_eq!(health.text("status"), Some("degraded"));
    assert_eq!(replica.metric("continuity_auth_control_log_writable").await?, Some(0.0));
    assert!(replica.metric("continuity_auth_reads_unrecorded_total").await? >= Some(3.0));
    assert_eq!(replica.ready().await?, 200);

    std::fs::remove_file(disk.0.join("ballast"))?;
    replica.restart().await?;
    let client = ready(&replica).await?;
    let counts = shown(&client).await?;
    // One that was written and could not be told so may be there besides.
    assert!(
        (answered..=answered + 1).contains(&of(&counts, "test", "getTask")),
        "{answered} were answered: {counts:?}"
    );
    read(&client, SECRET, 1).await
}
