//! JSON as it stands: the order of members and the literals of numbers are kept, because both are shown to people.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// What lies deeper is shown as it stands: it must not take the stack.
const DEEPEST: usize = 100;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    /// Members in their order.
    Object(Vec<(String, Tree)>),
    /// Elements in their order.
    List(Vec<Tree>),
    /// A text.
    Text(String),
    /// A number, `true`, `false` or `null` as it stands; and what lies too deep.
    Literal(String),
}

static NULL: Tree = Tree::Literal(String::new());

impl Tree {
    /// `None` when it is no JSON.
    pub(crate) fn read(json: &str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(json).ok()?;
        Some(Self::of(raw, 0))
    }

    fn of(raw: &RawValue, depth: usize) -> Self {
        let text = raw.get();
        let read = match text.as_bytes().first() {
            Some(b'{') if depth < DEEPEST => members(text).map(|members| {
                Self::Object(members.into_iter().map(|(name, raw)| (name, Self::of(&raw, depth + 1))).collect())
            }),
            Some(b'[') if depth < DEEPEST => {
                let elements = serde_json::from_str::<Vec<Box<RawValue>>>(text);
                elements.map(|list| Self::List(list.iter().map(|raw| Self::of(raw, depth + 1)).collect()))
            }
            Some(b'"') => serde_json::from_str(text).map(Self::Text),
            _ => Ok(Self::Literal(text.to_owned())),
        };
        read.unwrap_or_else(|_| Self::Literal(text.to_owned()))
    }

    /// A member of an object; what is not there is empty.
    pub(crate) fn get(&self, name: &str) -> &Self {
        self.members().iter().find(|(known, _)| known == name).map_or(&NULL, |(_, value)| value)
    }

    /// Members of an object; none of what is no object.
    pub(crate) fn members(&self) -> &[(String, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// Elements of a list; none of what is no list.
    pub(crate) fn elements(&self) -> &[Self] {
        if let Self::List(elements) = self { elements } else { &[] }
    }

    /// Whether nothing is there: absent, `null` or an empty text.
    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Self::Literal(text) => text.is_empty() || text == "null",
            Self::Text(text) => text.is_empty(),
            Self::Object(_) | Self::List(_) => false,
        }
    }

    /// A text or a literal, for people; empty for what is neither, and for nothing.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Literal(text) if text != "null" => text,
            _ => "",
        }
    }

    /// Whether it is `true`.
    pub(crate) fn is_true(&self) -> bool {
        *self == Self::Literal("true".to_owned())
    }
}

/// As JSON, on one line.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(members) => {
                f.write_str("{")?;
                for (number, (name, value)) in members.iter().enumerate() {
                    let comma = if number == 0 { "" } else { ", " };
                    write!(f, "{comma}{}: {value}", serde_json::Value::from(name.as_str()))?;
                }
                f.write_str("}")
            }
            Self::List(elements) => {
                f.write_str("[")?;
                for (number, value) in elements.iter().enumerate() {
                    let comma = if number == 0 { "" } else { ", " };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
            Self::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Self::Literal(text) => f.write_str(if text.is_empty() { "null" } else { text }),
        }
    }
}

type Members = Vec<(String, Box<RawValue>)>;

/// The members of an object in their order, one that comes twice included.
fn members(text: &str) -> Result<Members, serde_json::Error> {
    struct InOrder;

    impl<'de> Visitor<'de> for InOrder {
        type Value = Members;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    serde_json::Deserializer::from_str(text).deserialize_map(InOrder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_literals_are_kept() {
        let text = r#"{"b": 0.30, "a": [1e2, "x\u00e9", null, true], "b": 12345678901234567890123}"#;
        let tree = Tree::read(text).unwrap();
        assert_eq!(tree.to_string(), r#"{"b": 0.30, "a": [1e2, "xé", null, true], "b": 12345678901234567890123}"#);
        assert_eq!((tree.get("b").text(), tree.get("c").text()), ("0.30", ""));
        assert_eq!(tree.get("a").elements().len(), 4);
        assert!(tree.get("a").elements()[3].is_true() && tree.get("a").elements()[2].is_nothing());
        assert_eq!(Tree::read("{"), None);
    }

    #[test]
    fn what_lies_too_deep_is_kept_as_it_stands() {
        let text = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(Tree::read(&text).map(|tree| tree.to_string()), Some(text));
    }
}
