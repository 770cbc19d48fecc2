//! Earlier points: as addresses have them, as the API takes them, and as people read them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::texts::{Texts, fill};
use crate::when::{When, utc};

/// The point of an address as the API takes it; none where the address names none. A field for a time sends one without a
/// zone, which means UTC here as everywhere on the pages.
pub(crate) fn point(text: &str) -> Option<String> {
    let text = text.trim();
    // In a query an unencoded plus of an offset reads as a space.
    let text = text.replace(' ', "+");
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    match shape.as_str() {
        "" => None,
        "0000-00-00" => Some(format!("{text}T23:59:59.999Z")),
        "0000-00-00T00:00" => Some(format!("{text}:00Z")),
        "0000-00-00T00:00:00" | "0000-00-00T00:00:00.000" => Some(format!("{text}Z")),
        _ => Some(text),
    }
}

/// A point for people.
pub(crate) fn shown(t: &Texts, point: &str) -> String {
    if point.bytes().all(|byte| byte.is_ascii_digit()) {
        return fill(t.loans.at_position, &[point]);
    }
    to_the_second(t, point)
}

/// A time to the second: points of a history may lie within one minute.
pub(crate) fn to_the_second(t: &Texts, text: &str) -> String {
    let when = When::read(t, text).shown;
    let Ok(time) = OffsetDateTime::parse(text, &Rfc3339) else { return when };
    when.replace(" UTC", &format!(":{:02} UTC", time.second()))
}

/// A point for the field for a time; none where it is no time.
pub(crate) fn field(point: &str) -> Option<String> {
    utc(point)?.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;

    #[test]
    fn fields_for_times_mean_utc() {
        for (text, expected) in [
            ("", None),
            (" ", None),
            ("2026-11-01T10:00", Some("2026-11-01T10:00:00Z")),
            ("2026-11-01T10:00:05", Some("2026-11-01T10:00:05Z")),
            ("2026-11-01", Some("2026-11-01T23:59:59.999Z")),
            ("2026-11-01T10:00:00+01:00", Some("2026-11-01T10:00:00+01:00")),
            ("2026-11-01T10:00:00 01:00", Some("2026-11-01T10:00:00+01:00")),
            ("42", Some("42")),
            ("soon", Some("soon")),
        ] {
            assert_eq!(point(text).as_deref(), expected, "{text}");
        }
        assert_eq!(field("2026-11-01T10:00:05.5+01:00").as_deref(), Some("2026-11-01T09:00:05"));
        assert_eq!((field("42"), field("soon"), field("9999-12-31T23:59:59-01:00")), (None, None, None));
    }

    #[test]
    fn points_are_told_apart_to_the_second() {
        assert_eq!(shown(&ENGLISH, "2026-11-01T10:00:05Z"), "1 Nov 2026, 10:00:05 UTC");
        assert_eq!(shown(&ENGLISH, "42"), "log position 42");
        assert_eq!(shown(&ENGLISH, "soon"), "soon");
    }
}
