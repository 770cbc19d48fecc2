//! Whether people who sign in at once slow the API's readers down, over HTTP.
//!
//! `cargo bench --package continuity-tests --bench sign_ins [-- ROUNDS SECONDS]`. Reads come at a fixed rate, whatever becomes
//! of those before, so that waiting shows. Each round has three phases: reads alone, reads while 32 people sign in again and
//! again (each from a network of its own, as the bound on those who wait counts by network), reads alone. What counts is the
//! p99 of the second beside that of the other two; those two beside each other say how much the machine itself wavers.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod support;

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use continuity_base::{Clock, SystemClock, Timestamp};
use continuity_simulator::{Options, Simulator};
use continuity_tests::harness::{Browser, Client, Failure, Replica, poll};
use serde_json::Value;
use support::wrk::cpu;
use tokio::task::JoinSet;

const PEOPLE: u8 = 32;
const PASSWORD: &str = "Trout-Lantern-42-Velvet";
/// Between two reads.
const EVERY: Duration = Duration::from_millis(5);
const LOANS: u64 = 200;
const START: Timestamp = Timestamp::from_micros(1_767_600_000_000_000);

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let rounds: usize = arguments.next().map_or(Ok(3), |text| text.parse())?;
    let seconds: u64 = arguments.next().map_or(Ok(8), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(rounds, Duration::from_secs(seconds)))
}

async fn measure(rounds: usize, length: Duration) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let feed = folder.path().join("feed.ndjson");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&feed)?);
    let mut events = 0;
    for emitted in Simulator::new(Options { snapshots: false, ..Options::new(1, START, LOANS) }).history() {
        writeln!(file, "{}", emitted.line)?;
        events += 1;
    }
    file.flush()?;
    let config = format!(
        "[source]\nurl = 'file:{}'\n[ingest]\nmin_free_bytes = 0\n[limits]\ntrusted_proxies = ['127.0.0.1']\n\
         [auth]\nsecond_factor_required = false\n",
        feed.display()
    );
    let replica = Replica::new().config(&config).start().await?;
    let ready =
        poll(Duration::from_mins(2), async || Ok(replica.ready().await? == 200 && has(&replica, events).await?));
    assert!(ready.await?, "not ready\n{}", replica.errors());
    let people = people(&replica).await?;
    let reader = Reader::new(&replica).await?;
    let cores = std::thread::available_parallelism()?;
    println!("{cores} cores, optimised: {}; {PEOPLE} people, a read every {EVERY:?}", !cfg!(debug_assertions));
    reader.read(Duration::from_secs(2)).await?;
    let (mut ratios, mut wavers) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let before = phase(&replica, &reader, length, "reads alone", &[]).await?;
        let beside = phase(&replica, &reader, length, "people sign in", &people).await?;
        let after = phase(&replica, &reader, length, "reads alone", &[]).await?;
        ratios.push(2.0 * beside / (before + after));
        wavers.push(after / before);
        println!("round {round}: p99 to that of reads alone {:.2}", ratios[round - 1]);
    }
    let [ratio, waver] = [&mut ratios, &mut wavers].map(|all| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    });
    println!("median: p99 beside sign-ins to p99 alone {ratio:.2}; p99 alone to p99 alone {waver:.2}");
    Ok(())
}

/// Whether so many events can be read: loans that are still to be purged are no good to be read again and again.
async fn has(replica: &Replica, events: u64) -> Result<bool, Failure> {
    let status: Value = serde_json::from_slice(&replica.order(&["status", "--json"]).await?.stdout)?;
    let number = |name: &str| status[name].as_u64();
    Ok(number("events") >= Some(events) && number("appliedPosition") >= number("logPosition"))
}

/// People with a password, each in a browser at an address of their own.
async fn people(replica: &Replica) -> Result<Vec<(String, Browser)>, Failure> {
    let browser = Browser::new(replica.access())?;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let email = format!("person{number}@bank.example");
        let words = ["account", "create", "--email", &email, "--name", "Somebody", "--json"];
        let account: Value = serde_json::from_slice(&replica.order(&words).await?.stdout)?;
        let mut theirs = browser.fresh().at(&format!("10.0.{number}.7"));
        theirs.choose_password(account["link"].as_str().ok_or("no link")?, PASSWORD).await?;
        people.push((email, theirs));
    }
    Ok(people)
}

/// The p99 of reads while these people sign in, in seconds.
async fn phase(
    replica: &Replica,
    reader: &Reader,
    length: Duration,
    what: &str,
    people: &[(String, Browser)],
) -> Result<f64, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let (entered, waited) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let mut signing_in = JoinSet::new();
    for (email, browser) in people {
        let (email, browser) = (email.clone(), browser.clone());
        let (stop, entered, waited) = (Arc::clone(&stop), Arc::clone(&entered), Arc::clone(&waited));
        signing_in.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let page = browser.fresh().sign_in(&email, PASSWORD, "").await?;
                let count = if page.to().is_ok() { &entered } else { &waited };
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Failure>(())
        });
    }
    let spent = cpu(replica.id());
    let mut times = reader.read(length).await?;
    let spent = cpu(replica.id()).saturating_sub(spent);
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = signing_in.join_next().await {
        ended??;
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "{what:<16} {} reads: p50 {:>9.1?}, p99 {:>9.1?}, longest {:>9.1?}; {} sign-ins, {} told to wait; CPU {:.1} s",
        times.len(),
        at(50),
        at(99),
        at(100),
        entered.load(Ordering::Relaxed),
        waited.load(Ordering::Relaxed),
        spent.as_secs_f64()
    );
    Ok(at(99).as_secs_f64())
}

/// Reads loans at a fixed rate.
struct Reader {
    client: Client,
    paths: Vec<String>,
    clock: Arc<SystemClock>,
}

impl Reader {
    async fn new(replica: &Replica) -> Result<Self, Failure> {
        let client = replica.client("loans:read").await?;
        let list: Value = serde_json::from_slice(&client.get("/api/v1/loan-requests?limit=100").await?.bytes)?;
        let ids = list["loanRequests"].as_array().ok_or("no loans")?.iter().filter_map(|loan| loan["id"].as_str());
        // Some platforms' ids have spaces and worse.
        let escaped = |id: &str| form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20");
        let paths = ids.map(|id| format!("/api/v1/loan-requests/{}", escaped(id))).collect();
        Ok(Self { client, paths, clock: Arc::new(SystemClock::new()) })
    }

    /// How long each read took, counted from when it was due.
    async fn read(&self, length: Duration) -> Result<Vec<Duration>, Failure> {
        let mut reading = JoinSet::new();
        let (began, mut due) = (self.clock.monotonic(), Duration::ZERO);
        for path in self.paths.iter().cycle() {
            if due >= length {
                break;
            }
            tokio::time::sleep((began + due).saturating_sub(self.clock.monotonic())).await;
            let (client, path, clock, at) = (self.client.clone(), path.clone(), Arc::clone(&self.clock), began + due);
            reading.spawn(async move {
                let reply = client.get(&path).await?;
                assert!(reply.status.is_success(), "{path}: {}", reply.status);
                Ok::<_, Failure>(clock.monotonic().saturating_sub(at))
            });
            due += EVERY;
        }
        let mut times = Vec::new();
        while let Some(read) = reading.join_next().await {
            times.push(read??);
        }
        Ok(times)
    }
}
