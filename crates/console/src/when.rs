//! Times for people.

use continuity_base::Timestamp;
use time::OffsetDateTime;

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
        let month = t.months.split(' ').nth(usize::from(u8::from(time.month())) - 1).unwrap_or_default();
        let shown = format!("{} {month} {}, {:02}:{:02} UTC", time.day(), time.year(), time.hour(), time.minute());
        Self { shown, machine }
    }
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
}
