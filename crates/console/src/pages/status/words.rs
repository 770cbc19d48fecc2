//! Times, spans and numbers as they stand in sentences.

use continuity_base::Timestamp;
use time::OffsetDateTime;

use crate::money;
use crate::prose;
use crate::texts::{Status, Texts, fill};
use crate::when::{When, utc};

/// What sentences are made with: the texts, and what time it is.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a> {
    pub(crate) all: &'a Texts,
    pub(crate) t: &'a Status,
    pub(crate) now: Timestamp,
}

impl<'a> Words<'a> {
    pub(crate) fn new(all: &'a Texts, now: Timestamp) -> Self {
        Self { all, t: all.status_page, now }
    }

    /// A time of today by the clock alone, any other one with its day.
    pub(crate) fn at(&self, machine: &str) -> String {
        let long = When::read(self.all, machine).shown;
        let Some(time) = utc(machine) else { return long };
        let today = OffsetDateTime::from_unix_timestamp(self.now.as_seconds()).map(OffsetDateTime::date);
        if today == Ok(time.date()) { format!("{:02}:{:02} UTC", time.hour(), time.minute()) } else { long }
    }

    /// So many seconds before now.
    pub(crate) fn ago(&self, seconds: u64) -> String {
        let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        self.at(&Timestamp::from_micros(self.now.as_micros().saturating_sub(micros)).to_string())
    }

    /// A span, rounded down, in its two largest units.
    pub(crate) fn span(&self, seconds: u64) -> String {
        prose::span(self.all, seconds)
    }

    /// So many of something, with the word for one and for many.
    pub(crate) fn many(&self, number: u64, one: &str, many: &str) -> String {
        fill(if number == 1 { one } else { many }, &[&self.grouped(number)])
    }

    /// A number with its thousands apart.
    pub(crate) fn grouped(&self, number: u64) -> String {
        money::figure(self.all, number)
    }
}

/// A rate or an amount, short enough for an axis.
pub(crate) fn short(value: f64) -> String {
    let with = |value: f64, unit: &str| {
        let text = if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") };
        format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
    };
    match value {
        v if v >= 999_500_000.0 => with(v / 1e9, "G"),
        v if v >= 999_500.0 => with(v / 1e6, "M"),
        v if v >= 9_999.5 => with(v / 1e3, "k"),
        v if v > 0.0 && v < 0.1 => "<0.1".to_owned(),
        v => with(v, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;

    #[test]
    fn a_time_of_another_day_has_its_day() {
        let words = Words::new(&ENGLISH, Timestamp::from_micros(1_795_370_400_000_000));
        assert_eq!(words.at("2026-11-22T13:20:59Z"), "13:20 UTC");
        assert_eq!(words.at("2026-11-22T00:20:00+01:00"), "21 Nov 2026, 23:20 UTC");
        assert_eq!((words.ago(60), words.at("soon")), ("17:59 UTC".to_owned(), "soon".to_owned()));
    }

    #[test]
    fn numbers_are_short_and_never_zero_when_they_are_not() {
        let shown = [0.0, 0.02, 0.5, 9.96, 12.4, 9_999.0, 12_345.0, 2_000_000.0, 3e9].map(short);
        assert_eq!(shown, ["0", "<0.1", "0.5", "10", "12", "9999", "12k", "2M", "3G"]);
        let words = Words::new(&ENGLISH, Timestamp::from_micros(0));
        assert_eq!([0, 999, 1_000, 1_234_567].map(|number| words.grouped(number)), ["0", "999", "1,000", "1,234,567"]);
    }
}
