//! Times for people.

use continuity_base::Timestamp;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};

use crate::texts::Texts;

/// A time, for people and for machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct When {
    pub(crate) shown: String,
    pub(crate) machine: String,
}

impl When {
    /// In UTC, to the minute: who compares two replicas does not have to think of zones.
    pub(crate) fn new(t: &Texts, at: Timestamp) -> Self {
        let machine = at.to_string();
        let Ok(time) = OffsetDateTime::from_unix_timestamp(at.as_seconds()) else {
            return Self { shown: machine.clone(), machine };
        };
        Self { shown: minute(t, time), machine }
    }

    /// A time or a date as the platform writes it (RFC 3339); what is neither is shown as it is.
    pub(crate) fn read(t: &Texts, text: &str) -> Self {
        let date = || Date::parse(text, format_description!("[year]-[month]-[day]")).map(|date| day(t, date)).ok();
        let shown = utc(text).map(|time| minute(t, time)).or_else(date);
        Self { shown: shown.unwrap_or_else(|| text.to_owned()), machine: text.to_owned() }
    }
}

/// A time as the platform writes it; none of what is none, nor of one whose year in UTC would be beyond 9999.
pub(crate) fn utc(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()?.checked_to_offset(UtcOffset::UTC)
}

fn minute(t: &Texts, time: OffsetDateTime) -> String {
    format!("{}, {:02}:{:02} UTC", day(t, time.date()), time.hour(), time.minute())
}

fn day(t: &Texts, date: Date) -> String {
    let month = t.months.split(' ').nth(usize::from(u8::from(date.month())) - 1).unwrap_or_default();
    format!("{} {month} {}", date.day(), date.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;

    #[test]
    fn a_time_is_shown_to_the_minute() {
        let when = When::new(&ENGLISH, Timestamp::from_micros(1_795_370_400_123_456));
        assert_eq!(when.shown, "22 Nov 2026, 18:00 UTC");
        assert_eq!(when.machine, "2026-11-22T18:00:00.123Z");
    }

    #[test]
    fn times_of_the_platform_are_shown_alike_and_what_is_none_as_it_is() {
        for (text, shown) in [
            ("2026-11-22T19:00:00.123456789+01:00", "22 Nov 2026, 18:00 UTC"),
            ("2026-11-30", "30 Nov 2026"),
            ("9999-12-31T23:59:59-01:00", "9999-12-31T23:59:59-01:00"),
            ("0000-01-01T00:00:00+23:59", "31 Dec -1, 00:01 UTC"),
            ("soon", "soon"),
            ("", ""),
        ] {
            let when = When::read(&ENGLISH, text);
            assert_eq!((when.shown.as_str(), when.machine.as_str()), (shown, text));
        }
    }
}
