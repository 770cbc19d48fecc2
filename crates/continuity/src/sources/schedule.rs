//! When the source is read, as configured.

use std::time::Duration;

use continuity_ingest::{Schedule, Window};

use crate::config::Schedule as Configured;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The schedule that the configuration describes, or what is wrong with it.
pub(crate) fn schedule(configured: &Configured) -> Result<Schedule, String> {
    let offset = &configured.utc_offset;
    Ok(Schedule {
        interval: (configured.interval_seconds > 0).then(|| Duration::from_secs(configured.interval_seconds)),
        windows: windows("source.schedule.windows", &configured.windows)?,
        utc_offset_seconds: utc_offset(offset)
            .ok_or_else(|| format!("source.schedule.utc_offset is {offset:?}; it has to be like +01:00"))?,
        max_bytes_per_second: (configured.max_bytes_per_second > 0).then_some(configured.max_bytes_per_second),
    })
}

/// The windows under `key`, or what is wrong with one.
pub(crate) fn windows(key: &str, texts: &[String]) -> Result<Vec<Window>, String> {
    let wrong = |text| format!("{key} has {text:?}; it has to be HH:MM-HH:MM or Mon,Tue HH:MM-HH:MM");
    texts.iter().map(|text| window(text).ok_or_else(|| wrong(text))).collect()
}

/// `22:00-06:00`, every day, or `Mon,Tue,Sat 22:00-06:00`.
fn window(text: &str) -> Option<Window> {
    let (days, times) = match text.trim().rsplit_once(' ') {
        Some((names, times)) => (days(names)?, times),
        None => (Window::EVERY_DAY, text.trim()),
    };
    let (from, to) = times.split_once('-')?;
    let (from, to) = (time_of_day(from)?, time_of_day(to)?);
    // 24:00 ends a day, nothing begins then.
    (from < 86_400).then_some(Window { days, from, to: to % 86_400 })
}

fn days(names: &str) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    for name in names.split(',') {
        let day = DAYS.iter().position(|day| day.eq_ignore_ascii_case(name.trim()))?;
        days[day] = true;
    }
    Some(days)
}

/// Seconds since midnight of `HH:MM`, up to 24:00.
fn time_of_day(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |digits: &str| {
        let plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| digits.parse::<u32>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (minutes < 60 && hours * 60 + minutes <= 1_440).then_some((hours * 60 + minutes) * 60)
}

/// Seconds of `+01:00`, `-03:30` or `Z`; at most 14 hours.
fn utc_offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("Z", "") => return Some(0),
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let seconds = i32::try_from(time_of_day(rest)?).ok()?;
    (seconds <= 14 * 3_600).then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read() {
        let every_day = |from, to| Some(Window { days: Window::EVERY_DAY, from, to });
        assert_eq!(window("22:00-06:00"), every_day(79_200, 21_600));
        assert_eq!(window(" 00:00-24:00 "), every_day(0, 0));
        let weekend = [false, false, false, false, false, true, true];
        assert_eq!(window("sat,Sun 12:30-13:00"), Some(Window { days: weekend, from: 45_000, to: 46_800 }));
        for wrong in ["", "late", "22:00", "25:00-01:00", "22:60-23:00", "24:00-01:00", "2:00-3:00", "Mo 22:00-23:00"] {
            assert_eq!(window(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn offsets_are_read() {
        let offsets = ["+01:00", "-03:30", "Z", "+00:00"].map(utc_offset);
        assert_eq!(offsets, [Some(3_600), Some(-12_600), Some(0), Some(0)]);
        for wrong in ["", "CET", "01:00", "+1", "+15:00", "+01:00 "] {
            assert_eq!(utc_offset(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn zero_means_without() {
        let none = Configured {
            interval_seconds: 0,
            windows: Vec::new(),
            utc_offset: "+00:00".to_owned(),
            max_bytes_per_second: 0,
        };
        assert_eq!(schedule(&none), Ok(Schedule::default()));
        let some = Configured { interval_seconds: 900, max_bytes_per_second: 2_048, ..none };
        let schedule = schedule(&some).unwrap();
        assert_eq!(schedule.interval, Some(Duration::from_mins(15)));
        assert_eq!(schedule.max_bytes_per_second, Some(2_048));
    }
}
