//! Live updates over real connections: cut at random, over kills, by slow readers, and as others write their listeners.

mod clients;
pub(crate) mod listener;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use continuity_simulator::Faults;
use continuity_tests::harness::{Client, Failure, Replica, command};
use tempfile::TempDir;

use crate::feeds;
use crate::rig::{LIMIT, state};
use listener::{Known, Stream};

const LOANS: u64 = 90;
/// Lines of the feed that are there from the start.
const FIRST: usize = 1_000;

/// A replica that follows a file, to which the rest of its lines is written while it does.
struct Growing {
    replica: Replica,
    lines: Vec<String>,
    feed: PathBuf,
    _directory: TempDir,
}

impl Growing {
    async fn start(configuration: &str) -> Result<Self, Failure> {
        let directory = TempDir::new()?;
        let (whole, feed) = (directory.path().join("whole"), directory.path().join("feed.ndjson"));
        feeds::write(&whole, 71, LOANS, Faults::default())?;
        let lines: Vec<String> = std::fs::read_to_string(&whole)?.lines().map(|line| format!("{line}\n")).collect();
        std::fs::write(&feed, lines[..FIRST].concat())?;
        let config = format!("[source]\nurl = 'file:{}'\nheartbeat_after_seconds = 0\n{configuration}", feed.display());
        let replica = Replica::new().config(&config).start().await?;
        replica.until("live", LIMIT, |health| state(health) == "live").await?;
        Ok(Self { replica, lines, feed, _directory: directory })
    }

    /// Writes the rest, so many lines a second.
    fn grow(&self, rate: usize) -> JoinHandle<std::io::Result<()>> {
        let (rest, feed) = (self.lines[FIRST..].to_vec(), self.feed.clone());
        std::thread::spawn(move || {
            let mut feed = std::fs::File::options().append(true).open(feed)?;
            for lines in rest.chunks(rate / 50) {
                feed.write_all(lines.concat().as_bytes())?;
                std::thread::sleep(Duration::from_millis(20));
            }
            Ok(())
        })
    }

    async fn client(&self) -> Result<Client, Failure> {
        self.replica.client("loans:read").await
    }

    /// Every loan with its position, from a stream of its own that was never cut.
    async fn told_afresh(&self) -> Result<BTreeMap<String, u64>, Failure> {
        let mut stream = Stream::open(&self.client().await?, "?since=0&once=true", None).await?;
        let mut known = Known::default();
        while let Some(event) = stream.next().await? {
            known.take(&event);
        }
        Ok(known.loans)
    }

    /// Waits until the whole feed was read, and nothing comes any more.
    async fn until_quiet(&self) -> Result<(), Failure> {
        let (mut last, mut same) = (None, 0);
        let quiet = continuity_tests::harness::poll(LIMIT, async || {
            let health = self.replica.health().await?;
            let source = crate::rig::component(&health, "source");
            let position = source.number("position");
            same = if position == last && state(&health) == "live" { same + 1 } else { 0 };
            last = position;
            Ok(same > 20)
        });
        if quiet.await? { Ok(()) } else { Err("the feed was not read to its end".into()) }
    }
}

/// Loan requests of the API in the order of their positions.
async fn listed(client: &Client) -> Result<Vec<String>, Failure> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!(
            "/api/v1/loan-requests?changedSince=0&sortBy=position&sortOrder=ASC&includeDeleted=true&fields=id&limit=200{cursor}"
        );
        let page = client.get(&path).await?.json()?;
        let rows = page.get("loanRequests").ok_or("no list")?;
        ids.extend(rows.elements().iter().filter_map(|row| row.text("id")).map(str::to_owned));
        match page.get("pagination").and_then(|pagination| pagination.text("nextCursor")) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(ids),
        }
    }
}

/// An id as a part of a path; the platform's may hold any character.
fn escaped(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    id.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Listens until `enough`, cutting the connection after every few events, and coming back while nobody answers.
async fn listen(growing: &Growing, known: &mut Known, enough: impl Fn(&Known) -> bool) -> Result<u32, Failure> {
    let (mut cuts, mut chance) = (0_u32, 12_345_u64);
    let client = growing.client().await?;
    while !enough(known) {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let patience = usize::try_from(chance >> 33)? % 300;
        let begin = known.events;
        let Ok(mut stream) = Stream::open(&client, "?since=0", Some(known.last)).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        while known.events - begin <= patience && !enough(known) {
            let Ok(Some(event)) = stream.next().await else { break };
            known.take(&event);
            if event.name == "change" && known.events.is_multiple_of(50) {
                // What was told can be read: the reply is at that position, or beyond it.
                let loan = event.json().text("loanRequestId").unwrap_or_default().to_owned();
                let Ok(reply) = client.get(&format!("/api/v1/loan-requests/{}", escaped(&loan))).await else { break };
                let at: Option<u64> = reply.header("x-replica-position").parse().ok();
                let known = reply.status != 404 && (at >= event.id || reply.status == 503);
                assert!(known, "{loan:?} told at {:?} is {} at {at:?}", event.id, reply.status);
            }
        }
        cuts += 1;
    }
    Ok(cuts)
}

/// 1,000 events a second, connections cut at random: in the end the listener knows every loan at its newest position.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missed_over_cuts_while_events_arrive() -> Result<(), Failure> {
    let growing = Growing::start("").await?;
    let writing = growing.grow(1_000);
    let mut known = Known::default();
    let total = growing.lines.len();
    let cuts = listen(&growing, &mut known, |_| writing.is_finished()).await?;
    writing.join().map_err(|_| "the writer panicked")??;
    growing.until_quiet().await?;
    let fresh = growing.told_afresh().await?;
    listen(&growing, &mut known, |known| known.loans == fresh).await?;
    assert!(cuts > 5 && known.events > FIRST, "{cuts} cuts, {} events of {total} lines", known.events);
    let mut by_position: Vec<(u64, String)> = known.loans.iter().map(|(loan, at)| (*at, loan.clone())).collect();
    by_position.sort_unstable();
    let api = listed(&growing.client().await?).await?;
    let told: Vec<String> = by_position.into_iter().map(|(_, loan)| loan).filter(|loan| api.contains(loan)).collect();
    assert_eq!(told, api, "the stream and the list by position disagree");
    Ok(())
}

/// The replica is killed twice meanwhile; ids from before a kill are gone on with behind it.
#[tokio::test(flavor = "multi_thread")]
async fn ids_outlive_kills() -> Result<(), Failure> {
    let mut growing = Growing::start("").await?;
    let writing = growing.grow(1_000);
    let mut known = Known::default();
    for n in 1..=2 {
        let wanted = known.events + n * 400;
        listen(&growing, &mut known, |known| known.events >= wanted || writing.is_finished()).await?;
        growing.replica.restart().await?;
        let since = known.last;
        let at = growing.replica.until("started", LIMIT, |health| {
            crate::rig::component(health, "source").number("position") >= Some(since)
        });
        at.await?;
    }
    writing.join().map_err(|_| "the writer panicked")??;
    growing.until_quiet().await?;
    let fresh = growing.told_afresh().await?;
    listen(&growing, &mut known, |known| known.loans == fresh).await?;
    Ok(())
}

fn resident_kib(process: u32) -> Result<u64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Readers that take nothing cost nothing but their connection, and are told everything once they do.
#[tokio::test(flavor = "multi_thread")]
async fn readers_that_stand_still_do_not_cost_memory() -> Result<(), Failure> {
    let growing = Growing::start("[changes]\nheartbeat_seconds = 1\nstreams_per_client = 100\n").await?;
    let mut slow = Vec::new();
    for _ in 0..60 {
        // Each has a connection of its own.
        slow.push(Stream::open(&growing.client().await?, "?since=0", None).await?);
    }
    let before = resident_kib(growing.replica.id())?;
    growing.grow(4_000).join().map_err(|_| "the writer panicked")??;
    growing.until_quiet().await?;
    let grown = resident_kib(growing.replica.id())?.saturating_sub(before);
    assert!(grown < 120 * 1_024, "{grown} KiB more for what nobody took, and the feed itself");
    let fresh = growing.told_afresh().await?;
    for mut stream in [slow.swap_remove(30), slow.swap_remove(0)] {
        let mut known = Known::default();
        while known.loans != fresh {
            known.take(&stream.next().await?.ok_or("it ended")?);
        }
    }
    Ok(())
}

/// A stop lets streams end in order, well within the limit of the drain.
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_streams_cleanly() -> Result<(), Failure> {
    let growing = Growing::start("").await?;
    let mut stream = Stream::open(&growing.client().await?, "", None).await?;
    stream.until("state").await?;
    let process = growing.replica.id();
    assert!(std::process::Command::new("kill").args(["-TERM", &process.to_string()]).status()?.success());
    let end = tokio::time::timeout(Duration::from_secs(5), stream.until("end")).await??;
    assert_eq!(end.json().text("reason"), Some("stopping"));
    assert!(stream.next().await?.is_none(), "the connection was cut and not closed");
    let gone = continuity_tests::harness::poll(Duration::from_secs(9), async || Ok(is_gone(process)));
    assert!(gone.await?, "it did not end within its limit\n{}", growing.replica.errors());
    assert!(!growing.replica.errors().contains("connections were cut"), "{}", growing.replica.errors());
    Ok(())
}

/// Ended, although nobody has asked for its status yet.
fn is_gone(process: u32) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

/// A client that is disabled hears nothing more; one without the scope hears nothing at all.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_listen_is_not_told() -> Result<(), Failure> {
    let growing = Growing::start("").await?;
    let others = growing.replica.client("documents:read audit:read").await?;
    assert_eq!(others.get("/api/v1/changes").await?.status, 403);
    assert_eq!(Client::without_token(growing.replica.access())?.get("/api/v1/changes").await?.status, 401);
    let mut stream = Stream::open(&growing.client().await?, "", None).await?;
    stream.until("state").await?;
    let mut disable = command()?;
    disable.args(["client", "disable", &growing.replica.access().client_id, "--data-dir"]);
    assert!(disable.arg(growing.replica.data_dir()).output()?.status.success());
    let end = tokio::time::timeout(Duration::from_secs(5), stream.until("end")).await??;
    assert_eq!(end.json().text("reason"), Some("token"));
    Ok(())
}
