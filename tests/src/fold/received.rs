//! Arrival: which lines are events, duplicates, forks or broken; which sequences a loan then has (contract section 6).

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Gaps;
use super::state::State;
use crate::instant;
use crate::json::Json;

/// Every line of a feed, sorted out.
#[derive(Debug, Default)]
pub struct Received {
    pub(super) loans: BTreeMap<String, Loan>,
    pub(super) counts: Counts,
}

/// What became of the lines; together they are all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events of a loan, appended or held.
    pub events: u64,
    /// Whole-loan snapshots, effective or not.
    pub snapshots: u64,
    /// Events about the feed itself.
    pub controls: u64,
    /// Redeliveries.
    pub duplicates: u64,
    /// Other events for a sequence that is taken.
    pub forks: u64,
    /// Everything else that cannot be accepted.
    pub refused: u64,
}

/// What is known of one loan.
#[derive(Debug)]
pub(super) struct Loan {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) events: BTreeMap<u64, Event>,
    /// The effective snapshot with the highest `asOfSequence`.
    pub(super) base: Option<(u64, Json)>,
}

/// One event of a loan.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) time: String,
    pub(super) actor: Option<String>,
    pub(super) data: Json,
    pub(super) digest: [u8; 32],
}

impl Loan {
    /// The highest sequence up to which nothing is missing.
    pub(super) fn contiguous(&self) -> u64 {
        let mut last = self.base.as_ref().map_or(0, |(as_of, _)| *as_of);
        while self.events.contains_key(&(last + 1)) {
            last += 1;
        }
        last
    }

    /// The highest sequence that is shown.
    pub(super) fn last(&self, gaps: Gaps) -> u64 {
        match gaps {
            Gaps::Held => self.contiguous(),
            Gaps::Released => self.events.keys().last().copied().unwrap_or(0).max(self.contiguous()),
        }
    }

    /// The sequence of the purge, if it is shown.
    pub(super) fn purged(&self, gaps: Gaps) -> Option<u64> {
        let last = self.last(gaps);
        self.events.range(..=last).find(|(_, event)| self.is_purge(event)).map(|(sequence, _)| *sequence)
    }

    fn is_purge(&self, event: &Event) -> bool {
        let data = &event.data;
        data.text("entity") == Some("loanRequest")
            && data.text("id") == Some(&self.id)
            && data.get("after") == Some(&Json::Null)
    }
}

enum Kind {
    Loan(String, u64, Event),
    Snapshot(String, u64, Json),
    Control,
}

impl Received {
    pub(super) fn arrive(&mut self, line: &str, gaps: Gaps) {
        let Some((source, kind)) = read(line) else {
            self.counts.refused += 1;
            return;
        };
        match kind {
            Kind::Control => self.counts.controls += 1,
            Kind::Loan(loan, sequence, event) => self.event(&source, &loan, sequence, event, gaps),
            Kind::Snapshot(loan, as_of, data) => self.snapshot(&source, &loan, as_of, data, gaps),
        }
    }

    fn loan(&mut self, source: &str, id: &str) -> Option<&mut Loan> {
        let new = || Loan { id: id.to_owned(), source: source.to_owned(), events: BTreeMap::new(), base: None };
        let loan = self.loans.entry(id.to_owned()).or_insert_with(new);
        (loan.source == source).then_some(loan)
    }

    fn event(&mut self, source: &str, id: &str, sequence: u64, event: Event, gaps: Gaps) {
        let Some(loan) = self.loan(source, id) else {
            self.counts.refused += 1;
            return;
        };
        if let Some(known) = loan.events.get(&sequence) {
            let same = known.id == event.id && known.digest == event.digest;
            *(if same { &mut self.counts.duplicates } else { &mut self.counts.forks }) += 1;
        } else if loan.base.as_ref().is_some_and(|(as_of, _)| sequence <= *as_of) {
            self.counts.duplicates += 1;
        } else if loan.purged(gaps).is_some_and(|purge| sequence > purge) {
            self.counts.refused += 1;
        } else {
            loan.events.insert(sequence, event);
            self.counts.events += 1;
        }
    }

    fn snapshot(&mut self, source: &str, id: &str, as_of: u64, data: Json, gaps: Gaps) {
        let Some(loan) = self.loan(source, id) else {
            self.counts.refused += 1;
            return;
        };
        let newest = loan.base.as_ref().is_none_or(|(base, _)| *base <= as_of);
        if loan.purged(gaps).is_some() || !newest {
            self.counts.snapshots += 1;
            return;
        }
        let ahead = as_of > loan.last(gaps);
        let missing = loan.contiguous() < as_of;
        let parked = State::fold(loan, gaps).parked.is_some_and(|parked| parked <= as_of);
        if ahead || missing || parked {
            loan.base = Some((as_of, data));
        }
        self.counts.snapshots += 1;
    }
}

fn read(line: &str) -> Option<(String, Kind)> {
    let event = Json::parse(line).ok()?;
    let sound = event.text("specversion") == Some("1.0") && event.text("id").is_some_and(|id| !id.is_empty());
    let name = event.text("type")?.strip_prefix("com.banclo.").filter(|_| sound)?.to_owned();
    let source = event.text("source")?.to_owned();
    let time = event.text("time").filter(|time| instant::parse(time).is_some())?.to_owned();
    let data = event.get("data").filter(|data| matches!(data, Json::Object(_)))?.clone();
    let Some(loan) = event.text("subject")?.strip_prefix("loan-requests/") else {
        return Some((source, Kind::Control));
    };
    let sequence = event.text("sequence").filter(|s| s.len() <= 19 && s.starts_with(|c| ('1'..='9').contains(&c)))?;
    let sequence: u64 = sequence.bytes().all(|b| b.is_ascii_digit()).then(|| sequence.parse().ok())??;
    if name == "LoanRequestSnapshot" {
        return Some((source, Kind::Snapshot(loan.to_owned(), data.number("asOfSequence")?, data)));
    }
    let digest = Sha256::digest(data_text(line)?).into();
    let actor = event.text("actor").map(str::to_owned);
    let kept = Event { id: event.text("id")?.to_owned(), name, time, actor, data, digest };
    Some((source, Kind::Loan(loan.to_owned(), sequence, kept)))
}

/// The bytes of `data`, as received.
fn data_text(line: &str) -> Option<&str> {
    #[derive(serde::Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        data: &'a serde_json::value::RawValue,
    }
    serde_json::from_str::<Envelope<'_>>(line).ok().map(|envelope| envelope.data.get())
}
