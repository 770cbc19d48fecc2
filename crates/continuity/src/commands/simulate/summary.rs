//! How far the simulation has come, and what came of it.

use std::fmt::Write;
use std::io::{IsTerminal, stderr};

use continuity_simulator::objects::ObjectCounts;
use continuity_simulator::publish::{Position, Positions, Summary, Target};
use continuity_simulator::{FaultCounts, Options};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::options::Simulate;
use crate::output::{self, grouped};

/// Between two lines where there is no terminal: events at first, later ten times as many.
const FIRST_LINE: u64 = 1_000;

/// Progress on standard error: a line that changes on a terminal, lines now and then otherwise.
pub(super) struct Shown {
    bar: Option<ProgressBar>,
    loans: u64,
    next_line: u64,
}

impl Shown {
    /// Begins to show.
    pub(super) fn new(options: &Simulate, to: &Target, platform: &Options) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(options.loans.max(1));
            let style = "{prefix} {bar:20} {pos}/{len} loans, {msg} eta {eta}";
            bar.set_style(ProgressStyle::with_template(style).expect("the template is fixed and tested"));
            bar.set_prefix(to.to_string());
            bar
        });
        output::note(&format!("publishing to {to}: {} loans from {} on", platform.loans, platform.start));
        Self { bar, loans: options.loans, next_line: FIRST_LINE }
    }

    /// Shows what came of it so far.
    pub(super) fn progress(&mut self, summary: &Summary) {
        if let Some(bar) = &self.bar {
            bar.set_position(summary.loans.min(self.loans));
            bar.set_message(figures(summary));
        } else if summary.acknowledged >= self.next_line {
            while self.next_line <= summary.acknowledged {
                self.next_line += if self.next_line < FIRST_LINE * 10 { FIRST_LINE } else { FIRST_LINE * 10 };
            }
            output::note(&format!("{} loans, {}", summary.loans, figures(summary)));
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn figures(summary: &Summary) -> String {
    let seconds = summary.took.as_secs_f64().max(0.001);
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = summary.acknowledged as f64 / seconds;
    format!("{} acknowledged, {rate:.0}/s", grouped(&summary.acknowledged.to_string()))
}

/// The summary for machines.
pub(super) fn as_json(summary: &Summary, counts: &FaultCounts, objects: Option<&ObjectCounts>) -> Value {
    let mut value = json!({
        "messages": summary.messages,
        "acknowledged": summary.acknowledged,
        "events": summary.events,
        "bytes": summary.bytes,
        "loans": summary.loans,
        "heartbeats": summary.heartbeats,
        "manifests": summary.manifests,
        "faults": {
            "duplicates": summary.duplicates,
            "reordered": counts.reordered,
            "gaps": counts.gaps,
            "malformed": summary.malformed,
            "forks": summary.forks,
        },
        "repeated": summary.repeated,
        "deduplicated": summary.deduplicated,
        "positions": positions(&summary.positions),
        "stopped": summary.stopped,
        "seconds": (summary.took.as_secs_f64() * 1_000.0).round() / 1_000.0,
    });
    if let Some(objects) = objects {
        let requests: Map<_, _> = objects.outcomes.iter().map(|(o, n)| (o.name().to_owned(), json!(n))).collect();
        value["objects"] = json!({ "requests": requests, "bytes": objects.bytes });
    }
    value
}

fn positions(positions: &Positions) -> Map<String, Value> {
    let each = |position: &Position| match position {
        Position::Sequence(number) | Position::Bytes(number) => json!(number),
        Position::Offsets(offsets) => offsets.iter().map(|(p, offset)| (p.to_string(), json!(offset))).collect(),
    };
    positions.iter().map(|(name, position)| (name.clone(), each(position))).collect()
}

/// The summary for people.
pub(super) fn as_text(to: &Target, summary: &Summary, counts: &FaultCounts, objects: Option<&ObjectCounts>) -> String {
    let number = |number: u64| grouped(&number.to_string());
    let mut text = format!(
        "{} events of {} loans to {to} in {:.1} s ({})\n",
        number(summary.events),
        number(summary.loans),
        summary.took.as_secs_f64(),
        figures(summary)
    );
    let mut row = |what: &str, count: u64| {
        if count > 0 {
            let _ = writeln!(text, "  {what:<24}{:>12}", number(count));
        }
    };
    row("heartbeats", summary.heartbeats);
    row("manifests", summary.manifests);
    row("told twice", summary.duplicates);
    row("told later", counts.reordered);
    row("never told", counts.gaps);
    row("malformed", summary.malformed);
    row("forks", summary.forks);
    row("sent again", summary.repeated);
    row("of those known already", summary.deduplicated);
    row("not acknowledged", summary.messages - summary.acknowledged);
    for (outcome, count) in objects.iter().flat_map(|objects| &objects.outcomes) {
        row(&format!("files, {}", outcome.name()), *count);
    }
    for (name, position) in &positions(&summary.positions) {
        let _ = writeln!(text, "  last position in {name}: {position}");
    }
    text
}
