//! Which of the formats on offer a request accepts (RFC 9110 section 12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

use crate::problem::{NOT_ACCEPTABLE, Problem};

/// The offered media type that the request likes best; the first one when it does not say.
pub(crate) fn choose(headers: &HeaderMap, offered: &[&'static str]) -> Result<&'static str, Problem> {
    let Some(accept) = headers.get(ACCEPT) else { return Ok(offered[0]) };
    if accept == "*/*" || accept == offered[0] {
        return Ok(offered[0]);
    }
    let ranges = ranges(headers);
    let mut best: Option<(&'static str, u16)> = None;
    for &media_type in offered {
        let quality = quality(&ranges, media_type);
        if quality > best.map_or(0, |(_, q)| q) {
            best = Some((media_type, quality));
        }
    }
    best.map(|(media_type, _)| media_type)
        .ok_or_else(|| Problem::new(&NOT_ACCEPTABLE, format!("This path answers {}.", offered.join(", "))))
}

/// Media ranges in lower case with their quality in thousandths.
fn ranges(headers: &HeaderMap) -> Vec<(String, u16)> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|v| v.to_str().ok());
    values.flat_map(|v| v.split(',')).filter_map(range).collect()
}

fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|n| !n.is_empty())?.to_ascii_lowercase();
    let quality = parts.find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q="))).map_or(1_000, thousandths);
    Some((name, quality))
}

fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole != "0" {
        return 1_000;
    }
    let digits = fraction.bytes().chain([b'0'; 3]).take(3);
    digits.fold(0, |sum, digit| sum * 10 + u16::from(digit.wrapping_sub(b'0').min(9)))
}

/// The quality that the most specific matching range gives.
fn quality(ranges: &[(String, u16)], media_type: &str) -> u16 {
    let kind = media_type.split('/').next().unwrap_or_default();
    let of = |wanted: &str| ranges.iter().find(|(name, _)| name == wanted).map(|(_, q)| *q);
    of(media_type).or_else(|| of(&format!("{kind}/*"))).or_else(|| of("*/*")).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: [&str; 2] = ["application/json", "text/csv"];

    fn chosen(accept: &str) -> Option<&'static str> {
        let headers = [(ACCEPT, accept.parse().unwrap())].into_iter().collect();
        choose(&headers, &OFFERED).ok()
    }

    #[test]
    fn the_best_of_both_sides_wins() {
        let cases = [
            ("*/*", Some("application/json")),
            ("application/json", Some("application/json")),
            ("text/csv", Some("text/csv")),
            ("application/json;q=0.5, text/csv", Some("text/csv")),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some("application/json")),
            ("application/*", Some("application/json")),
            ("APPLICATION/JSON; charset=utf-8", Some("application/json")),
            ("*/*, application/json;q=0", Some("text/csv")),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=0.000", None),
        ];
        for (accept, expected) in cases {
            assert_eq!(chosen(accept), expected, "{accept}");
        }
    }

    #[test]
    fn silence_accepts_the_first() {
        assert_eq!(choose(&HeaderMap::new(), &OFFERED).unwrap(), "application/json");
    }
}
