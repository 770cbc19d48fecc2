//! One object, a member a line.

use continuity_events::json;
use unicode_width::UnicodeWidthStr;

use super::cell::{self, Kind};
use super::columns::kind_of;
use super::grid::cut;

/// Objects in objects are opened so deep.
const DEPTH: usize = 3;

/// The object's members in its own order, no line wider than `width`.
pub(super) fn text(object: &str, width: usize) -> String {
    let mut lines = Vec::new();
    collect(object, "", DEPTH, &mut lines);
    let names = lines.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in lines {
        let space = " ".repeat(names.saturating_sub(name.width()));
        text.push_str(&cut(&format!("{name}{space}  {value}"), width));
        text.push('\n');
    }
    text
}

fn collect(object: &str, prefix: &str, depth: usize, lines: &mut Vec<(String, String)>) {
    for (member, raw) in json::members(object).unwrap_or_default() {
        let name = cell::clean(&format!("{prefix}{member}"));
        let raw = raw.trim();
        if raw.starts_with('{') && depth > 1 {
            collect(raw, &format!("{name}."), depth - 1, lines);
            continue;
        }
        let value = value(&member, raw);
        if !value.is_empty() {
            lines.push((name, value));
        }
    }
}

fn value(member: &str, raw: &str) -> String {
    match json::elements(raw) {
        Ok(elements) if elements.iter().any(|element| element.trim_start().starts_with(['{', '['])) => {
            let names = cell::show(raw, Kind::Name);
            let count = elements.len();
            if names.is_empty() { format!("({count})") } else { format!("({count}) {names}") }
        }
        Err(_) if kind_of(member) == Kind::Time => cell::show(raw, Kind::Time),
        Err(_) if kind_of(member) == Kind::Amount => cell::show(raw, Kind::Amount),
        _ => cell::show(raw, Kind::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_lines_within_the_width() {
        let object = "{\"id\":\"L1\",\"requestedAmount\":\"1250000.50\",\"nothing\":null,\"product\":{\"code\":\"H1\"},\
                      \"participants\":[{\"displayName\":\"Jana Nová\"},{\"displayName\":\"Petr\"}],\"tags\":[\"a\",\"b\"],\
                      \"createdAt\":\"2026-01-31T08:05:00Z\"}";
        assert_eq!(
            text(object, 36),
            "id               L1\nrequestedAmount  1,250,000.50\nproduct.code     H1\nparticipants     (2) Jana Nová, Petr\n\
             tags             a, b\ncreatedAt        2026-01-31 08:05\n"
        );
        assert!(text(object, 30).contains("(2) Jana Nov…\n"));
    }
}
