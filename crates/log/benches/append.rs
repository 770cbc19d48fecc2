//! Durable appends a second, beside a plain file with crc32c and fdatasync in the same run.
//!
//! `cargo bench -p continuity-log [-- rounds seconds directory]` prints the medians, the ratios and the CPU time per
//! record. Records are JSON events of about 1 KB. The rounds of both contestants take turns, because machines are
//! shared and an fsync costs today what it costs; the first round is dropped.

#![expect(clippy::cast_precision_loss, reason = "counts of records are far below 2^53")]
#![expect(clippy::print_stdout, reason = "its results are what a benchmark prints")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::{
    error::Error,
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use continuity_log::{Kind, Log, Options, RealDisk, Record};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What one round measured.
#[derive(Clone, Copy)]
struct Round {
    per_second: f64,
    /// CPU microseconds per record: the caller's thread, the whole process.
    caller: f64,
    process: f64,
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let rounds: usize = arguments.next().map_or(Ok(6), |rounds| rounds.parse())?;
    let seconds: f64 = arguments.next().map_or(Ok(0.5), |seconds| seconds.parse())?;
    let directory = arguments.next().map_or_else(|| PathBuf::from("."), PathBuf::from);
    let directory = tempfile::Builder::new().prefix("log-bench").suffix(".tmp").tempdir_in(directory)?;
    let events = events(8192);
    println!("group  plain/s   log/s  ratio   in flight/s  ratio   CPU us/record: plain  log (caller)");
    for group in [1, 64, 1024] {
        let mut results: [Vec<Round>; 3] = Default::default();
        for round in 0..=rounds {
            let path = directory.path().join(format!("{group}-{round}"));
            let each = [
                plain(&path.join("plain"), &events, group, seconds)?,
                logged(&path.join("log"), &events, group, 1, seconds)?,
                logged(&path.join("flight"), &events, group, 3, seconds)?,
            ];
            fs::remove_dir_all(&path)?;
            if round > 0 {
                results.iter_mut().zip(each).for_each(|(all, one)| all.push(one));
            }
        }
        let [plain, waits, flies] = results.map(|rounds| median(&rounds));
        println!(
            "{group:5} {:8.0} {:7.0} {:6.2} {:13.0} {:6.2} {:21.2} {:5.2} ({:.2})",
            plain.per_second,
            waits.per_second,
            waits.per_second / plain.per_second,
            flies.per_second,
            flies.per_second / plain.per_second,
            plain.process,
            flies.process,
            flies.caller,
        );
    }
    read(&directory.path().join("read"), &events)
}

/// Reading everything back from the files, as a rebuild does, and what the log takes beside the raw events.
fn read(path: &Path, events: &[Vec<u8>]) -> Outcome<()> {
    let opened = {
        logged(path, events, 1024, 3, 0.5)?;
        let options = Options { frame_cache_bytes: 0, ..Options::default() };
        Log::open(Arc::new(RealDisk::new(path)?), options, &[])?
    };
    let mut best = Round { per_second: 0.0, caller: 0.0, process: 0.0 };
    let mut raw = 0;
    for _ in 0..3 {
        raw = 0;
        let mut reader = opened.log.reader(1);
        let round = measure(0.0, usize::try_from(opened.log.head().position)?, |_| {
            while let Some(frame) = reader.next_frame()? {
                raw += frame.records.iter().map(|record| record.payload.len()).sum::<usize>();
            }
            Ok(())
        })?;
        best = if round.per_second > best.per_second { round } else { best };
    }
    let share = opened.log.size_bytes() as f64 / raw as f64;
    println!(
        "read back: {:.0} records/s, {:.2} us CPU each; stored / raw bytes: {share:.2}",
        best.per_second, best.caller
    );
    Ok(())
}

/// One file, records with a crc32c each, one write and one fdatasync a group, on the caller's thread.
fn plain(path: &Path, events: &[Vec<u8>], group: usize, seconds: f64) -> Outcome<Round> {
    fs::create_dir_all(path)?;
    let mut file = File::create(path.join("file"))?;
    let mut buffer = Vec::new();
    measure(seconds, group, |number| {
        buffer.clear();
        for event in (0..group).map(|at| &events[(number + at) % events.len()]) {
            buffer.extend_from_slice(&u32::try_from(event.len())?.to_le_bytes());
            buffer.extend_from_slice(&crc32c::crc32c(event).to_le_bytes());
            buffer.extend_from_slice(event);
        }
        file.write_all(&buffer)?;
        file.sync_data()?;
        Ok(())
    })
}

/// The log, with so many groups in flight before the caller waits for the oldest.
fn logged(path: &Path, events: &[Vec<u8>], group: usize, flight: usize, seconds: f64) -> Outcome<Round> {
    let mut opened = Log::open(Arc::new(RealDisk::new(path)?), Options::default(), &[])?;
    let mut tickets = std::collections::VecDeque::new();
    measure(seconds, group, |number| {
        let record = |at: usize| Record {
            kind: Kind::Event,
            subject: format!("loan-requests/{:032x}", (number + at) / 40),
            sequence: ((number + at) % 40) as u64,
            arrived_at: 1_763_800_000_000_000 + i64::try_from(number + at).unwrap_or(0),
            payload: events[(number + at) % events.len()].clone(),
        };
        tickets.push_back(opened.writer.append((0..group).map(record).collect())?);
        if tickets.len() >= flight {
            tickets.pop_front().map_or(Ok(()), |ticket| ticket.wait().map(drop))?;
        }
        Ok(())
    })
}

fn measure(seconds: f64, group: usize, mut step: impl FnMut(usize) -> Outcome<()>) -> Outcome<Round> {
    let limit = Duration::from_secs_f64(seconds);
    let (caller, process) = (cpu_of("/proc/thread-self")?, process_cpu()?);
    let start = Instant::now();
    let mut records = 0;
    while records == 0 || start.elapsed() < limit {
        step(records)?;
        records += group;
    }
    let count = records as f64;
    Ok(Round {
        per_second: count / start.elapsed().as_secs_f64(),
        caller: (cpu_of("/proc/thread-self")? - caller) / count,
        process: (process_cpu()? - process) / count,
    })
}

/// Microseconds that a task has spent on a CPU.
fn cpu_of(task: &str) -> Outcome<f64> {
    let nanoseconds: f64 =
        fs::read_to_string(format!("{task}/schedstat"))?.split(' ').next().ok_or("no schedstat")?.parse()?;
    Ok(nanoseconds / 1000.0)
}

fn process_cpu() -> Outcome<f64> {
    let mut sum = 0.0;
    for task in fs::read_dir("/proc/self/task")? {
        sum += cpu_of(&task?.path().display().to_string())?;
    }
    Ok(sum)
}

fn median(rounds: &[Round]) -> Round {
    let middle = |value: fn(&Round) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Round {
        per_second: middle(|round| round.per_second),
        caller: middle(|round| round.caller),
        process: middle(|round| round.process),
    }
}

/// Events as a cloud platform sends them: much alike, with identifiers, amounts and times of their own.
fn events(count: u64) -> Vec<Vec<u8>> {
    let event = |number: u64| {
        let hash = blake3::hash(&number.to_le_bytes()).to_hex();
        let mut json = format!(
            r#"{{"specversion":"1.0","id":"{}","source":"/banclo/eu-1","type":"com.banclo.LoanRequestUpdated","subject":"loan-requests/{}","time":"2026-11-22T10:{:02}:{:02}.{:06}Z","sequence":{},"actor":"user-{}","data":{{"entity":"LoanRequest","#,
            &hash[..32],
            &hash[..16],
            number % 60,
            number % 57,
            number * 7919 % 1_000_000,
            number,
            &hash[40..48]
        );
        let fields =
            ["status", "requestedAmount", "interestRate", "termMonths", "purpose", "riskClass", "branch", "currency"];
        json.push_str(r#""after":{"#);
        for (at, field) in fields.iter().cycle().take(16).enumerate() {
            let _ = write!(
                json,
                r#""{field}{}":"{}-{}","#,
                at / 8,
                &hash[at * 2..at * 2 + 6],
                number * (at as u64 + 3) % 9973
            );
        }
        while json.len() < 990 {
            json.push_str(r#""note":"no remarks","#);
        }
        json.push_str(r#""v":1}}}"#);
        json.into_bytes()
    };
    (0..count).map(event).collect()
}
