//! What is not as it should be, and what to do about it.

use super::health::{Components, Health, Known, Source};
use super::sentence::Level;
use super::words::Words;
use crate::orders::sentence;
use crate::prose;
use crate::texts::fill;

/// Something that somebody should know of.
#[derive(Debug)]
pub(crate) struct Alarm {
    pub(crate) level: Level,
    pub(crate) text: String,
    /// What to do: each part, and whether it is a command.
    pub(crate) way_out: Vec<(String, bool)>,
}

fn alarm(level: Level, text: impl Into<String>, way_out: &str) -> Alarm {
    Alarm { level, text: text.into(), way_out: prose::parts(&sentence(way_out)) }
}

/// All of them, the worst first.
pub(crate) fn alarms(w: Words<'_>, known: &Known, is_kept: bool) -> Vec<Alarm> {
    let Some(health) = &known.health else {
        return vec![alarm(Level::Bad, w.t.alarm_unknown, w.t.do_unknown)];
    };
    let all = &health.components;
    let unkept = (!is_kept).then(|| alarm(Level::Careful, w.t.unkept, ""));
    let mut alarms: Vec<Alarm> = process(w, known, health)
        .into_iter()
        .chain(source(w, &all.source))
        .chain(data(w, all))
        .chain(files(w, all))
        .chain(others(w, all))
        .chain(clock(w, &all.source))
        .chain(unkept)
        .collect();
    alarms.sort_by_key(|alarm| alarm.level != Level::Bad);
    alarms
}

/// The process itself.
fn process(w: Words<'_>, known: &Known, health: &Health) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    if health.database != "connected" {
        alarms.push(alarm(Level::Bad, w.t.alarm_unhealthy, w.t.do_unhealthy));
    }
    if known.not_ready.as_deref() == Some("starting") {
        alarms.push(alarm(Level::Careful, w.t.alarm_starting, w.t.do_starting));
    }
    for model in health.components.read_models.iter().filter(|model| model.state == "rebuilding") {
        let (done, of) = model.progress.as_ref().map_or((0, 0), |progress| (progress.done, progress.of));
        let text = fill(w.t.alarm_rebuilding, &[&model.name, &w.grouped(done), &w.grouped(of)]);
        alarms.push(alarm(Level::Careful, text, w.t.do_rebuilding));
    }
    for model in health.components.read_models.iter().filter(|model| model.builds_differ) {
        alarms.push(alarm(Level::Bad, fill(w.t.alarm_builds_differ, &[&model.name]), w.t.do_builds_differ));
    }
    alarms
}

/// The source, in the words of the API, which knows the way out.
fn source(w: Words<'_>, source: &Source) -> Option<Alarm> {
    let planned = matches!(source.cause.as_deref(), Some("schedule" | "bandwidth" | "operator"));
    let level = if source.state == "paused" && planned { Level::Careful } else { Level::Bad };
    match (&source.reason, &source.way_out) {
        (None, _) if matches!(source.state.as_str(), "live" | "catching-up") => None,
        (reason, way_out) => {
            let reason = reason.as_deref().unwrap_or(w.t.alarm_source);
            Some(alarm(level, reason, way_out.as_deref().unwrap_or(w.t.do_source)))
        }
    }
}

/// What is missing of loans.
fn data(w: Words<'_>, all: &Components) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    let mut add = |number: u64, level, (one, many), way_out| {
        if number > 0 {
            alarms.push(alarm(level, w.many(number, one, many), way_out));
        }
    };
    let missing = all.bootstrap.as_ref().and_then(|export| export.loans_missing).unwrap_or_default();
    add(missing, Level::Bad, (w.t.alarm_export, w.t.alarm_export), w.t.do_export);
    add(all.loans.parked, Level::Bad, (w.t.alarm_one_parked, w.t.alarm_parked), w.t.do_parked);
    add(all.loans.incomplete, Level::Careful, (w.t.alarm_gap, w.t.alarm_gaps), w.t.do_gaps);
    let quarantined = (w.t.alarm_one_quarantined, w.t.alarm_quarantine);
    add(all.events.quarantined, Level::Careful, quarantined, w.t.do_quarantine);
    match &all.completeness {
        Some(proof) if proof.failing => alarms.push(alarm(Level::Bad, w.t.alarm_unproved, w.t.do_unproved)),
        Some(proof) if proof.complete == Some(false) => {
            let loans = w.many(proof.loans_missing, w.t.missing_loan, w.t.missing_loans);
            let events = w.many(proof.events_missing, w.t.missing_event, w.t.missing_events);
            let text = fill(w.t.alarm_missing, &[&loans, &events]);
            alarms.push(alarm(Level::Bad, text, w.t.do_missing));
        }
        _ => {}
    }
    alarms
}

fn files(w: Words<'_>, all: &Components) -> Option<Alarm> {
    let blobs = &all.blobs;
    if blobs.failing {
        return Some(alarm(Level::Bad, w.t.alarm_blobs, w.t.do_blobs));
    }
    let bad = blobs.stuck.saturating_add(blobs.failed.count).saturating_add(blobs.damaged.count);
    (bad > 0).then(|| alarm(Level::Careful, w.many(bad, w.t.alarm_file, w.t.alarm_files), w.t.do_files))
}

/// What the replica does for others than readers.
fn others(w: Words<'_>, all: &Components) -> Vec<Alarm> {
    let mut alarms = Vec::new();
    if all.access_records.state == "failed" {
        alarms.push(alarm(Level::Bad, w.t.alarm_records, w.t.do_records));
    } else if all.access_records.unrecorded_reads > 0 {
        let text = w.many(all.access_records.unrecorded_reads, w.t.alarm_one_unrecorded, w.t.alarm_unrecorded);
        alarms.push(alarm(Level::Bad, text, w.t.do_unrecorded));
    }
    if let Some(webhooks) = all.webhooks.as_ref().filter(|webhooks| webhooks.status != "up") {
        let dead = webhooks.dead_letters.filter(|dead| *dead > 0);
        alarms.push(match dead {
            Some(dead) => alarm(Level::Careful, w.many(dead, w.t.alarm_one_dead, w.t.alarm_dead), w.t.do_dead),
            None => alarm(Level::Careful, w.t.alarm_webhooks, w.t.do_webhooks),
        });
    }
    if let Some(stream) = all.control_stream.as_ref().filter(|stream| stream.state != "connected") {
        let way_out = if stream.state == "refused" { w.t.do_fleet_refused } else { w.t.do_fleet };
        alarms.push(alarm(Level::Careful, w.t.alarm_fleet, way_out));
    }
    alarms
}

fn clock(w: Words<'_>, source: &Source) -> Option<Alarm> {
    let skew = source.clock_skew_seconds.filter(|_| source.clock_skewed)?;
    let seconds = std::time::Duration::try_from_secs_f64(skew.abs()).map_or(u64::MAX, |skew| skew.as_secs());
    Some(alarm(Level::Careful, fill(w.t.alarm_clock, &[&w.span(seconds)]), w.t.do_clock))
}

#[cfg(test)]
mod tests {
    use continuity_base::Timestamp;

    use super::*;
    use crate::texts::ENGLISH;

    #[test]
    fn the_worst_stand_first_and_a_history_that_is_not_kept_is_told() {
        let mut health = Health { database: "connected".to_owned(), ..Health::default() };
        health.components.source.state = "live".to_owned();
        health.components.events.quarantined = 2;
        health.components.loans.parked = 1_200;
        health.components.loans.incomplete = 1;
        let known = Known { health: Some(health), not_ready: None };
        let shown: Vec<_> = alarms(Words::new(&ENGLISH, Timestamp::from_micros(0)), &known, false)
            .into_iter()
            .map(|alarm| (alarm.level, alarm.text))
            .collect();
        assert_eq!(shown.len(), 4);
        assert_eq!(shown[0].0, Level::Bad);
        assert!(shown[0].1.starts_with("1,200 loans are parked") && shown[1].1.starts_with("1 loan is not"));
        assert!(shown[2].1.starts_with("2 arrivals are"));
        assert_eq!(shown[3].1, ENGLISH.status_page.unkept);
    }
}
