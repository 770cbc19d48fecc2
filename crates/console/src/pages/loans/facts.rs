//! What an entity says, as lines of a name and a value. Members that these pages know have words; all others stand behind
//! them as they came, so that nothing is left out silently.

use crate::json::{Node, plain};
use crate::money::money;
use crate::texts::{Texts, fill};
use crate::when::When;

/// How far in lines are moved at most.
const DEEPEST: usize = 6;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) name: String,
    pub(crate) value: Shown,
    /// How far in it stands.
    pub(crate) depth: usize,
    /// What is to be known of it.
    pub(crate) hint: String,
}

/// A value for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Text(String),
    Time(When),
    /// As it came: nothing here knows what it means.
    Code(String),
    /// What follows belongs to it.
    Heading(String),
    /// Ways to what it names.
    Ways(Vec<Way>),
}

/// A way to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) path: String,
    pub(crate) name: &'static str,
    /// What a screen reader says of it.
    pub(crate) label: String,
}

/// What a member means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As it stands; times as times.
    Plain,
    /// A word of the platform.
    Word,
    /// An amount in the currency of the entity.
    Money,
    /// A number of months.
    Months,
    /// Something in per cent.
    Percent,
    /// A person, a product: something with a name.
    Named,
    /// A postal address.
    Address,
    /// Shown elsewhere on the page.
    Elsewhere,
}

/// The members that a page knows, in the order in which it shows them.
pub(crate) type Known = &'static [(&'static str, Kind)];

impl Shown {
    /// What misleads is named, see [`plain`].
    fn plainly(self) -> Self {
        match self {
            Self::Text(text) => Self::Text(plain(&text)),
            Self::Code(text) => Self::Code(plain(&text)),
            Self::Heading(text) => Self::Heading(plain(&text)),
            other => other,
        }
    }
}

impl Fact {
    pub(crate) fn new(name: &str, value: Shown) -> Self {
        Self { name: plain(name), value: value.plainly(), depth: 0, hint: String::new() }
    }
}

/// The lines of an object: known members first, then all others.
pub(crate) fn described(t: &Texts, object: &Node, known: Known, currency: &str) -> Vec<Fact> {
    let own = object.at("currency").raw();
    let currency = if own.is_empty() { currency } else { own };
    let mut facts = Vec::new();
    for (name, kind) in known.iter().filter(|(_, kind)| *kind != Kind::Elsewhere) {
        let value = object.at(name);
        if value.is_blank() {
            continue;
        }
        match shown(t, value, *kind, currency) {
            Some(value) => facts.push(Fact::new(t.loans.member(name), value)),
            None => lines(t, t.loans.member(name), value, 0, &mut facts),
        }
    }
    let others = object.members().iter().filter(|(name, _)| !known.iter().any(|(one, _)| one == name));
    others.for_each(|(name, value)| lines(t, t.loans.member(name), value, 0, &mut facts));
    facts
}

/// A value as what it means; `None` when it is not of that form.
fn shown(t: &Texts, value: &Node, kind: Kind, currency: &str) -> Option<Shown> {
    let text = value.raw();
    let shown = match kind {
        Kind::Named => return named(t, value).map(Shown::Text),
        Kind::Address => return address(value).map(Shown::Text),
        _ if !matches!(value, Node::Text(_) | Node::Literal(_)) => return None,
        Kind::Word => Shown::Text(t.loans.word(text).to_owned()),
        Kind::Money => Shown::Text(money(t, text, currency)),
        Kind::Months => Shown::Text(fill(t.loans.months, &[text])),
        Kind::Percent => Shown::Text(fill(t.loans.percent, &[text])),
        Kind::Plain | Kind::Elsewhere => scalar(t, value),
    };
    Some(shown)
}

/// A text or a literal. Times are shown as times, numbers as their literals.
pub(crate) fn scalar(t: &Texts, value: &Node) -> Shown {
    match value {
        _ if value.is_blank() => Shown::Text(t.data.nothing.to_owned()),
        Node::Literal(text) if text == "true" => Shown::Text(t.loans.yes.to_owned()),
        Node::Literal(text) if text == "false" => Shown::Text(t.loans.no.to_owned()),
        Node::Text(text) => {
            let when = When::read(t, text);
            if when.shown == *text { Shown::Text(when.shown) } else { Shown::Time(when) }
        }
        other => Shown::Text(other.raw().to_owned()),
    }
}

/// The name of something, with what it is in the process and its code; `None` where it has members that would be left out.
fn named(t: &Texts, value: &Node) -> Option<String> {
    const KNOWN: [&str; 6] = ["id", "displayName", "name", "role", "code", "version"];
    let is_known = |(name, value): &(String, Node)| {
        KNOWN.contains(&name.as_str()) && !matches!(value, Node::Members(_) | Node::List(_))
    };
    if value.members().is_empty() || !value.members().iter().all(is_known) {
        return None;
    }
    let first = |names: &[&str]| {
        names.iter().map(|name| value.at(name).raw()).find(|text| !text.is_empty()).unwrap_or_default().to_owned()
    };
    let (name, more) = (first(&["displayName", "name", "code", "id"]), first(&["role", "code", "id"]));
    let more = t.loans.word(&more);
    Some(if more.is_empty() || more == name { name } else { fill(t.loans.with_more, &[&name, more]) })
}

/// An address on one line; `None` where it has members that would be left out.
fn address(value: &Node) -> Option<String> {
    const PARTS: [&str; 5] = ["line1", "line2", "postalCode", "locality", "country"];
    if value.members().is_empty() || !value.members().iter().all(|(name, _)| PARTS.contains(&name.as_str())) {
        return None;
    }
    let parts: Vec<&str> = PARTS.iter().map(|part| value.at(part).raw()).filter(|text| !text.is_empty()).collect();
    Some(parts.join(", "))
}

/// The lines of any value.
pub(crate) fn lines(t: &Texts, name: &str, value: &Node, depth: usize, out: &mut Vec<Fact>) {
    let mut push = |value| out.push(Fact { depth: depth.min(DEEPEST), ..Fact::new(name, value) });
    match value {
        Node::Members(members) if members.is_empty() => push(Shown::Code("{}".to_owned())),
        Node::Members(members) if is_money(members) => {
            push(Shown::Text(money(t, value.at("amount").raw(), value.at("currency").raw())));
        }
        Node::Members(members) => {
            push(Shown::Heading(String::new()));
            for (name, value) in members {
                within(t, name, value, depth + 1, out);
            }
        }
        Node::List(elements) if elements.is_empty() => push(Shown::Text(t.loans.none.to_owned())),
        Node::List(elements) => {
            push(Shown::Heading(entries(t, elements.len())));
            for (number, element) in elements.iter().enumerate() {
                lines(t, &(number + 1).to_string(), element, depth + 1, out);
            }
        }
        value => push(scalar(t, value)),
    }
}

/// The lines of a member: what is a word of the platform by its name is shown as one.
fn within(t: &Texts, name: &str, value: &Node, depth: usize, out: &mut Vec<Fact>) {
    const WORDS: [&str; 4] = ["kind", "role", "status", "type"];
    let label = t.loans.member(name);
    match value {
        Node::Text(text) if WORDS.contains(&name) && !value.is_blank() => {
            let word = Fact::new(label, Shown::Text(t.loans.word(text).to_owned()));
            out.push(Fact { depth: depth.min(DEEPEST), ..word });
        }
        value => lines(t, label, value, depth, out),
    }
}

/// So many entries.
pub(crate) fn entries(t: &Texts, count: usize) -> String {
    if count == 1 { t.loans.one_entry.to_owned() } else { fill(t.loans.entries, &[&count.to_string()]) }
}

/// An amount with its currency, and nothing else.
fn is_money(members: &[(String, Node)]) -> bool {
    let is = |name: &str| members.iter().any(|(one, value)| one == name && !value.raw().is_empty());
    members.len() == 2 && is("amount") && is("currency")
}

/// Alike objects as a table: a column for every member that one of them has.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<Shown>>,
}

impl Table {
    pub(crate) fn new(t: &Texts, list: &Node, known: Known, currency: &str) -> Self {
        let mut names: Vec<&str> = Vec::new();
        let has = |name: &str| list.list().iter().any(|row| !row.at(name).is_blank());
        names.extend(known.iter().filter(|(name, kind)| *kind != Kind::Elsewhere && has(name)).map(|(name, _)| name));
        for (name, _) in list.list().iter().flat_map(Node::members) {
            if !names.contains(&name.as_str()) && !known.iter().any(|(one, _)| one == name) {
                names.push(name);
            }
        }
        let kind = |name: &str| known.iter().find(|(one, _)| *one == name).map_or(Kind::Plain, |(_, kind)| *kind);
        // What is no object has no members: it stands in a column of its own.
        let odd = |row: &Node| !matches!(row, Node::Members(_));
        let has_odd = list.list().iter().any(odd);
        let row = |row: &Node| {
            let cells = names.iter().map(|name| cell(t, row.at(name), kind(name), currency).plainly());
            let whole = if odd(row) { Shown::Code(row.to_string()).plainly() } else { Shown::Text(String::new()) };
            cells.chain(has_odd.then_some(whole)).collect()
        };
        let rows = list.list().iter().map(row).collect();
        let columns = names.iter().map(|name| plain(t.loans.member(name)));
        Self { columns: columns.chain(has_odd.then(|| t.loans.value.to_owned())).collect(), rows }
    }
}

fn cell(t: &Texts, value: &Node, kind: Kind, currency: &str) -> Shown {
    if value.is_blank() {
        return Shown::Text(String::new());
    }
    shown(t, value, kind, currency).unwrap_or_else(|| Shown::Code(value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::ENGLISH;

    const KNOWN: Known =
        &[("status", Kind::Word), ("amount", Kind::Money), ("who", Kind::Named), ("rows", Kind::Elsewhere)];

    fn told(json: &str) -> Vec<(String, String, usize)> {
        let facts = described(&ENGLISH, &Node::parse(json.as_bytes()).unwrap(), KNOWN, "EUR");
        let text = |value: Shown| match value {
            Shown::Text(text) | Shown::Heading(text) => text,
            Shown::Time(when) => when.shown,
            Shown::Code(text) => format!("code {text}"),
            Shown::Ways(_) => unreachable!("no member is one"),
        };
        facts.into_iter().map(|fact| (fact.name, text(fact.value), fact.depth)).collect()
    }

    #[test]
    fn known_members_have_words_and_all_others_stand_behind_them() {
        let json = r#"{"x":{"deep":0.30,"list":[true,{"amount":"1234.50","currency":"GBP"}]},"rows":[1],"amount":"1000.00",
            "status":"SANCTION","who":{"id":"u1","displayName":"Ann","role":"bankLoanAgent"},"none":null,"at":"2026-11-22T18:00:00Z"}"#;
        let expected = [
            ("Status", "Sanction", 0),
            ("Amount", "EUR 1,000.00", 0),
            ("who", "Ann (loan agent)", 0),
            ("x", "", 0),
            ("deep", "0.30", 1),
            ("list", "2 entries", 1),
            ("1", "yes", 2),
            ("2", "GBP 1,234.50", 2),
            ("none", "–", 0),
            ("At", "22 Nov 2026, 18:00 UTC", 0),
        ];
        let expected: Vec<_> = expected.iter().map(|(a, b, n)| ((*a).to_owned(), (*b).to_owned(), *n)).collect();
        assert_eq!(told(json), expected);
    }

    #[test]
    fn what_is_not_of_the_form_that_is_known_is_shown_whole() {
        let json = r#"{"amount":{"net":"1","gross":"2"},"who":{"displayName":"Ann","phone":"5"},"status":null}"#;
        let names: Vec<_> = told(json).into_iter().map(|(name, value, _)| format!("{name}={value}")).collect();
        assert_eq!(names, ["Amount=", "net=1", "gross=2", "who=", "Name=Ann", "Telephone=5"]);
    }

    #[test]
    fn words_of_the_platform_are_spoken_within_too() {
        let json = r#"{"for":{"kind":"INTERNAL","by":{"role":"bankApprover","name":"INTERNAL"},"type":"NEW_ONE","status":""}}"#;
        let values: Vec<_> = told(json).into_iter().map(|(_, value, _)| value).collect();
        assert_eq!(values, ["", "Internal", "", "approver", "INTERNAL", "NEW_ONE", "–"]);
    }

    #[test]
    fn what_misleads_is_named() {
        let json = "{\"a\u{200b}\":\"\u{202e}fdp.exe\",\"who\":{\"name\":\"An\u{2066}n\"},\"status\":\"\u{feff}\"}";
        let shown: Vec<_> = told(json).into_iter().map(|(name, value, _)| format!("{name}={value}")).collect();
        assert_eq!(shown, ["Status=[U+FEFF]", "who=An[U+2066]n", "a[U+200B]=[U+202E]fdp.exe"]);
        let list = Node::parse("[{\"x\":\"\u{202e}a\"},\"\u{202e}b\"]".as_bytes()).unwrap();
        let rows = Table::new(&ENGLISH, &list, &[], "").rows;
        assert_eq!(rows[0][0], Shown::Text("[U+202E]a".to_owned()));
        assert_eq!(rows[1][1], Shown::Code("\"[U+202E]b\"".to_owned()));
    }

    #[test]
    fn tables_have_a_column_for_every_member() {
        let list = Node::parse(br#"[{"status":"DRAFT","more":{"a":1}},{"amount":"5","rate":"2.50"},7]"#).unwrap();
        let table = Table::new(&ENGLISH, &list, KNOWN, "EUR");
        assert_eq!(table.columns, ["Status", "Amount", "more", "Rate", "Value"]);
        let cell = |row: usize, column: usize| table.rows[row][column].clone();
        assert_eq!(cell(0, 0), Shown::Text("Draft".to_owned()));
        assert_eq!(cell(0, 2), Shown::Code("{\"a\": 1}".to_owned()));
        assert_eq!((cell(1, 1), cell(1, 3)), (Shown::Text("EUR 5".to_owned()), Shown::Text("2.50".to_owned())));
        assert_eq!(cell(2, 4), Shown::Code("7".to_owned()));
    }
}
