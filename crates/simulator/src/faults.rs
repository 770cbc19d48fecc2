//! What goes wrong between a platform and its replica, on demand and by seed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::random::Random;
use crate::simulator::{Emitted, Kind};

/// Which faults a feed has. All are probabilities per line, 0 by default: then nothing is touched.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    /// The line comes again, up to 500 lines later.
    pub duplicates: f64,
    /// The line comes later, by up to `window` lines.
    pub reordering: f64,
    /// How many lines a reordered line may be late by.
    pub window: u64,
    /// The line never comes. Control events are spared.
    pub gaps: f64,
    /// The line comes late, by 1,000 to 3,000 lines.
    pub late: f64,
    /// A broken line comes before it.
    pub malformed: f64,
    /// Another event with its subject and sequence comes after it. Control events are spared.
    pub forks: f64,
}

/// A feed with [`Faults`]; numbers count the lines as delivered.
#[derive(Debug)]
pub struct Faulty<I> {
    inner: I,
    faults: Faults,
    random: Random,
    read: u64,
    delivered: u64,
    order: BinaryHeap<Reverse<(u64, u64)>>,
    waiting: BTreeMap<u64, Emitted>,
    ties: u64,
    counts: FaultCounts,
    /// A manifest: everything before it comes before it, however late it was to be.
    barrier: Option<Emitted>,
}

/// How often each fault was committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// Lines that came twice.
    pub duplicates: u64,
    /// Lines that came later than they should.
    pub reordered: u64,
    /// Lines that never came.
    pub gaps: u64,
    /// Broken lines.
    pub malformed: u64,
    /// Second events for a sequence.
    pub forks: u64,
}

impl Faults {
    /// Makes `feed` misbehave, by `seed`.
    pub fn over<I: Iterator<Item = Emitted>>(self, seed: u64, feed: I) -> Faulty<I> {
        Faulty {
            inner: feed,
            faults: self,
            random: Random::new(seed, u64::MAX),
            read: 0,
            delivered: 0,
            order: BinaryHeap::new(),
            waiting: BTreeMap::new(),
            ties: 0,
            counts: FaultCounts::default(),
            barrier: None,
        }
    }
}

impl<I> Faulty<I> {
    /// What was done so far.
    pub fn counts(&self) -> FaultCounts {
        self.counts
    }

    fn schedule(&mut self, delay: u64, emitted: Emitted) {
        self.ties += 1;
        self.order.push(Reverse((self.read + delay, self.ties)));
        self.waiting.insert(self.ties, emitted);
    }

    fn take(&mut self, mut emitted: Emitted) {
        self.read += 1;
        let control = emitted.line.contains("\"subject\":\"control\"");
        if self.random.chance(self.faults.malformed) {
            self.counts.malformed += 1;
            let line = broken(&emitted.line, &mut self.random);
            self.schedule(0, Emitted { line, blobs: vec![], kind: Kind::Malformed, ..emitted.clone() });
        }
        if self.random.chance(self.faults.gaps) && !control {
            self.counts.gaps += 1;
            return;
        }
        let delay = self.delay();
        self.counts.reordered += u64::from(delay > 0);
        if self.random.chance(self.faults.duplicates) {
            self.counts.duplicates += 1;
            let after = 1 + self.random.below(500);
            self.schedule(delay + after, Emitted { blobs: vec![], kind: Kind::Duplicate, ..emitted.clone() });
        }
        if self.random.chance(self.faults.forks) && !control {
            self.counts.forks += 1;
            let line = forked(&emitted.line, &mut self.random);
            let blobs = std::mem::take(&mut emitted.blobs);
            self.schedule(delay, Emitted { line, blobs, kind: Kind::Fork, ..emitted.clone() });
            // The true one is the one that came first: its place in the order is taken before.
            self.swap_last_with(delay, emitted);
            return;
        }
        self.schedule(delay, emitted);
    }

    fn swap_last_with(&mut self, delay: u64, emitted: Emitted) {
        let fork = self.waiting.insert(self.ties, emitted);
        if let Some(fork) = fork {
            self.schedule(delay, fork);
        }
    }

    fn delay(&mut self) -> u64 {
        if self.random.chance(self.faults.late) {
            return self.random.between(1_000, 3_000);
        }
        if self.faults.window > 0 && self.random.chance(self.faults.reordering) {
            return self.random.between(1, self.faults.window);
        }
        0
    }
}

impl<I: Iterator<Item = Emitted>> Iterator for Faulty<I> {
    type Item = Emitted;

    fn next(&mut self) -> Option<Emitted> {
        loop {
            let due = self.order.peek().is_some_and(|Reverse((at, _))| *at <= self.read);
            if !due
                && self.barrier.is_none()
                && let Some(emitted) = self.inner.next()
            {
                match emitted.kind {
                    Kind::Manifest => self.barrier = Some(emitted),
                    _ => self.take(emitted),
                }
                continue;
            }
            let waiting = self.order.pop().and_then(|Reverse((_, tie))| self.waiting.remove(&tie));
            let mut emitted = waiting.or_else(|| self.barrier.take())?;
            self.delivered += 1;
            emitted.number = self.delivered;
            return Some(emitted);
        }
    }
}

/// The same subject and sequence, another id: never the same event.
fn forked(line: &str, random: &mut Random) -> String {
    let Some((head, tail)) = line.split_once("\"id\":\"") else { return line.to_owned() };
    let rest = tail.split_once('"').map_or("", |(_, rest)| rest);
    format!("{head}\"id\":\"fork-{}\"{rest}", random.token(16))
}

/// A line that no replica may take for an event, made of one that it should.
fn broken(line: &str, random: &mut Random) -> String {
    let cut = (line.len() / 2..line.len()).find(|&i| line.is_char_boundary(i)).unwrap_or(line.len());
    match random.below(8) {
        0 => line[..cut].to_owned(),
        1 => "not json at all \u{7f}".to_owned(),
        // Control events have none: they become the last sort.
        2 if line.contains("\"sequence\":\"") => line.replacen("\"sequence\":\"", "\"sequence\":\"0", 1),
        3 => line.replacen("\"specversion\":\"1.0\"", "\"specversion\":\"0.3\"", 1),
        4 => line.replacen("\"specversion\":\"1.0\",", "\"specversion\":\"1.0\",\"specversion\":\"1.0\",", 1),
        5 => line.replacen("\"time\":\"", "\"time\":\"yesterday ", 1),
        6 => line.replacen("\"data\":{", "\"data\":{\"lone\":\"\\ud800\",", 1),
        _ => format!("[{}]", &line[..0]),
    }
}

#[cfg(test)]
mod tests;
