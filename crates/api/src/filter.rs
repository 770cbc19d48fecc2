//! Filters and fields of lists: what the query asks for, over what rows say.

use std::borrow::Cow;

use continuity_events::json;
use continuity_projections::loan_requests::Search;
use continuity_projections::{Bound, Filter, Limit, Test};

use crate::call::Call;
use crate::endpoint::{Param, ParamKind};

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// Any of several texts, of which these are examples.
    AnyOf(&'static [&'static str]),
    /// A part of a text, in any case.
    Contains,
    /// Words of names; the handler looks them up in an index.
    Words,
    /// `true` or `false`.
    Flag,
    /// A time: this or later, this or earlier, or earlier.
    Time(Bound),
    /// An amount: this or more, or this or less.
    Amount(Bound),
}

impl By {
    /// Whether a value can be compared; the error says what it has to be.
    pub(crate) fn check(self, value: &str) -> Result<(), &'static str> {
        let usable = match self {
            Self::AnyOf(_) => true,
            Self::Contains => !value.trim().is_empty(),
            Self::Words => Search::parse(value).is_some(),
            Self::Flag => ["true", "false"].contains(&value),
            Self::Time(bound) => time(value, bound).is_some(),
            Self::Amount(_) => Limit::amount(value).is_some(),
        };
        let allowed = match self {
            Self::AnyOf(_) => "a text",
            Self::Contains => "a text that is not empty",
            Self::Words => "one to 8 words of 200 characters together at most",
            Self::Flag => "true or false",
            Self::Time(_) => "a date (2026-01-31, in UTC) or an RFC 3339 time (2026-01-31T08:00:00Z)",
            Self::Amount(_) => "a decimal number such as 250000.50",
        };
        if usable { Ok(()) } else { Err(allowed) }
    }

    fn test(self, values: Vec<String>) -> Option<Test> {
        let first = values.first()?;
        Some(match self {
            Self::AnyOf(_) => Test::AnyOf(values),
            Self::Contains => Test::Contains(first.trim().to_owned()),
            Self::Words => return None,
            Self::Flag => Test::Flag(first == "true"),
            Self::Time(bound) => Test::Time(bound, time(first, bound)?),
            Self::Amount(bound) => Test::Amount(bound, Limit::amount(first)?),
        })
    }
}

/// A time as such, or a date: its beginning, and for the end of a range its end.
fn time(value: &str, bound: Bound) -> Option<Limit> {
    // In a query an unencoded plus of an offset reads as a space.
    let value: Cow<'_, str> = if value.contains(' ') { value.replace(' ', "+").into() } else { value.into() };
    let date = value.len() == "2026-01-31".len();
    match (date, bound) {
        (false, _) => Limit::time(&value),
        (true, Bound::To) => Limit::time(&format!("{value}T23:59:59.999999999Z")),
        (true, Bound::From | Bound::Before) => Limit::time(&format!("{value}T00:00:00Z")),
    }
}

/// The path of what no member says: the handler looks at it.
pub(crate) const ELSEWHERE: &[&str] = &[];

/// A query parameter that filters by the member at the end of `path`.
pub(crate) const fn by(name: &'static str, path: &'static [&'static str], by: By, description: &'static str) -> Param {
    Param { name, kind: ParamKind::Filter(by, path), description }
}

/// The filter of the call.
pub(crate) fn of(call: &Call) -> Filter {
    let mut filter = Filter::default();
    for param in call.endpoint.params {
        if let ParamKind::Filter(by, path) = param.kind
            && path != ELSEWHERE
        {
            let values: Vec<_> = call.query.texts(param.name).map(str::to_owned).collect();
            if let Some(test) = by.test(values) {
                filter.and(path, test);
            }
        }
    }
    filter
}

/// Each element of an array with the members that `fields` names only; `None` when it does not say.
pub(crate) fn fields(call: &Call, array: &[u8]) -> Option<String> {
    let names = names(call)?;
    json::edit_elements(std::str::from_utf8(array).ok()?, |element| Some(json::only(element, &names)))
}

/// An object with the members that `fields` names only; as it is when it does not say.
pub(crate) fn fields_of(call: &Call, object: Vec<u8>) -> Vec<u8> {
    let Some(names) = names(call) else { return object };
    match std::str::from_utf8(&object) {
        Ok(text) => json::only(text, &names).into_bytes(),
        Err(_) => object,
    }
}

fn names(call: &Call) -> Option<Vec<&str>> {
    let names: Vec<&str> = call.query.texts("fields").filter(|name| !name.is_empty()).collect();
    (!names.is_empty()).then_some(names)
}
