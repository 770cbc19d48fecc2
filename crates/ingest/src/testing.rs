//! A log and a ledger in memory, and a short notation for what arrives and what is logged.
//!
//! Arrivals: `a3` event 3 of loan a; `a3x` the same id with other data; `a3y` another id; `a3f` from a foreign source;
//! `a3p` the loan's purge; `a3e` an erasure; `a@3` a snapshot as of 3; `hb` a heartbeat; `c:Name` a control event; `junk`;
//! `end` the source's end; `wait` the waiting time for all gaps is over; `restart` and `crash` reopen everything.
//! Arrivals joined by commas are one group.

use std::sync::Arc;

use continuity_events::record::{
    ClosedBy, GapClosed, GapOpened, Operator, Quarantined, Released, SourceChange, SourceEvent, SourcePosition,
    SourceProgress, Stored, decode, encode,
};
use continuity_events::{CloudEvent, Limits};
use continuity_log::disk::CrashPolicy;
use continuity_log::{Kind, Log, MemoryDisk, Opened, Options, Record, Writer};
use continuity_readmodel::MemoryShelf;
use continuity_readmodel::ledger::{Ledger, LedgerReader};

use crate::decide::{Bounds, Decider, Outcome};
use crate::flight::Flight;
use crate::parse::{Parsed, parse};
use crate::source::{Message, Raw};

pub(crate) const SOURCE: &str = "/banclo/test";
const CACHE: usize = 1 << 20;

/// An event of a loan as one line of the feed; `data` is the whole member.
pub(crate) fn line(loan: &str, sequence: u64, id: &str, source: &str, event_type: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"{source}","type":"com.banclo.{event_type}","subject":"loan-requests/{loan}","time":"2026-03-05T10:39:44.120Z","sequence":"{sequence}","data":{data}}}"#
    )
}

/// A plain event of a loan.
pub(crate) fn event(loan: &str, sequence: u64) -> String {
    let data = format!(r#"{{"entity":"comment","id":"c{sequence}","version":1,"after":{{"id":"c{sequence}"}}}}"#);
    line(loan, sequence, &format!("{loan}-{sequence}"), SOURCE, "CommentAdded", &data)
}

/// The line of one arrival.
pub(crate) fn arrival(token: &str) -> String {
    if let Some(name) = token.strip_prefix("c:") {
        return export(name);
    }
    match token {
        "hb" => return control("SourceHeartbeat", "hb-1", "s", 1),
        "junk" => return "{\"id\":\"junk\"".to_owned(),
        _ => {}
    }
    let (loan, rest) = token.split_at(1);
    if let Some(as_of) = rest.strip_prefix('@') {
        let data = format!(r#"{{"asOfSequence":{as_of},"entities":[]}}"#);
        let id = format!("snap-{loan}-{as_of}");
        return line(loan, as_of.parse().unwrap(), &id, SOURCE, "LoanRequestSnapshot", &data);
    }
    let digits = rest.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let sequence: u64 = digits.parse().unwrap();
    let id = format!("{loan}-{sequence}");
    let purge = format!(r#"{{"entity":"loanRequest","id":"{loan}","version":2,"after":null}}"#);
    match &rest[digits.len()..] {
        "" => event(loan, sequence),
        "x" => event(loan, sequence).replace("\"after\":{", "\"after\":{\"text\":\"other\","),
        "y" => event(loan, sequence).replace(&format!("\"{id}\""), &format!("\"{id}-other\"")),
        "f" => event(loan, sequence).replace(SOURCE, "/banclo/foreign"),
        "p" => line(loan, sequence, &id, SOURCE, "LoanRequestPurged", &purge),
        "e" => {
            let data = r#"{"entity":"erasure","participantIds":["p"],"legalBasis":"GDPR 17","requestedAt":"2026-03-05T10:00:00Z","entities":[]}"#;
            line(loan, sequence, &id, SOURCE, "DataSubjectErased", data)
        }
        other => panic!("no such arrival: {other}"),
    }
}

/// `NAME`, then perhaps `*N` loans that it announces, then perhaps `#ID` of the export.
fn export(token: &str) -> String {
    let (rest, snapshot) = token.split_once('#').unwrap_or((token, "s"));
    let (name, loans) = rest.split_once('*').unwrap_or((rest, "1"));
    control(name, &format!("ctl-{token}"), snapshot, loans.parse().unwrap())
}

fn control(name: &str, id: &str, snapshot: &str, loans: u64) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"{SOURCE}","type":"com.banclo.{name}","subject":"control","time":"2026-03-05T10:39:44.120Z","data":{{"at":"2026-03-05T10:39:44.120Z","snapshotId":"{snapshot}","loanRequests":{loans},"entities":1}}}}"#
    )
}

/// A log and its ledger, with no thread around them.
pub(crate) struct Rig {
    disk: MemoryDisk,
    shelf: MemoryShelf,
    pub(crate) log: Log,
    writer: Writer,
    pub(crate) ledger: Ledger,
    pub(crate) bounds: Bounds,
    pub(crate) limits: Limits,
    number: u64,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::open(MemoryDisk::new(), MemoryShelf::new(), 0)
    }

    fn open(disk: MemoryDisk, shelf: MemoryShelf, number: u64) -> Self {
        let Opened { log, writer, .. } = Log::open(Arc::new(disk.clone()), Options::default(), &[]).unwrap();
        let (ledger, _) = Ledger::open_on(Arc::new(shelf.clone()), &log, CACHE).unwrap();
        Self { disk, shelf, log, writer, ledger, bounds: Bounds::default(), limits: Limits::default(), number }
    }

    /// Everything is closed and opened again; after a `crash` only what was synced is there.
    pub(crate) fn reopen(self, crash: bool) -> Self {
        let Self { disk, shelf, log, writer, ledger, bounds, limits, number } = self;
        drop((writer, ledger, log));
        let (disk, shelf) = if crash { (disk.crash(CrashPolicy::Lose), shelf.survivors()) } else { (disk, shelf) };
        let mut rig = Self::open(disk, shelf, number);
        (rig.bounds, rig.limits) = (bounds, limits);
        rig
    }

    /// The ledger is lost and made anew from the log.
    pub(crate) fn without_ledger(self) -> Self {
        let Self { disk, writer, ledger, log, number, .. } = self;
        drop((writer, ledger, log));
        Self::open(disk, MemoryShelf::new(), number)
    }

    pub(crate) fn reader(&self) -> LedgerReader {
        self.ledger.reader()
    }

    /// Decides on the lines as one group and makes it durable; why it paused, if it did, and on how many lines.
    pub(crate) fn feed(&mut self, lines: &[String], at_end: bool, give_up: bool) -> Option<(String, usize)> {
        let parsed: Vec<_> = lines.iter().map(|line| self.parse(line)).collect();
        self.group(parsed, at_end, give_up)
    }

    /// Decides on messages of a source as one group.
    pub(crate) fn take(&mut self, messages: Vec<Message>) {
        let parsed = messages.into_iter().map(|message| parse(message, &self.limits)).collect();
        assert_eq!(self.group(parsed, false, false), None);
    }

    pub(crate) fn parse(&mut self, line: &str) -> Parsed {
        self.number += 1;
        let position = SourcePosition::Simulator { seed: 1, number: self.number };
        parse(Message { raw: Raw::Structured(line.as_bytes().to_vec()), position }, &self.limits)
    }

    fn group(&mut self, parsed: Vec<Parsed>, at_end: bool, give_up: bool) -> Option<(String, usize)> {
        let mut batch = self.ledger.begin();
        let mut flight = Flight::default();
        let log = &self.log;
        let mut fetch = |position| flight.fetch(log, position);
        let mut decider = Decider::new("test", self.bounds, &mut batch, &mut fetch, 1_000);
        let mut paused = None;
        for (index, parsed) in parsed.into_iter().enumerate() {
            if let Outcome::Paused(because) = decider.take(&mut Some(parsed)).unwrap() {
                paused = Some((because, index));
                break;
            }
        }
        if give_up {
            decider.give_up(u64::MAX - 1).unwrap();
        }
        if at_end {
            decider.caught_up("the source's end", false).unwrap();
        }
        decider.finish().unwrap();
        let records = std::mem::take(&mut decider.records);
        if !records.is_empty() {
            flight.add(self.writer.append(records).unwrap());
            let head = flight.landed(&self.log).unwrap().unwrap();
            self.ledger.commit(batch, head, self.number.is_multiple_of(3)).unwrap();
        }
        paused
    }

    /// Appends a record that is not an arrival, and folds it.
    pub(crate) fn append<T: Stored>(&mut self, kind: Kind, body: &T) {
        let (subject, payload) = (String::new(), encode(body));
        let record = Record { kind, subject, sequence: 0, arrived_at: 1_000, payload };
        let mut batch = self.ledger.begin();
        batch.apply(self.ledger.position() + 1, &record).unwrap();
        let head = self.writer.append(vec![record]).unwrap().wait().unwrap();
        self.ledger.commit(batch, head, false).unwrap();
    }

    /// Plays a script of groups.
    pub(crate) fn play(mut self, script: &str) -> Self {
        for group in script.split_whitespace() {
            match group {
                "restart" => self = self.reopen(false),
                "crash" => self = self.reopen(true),
                _ => {
                    let (commands, tokens): (Vec<_>, Vec<_>) =
                        group.split(',').partition(|token| matches!(*token, "end" | "wait"));
                    let lines: Vec<_> = tokens.into_iter().map(arrival).collect();
                    let paused = self.feed(&lines, commands.contains(&"end"), commands.contains(&"wait"));
                    assert_eq!(paused, None, "{group} of {script}");
                }
            }
        }
        self
    }

    /// Every record of the log.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut reader = self.log.reader(1);
        let mut records = Vec::new();
        while let Some(frame) = reader.next_frame().unwrap() {
            records.extend(frame.records.iter().cloned());
        }
        records
    }

    /// Every record of the log in short.
    pub(crate) fn logged(&self) -> String {
        self.records().iter().map(short).collect::<Vec<_>>().join(" ")
    }
}

/// A record in short.
pub(crate) fn short(record: &Record) -> String {
    let (loan, sequence, bytes) = (&record.subject, record.sequence, &record.payload[..]);
    let ranges =
        |ranges: Vec<(u64, u64)>| ranges.iter().map(|(from, to)| format!("{from}-{to}")).collect::<Vec<_>>().join(",");
    match record.kind {
        Kind::Event => format!("E:{loan}{sequence}"),
        Kind::Held => format!("H:{loan}{sequence}"),
        Kind::Snapshot => format!("S:{loan}@{sequence}"),
        Kind::Control => {
            let event: CloudEvent = decode::<continuity_events::record::Received>(bytes).unwrap().event;
            format!("C:{}", event.name())
        }
        Kind::Released => {
            let Released { from, to } = decode(bytes).unwrap();
            format!("R:{loan}{from}-{to}")
        }
        Kind::GapOpened => format!("O:{loan}{}", ranges(decode::<GapOpened>(bytes).unwrap().ranges)),
        Kind::GapClosed => {
            let GapClosed { ranges: closed, by } = decode(bytes).unwrap();
            let by = if by == ClosedBy::Late { "late" } else { "snapshot" };
            format!("X:{loan}{}:{by}", ranges(closed))
        }
        Kind::Quarantined => format!("Q:{loan}{sequence}:{}", decode::<Quarantined>(bytes).unwrap().reason),
        Kind::Synchronised => "Y".to_owned(),
        Kind::SourceProgress => format!("P:{}", decode::<SourceProgress>(bytes).unwrap().duplicates),
        Kind::Operator => format!("A:{}", decode::<Operator>(bytes).unwrap().action),
        Kind::Source => {
            let SourceEvent { partition, change, .. } = decode(bytes).unwrap();
            match change {
                SourceChange::Identified { facts } => format!("I:{partition}:{}", facts.len()),
                SourceChange::Diverged { cause, .. } => format!("D:{partition}:{}", cause.name()),
                SourceChange::Accepted { cause, .. } => format!("K:{partition}:{}", cause.name()),
            }
        }
        Kind::Completeness => "M".to_owned(),
    }
}
