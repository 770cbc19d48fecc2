//! What the list of loan requests can be narrowed by: the parameters of the API, under the same names, so that an address
//! can be shared and says the same to both.

use form_urlencoded::Serializer;

use crate::forms::Fields;
use crate::texts::Texts;

/// Where a page begins.
pub(super) const CURSOR: &str = "cursor";

/// A field of one line: its name, its kind, its label and what is said when it is wrong.
type Row = (&'static str, &'static str, Words, Words);

/// A text in the language of the reader.
type Words = fn(&Texts) -> &'static str;

const INPUTS: &[Row] = &[
    ("team", "text", |t| t.loans.team, |t| t.loans.bad_text),
    ("assignedAgentId", "text", |t| t.loans.agent_id, |t| t.loans.bad_text),
    ("productCode", "text", |t| t.loans.product_code, |t| t.loans.bad_text),
    ("currency", "text", |t| t.loans.currency, |t| t.loans.bad_text),
    ("reference", "text", |t| t.loans.references, |t| t.loans.bad_text),
    ("amountMin", "decimal", |t| t.loans.amount_min, |t| t.loans.bad_amount),
    ("amountMax", "decimal", |t| t.loans.amount_max, |t| t.loans.bad_amount),
    ("createdFrom", "date", |t| t.loans.created_from, |t| t.loans.bad_time),
    ("createdTo", "date", |t| t.loans.created_to, |t| t.loans.bad_time),
    ("updatedSince", "date", |t| t.loans.updated_since, |t| t.loans.bad_time),
    ("updatedBefore", "date", |t| t.loans.updated_before, |t| t.loans.bad_time),
];

/// What may come several times, and what is chosen.
const OTHERS: [&str; 6] = ["q", "status", "stage", "hasOpenTasks", "sortBy", "sortOrder"];

const STATUSES: [&str; 12] = [
    "DRAFT",
    "APPLICATION",
    "BID",
    "SANCTION",
    "PRE_DEED",
    "DEED",
    "POST_DEED",
    "CLOSED",
    "REJECTED",
    "WITHDRAWN",
    "EXPIRED",
    "CANCELLED",
];
const STAGES: [&str; 7] = ["Application", "Bidding", "Approval", "Pre-Closing", "Closing", "Post-Closing", "Completed"];
const SORTS: [&str; 7] =
    ["createdAt", "updatedAt", "statusChangedAt", "requestedAmount", "reference", "status", "position"];
const ORDERS: [&str; 2] = ["DESC", "ASC"];

/// A field of one line with its value.
pub(super) struct Input {
    pub(super) name: &'static str,
    /// A date, a decimal number or a text.
    pub(super) kind: &'static str,
    pub(super) label: &'static str,
    pub(super) value: String,
}

/// Something that can be chosen.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) is_set: bool,
}

/// What an address asks for.
pub(super) struct Filters(Vec<(&'static str, String)>);

/// A field by its name in the API, and what is said when it is wrong.
pub(super) fn field(name: &str) -> Option<(&'static str, Words)> {
    let other: Words = |t| t.loans.bad_text;
    let words: Words = |t| t.loans.bad_words;
    let input = INPUTS.iter().find(|(known, ..)| *known == name).map(|(known, _, _, says)| (*known, *says));
    let chosen = OTHERS.iter().find(|known| **known == name);
    input.or_else(|| chosen.map(|known| (*known, if *known == "q" { words } else { other })))
}

impl Filters {
    /// Those of the address. Fields that were left empty, and what the API would not know, are left out.
    pub(super) fn of(query: &Fields) -> Self {
        let names = INPUTS.iter().map(|(name, ..)| *name).chain(OTHERS).chain([CURSOR]);
        let values = names.flat_map(|name| {
            let several = ["status", "stage"].contains(&name);
            let values = query.all(name).map(str::trim).filter(|value| !value.is_empty());
            values.take(if several { 50 } else { 1 }).map(|value| (name, value.to_owned())).collect::<Vec<_>>()
        });
        Self(values.collect())
    }

    /// The value of a field that comes once.
    pub(super) fn text(&self, name: &str) -> String {
        self.values(name).next().unwrap_or_default().to_owned()
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// As a query, with more; the place in the walk only where it is asked for.
    pub(super) fn query(&self, more: &[(&str, &str)], with_cursor: bool) -> String {
        let mut query = Serializer::new(String::new());
        let kept = self.0.iter().filter(|(name, _)| with_cursor || *name != CURSOR);
        query.extend_pairs(kept.map(|(name, value)| (*name, value.as_str()))).extend_pairs(more);
        query.finish()
    }

    /// Whether some loan requests are left out.
    pub(super) fn narrow(&self) -> bool {
        self.0.iter().any(|(name, _)| ![CURSOR, "sortBy", "sortOrder"].contains(name))
    }

    /// Whether it is not the first page.
    pub(super) fn is_further(&self) -> bool {
        self.values(CURSOR).next().is_some()
    }

    pub(super) fn inputs(&self, t: &Texts) -> Vec<Input> {
        let input = |(name, kind, label, _): &Row| Input { name, kind, label: label(t), value: self.text(name) };
        INPUTS.iter().map(input).collect()
    }

    pub(super) fn statuses(&self, t: &Texts) -> Vec<Choice> {
        self.several("status", &STATUSES, t)
    }

    pub(super) fn stages(&self, t: &Texts) -> Vec<Choice> {
        self.several("stage", &STAGES, t)
    }

    /// What can be ticked; also what the address names and nobody here knows.
    fn several(&self, name: &str, known: &[&str], t: &Texts) -> Vec<Choice> {
        let asked: Vec<&str> = self.values(name).flat_map(|value| value.split(',')).collect();
        let others = asked.iter().copied().filter(|value| !known.contains(value));
        let one = |value: &str| choice(value, t.loans.word(value), asked.contains(&value));
        known.iter().copied().chain(others).map(one).collect()
    }

    pub(super) fn sorts(&self, t: &Texts) -> Vec<Choice> {
        self.one("sortBy", &SORTS, |name| if name == "position" { t.loans.by_position } else { t.loans.member(name) })
    }

    pub(super) fn orders(&self, t: &Texts) -> Vec<Choice> {
        self.one("sortOrder", &ORDERS, |name| if name == "ASC" { t.loans.ascending } else { t.loans.descending })
    }

    pub(super) fn tasks(&self, t: &Texts) -> Vec<Choice> {
        self.one("hasOpenTasks", &["", "true", "false"], |value| match value {
            "true" => t.loans.with_open_tasks,
            "false" => t.loans.without_open_tasks,
            _ => t.loans.any,
        })
    }

    fn one(&self, name: &str, known: &[&'static str], label: impl Fn(&'static str) -> &'static str) -> Vec<Choice> {
        let asked = self.text(name);
        known.iter().map(|value| choice(value, label(value), *value == asked)).collect()
    }
}

fn choice(value: &str, label: &str, is_set: bool) -> Choice {
    Choice { value: value.to_owned(), label: label.to_owned(), is_set }
}
