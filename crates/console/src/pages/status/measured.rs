//! What was measured: charts, and the same as a table.

use std::time::Duration;

use continuity_base::Timestamp;
use continuity_history::{Counted, History, Range, Step};

use super::chart::{Chart, Line, Point, Scale, Unit};
use super::words::{Words, short};
use crate::texts::fill;
use crate::when::When;

/// Within so long of its begin somebody looks at every step.
const JUST_BEGUN: Duration = Duration::from_secs(5);

/// A range that can be chosen.
#[derive(Debug)]
pub(crate) struct Choice {
    pub(crate) name: &'static str,
    pub(crate) word: &'static str,
    pub(crate) is_here: bool,
}

/// A row of the table.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) from: When,
    /// In the order of the columns; `None`: nobody measured.
    pub(crate) cells: Option<[String; 6]>,
}

/// Everything that was measured within a range.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) choices: Vec<Choice>,
    pub(crate) charts: Vec<Chart>,
    pub(crate) rows: Vec<Row>,
}

/// The range of that word; an hour of any other one.
pub(crate) fn range(word: &str) -> Range {
    Range::ALL.into_iter().find(|range| self::word(*range) == word).unwrap_or_default()
}

/// As it stands in addresses.
pub(crate) fn word(range: Range) -> &'static str {
    match range {
        Range::Hour => "hour",
        Range::Day => "day",
        Range::Month => "month",
    }
}

/// How long rows of the table and the spaces between labels are.
fn lengths(range: Range) -> (i64, i64) {
    match range {
        Range::Hour => (300, 900),
        Range::Day => (3_600, 21_600),
        Range::Month => (86_400, 432_000),
    }
}

type Steps = [(Timestamp, Option<Step>)];

pub(crate) fn measured(w: Words<'_>, history: &History, range: Range) -> Measured {
    let mut steps = history.steps(range);
    // A step that has just begun is no gap: nobody had time to look.
    steps.pop_if(|(begin, step)| step.is_none() && w.now.since(*begin) < JUST_BEGUN);
    let names = [w.t.range_hour, w.t.range_day, w.t.range_month];
    let choice = |(known, name): (Range, _)| Choice { name, word: word(known), is_here: known == range };
    Measured {
        choices: Range::ALL.into_iter().zip(names).map(choice).collect(),
        charts: charts(w, range, &steps),
        rows: rows(w, lengths(range).0, &steps),
    }
}

fn charts(w: Words<'_>, range: Range, steps: &Steps) -> Vec<Chart> {
    let begins: Vec<Timestamp> = steps.iter().map(|(begin, _)| *begin).collect();
    let scale = Scale { begins: &begins, step_seconds: range.step_seconds(), label_seconds: lengths(range).1 };
    let line = |name, of: &dyn Fn(&Step) -> Point| Line {
        name,
        points: steps.iter().map(|(_, step)| step.as_ref().map_or(Point::Gap, of)).collect(),
    };
    let rate = |of: fn(&Counted) -> u64| {
        [line("", &move |step: &Step| step.counted.rate(of).map_or(Point::Gap, Point::Known))]
    };
    let backlog = [
        line(w.t.line_backlog, &|step| worst(step.backlog.get(), false)),
        line(w.t.line_behind, &|step| worst(step.behind.get(), step.behind.known < step.looks)),
    ];
    let lag = [line("", &|step| worst(step.lag.get(), step.lag_was_unknown()))];
    vec![
        scale.chart(w, ("lag", w.t.chart_lag, Unit::Seconds), &lag),
        scale.chart(w, ("rate", w.t.chart_rate, Unit::Number), &rate(|counted| counted.applied)),
        scale.chart(w, ("backlog", w.t.chart_backlog, Unit::Number), &backlog),
        scale.chart(w, ("reads", w.t.chart_reads, Unit::Number), &rate(|counted| counted.reads)),
        scale.chart(w, ("errors", w.t.chart_errors, Unit::Number), &rate(|counted| counted.errors)),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "a place on a chart")]
fn worst(value: Option<u64>, partly: bool) -> Point {
    match value {
        None => Point::Unknown,
        Some(value) if partly => Point::Partly(value as f64),
        Some(value) => Point::Known(value as f64),
    }
}

/// Steps put together, the newest first.
fn rows(w: Words<'_>, length: i64, steps: &Steps) -> Vec<Row> {
    let mut rows: Vec<(i64, Option<Step>)> = Vec::new();
    for (begin, step) in steps {
        let from = begin.as_seconds().div_euclid(length) * length;
        match rows.last_mut() {
            Some((last, together)) if *last == from => match (together.as_mut(), step) {
                (Some(together), Some(step)) => together.merge(step),
                (None, Some(step)) => *together = Some(*step),
                (_, None) => {}
            },
            _ => rows.push((from, *step)),
        }
    }
    let row = |(from, step): (i64, Option<Step>)| Row {
        from: When::new(w.all, Timestamp::from_micros(from.saturating_mul(1_000_000))),
        cells: step.map(|step| cells(w, &step)),
    };
    rows.into_iter().rev().map(row).collect()
}

fn cells(w: Words<'_>, step: &Step) -> [String; 6] {
    let partly = |text: Option<String>, partly: bool| match text {
        None => w.t.not_known.to_owned(),
        Some(text) if partly => fill(w.t.partly_unknown, &[&text]),
        Some(text) => text,
    };
    let rate = |of: fn(&Counted) -> u64| step.counted.rate(of).map_or_else(|| w.t.not_known.to_owned(), short);
    [
        partly(step.lag.get().map(|lag| w.span(lag)), step.lag_was_unknown()),
        rate(|counted| counted.applied),
        partly(step.backlog.get().map(|number| w.grouped(number)), false),
        partly(step.behind.get().map(|number| w.grouped(number)), step.behind.known < step.looks),
        rate(|counted| counted.reads),
        w.grouped(step.counted.errors),
    ]
}
