//! Instants of RFC 3339 text, of any precision and offset, for ordering.

/// Seconds since the epoch and the digits of the fraction, without trailing zeros; compares as the instant does.
pub type Instant = (i64, String);

/// Reads `YYYY-MM-DDThh:mm:ss[.f+](Z|±hh:mm)`; `None` for anything else.
pub fn parse(text: &str) -> Option<Instant> {
    if !text.is_ascii() || text.len() < 20 {
        return None;
    }
    let bytes = text.as_bytes();
    let shaped = bytes[4] == b'-' && bytes[7] == b'-' && bytes[13] == b':' && bytes[16] == b':';
    if !shaped || !matches!(bytes[10], b'T' | b't') {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text[range].parse::<u32>().ok().map(i64::from);
    let days = days(number(0..4)?, number(5..7)?, number(8..10)?);
    let clock = number(11..13)? * 3_600 + number(14..16)? * 60 + number(17..19)?;
    let rest = &text[19..];
    let end = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, offset) = rest.split_at(end);
    let digits = fraction.strip_prefix('.').unwrap_or_default();
    let sound = fraction.is_empty() || (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let seconds = days * 86_400 + clock - offset_seconds(offset)?;
    sound.then(|| (seconds, digits.trim_end_matches('0').to_owned()))
}

fn offset_seconds(offset: &str) -> Option<i64> {
    if offset.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let seconds = hours.parse::<i64>().ok()? * 3_600 + minutes.parse::<i64>().ok()? * 60;
    Some(if offset.starts_with('-') { -seconds } else { seconds })
}

/// Days since the epoch of a date in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}
