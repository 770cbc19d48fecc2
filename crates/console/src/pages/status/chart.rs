//! Where the lines, bands and labels of a chart stand. The template draws them.

use continuity_base::Timestamp;
use time::OffsetDateTime;

use super::words::{Words, short};
use crate::texts::fill;

pub(crate) const LEFT: f64 = 52.0;
pub(crate) const RIGHT: f64 = 394.0;
pub(crate) const TOP: f64 = 10.0;
pub(crate) const BOTTOM: f64 = 138.0;

/// One step of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Point {
    /// Nobody measured.
    Gap,
    /// Somebody looked, and it was not known.
    Unknown,
    /// It was known at times; the worst that was.
    Partly(f64),
    Known(f64),
}

impl Point {
    pub(crate) fn value(self) -> Option<f64> {
        match self {
            Self::Gap | Self::Unknown => None,
            Self::Partly(value) | Self::Known(value) => Some(value),
        }
    }
}

/// What a chart's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Number,
}

/// One figure over time.
#[derive(Debug)]
pub(crate) struct Line {
    /// What it is, where a chart has more than one.
    pub(crate) name: &'static str,
    pub(crate) points: Vec<Point>,
}

/// A line as it is drawn.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) name: &'static str,
    pub(crate) path: String,
}

/// A label at a place of an axis.
#[derive(Debug)]
pub(crate) struct Tick {
    pub(crate) place: String,
    pub(crate) label: String,
}

/// A time span that is marked: where it begins, and how wide it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) x: String,
    pub(crate) width: String,
}

/// A chart with everything on it.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    /// The same in words.
    pub(crate) alt: String,
    pub(crate) latest: String,
    pub(crate) lines: Vec<Drawn>,
    pub(crate) gaps: Vec<Band>,
    pub(crate) unknown: Vec<Band>,
    pub(crate) rows: Vec<Tick>,
    pub(crate) columns: Vec<Tick>,
}

/// The steps that charts share.
#[derive(Clone, Copy)]
pub(crate) struct Scale<'a> {
    /// When each step begins.
    pub(crate) begins: &'a [Timestamp],
    pub(crate) step_seconds: u32,
    /// Labels stand at multiples of it.
    pub(crate) label_seconds: i64,
}

fn coordinate(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A value for people.
pub(crate) fn shown(w: Words<'_>, unit: Unit, value: f64) -> String {
    match unit {
        Unit::Seconds => w.span(whole(value)),
        Unit::Number => short(value),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number that is not negative, saturating"
)]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

fn axis_label(w: Words<'_>, unit: Unit, value: f64) -> String {
    let of = |text: &str, value: u64| fill(text, &[&value.to_string()]);
    match (unit, whole(value)) {
        (Unit::Number, _) => short(value),
        (_, seconds @ 0..=119) => of(w.t.seconds, seconds),
        (_, seconds @ 120..=7_199) => of(w.t.minutes, seconds / 60),
        (_, seconds @ 7_200..=172_799) => of(w.t.axis_hours, seconds / 3_600),
        (_, seconds) => of(w.t.axis_days, seconds / 86_400),
    }
}

/// The top of an axis: round, not below the highest value, and its half is round too.
pub(crate) fn top_of(unit: Unit, most: f64) -> f64 {
    const SPANS: [f64; 16] = [
        10.0,
        20.0,
        60.0,
        120.0,
        240.0,
        600.0,
        1_200.0,
        3_600.0,
        14_400.0,
        28_800.0,
        43_200.0,
        86_400.0,
        172_800.0,
        345_600.0,
        864_000.0,
        2_592_000.0,
    ];
    let spans = SPANS.iter().copied().filter(|_| unit == Unit::Seconds);
    let decades = (0..=18).flat_map(|power| [1.0, 2.0, 4.0].map(|digit| digit * 10_f64.powi(power)));
    spans
        .chain(decades.filter(|top| unit == Unit::Number || *top > 2_592_000.0))
        .find(|top| *top >= most)
        .unwrap_or(most)
}

#[expect(clippy::cast_precision_loss, reason = "a place among a few hundred steps")]
fn place(step: usize, of: usize) -> f64 {
    LEFT + (RIGHT - LEFT) * step as f64 / of.max(1) as f64
}

/// One closed path for each run of steps that are known: every step is as wide as it lasts, so a single one shows.
fn path(points: &[Point], top: f64) -> String {
    let base = coordinate(BOTTOM);
    let (mut path, mut at) = (String::new(), None::<String>);
    for (step, point) in points.iter().enumerate() {
        let x = coordinate(place(step, points.len()));
        let y = point.value().map(|value| coordinate(BOTTOM - (BOTTOM - TOP) * (value / top).clamp(0.0, 1.0)));
        match (&at, &y) {
            (None, Some(y)) => path.extend(["M", &x, " ", &base, "V", y]),
            (Some(before), Some(y)) if before != y => path.extend(["H", &x, "V", y]),
            (Some(_), None) => path.extend(["H", &x, "V", &base, "Z"]),
            _ => {}
        }
        at = y;
    }
    if at.is_some() {
        let end = coordinate(RIGHT);
        path.extend(["H", &end, "V", &base, "Z"]);
    }
    path
}

/// Runs of steps of which something holds.
fn bands(points: &[bool]) -> Vec<Band> {
    let (mut bands, mut begin) = (Vec::new(), None);
    for step in 0..=points.len() {
        let holds = points.get(step).copied().unwrap_or(false);
        match (begin, holds) {
            (None, true) => begin = Some(step),
            (Some(from), false) => {
                let (x, end) = (place(from, points.len()), place(step, points.len()));
                bands.push(Band { x: coordinate(x), width: coordinate(end - x) });
                begin = None;
            }
            _ => {}
        }
    }
    bands
}

impl Scale<'_> {
    fn columns(&self, w: Words<'_>) -> Vec<Tick> {
        let mut columns = Vec::new();
        for (step, begin) in self.begins.iter().enumerate() {
            let seconds = begin.as_seconds();
            let is_first = seconds.rem_euclid(self.label_seconds) < i64::from(self.step_seconds);
            let x = place(step, self.begins.len());
            // A label at the very edge would be cut.
            if is_first && x > LEFT + 14.0 && x < RIGHT - 14.0 {
                columns.push(Tick { place: coordinate(x), label: self.label(w, *begin) });
            }
        }
        columns
    }

    fn label(&self, w: Words<'_>, at: Timestamp) -> String {
        let Ok(time) = OffsetDateTime::from_unix_timestamp(at.as_seconds()) else { return String::new() };
        if self.label_seconds < 86_400 {
            return format!("{:02}:{:02}", time.hour(), time.minute());
        }
        let month = w.all.months.split(' ').nth(usize::from(u8::from(time.month())) - 1).unwrap_or_default();
        format!("{} {month}", time.day())
    }

    fn span(&self, w: Words<'_>, steps: usize) -> String {
        w.span(u64::try_from(steps).unwrap_or(u64::MAX).saturating_mul(u64::from(self.step_seconds)))
    }

    /// The chart in words: the first line of it, and how much of that is not known.
    fn alt(&self, w: Words<'_>, unit: Unit, points: &[Point]) -> String {
        let from = self.begins.first().map_or_else(String::new, |begin| w.at(&begin.to_string()));
        let until = w.at(&w.now.to_string());
        let most = points.iter().filter_map(|point| point.value()).reduce(f64::max);
        let last = points.last().and_then(|point| point.value());
        let mut alt = match most {
            None => fill(w.t.alt_nothing, &[&from, &until]),
            Some(most) => {
                let last = last.map_or_else(|| w.t.not_known.to_owned(), |last| shown(w, unit, last));
                fill(w.t.alt, &[&from, &until, &shown(w, unit, most), &last])
            }
        };
        let gaps = points.iter().filter(|point| **point == Point::Gap).count();
        let unknown = points.iter().filter(|point| matches!(point, Point::Unknown | Point::Partly(_))).count();
        for (text, steps) in [(w.t.alt_gaps, gaps), (w.t.alt_unknown, unknown)] {
            if steps > 0 {
                alt = format!("{alt} {}", fill(text, &[&self.span(w, steps)]));
            }
        }
        alt
    }

    /// A chart of these lines, all of which have a point for each step.
    pub(crate) fn chart(
        &self,
        w: Words<'_>,
        (id, title, unit): (&'static str, &'static str, Unit),
        lines: &[Line],
    ) -> Chart {
        let first = lines.first().map(|line| line.points.as_slice()).unwrap_or_default();
        let values = lines.iter().flat_map(|line| &line.points).filter_map(|point| point.value());
        let top = top_of(unit, values.fold(0.0, f64::max));
        let holds = |test: fn(&Point) -> bool| -> Vec<bool> {
            (0..first.len()).map(|step| lines.iter().any(|line| line.points.get(step).is_some_and(test))).collect()
        };
        let row = |part: f64| Tick {
            place: coordinate(BOTTOM - (BOTTOM - TOP) * part),
            label: axis_label(w, unit, top * part),
        };
        let latest = first.last().and_then(|point| point.value());
        Chart {
            id,
            title,
            alt: self.alt(w, unit, first),
            latest: latest.map_or_else(|| w.t.not_known.to_owned(), |latest| shown(w, unit, latest)),
            lines: lines.iter().map(|line| Drawn { name: line.name, path: path(&line.points, top) }).collect(),
            gaps: bands(&holds(|point| *point == Point::Gap)),
            unknown: bands(&holds(|point| matches!(point, Point::Unknown | Point::Partly(_)))),
            rows: [0.0, 0.5, 1.0].map(row).into(),
            columns: self.columns(w),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_no_zero_and_a_single_step_shows() {
        let points = [Point::Gap, Point::Known(5.0), Point::Unknown, Point::Partly(10.0)];
        assert_eq!(path(&points, 10.0), "M137.5 138V74H223V138ZM308.5 138V10H394V138Z");
        assert_eq!(path(&[Point::Known(0.0); 4], 10.0), "M52 138V138H394V138Z");
        assert_eq!(path(&[Point::Gap; 3], 10.0), "");
    }

    #[test]
    fn bands_are_as_wide_as_what_they_mark() {
        assert_eq!(bands(&[false; 4]), []);
        let band = |x: &str, width: &str| Band { x: x.to_owned(), width: width.to_owned() };
        assert_eq!(bands(&[true, true, false, true]), [band("52", "171"), band("308.5", "85.5")]);
    }

    #[test]
    fn axes_end_at_round_values_that_hold_everything() {
        let cases = [(0.0, 10.0), (11.0, 20.0), (3_601.0, 14_400.0), (2_000_000.0, 2_592_000.0), (3e6, 4e6)];
        for (most, top) in cases {
            assert!((top_of(Unit::Seconds, most) - top).abs() < 1e-6, "{most}");
        }
        for (most, top) in [(0.0, 1.0), (0.3, 1.0), (3.0, 4.0), (41.0, 100.0), (1e6, 1e6)] {
            assert!((top_of(Unit::Number, most) - top).abs() < 1e-6, "{most}");
        }
        assert!(top_of(Unit::Number, 1e30) >= 1e30);
    }
}
