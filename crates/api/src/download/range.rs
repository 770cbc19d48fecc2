//! One byte range (RFC 9110 section 14). Several at once are answered with everything, as the RFC allows.

use std::ops::Range;

/// What of the bytes is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Everything,
    /// Not empty.
    Part(Range<u64>),
    Outside,
}

/// Reads the value of `Range` for a body of `total` bytes. What does not read as one range is as if it were absent.
pub(super) fn parse(value: &str, total: u64) -> Wanted {
    let spec = value.trim().strip_prefix("bytes=").map(str::trim);
    let Some((first, last)) = spec.filter(|s| !s.contains(',')).and_then(|s| s.split_once('-')) else {
        return Wanted::Everything;
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => Wanted::Everything,
        (Some(first), _) if first >= total && (last.is_empty() || number(last).is_some()) => Wanted::Outside,
        (Some(first), Some(last)) => Wanted::Part(first..last.saturating_add(1).min(total)),
        (Some(first), None) if last.is_empty() => Wanted::Part(first..total),
        (None, Some(0)) if first.is_empty() => Wanted::Outside,
        (None, Some(_)) if first.is_empty() && total == 0 => Wanted::Outside,
        (None, Some(suffix)) if first.is_empty() => Wanted::Part(total.saturating_sub(suffix)..total),
        _ => Wanted::Everything,
    }
}

/// Digits; more than fit count as very many.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_ranges() {
        let cases = [
            ("bytes=0-3", Wanted::Part(0..4)),
            ("bytes=9-9", Wanted::Part(9..10)),
            ("bytes=4-", Wanted::Part(4..10)),
            ("bytes=0-99", Wanted::Part(0..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-99", Wanted::Part(0..10)),
            ("bytes=5-99999999999999999999999", Wanted::Part(5..10)),
            ("bytes=10-", Wanted::Outside),
            ("bytes=10-12", Wanted::Outside),
            ("bytes=-0", Wanted::Outside),
        ];
        for (value, expected) in cases {
            assert_eq!(parse(value, 10), expected, "{value}");
        }
        assert_eq!(parse("bytes=0-", 0), Wanted::Outside);
        assert_eq!(parse("bytes=-1", 0), Wanted::Outside);
    }

    #[test]
    fn anything_else_is_ignored() {
        for value in
            ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=3-2", "bytes=0-1,3-4", "items=0-1", "bytes=1-x"]
        {
            assert_eq!(parse(value, 10), Wanted::Everything, "{value}");
        }
    }
}
