//! One value as people read it: raw JSON in, a short plain text out. Numbers keep the digits that were sent.

use std::borrow::Cow;

use continuity_events::json;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// How a column shows its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words, which may be cut.
    Text,
    /// A name that means nothing when it is cut: an id, a state.
    Word,
    /// To the minute, in UTC.
    Time,
    /// Decimal digits, in groups, with the points below one another.
    Amount,
    /// So many entries.
    Count,
    /// Bytes.
    Size,
    /// `yes` or nothing.
    Flag,
    /// Whatever a person or thing is called; several with commas between.
    Name,
}

impl Kind {
    /// Whether it stands at the right of its column.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Amount | Self::Count | Self::Size)
    }
}

/// The value at the end of a path of members.
pub(super) fn find<'a>(raw: &'a str, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(raw, |raw, name| json::member(raw, name))
}

/// A value in words; nothing for null.
pub(super) fn show(raw: &str, kind: Kind) -> String {
    let raw = raw.trim();
    if raw == "null" {
        return String::new();
    }
    match kind {
        Kind::Text | Kind::Word => plain(raw),
        Kind::Time => time(&plain(raw)),
        Kind::Amount => grouped(&plain(raw)),
        Kind::Count => json::elements(raw).map_or_else(|_| plain(raw), |all| grouped(&all.len().to_string())),
        Kind::Size => size(&plain(raw)),
        Kind::Flag => if raw == "true" { "yes" } else { "" }.to_owned(),
        Kind::Name => name(raw),
    }
}

/// Without what could move the cursor or change the colours of a terminal.
pub(super) fn clean(text: &str) -> String {
    let harmless = |c: char| {
        let steers =
            c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if !steers {
            c
        } else if c.is_whitespace() {
            ' '
        } else {
            '\u{fffd}'
        }
    };
    text.chars().map(harmless).collect()
}

fn plain(raw: &str) -> String {
    if let Ok(elements) = json::elements(raw) {
        return elements.iter().map(|element| plain(element)).collect::<Vec<_>>().join(", ");
    }
    clean(&json::text(raw).unwrap_or(Cow::Borrowed(raw)))
}

/// `2026-01-31 08:05`; what is no time as it is.
pub(super) fn time(text: &str) -> String {
    let utc = OffsetDateTime::parse(text, &Rfc3339).ok().and_then(|time| time.checked_to_offset(UtcOffset::UTC));
    let Some(time) = utc else { return text.to_owned() };
    let date = time.date();
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", time.hour(), time.minute())
}

/// `1234567.50` as `1,234,567.50`; what is no decimal number as it is.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !fraction.is_none_or(all_digits) {
        return text.to_owned();
    }
    let fraction = fraction.map(|fraction| format!(".{fraction}")).unwrap_or_default();
    format!("{sign}{}{fraction}", crate::output::grouped(whole))
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn size(text: &str) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let Ok(bytes) = text.parse::<u64>() else { return text.to_owned() };
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes as f64 / 1e3, 0);
    while value >= 999.95 && unit + 1 < UNITS.len() {
        (value, unit) = (value / 1e3, unit + 1);
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// What an object is called, by the first of these that it has.
fn name(raw: &str) -> String {
    if let Ok(elements) = json::elements(raw) {
        return elements
            .iter()
            .map(|element| name(element))
            .filter(|name| !name.is_empty())
            .collect::<Vec<_>>()
            .join(", ");
    }
    if !raw.starts_with('{') {
        return plain(raw);
    }
    let of = |member: &str| find(raw, &[member]).map(|value| show(value, Kind::Text)).filter(|text| !text.is_empty());
    let person = || {
        let parts: Vec<String> = ["givenName", "familyName"].into_iter().filter_map(of).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let called = ["displayName", "name", "label", "title"].into_iter().find_map(of).or_else(person);
    called.or_else(|| ["type", "kind", "id"].into_iter().find_map(of)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short_and_keep_their_digits() {
        let cases = [
            ("\"a\\u001b[2Jb\\tc\"", Kind::Text, "a\u{fffd}[2Jb c"),
            ("[\"a\", \"b\"]", Kind::Text, "a, b"),
            ("null", Kind::Text, ""),
            ("\"2026-01-31T08:05:59.123+02:00\"", Kind::Time, "2026-01-31 06:05"),
            ("\"soon\"", Kind::Time, "soon"),
            ("1234567.50", Kind::Amount, "1,234,567.50"),
            ("\"-1234567\"", Kind::Amount, "-1,234,567"),
            ("1e5", Kind::Amount, "1e5"),
            ("[1,2,3]", Kind::Count, "3"),
            ("999", Kind::Size, "999 B"),
            ("1234567", Kind::Size, "1.2 MB"),
            ("999999", Kind::Size, "1.0 MB"),
            ("true", Kind::Flag, "yes"),
            ("false", Kind::Flag, ""),
            ("[{\"givenName\":\"Jana\",\"familyName\":\"Nová\"},{\"displayName\":\"B\"}]", Kind::Name, "Jana Nová, B"),
            ("{\"kind\":\"LEGAL\"}", Kind::Name, "LEGAL"),
        ];
        for (raw, kind, expected) in cases {
            assert_eq!(show(raw, kind), expected, "{raw} as {kind:?}");
        }
    }

    #[test]
    fn a_path_leads_through_objects() {
        assert_eq!(find("{\"a\":{\"b\":1.50}}", &["a", "b"]), Some("1.50"));
        assert_eq!(find("{\"a\":null}", &["a", "b"]), None);
    }
}
