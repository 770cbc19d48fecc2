//! JSON as it was written: numbers keep their literals, members their order.

use std::fmt::{self, Write};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Deeper than this, the text is shown as it is: it must not take the stack.
const DEEPEST: usize = 100;

/// A value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Node {
    /// `null`, or not there.
    #[default]
    Nothing,
    Text(String),
    /// A number, `true` or `false`, as it stands; also what cannot be taken apart.
    Literal(String),
    List(Vec<Self>),
    Members(Vec<(String, Self)>),
}

static NOTHING: Node = Node::Nothing;

impl Node {
    /// The value of that text; `None` where it is no JSON.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let raw: &RawValue = serde_json::from_slice(text).ok()?;
        Some(Self::of(raw, 0))
    }

    fn of(raw: &RawValue, depth: usize) -> Self {
        let text = raw.get();
        let parsed = match text.as_bytes().first() {
            Some(b'n') => Some(Self::Nothing),
            Some(b'"') => serde_json::from_str(text).ok().map(Self::Text),
            Some(b'[') if depth < DEEPEST => serde_json::from_str(text).ok().map(|list: Vec<&RawValue>| {
                Self::List(list.into_iter().map(|element| Self::of(element, depth + 1)).collect())
            }),
            Some(b'{') if depth < DEEPEST => serde_json::from_str(text).ok().map(|Pairs(pairs)| {
                Self::Members(pairs.into_iter().map(|(name, value)| (name, Self::of(value, depth + 1))).collect())
            }),
            _ => None,
        };
        parsed.unwrap_or_else(|| Self::Literal(text.to_owned()))
    }

    /// A member. Of a name that comes twice, the last counts.
    pub(crate) fn at(&self, name: &str) -> &Self {
        let found = self.members().iter().rev().find(|(known, _)| known == name);
        found.map_or(&NOTHING, |(_, value)| value)
    }

    pub(crate) fn list(&self) -> &[Self] {
        if let Self::List(list) = self { list } else { &[] }
    }

    pub(crate) fn members(&self) -> &[(String, Self)] {
        if let Self::Members(members) = self { members } else { &[] }
    }

    /// The text, or the literal: as it is, to ask and to compare with.
    pub(crate) fn raw(&self) -> &str {
        match self {
            Self::Text(text) | Self::Literal(text) => text,
            _ => "",
        }
    }

    /// The text of a member, for people.
    pub(crate) fn text(&self, name: &str) -> String {
        plain(self.at(name).raw())
    }

    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }

    /// Whether there is nothing to read: absent, `null` or an empty text.
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Nothing => true,
            Self::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// Anything but absent, `null` and `false`: a doubt counts as yes.
    pub(crate) fn is_set(&self) -> bool {
        !matches!(self, Self::Nothing) && *self != Self::Literal("false".to_owned())
    }

    /// Whether it is `true`, and nothing else.
    pub(crate) fn is_true(&self) -> bool {
        *self == Self::Literal("true".to_owned())
    }
}

/// As JSON, on one line.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let comma = |number: usize| if number == 0 { "" } else { ", " };
        match self {
            Self::Nothing => f.write_str("null"),
            Self::Text(text) => write!(f, "{}", Value::from(text.as_str())),
            Self::Literal(text) => f.write_str(text),
            Self::List(list) => {
                f.write_str("[")?;
                for (number, value) in list.iter().enumerate() {
                    write!(f, "{}{value}", comma(number))?;
                }
                f.write_str("]")
            }
            Self::Members(members) => {
                f.write_str("{")?;
                for (number, (name, value)) in members.iter().enumerate() {
                    write!(f, "{}{}: {value}", comma(number), Value::from(name.as_str()))?;
                }
                f.write_str("}")
            }
        }
    }
}

/// A text for people: what turns the reading direction, and what cannot be seen at all, is named instead of done, so that
/// `fdp.exe` is never read as `exe.pdf`.
pub(crate) fn plain(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            c if turns(c) => drop(write!(shown, "[U+{:04X}]", u32::from(c))),
            c if c.is_control() => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
    }
    shown
}

/// The members of an object, in their order.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_order_stay() {
        let node = Node::parse(br#" {"b":1.50,"a":[1e400,true,null,"\u0041"],"b":-0.0,"c":"\ud800"} "#).unwrap();
        let names: Vec<&str> = node.members().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "a", "b", "c"]);
        assert_eq!(node.at("b").raw(), "-0.0", "the last counts");
        let list: Vec<&str> = node.at("a").list().iter().map(Node::raw).collect();
        assert_eq!(list, ["1e400", "true", "", "A"]);
        assert!(node.at("c").raw().contains("ud800") && node.at("d").is_nothing());
        assert_eq!(Node::parse(b"{"), None);
    }

    #[test]
    fn what_is_too_deep_is_shown_as_it_is() {
        let deep = format!("{}1{}", "[".repeat(3_000), "]".repeat(3_000));
        let mut node = &Node::parse(deep.as_bytes()).unwrap();
        let mut levels = 0;
        while let [inner] = node.list() {
            (node, levels) = (inner, levels + 1);
        }
        assert!(levels == DEEPEST && node.raw().starts_with("[["), "{levels}");
    }

    #[test]
    fn what_misleads_is_named() {
        assert_eq!(plain("in\u{202e}fdp.exe\u{0}\n"), "in[U+202E]fdp.exe\u{fffd}\n");
        assert_eq!(plain("Ħaġar <b>"), "Ħaġar <b>");
    }

    #[test]
    fn a_doubt_counts_as_yes() {
        let node = Node::parse(br#"{"a":false,"b":true,"c":null,"d":"no","e":{},"g":"false"}"#).unwrap();
        let set: Vec<bool> = ["a", "b", "c", "d", "e", "f", "g"].iter().map(|name| node.at(name).is_set()).collect();
        assert_eq!(set, [false, true, false, true, true, false, true]);
    }

    #[test]
    fn it_is_written_on_one_line() {
        let text = r#"{"b": 0.30, "a": [1e2, "x\u00e9", null, true], "b": 12345678901234567890123}"#;
        let node = Node::parse(text.as_bytes()).unwrap();
        assert_eq!(node.to_string(), r#"{"b": 0.30, "a": [1e2, "xé", null, true], "b": 12345678901234567890123}"#);
        let list = node.at("a").list();
        assert!(list[3].is_true() && !list[1].is_true() && list[2].is_blank() && node.at("c").is_blank());
        assert!(Node::Text(String::new()).is_blank() && !Node::List(Vec::new()).is_blank());
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(Node::parse(deep.as_bytes()).map(|node| node.to_string()), Some(deep));
    }
}
