//! How long pages of the console take, at 10,000 and at 1,000,000 loans, over HTTPS on one connection.
//!
//! `cargo bench --package continuity-tests --bench pages [-- SMALL LARGE ROUNDS]`. Both replicas run at once and take turns, so
//! that what else the machine does meets both. Times are those of the client, from the request to the last byte: beside them
//! stand `/live`, which does nothing, and the answers of the API that pages show. It fails, optimised, when the median of a
//! page at the larger size is 50 ms or more. Pages that this build does not have are named and left out.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use continuity_base::{Clock, SystemClock, Timestamp};
use continuity_simulator::{Options, Simulator};
use continuity_tests::harness::{Browser, Client, Failure, Replica, poll};
use serde_json::Value;
use tempfile::TempDir;

const EMAIL: &str = "officer@bank.example";
const PASSWORD: &str = "Trout-Lantern-42-Velvet";
const SCOPES: &str =
    "loans:read documents:read bids:read tasks:read analysis:read messages:read reports:read audit:read";
/// 2026-01-05T08:00:00Z.
const START: i64 = 1_767_600_000_000_000;
/// Loans with a whole life; the others are told of in one event.
const LIVED: u64 = 40;
/// Requests of each page in a round.
const TIMES: usize = 20;
/// A page takes less at any size.
const BOUND: Duration = Duration::from_millis(50);

/// What is asked for: of the API with a token, or as a person in a browser.
#[derive(Clone, PartialEq)]
enum Subject {
    Api(String),
    Page(String),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let mut number = |or: u64| arguments.next().map_or(Ok(or), |text| text.parse());
    let (sizes, rounds) = ([number(10_000)?, number(1_000_000)?], number(10)?);
    let clock = SystemClock::new();
    let stands = [Stand::start(sizes[0], &clock).await?, Stand::start(sizes[1], &clock).await?];
    let subjects = stands[0].subjects().await?;
    let mut times = vec![[Vec::new(), Vec::new()]; subjects.len()];
    for _ in 0..=rounds {
        for (subject, times) in subjects.iter().zip(&mut times) {
            for (stand, times) in stands.iter().zip(times) {
                times.push(stand.measure(subject, &clock).await?);
            }
        }
    }
    println!("{:<56} {:>19}   {:>19}", "milliseconds", sizes[0], sizes[1]);
    println!("{:<56} {:>9} {:>9}   {:>9} {:>9}", "", "p50", "p99", "p50", "p99");
    let mut slow = String::new();
    for (subject, times) in subjects.iter().zip(times) {
        // The first round fills caches.
        let [small, large] = times.map(|times| Figures::of(times.into_iter().skip(1).flatten().collect()));
        println!("{:<56} {small}   {large}", subject.shown());
        if matches!(subject, Subject::Page(_)) && large.median >= BOUND && !cfg!(debug_assertions) {
            write!(slow, "{} takes {:?}; ", subject.shown(), large.median)?;
        }
    }
    if slow.is_empty() { Ok(()) } else { Err(slow.into()) }
}

impl Subject {
    fn shown(&self) -> String {
        match self {
            Self::Api(path) => format!("API {path}"),
            Self::Page(path) => path.clone(),
        }
    }
}

struct Figures {
    median: Duration,
    p99: Duration,
}

impl Figures {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        Self { median: at(50), p99: at(99) }
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [median, p99] = [self.median, self.p99].map(|time| time.as_secs_f64() * 1e3);
        write!(f, "{median:>9.2} {p99:>9.2}")
    }
}

/// A replica with loans, a client of it, and somebody who is signed in.
struct Stand {
    replica: Replica,
    client: Client,
    browser: Browser,
    loan: String,
    _feed: TempDir,
}

impl Stand {
    async fn start(loans: u64, clock: &SystemClock) -> Result<Self, Failure> {
        let started = clock.monotonic();
        let folder = TempDir::new()?;
        let feed = folder.path().join("feed.ndjson");
        let events = write_feed(&feed, loans)?;
        let config = format!(
            "[source]\nurl = 'file:{}'\n[ingest]\nmin_free_bytes = 0\n[auth]\nsecond_factor_required = false\n",
            feed.display()
        );
        let replica = Replica::new().config(&config).start().await?;
        let all =
            poll(Duration::from_hours(2), async || Ok(replica.ready().await? == 200 && has(&replica, events).await?));
        assert!(all.await?, "not ready\n{}", replica.errors());
        let client = replica.client("").await?;
        // The oldest loan has lived.
        let list = client.get("/api/v1/loan-requests?sortBy=createdAt&sortOrder=ASC&limit=1").await?;
        let list: Value = serde_json::from_slice(&list.bytes)?;
        let loan = list["loanRequests"][0]["id"].as_str().ok_or("no loans")?.to_owned();
        let browser = signed_in(&replica).await?;
        let took = clock.monotonic().saturating_sub(started).as_secs();
        println!("{loans} loans, {events} events: ready after {took} s");
        Ok(Self { replica, client, browser, loan, _feed: folder })
    }

    /// What there is to ask for: baselines first, then the pages of this build, with those that a loan's page leads to.
    async fn subjects(&self) -> Result<Vec<Subject>, Failure> {
        let id = form_urlencoded::byte_serialize(self.loan.as_bytes()).collect::<String>().replace('+', "%20");
        let loan = format!("/console/loans/{id}");
        let mut subjects: Vec<Subject> = [
            "/live".to_owned(),
            "/api/v1/loan-requests?limit=25".to_owned(),
            "/api/v1/loan-requests?q=family77&limit=25".to_owned(),
            format!("/api/v1/loan-requests/{id}"),
        ]
        .map(Subject::Api)
        .into();
        let mut pages: Vec<String> = [
            "/console/account",
            "/console/status",
            "/console/operations",
            "/console/loans",
            "/console/loans?status=BID",
            "/console/loans?q=family77",
        ]
        .map(str::to_owned)
        .into();
        pages.extend(tabs(&self.browser.clone().get(&loan).await?.text, &loan));
        for page in pages {
            let reply = self.browser.clone().get(&page).await?;
            match reply.status.as_u16() {
                200 => subjects.push(Subject::Page(page)),
                404 => println!("{page}: this build has no such page"),
                status => return Err(format!("{page} answers {status}: {}", reply.text).into()),
            }
        }
        Ok(subjects)
    }

    /// How long it took, some times one after the other.
    async fn measure(&self, subject: &Subject, clock: &SystemClock) -> Result<Vec<Duration>, Failure> {
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let started = clock.monotonic();
            let status = match subject {
                Subject::Api(path) => self.client.get(path).await?.status,
                Subject::Page(path) => self.browser.clone().get(path).await?.status,
            };
            times.push(clock.monotonic().saturating_sub(started));
            if !status.is_success() {
                return Err(format!("{}: {status}\n{}", subject.shown(), self.replica.errors()).into());
            }
        }
        Ok(times)
    }
}

/// The page of a loan, and those of the same loan that it leads to.
fn tabs(page: &str, loan: &str) -> Vec<String> {
    let mut tabs = vec![loan.to_owned()];
    for part in page.split("href=\"").skip(1) {
        let path = part.split('"').next().unwrap_or_default().replace("&#38;", "&");
        if path.starts_with(&format!("{loan}/")) && !path.contains('?') && !tabs.contains(&path) {
            tabs.push(path);
        }
    }
    tabs
}

/// Whether so many events can be read.
async fn has(replica: &Replica, events: u64) -> Result<bool, Failure> {
    let status: Value = serde_json::from_slice(&replica.order(&["status", "--json"]).await?.stdout)?;
    let number = |name: &str| status[name].as_u64();
    Ok(number("events") >= Some(events) && number("appliedPosition") >= number("logPosition"))
}

async fn signed_in(replica: &Replica) -> Result<Browser, Failure> {
    let words = ["account", "create", "--email", EMAIL, "--name", "Officer", "--roles", "viewer,operator"];
    let output = replica.order(&[&words[..], &["--scopes", SCOPES, "--json"]].concat()).await?;
    let account: Value = serde_json::from_slice(&output.stdout)?;
    let mut browser = Browser::new(replica.access())?;
    browser.choose_password(account["link"].as_str().ok_or("no link")?, PASSWORD).await?;
    browser.sign_in(EMAIL, PASSWORD, "").await?.to()?;
    Ok(browser)
}

/// Writes a feed of so many loans; how many events it has.
fn write_feed(path: &Path, loans: u64) -> Result<u64, Failure> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut events = 0;
    let lived = Options { snapshots: false, ..Options::new(1, Timestamp::from_micros(START), LIVED.min(loans)) };
    for emitted in Simulator::new(lived).history() {
        writeln!(file, "{}", emitted.line)?;
        events += 1;
    }
    for number in LIVED..loans {
        writeln!(file, "{}", created(number))?;
        events += 1;
    }
    file.flush()?;
    Ok(events)
}

/// The one event of a loan: 1 loan in 2,000 has a given family name.
fn created(number: u64) -> String {
    const STATUSES: [&str; 5] = ["DRAFT", "APPLICATION", "BID", "SANCTION", "DEED"];
    let chance = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    let status = usize::try_from(chance % 5).map_or("BID", |at| STATUSES[at]);
    let time = Timestamp::from_micros(START + i64::try_from(number).unwrap_or_default() * 31_000_000);
    let id = format!("0197{:04x}-{:04x}-7000-9000-{chance:012x}", number >> 16, number & 0xFFFF);
    format!(
        "{{\"specversion\":\"1.0\",\"id\":\"e{number}\",\"source\":\"/banclo/eu-1/tenants/harbour-bank\",\
         \"type\":\"com.banclo.LoanRequestCreated\",\"subject\":\"loan-requests/{id}\",\"time\":\"{time}\",\"sequence\":\"1\",\
         \"data\":{{\"entity\":\"loanRequest\",\"id\":\"{id}\",\"version\":1,\"after\":{{\"id\":\"{id}\",\
         \"reference\":\"XY-2026-{number:07}\",\"status\":\"{status}\",\"stage\":\"Bidding\",\"currency\":\"EUR\",\
         \"requestedAmount\":\"{}.00\",\"createdAt\":\"{time}\",\"updatedAt\":\"{time}\",\"participants\":[{{\"id\":\"p1\",\
         \"givenName\":\"Given{}\",\"familyName\":\"Family{}\",\"displayName\":\"Given{} Family{}\"}}],\"version\":1}}}}}}",
        chance % 900_000,
        chance % 200,
        chance % 2_000,
        chance % 200,
        chance % 2_000
    )
}
