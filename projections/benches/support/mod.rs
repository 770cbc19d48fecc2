//! Many loans in read models of a directory of their own, through a log and the engine.

use std::sync::Arc;
use std::time::Duration;

use continuity_base::{Clock, Stop, SystemClock, Timestamp};
use continuity_events::CloudEvent;
use continuity_events::record::{Received, SourcePosition, encode};
use continuity_log::{Kind, Log, Options, RealDisk, Record};
use continuity_projections::loan_requests;
use continuity_readmodel::ledger::Ledger;
use continuity_readmodel::{BatchLimits, Engine, EngineHandle, EngineOptions, View};
use tempfile::TempDir;

/// A family name that 20 loans have, however many there are.
pub(crate) const TAIL: &str = "tailson";
/// 2026-01-01T00:00:00Z in microseconds.
const START: i64 = 1_767_225_600_000_000;
const STATUSES: [&str; 5] = ["DRAFT", "APPLICATION", "BID", "SANCTION", "DEED"];
const GROUP: u64 = 5_000;
const LIMIT: Duration = Duration::from_mins(30);

/// They stay until this is dropped.
pub(crate) struct Loans {
    engine: EngineHandle,
    stop: Stop,
    _writer: continuity_log::Writer,
    _directory: TempDir,
}

impl Loans {
    /// One event a loan, of its loan request.
    pub(crate) fn build(loans: u64, clock: &SystemClock) -> Self {
        let started = clock.monotonic();
        let directory = TempDir::new().expect("a temporary directory");
        let disk = RealDisk::new(directory.path().join("log")).expect("a folder for the log");
        let opened = Log::open(Arc::new(disk), Options::default(), &[]).expect("the log opens");
        let (log, mut writer) = (opened.log, opened.writer);
        for group in 0..loans.div_ceil(GROUP) {
            let numbers = group * GROUP..loans.min((group + 1) * GROUP);
            let ticket = writer.append(numbers.map(|number| record(number, loans)).collect()).expect("room");
            ticket.wait().expect("the disk takes it");
        }
        let (_, ledger) = Ledger::open(&directory.path().join("ledger"), &log).expect("the ledger opens");
        let options = EngineOptions {
            dir: directory.path().join("models"),
            log,
            ledger,
            projections: vec![loan_requests::projection()],
            clock: Arc::new(SystemClock::new()),
            cache_bytes: 512 << 20,
            batch: BatchLimits::default(),
        };
        let (engine, runner) = Engine::open(options).expect("the engine opens");
        let stop = Stop::new();
        let running = stop.clone();
        std::thread::spawn(move || runner.run(running).expect("the engine runs"));
        assert!(engine.wait_for(loans, LIMIT), "{loans} loans are not folded within {LIMIT:?}");
        let bytes: u64 = engine.view().model("loan-requests").map_or(0, continuity_readmodel::Snapshot::row_bytes);
        let took = clock.monotonic().saturating_sub(started).as_secs();
        println!("{loans} loans in {took} s, {} bytes of rows each", bytes / loans);
        Self { engine, stop, _writer: writer, _directory: directory }
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.engine.view()
    }
}

impl Drop for Loans {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

/// As the platform's ids (UUIDv7): in the order of creation, then chance.
pub(crate) fn id(number: u64) -> String {
    format!("01a14f2b-{:04x}-7{:03x}-90c7-{:012x}", number >> 12, number & 0xFFF, mixed(number) >> 16)
}

fn record(number: u64, loans: u64) -> Record {
    let id = id(number);
    let data =
        format!("{{\"entity\":\"loanRequest\",\"id\":\"{id}\",\"version\":1,\"after\":{}}}", after(&id, number, loans));
    let event = CloudEvent {
        id: format!("e{number}"),
        source: "urn:bench".to_owned(),
        event_type: "com.banclo.LoanRequestCreated".to_owned(),
        subject: format!("loan-requests/{id}"),
        time: time(number),
        sequence: Some(1),
        actor: None,
        attributes: Vec::new(),
        data,
    };
    let payload = encode(&Received { event, position: SourcePosition::Simulator { seed: 1, number: number + 1 } });
    Record { kind: Kind::Event, subject: id, sequence: 1, arrived_at: START, payload }
}

/// 1 loan in 200 has a given name, 50 loans at most a family name; every second one is of a team, 1 in 10,000 of another.
fn after(id: &str, number: u64, loans: u64) -> String {
    let chance = mixed(number + 7);
    let status = STATUSES[usize::try_from(chance % 5).expect("small")];
    let team = match number {
        _ if chance % 10_000 == 1 => "rare",
        _ if chance.is_multiple_of(2) => "even",
        _ => "odd",
    };
    let family =
        if number % (loans / 20) == 3 { TAIL.to_owned() } else { format!("fam{}x", mixed(number + 9) % 20_000) };
    let given = format!("g{}x", mixed(number + 8) % 200);
    let (created, updated) = (time(number), time(chance % loans));
    format!(
        "{{\"id\":\"{id}\",\"reference\":\"XY-2026-{number:07}\",\"status\":\"{status}\",\"stage\":\"Bidding\",\"currency\":\"EUR\",\
         \"requestedAmount\":\"{}.00\",\"team\":\"{team}\",\"createdAt\":\"{created}\",\"updatedAt\":\"{updated}\",\
         \"statusChangedAt\":\"{updated}\",\"participants\":[{{\"id\":\"p1\",\"givenName\":\"{given}\",\"familyName\":\"{family}\",\
         \"displayName\":\"{given} {family}\",\"email\":\"p1@example.test\",\"phone\":\"+000 1234567\"}}],\"version\":1}}",
        chance % 900_000
    )
}

fn time(number: u64) -> String {
    let after = i64::try_from(number).expect("small") * 31_000_000;
    Timestamp::from_micros(START + after).to_string()
}

/// As good as chance, and the same in every run.
pub(crate) fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
