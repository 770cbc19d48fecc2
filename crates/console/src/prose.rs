//! Spans of time and commands, as they stand in sentences.

use crate::texts::{Texts, fill};

/// A span, rounded down, in its two largest units.
pub(crate) fn span(t: &Texts, seconds: u64) -> String {
    let t = t.status_page;
    let of = |text: &str, parts: &[u64]| {
        let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        fill(text, &parts.iter().map(String::as_str).collect::<Vec<_>>())
    };
    match seconds {
        0..=119 => of(t.seconds, &[seconds]),
        120..=7_199 => of(t.minutes, &[seconds / 60]),
        7_200..=172_799 => of(t.hours, &[seconds / 3_600, seconds / 60 % 60]),
        _ => of(t.days, &[seconds / 86_400, seconds / 3_600 % 24]),
    }
}

/// A text of the API whose commands stand between back ticks: each part, and whether it is a command.
pub(crate) fn parts(text: &str) -> Vec<(String, bool)> {
    let parts = text.split('`').enumerate().map(|(place, part)| (part.to_owned(), place % 2 == 1));
    parts.filter(|(part, _)| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;

    #[test]
    fn spans_have_two_units_at_most() {
        let shown = [0, 119, 120, 7_199, 7_200, 172_800, 90_061 * 10].map(|seconds| span(&ENGLISH, seconds));
        let shown = shown.map(|text| text.replace('\u{a0}', " "));
        assert_eq!(shown, ["0 s", "119 s", "2 min", "119 min", "2 h 0 min", "2 d 0 h", "10 d 10 h"]);
    }

    #[test]
    fn commands_are_told_apart() {
        let shown = parts("say `a <b>` or not");
        assert_eq!(shown, [("say ".to_owned(), false), ("a <b>".to_owned(), true), (" or not".to_owned(), false)]);
    }
}
