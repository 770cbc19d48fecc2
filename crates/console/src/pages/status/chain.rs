//! The way of the data: source, log, read models, files; how far each is, how far behind, how fast.

use continuity_history::{Counted, History, Range, Reading};

use super::health::{Components, Health, Source};
use super::sentence::Level;
use super::words::{Words, short};
use crate::texts::fill;

/// Steps of ten seconds that a rate is taken from, before the one that has just begun.
const RECENT: usize = 6;

/// One part of the way.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    /// How it is, in a word or two.
    pub(crate) state: &'static str,
    pub(crate) facts: Vec<Fact>,
}

/// A name and what there is to say.
pub(crate) type Fact = (&'static str, String);

/// What was counted of late.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Recent {
    counted: Counted,
    last: Option<Reading>,
}

impl Recent {
    pub(crate) fn of(history: &History) -> Self {
        let steps = history.steps(Range::Hour);
        let mut counted = Counted::default();
        for (_, step) in steps.iter().rev().skip(1).take(RECENT) {
            counted.add(step.map(|step| step.counted).unwrap_or_default());
        }
        Self { counted, last: history.last() }
    }

    fn rate(&self, w: Words<'_>, of: fn(&Counted) -> u64) -> String {
        let rate = self.counted.rate(of).map(|rate| fill(w.t.per_second, &[&short(rate)]));
        rate.unwrap_or_else(|| w.t.not_known.to_owned())
    }
}

/// The four of them, in the order of the data.
pub(crate) fn chain(w: Words<'_>, health: &Health, recent: &Recent) -> [Link; 4] {
    let all = &health.components;
    [source(w, &all.source, recent), log(w, all, recent), read_models(w, health, recent), blobs(w, all, recent)]
}

fn number(w: Words<'_>, number: Option<u64>) -> String {
    number.map_or_else(|| w.t.not_known.to_owned(), |number| w.grouped(number))
}

fn ago(w: Words<'_>, seconds: Option<u64>) -> String {
    seconds.map_or_else(|| w.t.no_read_yet.to_owned(), |seconds| fill(w.t.ago, &[&w.span(seconds)]))
}

fn source(w: Words<'_>, source: &Source, recent: &Recent) -> Link {
    let (level, state) = match source.state.as_str() {
        "live" => (Level::Good, w.t.is_live),
        "catching-up" => (Level::Careful, w.t.is_catching_up),
        "paused" => (Level::Careful, w.t.is_paused),
        // The source does not stand for what this replica cannot do.
        "stale" if is_own(source) => (Level::Careful, w.t.is_unknown),
        "stale" => (Level::Bad, w.t.is_stale),
        "disconnected" => (Level::Bad, w.t.is_disconnected),
        "diverged" => (Level::Bad, w.t.is_diverged),
        _ => (Level::Bad, w.t.is_unknown),
    };
    let is_read = matches!(source.state.as_str(), "live" | "catching-up");
    let rate = if is_read { recent.rate(w, |counted| counted.offered) } else { w.t.not_known.to_owned() };
    let mut facts = vec![
        (w.t.end, number(w, source.head)),
        (w.t.last_sign, ago(w, source.seconds_since_proof_of_life)),
        (w.t.rate, rate),
    ];
    if let Some(seconds) = source.seconds_since_heartbeat {
        facts.push((w.t.last_heartbeat, fill(w.t.ago, &[&w.span(seconds)])));
    }
    if let Some(survived) = source.outage_survived_seconds {
        let seconds = std::time::Duration::try_from_secs_f64(survived.max(0.0)).map_or(u64::MAX, |time| time.as_secs());
        facts.push((w.t.survives, w.span(seconds)));
    }
    Link { name: w.t.source, level, state, facts }
}

/// Whether it is this replica that fails, whatever the source does.
fn is_own(source: &Source) -> bool {
    matches!(source.cause.as_deref(), Some("cannot-write" | "read-models"))
}

fn log(w: Words<'_>, all: &Components, recent: &Recent) -> Link {
    let failing = all.source.cause.as_deref() == Some("cannot-write");
    let (level, state) = if failing { (Level::Bad, w.t.is_failing) } else { (Level::Good, w.t.is_well) };
    // Neither is older than it by more than a moment, and the log is never behind what was applied of it.
    let seen = recent.last.map(|last| last.logged).into_iter().chain(all.log.position).max();
    let position = seen.map(|seen| seen.max(all.source.position));
    let beyond = all.source.behind.map(|behind| w.many(behind, w.t.one_message, w.t.messages));
    let facts = vec![
        (w.t.position, number(w, position)),
        (w.t.last_write, ago(w, all.log.seconds_since_append)),
        (w.t.rate, recent.rate(w, |counted| counted.logged)),
        (w.t.beyond, beyond.unwrap_or_else(|| w.t.not_known.to_owned())),
    ];
    Link { name: w.t.log, level, state, facts }
}

fn read_models(w: Words<'_>, health: &Health, recent: &Recent) -> Link {
    let all = &health.components;
    let still = is_own(&all.source);
    let rebuilding = all.read_models.iter().any(|model| model.state == "rebuilding");
    let doubtful = all.read_models.iter().any(|model| model.builds_differ);
    let (level, state) = match (health.database == "connected", still, doubtful, rebuilding) {
        (false, ..) => (Level::Bad, w.t.is_failing),
        (_, true, ..) => (Level::Bad, w.t.is_still),
        (_, _, true, _) => (Level::Bad, w.t.is_doubtful),
        (.., true) => (Level::Careful, w.t.is_rebuilding),
        _ => (Level::Good, w.t.is_well),
    };
    let applied = all.source.position;
    let unapplied = recent.last.map(|last| last.logged.saturating_sub(applied.max(last.applied)));
    let unapplied = unapplied.map(|positions| w.many(positions, w.t.one_position, w.t.positions));
    let lag = all.source.lag_seconds.map(|lag| w.span(lag));
    let facts = vec![
        (w.t.position, w.grouped(applied)),
        (w.t.lag, lag.unwrap_or_else(|| w.t.not_known.to_owned())),
        (w.t.rate, recent.rate(w, |counted| counted.applied)),
        (w.t.unapplied, unapplied.unwrap_or_else(|| w.t.not_known.to_owned())),
    ];
    Link { name: w.t.read_models, level, state, facts }
}

fn blobs(w: Words<'_>, all: &Components, recent: &Recent) -> Link {
    let blobs = &all.blobs;
    let bad = blobs.stuck + blobs.failed.count + blobs.damaged.count > 0;
    let (level, state) = match (blobs.failing, bad, blobs.pending.count) {
        (true, ..) => (Level::Bad, w.t.is_failing),
        (_, true, _) => (Level::Careful, w.t.is_failing),
        (.., 0) => (Level::Good, w.t.is_well),
        _ => (Level::Good, w.t.is_waiting),
    };
    let waits = match (blobs.oldest_pending_seconds, blobs.available.is_some()) {
        (Some(seconds), _) => w.span(seconds),
        (None, true) => w.t.nothing_waits.to_owned(),
        (None, false) => w.t.not_known.to_owned(),
    };
    let facts = vec![
        (w.t.position, number(w, blobs.position)),
        (w.t.oldest_waits, waits),
        (w.t.rate, recent.rate(w, |counted| counted.stored)),
        (w.t.stored, number(w, blobs.available.as_ref().map(|available| available.count))),
    ];
    Link { name: w.t.blobs, level, state, facts }
}

/// Gaps and what is set aside.
pub(crate) fn aside(w: Words<'_>, all: &Components) -> Vec<(&'static str, String, bool)> {
    let (loans, events, blobs) = (&all.loans, &all.events, &all.blobs);
    let files = |count: u64| blobs.available.as_ref().map(|_| count);
    let rows = [
        (w.t.incomplete_loans, Some(loans.incomplete), true),
        (w.t.gaps_open, Some(events.gaps_open), true),
        (w.t.held, Some(events.held), true),
        (w.t.parked_loans, Some(loans.parked), true),
        (w.t.parked_events, Some(events.parked), true),
        (w.t.quarantined, Some(events.quarantined), true),
        (w.t.pending_files, files(blobs.pending.count), false),
        (w.t.stuck_files, files(blobs.stuck), true),
        (w.t.failed_files, files(blobs.failed.count), true),
        (w.t.damaged_files, files(blobs.damaged.count), true),
    ];
    let shown = |(name, count, bad): (_, Option<u64>, bool)| (name, number(w, count), bad && count != Some(0));
    rows.into_iter().map(shown).collect()
}
