//! Completeness manifests: what the platform has really produced, whatever became of it on the way.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use continuity_base::Clock;
use sha2::{Digest, Sha256};

use crate::envelope::Envelope;
use crate::json::write_text;
use crate::random::Random;
use crate::simulator::{Emitted, Kind};

/// How often a manifest is mixed in.
#[derive(Clone)]
pub enum Every {
    /// After so many events.
    Events(u64),
    /// After so long, when anything was produced meanwhile.
    Time(Duration, Arc<dyn Clock>),
}

impl std::fmt::Debug for Every {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Events(events) => f.debug_tuple("Events").field(events).finish(),
            Self::Time(duration, _) => f.debug_tuple("Time").field(duration).finish_non_exhaustive(),
        }
    }
}

/// A feed with manifests: one as often as asked, and one at its end.
///
/// Put it before [`crate::Faults`]: it then counts what the platform produced, so that events which faults drop on the way
/// are the holes that the manifest tells of. A manifest's `at` is empty; [`crate::publish`] waits for everything before it
/// and fills it in.
#[derive(Debug)]
pub struct Manifests<I> {
    inner: I,
    every: Every,
    source: String,
    random: Random,
    tally: Tally,
    since: u64,
    due: Duration,
    ahead: Option<Emitted>,
    last: Option<Emitted>,
}

impl<I: Iterator<Item = Emitted>> Manifests<I> {
    /// Mixes manifests of `source` into `feed`; their ids follow from `seed`.
    pub fn over(feed: I, every: Every, source: &str, seed: u64) -> Self {
        let due = match &every {
            Every::Events(_) => Duration::ZERO,
            Every::Time(period, clock) => clock.monotonic() + *period,
        };
        Self {
            inner: feed,
            every,
            source: source.to_owned(),
            random: Random::new(seed, u64::MAX - 1),
            tally: Tally::default(),
            since: 0,
            due,
            ahead: None,
            last: None,
        }
    }

    fn is_due(&mut self) -> bool {
        if self.since == 0 {
            return false;
        }
        match &self.every {
            Every::Events(events) => self.since >= *events,
            Every::Time(period, clock) => {
                let now = clock.monotonic();
                let due = now >= self.due;
                if due {
                    self.due = now + *period;
                }
                due
            }
        }
    }

    fn manifest(&mut self) -> Option<Emitted> {
        let last = self.last.clone()?;
        self.since = 0;
        let id = self.random.uuid(last.time.as_micros());
        let line = self.tally.manifest(&self.source, &id, &last.time.to_string());
        Some(Emitted { line, kind: Kind::Manifest, ..last })
    }

    fn count(&mut self, emitted: &Emitted) {
        if emitted.kind == Kind::Plain && self.tally.count(&emitted.line) {
            self.since += 1;
        }
        let line = String::new();
        self.last = Some(Emitted { line, blobs: vec![], ..*emitted });
    }
}

impl<I: Iterator<Item = Emitted>> Iterator for Manifests<I> {
    type Item = Emitted;

    fn next(&mut self) -> Option<Emitted> {
        if let Some(emitted) = self.ahead.take() {
            self.count(&emitted);
            return Some(emitted);
        }
        let next = self.inner.next();
        let at_end = next.is_none() && self.since > 0;
        if at_end || self.is_due() {
            self.ahead = next;
            return self.manifest();
        }
        let emitted = next?;
        self.count(&emitted);
        Some(emitted)
    }
}

/// What a manifest says, counted along (contract, section 5).
#[derive(Debug, Default)]
pub(crate) struct Tally {
    loans: BTreeMap<String, u64>,
    events: u64,
    presence: [u8; 32],
    content: [u8; 32],
}

impl Tally {
    /// Counts a line; false when it is no event of a loan with a sequence of its own.
    fn count(&mut self, line: &str) -> bool {
        let Some(event) = Envelope::of(line).filter(|event| event.name() != "LoanRequestSnapshot") else {
            return false;
        };
        let (Some(loan), Some(sequence)) = (event.loan(), event.sequence()) else { return false };
        let (id, data) = (event.text("id").unwrap_or_default(), event.raw("data").unwrap_or_default());
        let data = hex::encode(Sha256::digest(data));
        xor(&mut self.content, &Sha256::digest(format!("{loan}\n{sequence}\n{id}\n{data}")));
        let last = self.loans.get(&loan).copied().unwrap_or_default();
        if sequence > last {
            self.move_on(&loan, last, sequence);
            self.loans.insert(loan, sequence);
        }
        true
    }

    fn move_on(&mut self, loan: &str, last: u64, sequence: u64) {
        if last > 0 {
            xor(&mut self.presence, &Sha256::digest(format!("{loan}\n{last}")));
        }
        xor(&mut self.presence, &Sha256::digest(format!("{loan}\n{sequence}")));
        self.events += sequence - last;
    }

    fn manifest(&self, source: &str, id: &str, as_of: &str) -> String {
        let mut line = format!(
            "{{\"specversion\":\"1.0\",\"id\":\"{id}\",\"source\":\"{source}\",\"type\":\"com.banclo.CompletenessManifest\",\
             \"subject\":\"control\",\"time\":\"{as_of}\",\"datacontenttype\":\"application/json\",\
             \"data\":{{\"asOf\":\"{as_of}\",\"at\":{{}},\"loanRequests\":{},\"events\":{},\"digest\":\"{}\",\"contentDigest\":\"{}\",\
             \"loans\":[",
            self.loans.len(),
            self.events,
            hex::encode(self.presence),
            hex::encode(self.content)
        );
        for (i, (loan, last)) in self.loans.iter().enumerate() {
            line.push_str(if i > 0 { ",{\"id\":" } else { "{\"id\":" });
            write_text(loan, &mut line);
            let _ = write!(line, ",\"lastSequence\":{last}}}");
        }
        line.push_str("]}}");
        line
    }
}

fn xor(digest: &mut [u8; 32], other: &[u8]) {
    for (byte, other) in digest.iter_mut().zip(other) {
        *byte ^= other;
    }
}

#[cfg(test)]
mod tests;
