//! Moments as RFC 3339 writes them, of any precision, compared as instants.

/// A moment: `2024-01-01T00:00:00Z` and `2024-01-01T01:00:00.000+01:00` are equal.
///
/// No digit of the fraction is lost, however many there are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Since 1970-01-01T00:00:00Z.
    seconds: i64,
    /// The first nine digits of the fraction.
    nanos: u32,
    /// The digits after them, as ASCII, without trailing zeros.
    rest: Box<[u8]>,
}

impl Instant {
    /// Reads an RFC 3339 date-time; `None` when it is not one. `T` and `Z` may be lower case, a leap second counts as
    /// the second after it and may stand at the end of a UTC day only.
    pub fn parse(text: &str) -> Option<Instant> {
        let (date, time) = text.split_at_checked(10)?;
        let days = days_since_epoch(date.as_bytes())?;
        let time = time.strip_prefix(['T', 't'])?.as_bytes();
        let (clock, tail) = time.split_at_checked(8)?;
        let second_of_day = second_of_day(clock)?;
        let (fraction, zone) = match tail.strip_prefix(b".") {
            Some(digits) => digits.split_at(digits.iter().take_while(|byte| byte.is_ascii_digit()).count()),
            None => (&b"0"[..], tail),
        };
        if fraction.is_empty() {
            return None;
        }
        let seconds = days * 86_400 + second_of_day - offset(zone)?;
        if clock.ends_with(b"60") && seconds.rem_euclid(86_400) != 0 {
            return None;
        }
        let (first, rest) = fraction.split_at(fraction.len().min(9));
        let nanos = (0..9).fold(0, |sum, i| sum * 10 + first.get(i).map_or(0, |byte| u32::from(byte - b'0')));
        let kept = rest.iter().rposition(|byte| *byte != b'0').map_or(0, |last| last + 1);
        Some(Instant { seconds, nanos, rest: rest[..kept].into() })
    }

    /// Bytes whose lexicographic order is the order of the instants: 12, and more only past nanoseconds.
    pub fn sort_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(12 + self.rest.len());
        bytes.extend_from_slice(&(self.seconds.cast_unsigned() ^ (1 << 63)).to_be_bytes());
        bytes.extend_from_slice(&self.nanos.to_be_bytes());
        bytes.extend_from_slice(&self.rest);
        bytes
    }

    /// [`Instant::unix_micros`] of the instant with these [`Instant::sort_bytes`]; `None` when they are too short.
    pub fn micros_of_sort_bytes(bytes: &[u8]) -> Option<i64> {
        let (seconds, rest) = bytes.split_first_chunk()?;
        let (nanos, _) = rest.split_first_chunk()?;
        let seconds = (u64::from_be_bytes(*seconds) ^ (1 << 63)).cast_signed();
        Some(seconds.checked_mul(1_000_000)? + i64::from(u32::from_be_bytes(*nanos) / 1_000))
    }

    /// Microseconds since 1970-01-01T00:00:00Z, rounded down.
    pub fn unix_micros(&self) -> i64 {
        self.seconds * 1_000_000 + i64::from(self.nanos / 1_000)
    }
}

fn days_since_epoch(date: &[u8]) -> Option<i64> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = date else { return None };
    let year = number(&[y1, y2, y3, y4])?;
    let month = number(&[m1, m2])?;
    let day = number(&[d1, d2])?;
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years counted from March, so that the leap day comes last; 719,468 days lie between 0000-03-01 and 1970-01-01.
    let from_march = if month > 2 { year } else { year - 1 };
    let leap_days = from_march.div_euclid(4) - from_march.div_euclid(100) + from_march.div_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(365 * from_march + leap_days + day_of_year - 719_468)
}

fn second_of_day(clock: &[u8]) -> Option<i64> {
    let &[h1, h2, b':', m1, m2, b':', s1, s2] = clock else { return None };
    let (hour, minute, second) = (number(&[h1, h2])?, number(&[m1, m2])?, number(&[s1, s2])?);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

fn offset(zone: &[u8]) -> Option<i64> {
    match *zone {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (number(&[h1, h2])?, number(&[m1, m2])?);
            let east = if sign == b'+' { 1 } else { -1 };
            (hours < 24 && minutes < 60).then_some(east * (hours * 3600 + minutes * 60))
        }
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Moments near each other in many spellings.
    const MOMENT: &str = r"20[0-2][0-9]-0[1-9]-[12][0-8]T[01][0-9]:00:0[0-9](\.[0-9]{1,14})?(Z|[+-]0[0-9]:30)";

    fn micros(text: &str) -> Option<i64> {
        Instant::parse(text).map(|instant| instant.unix_micros())
    }

    #[test]
    fn sort_bytes_tell_their_instant() {
        for text in ["1970-01-01T00:00:00Z", "1969-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.12345678901Z"] {
            let instant = Instant::parse(text).unwrap();
            assert_eq!(Instant::micros_of_sort_bytes(&instant.sort_bytes()), Some(instant.unix_micros()), "{text}");
        }
        assert_eq!(Instant::micros_of_sort_bytes(&[0; 11]), None);
    }

    #[test]
    fn known_moments() {
        assert_eq!(micros("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(micros("1969-12-31T23:59:59.999999Z"), Some(-1));
        assert_eq!(micros("2000-02-29T12:00:00+00:00"), Some(951_825_600_000_000));
        assert_eq!(micros("2024-05-17T09:30:00.123456789+02:00"), Some(1_715_931_000_123_456));
        assert_eq!(micros("2024-05-17t07:30:00.1z"), Some(1_715_931_000_100_000));
        assert_eq!(micros("0000-01-01T00:00:00Z"), Some(-62_167_219_200_000_000));
        assert_eq!(micros("9999-12-31T23:59:59Z"), Some(253_402_300_799_000_000));
        assert_eq!(micros("2016-12-31T23:59:60Z"), micros("2017-01-01T00:00:00Z"));
        assert_eq!(micros("2017-01-01T00:59:60+01:00"), micros("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_not_rfc_3339_is_refused() {
        for text in [
            "",
            "2024-05-17",
            "2024-05-17T09:30:00",
            "2024-05-17 09:30:00Z",
            "2024-05-17T09:30Z",
            "2024-5-17T09:30:00Z",
            "2024-13-01T00:00:00Z",
            "2024-00-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2024-04-31T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:61Z",
            "2024-01-01T12:00:60Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00,5Z",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+01:60",
            "2024-01-01T00:00:00+0100",
            "2024-01-01T00:00:00+01",
            "2024-01-01T00:00:00ZZ",
            "2024-01-01T00:00:00Z ",
            " 2024-01-01T00:00:00Z",
            "+2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00.5",
            "1715931000",
            "２０２４-01-01T00:00:00Z",
            "2024-01-01é00:00:00Z",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_digit_is_lost() {
        let parse = |fraction: &str| Instant::parse(&format!("2024-01-01T00:00:00.{fraction}Z")).unwrap();
        assert_eq!(parse("1"), parse("100000000000000"));
        assert!(parse("0000000000001") > parse("000000000000"));
        assert!(parse("1234567890123") < parse("12345678901231"));
        assert!(parse("9") > parse("1234567890123456789"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn bytes_sort_as_instants(a in MOMENT, b in MOMENT) {
            let (a, b) = (Instant::parse(&a).unwrap(), Instant::parse(&b).unwrap());
            prop_assert_eq!(a.sort_bytes().cmp(&b.sort_bytes()), a.cmp(&b));
        }

        #[test]
        fn noise_never_panics(text in any::<String>(), near in "[0-9T:.Z+-]{15,40}") {
            let _ = (Instant::parse(&text), Instant::parse(&near));
        }
    }
}
