//! Which rows of a list are wanted, by what they say: residual filters over a scan in order.

use std::borrow::Cow;

use continuity_events::json;

use crate::order::{self, Meaning};

/// Conditions that all have to hold. The default lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Vec<Condition>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Condition {
    path: &'static [&'static str],
    test: Test,
}

/// What a member has to be. One that is absent, `null` or of another kind never is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// A text that is one of these.
    AnyOf(Vec<String>),
    /// A text in which this is found, whatever the case of its letters.
    Contains(String),
    /// `true`, or, for `false`, anything else, an absent member included.
    Flag(bool),
    /// An instant, compared whatever its precision and offset.
    Time(Bound, Limit),
    /// A number, as such or in a text.
    Amount(Bound, Limit),
}

/// On which side of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The limit itself, or above.
    From,
    /// The limit itself, or below.
    To,
    /// Below the limit.
    Before,
}

/// An instant or a number that members are compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit(Vec<u8>);

impl Limit {
    /// An instant in RFC 3339; `None` when it is none.
    pub fn time(text: &str) -> Option<Self> {
        order::of_value(text, Meaning::Instant).map(Self)
    }

    /// A decimal number; `None` when it is none.
    pub fn amount(text: &str) -> Option<Self> {
        order::of_value(text, Meaning::Decimal).map(Self)
    }

    /// The bytes that sort as it means.
    pub(crate) fn sort_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Filter {
    /// One condition more: the member at the end of `path` has to be what `test` says. Where an array is on the way, one
    /// of its elements has to have it.
    pub fn and(&mut self, path: &'static [&'static str], test: Test) {
        let test = match test {
            Test::Contains(text) => Test::Contains(text.to_lowercase()),
            test => test,
        };
        self.0.push(Condition { path, test });
    }

    /// Whether everything is wanted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the row, a JSON object, is wanted.
    pub fn wants(&self, row: &[u8]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Ok(row) = std::str::from_utf8(row) else { return false };
        self.0.iter().all(|condition| holds(row, condition.path, &condition.test))
    }
}

fn holds(value: &str, path: &[&str], test: &Test) -> bool {
    let Some((name, rest)) = path.split_first() else { return test.holds(value) };
    if value.starts_with('[') {
        return json::elements(value).is_ok_and(|all| all.into_iter().any(|element| holds(element, path, test)));
    }
    match json::member(value, name) {
        Some(member) => holds(member, rest, test),
        None => *test == Test::Flag(false),
    }
}

impl Test {
    fn holds(&self, raw: &str) -> bool {
        match self {
            Self::AnyOf(wanted) => json::text(raw).is_some_and(|text| wanted.iter().any(|one| *one == text)),
            Self::Contains(part) => json::text(raw).is_some_and(|text| text.to_lowercase().contains(part)),
            Self::Flag(wanted) => (raw == "true") == *wanted,
            Self::Time(bound, limit) => bound.admits(order::of_value(&text_of(raw), Meaning::Instant), limit),
            Self::Amount(bound, limit) => bound.admits(order::of_value(&text_of(raw), Meaning::Decimal), limit),
        }
    }
}

/// A text, or a literal as it stands.
fn text_of(raw: &str) -> Cow<'_, str> {
    json::text(raw).unwrap_or(Cow::Borrowed(raw))
}

impl Bound {
    fn admits(self, value: Option<Vec<u8>>, limit: &Limit) -> bool {
        value.is_some_and(|value| match self {
            Self::From => value >= limit.0,
            Self::To => value <= limit.0,
            Self::Before => value < limit.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = r#"{"status":"BID","sensitive":true,"dueAt":"2026-01-05T09:00:00+01:00","amount":"250000.50",
        "assignee":{"kind":"CLIENT"},"quotes":[{"status":"DRAFT"},{"status":"PUBLISHED"}],"name":"Gehaltsnachweis JÄNNER","nil":null}"#;

    fn wants(path: &'static [&'static str], test: Test) -> bool {
        let mut filter = Filter::default();
        filter.and(path, test);
        filter.wants(ROW.as_bytes())
    }

    fn any(values: &[&str]) -> Test {
        Test::AnyOf(values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[test]
    fn texts_and_flags() {
        assert!(wants(&["status"], any(&["SANCTION", "BID"])));
        assert!(!wants(&["status"], any(&["bid"])));
        assert!(!wants(&["none"], any(&["BID"])) && !wants(&["nil"], any(&["null"])));
        assert!(wants(&["assignee", "kind"], any(&["CLIENT"])));
        assert!(wants(&["quotes", "status"], any(&["PUBLISHED"])) && !wants(&["quotes", "status"], any(&["EXPIRED"])));
        assert!(
            wants(&["name"], Test::Contains("jänner".to_owned())) && !wants(&["name"], Test::Contains("x".to_owned()))
        );
        assert!(wants(&["sensitive"], Test::Flag(true)) && !wants(&["sensitive"], Test::Flag(false)));
        assert!(wants(&["none"], Test::Flag(false)) && wants(&["nil"], Test::Flag(false)));
    }

    #[test]
    fn limits_are_compared_as_what_they_mean() {
        let time = |bound, text| wants(&["dueAt"], Test::Time(bound, Limit::time(text).unwrap()));
        assert!(time(Bound::From, "2026-01-05T08:00:00Z") && time(Bound::To, "2026-01-05T08:00:00.000Z"));
        assert!(!time(Bound::Before, "2026-01-05T08:00:00Z") && time(Bound::Before, "2026-01-05T08:00:00.001Z"));
        let amount = |bound, text| wants(&["amount"], Test::Amount(bound, Limit::amount(text).unwrap()));
        assert!(amount(Bound::From, "2.500005e5"), "the same number");
        assert!(amount(Bound::To, "250000.5") && !amount(Bound::From, "250000.51") && amount(Bound::From, "-1"));
        assert!(!wants(&["none"], Test::Amount(Bound::From, Limit::amount("0").unwrap())));
        assert_eq!((Limit::time("yesterday"), Limit::amount("much")), (None, None));
    }

    #[test]
    fn all_conditions_have_to_hold() {
        let mut filter = Filter::default();
        assert!(filter.is_empty() && filter.wants(b"no object"));
        filter.and(&["status"], any(&["BID"]));
        filter.and(&["sensitive"], Test::Flag(true));
        assert!(filter.wants(ROW.as_bytes()));
        filter.and(&["assignee", "kind"], any(&["LEGAL"]));
        assert!(!filter.wants(ROW.as_bytes()));
        assert!(!filter.wants(b"no object") && !filter.wants(&[0xff]));
    }
}
