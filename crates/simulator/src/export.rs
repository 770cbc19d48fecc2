//! Bootstrap exports: every loan as a whole, as a feed file for a new replica (contract, section 5).

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use continuity_base::Timestamp;

use crate::control;
use crate::json::{Json, object};
use crate::loan::Loan;
use crate::random::Random;
use crate::simulator::{Emitted, Options, Simulator};

/// One loan as an export tells it.
#[derive(Debug)]
pub(crate) struct Told {
    lines: Vec<String>,
    entities: u64,
}

/// The loan as a whole. One that was purged is told as nothing, and its purge behind that.
pub(crate) fn tell(options: &Options, loan: &mut Loan, at: Timestamp) -> Told {
    // The loan's own chance goes on as if nobody had looked.
    let chance = Random::new(options.seed ^ EXPORTS, loan.number);
    let kept = std::mem::replace(&mut loan.random, chance);
    let told = if let Some(purge) = loan.purge.clone() {
        let (entities, audit) = (std::mem::take(&mut loan.entities), std::mem::take(&mut loan.audit));
        loan.sequence -= 1;
        let nothing = control::snapshot(&options.source, loan, at);
        loan.sequence += 1;
        (loan.entities, loan.audit) = (entities, audit);
        Told { lines: vec![nothing, purge], entities: 0 }
    } else {
        let living = loan.entities.iter().filter(|e| e.kind != "auditEntry" && e.state.is_some()).count();
        let entities = living + loan.audit.len();
        Told { lines: vec![control::snapshot(&options.source, loan, at)], entities: entities as u64 }
    };
    loan.random = kept;
    told
}

/// Sets the ids of exports apart from those of snapshots in the feed.
const EXPORTS: u64 = 0x6578_706f_7274;

/// A [`Simulator`] that writes a bootstrap export of all its loans as soon as its history is told.
///
/// The file holds `SnapshotStarted`, a `LoanRequestSnapshot` of each loan (for a purged one its `LoanRequestPurged` behind
/// an empty one), and `SnapshotCompleted`. It appears under its name when it is whole. [`Options::exports`] has to be on.
#[derive(Debug)]
pub struct Exporting {
    simulator: Simulator,
    spool: Option<Spool>,
    failed: Option<io::Error>,
    last: Timestamp,
}

#[derive(Debug)]
struct Spool {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
    loans: u64,
    entities: u64,
}

impl Exporting {
    /// Will export to `path`.
    pub fn new(simulator: Simulator, path: &Path) -> io::Result<Self> {
        if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            fs::create_dir_all(directory)?;
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = BufWriter::new(File::create(&part)?);
        let last = simulator.options().start;
        let spool = Spool { path: path.to_owned(), part, file, loans: 0, entities: 0 };
        Ok(Self { simulator, spool: Some(spool), failed: None, last })
    }

    /// Why there is no export: it could not be written, and the feed ended there; or the feed ended before its history was
    /// told. What was written of it is removed.
    pub fn failure(mut self) -> Option<io::Error> {
        if self.failed.is_none() && !self.simulator.still_in_history() {
            // The feed may have ended with the last event of the history.
            self.failed = self.step().err();
        }
        if let Some(spool) = self.spool.take() {
            drop(fs::remove_file(&spool.part));
            self.failed = Some(io::Error::other("the feed ended before its history was told"));
        }
        self.failed
    }

    fn step(&mut self) -> io::Result<()> {
        let Some(mut spool) = self.spool.take() else { return Ok(()) };
        let going_on = self.simulator.still_in_history();
        for told in self.simulator.take_retired() {
            spool.add(&told)?;
        }
        if going_on {
            self.spool = Some(spool);
            return Ok(());
        }
        for told in self.simulator.tell_living(self.last) {
            spool.add(&told)?;
        }
        spool.finish(self.simulator.options(), self.last)
    }
}

impl Iterator for Exporting {
    type Item = Emitted;

    fn next(&mut self) -> Option<Emitted> {
        if let Err(error) = self.step() {
            self.failed = Some(error);
        }
        if self.failed.is_some() {
            return None;
        }
        let emitted = self.simulator.next()?;
        self.last = emitted.time;
        Some(emitted)
    }
}

impl Spool {
    fn add(&mut self, told: &Told) -> io::Result<()> {
        self.loans += 1;
        self.entities += told.entities;
        told.lines.iter().try_for_each(|line| writeln!(self.file, "{line}"))
    }

    fn finish(mut self, options: &Options, at: Timestamp) -> io::Result<()> {
        self.file.flush()?;
        drop(self.file);
        let mut whole_path = self.part.clone().into_os_string();
        whole_path.push("2");
        let mut whole = BufWriter::new(File::create(&whole_path)?);
        let mut random = Random::new(options.seed ^ EXPORTS, u64::MAX);
        let snapshot = random.uuid(at.as_micros());
        let bracket = |name: &str, random: &mut Random| {
            let data = object! { "snapshotId" => snapshot.clone(), "loanRequests" => count(self.loans), "entities" => count(self.entities) };
            let event = object! {
                "specversion" => "1.0", "id" => random.uuid(at.as_micros()), "source" => options.source.clone(),
                "type" => format!("com.banclo.{name}"), "subject" => "control", "time" => at.to_string(),
                "datacontenttype" => "application/json", "data" => data,
            };
            event.to_text()
        };
        writeln!(whole, "{}", bracket("SnapshotStarted", &mut random))?;
        io::copy(&mut BufReader::new(File::open(&self.part)?), &mut whole)?;
        writeln!(whole, "{}", bracket("SnapshotCompleted", &mut random))?;
        whole.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        fs::rename(&whole_path, &self.path)?;
        fs::remove_file(&self.part)
    }
}

fn count(number: u64) -> Json {
    Json::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
