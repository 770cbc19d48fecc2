//! JSON as it was written: number literals as text, members in their order, duplicates refused.

use std::fmt::Write;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON value that still knows how its numbers were written and in which order its members came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its literal.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object, its members in order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses one JSON text; a duplicate member anywhere or a lone surrogate is an error.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let raw: &RawValue = serde_json::from_str(text)?;
        Self::from_raw(raw.get(), 0)
    }

    fn from_raw(text: &str, depth: usize) -> Result<Self, serde_json::Error> {
        if depth > 64 {
            return Err(serde_json::Error::custom("deeper than 64"));
        }
        Ok(match text.as_bytes()[0] {
            b'n' => Self::Null,
            b't' => Self::Bool(true),
            b'f' => Self::Bool(false),
            b'"' => Self::Text(serde_json::from_str(text)?),
            b'[' => {
                let raw: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::List(raw.iter().map(|raw| Self::from_raw(raw.get(), depth + 1)).collect::<Result<_, _>>()?)
            }
            b'{' => {
                let Members(raw) = serde_json::from_str(text)?;
                let mut members: Vec<(String, Self)> = Vec::with_capacity(raw.len());
                for (name, value) in raw {
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(serde_json::Error::custom(format!("member {name:?} twice")));
                    }
                    members.push((name, Self::from_raw(value.get(), depth + 1)?));
                }
                Self::Object(members)
            }
            _ => Self::Number(text.to_owned()),
        })
    }

    /// An object of the given members.
    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.map(|(name, value)| (name.to_owned(), value)).to_vec())
    }

    /// A string.
    pub fn string(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// The member `name`, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of the member `name`, if it is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Self::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The number in the member `name`, if it is a whole one.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name) {
            Some(Self::Number(literal)) => literal.parse().ok(),
            _ => None,
        }
    }

    /// The elements, none if this is no array.
    pub fn elements(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            _ => &[],
        }
    }

    /// This object without its member `name`.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        match self {
            Self::Object(members) => {
                Self::Object(members.iter().filter(|(member, _)| member != name).cloned().collect())
            }
            other => other.clone(),
        }
    }

    /// This object with a member at its end; an older one of that name goes.
    #[must_use]
    pub fn with(&self, name: &str, value: Self) -> Self {
        match self.without(name) {
            Self::Object(mut members) => {
                members.push((name.to_owned(), value));
                Self::Object(members)
            }
            other => other,
        }
    }

    /// RFC 7396, section 2; members keep their places and new ones go to the end.
    #[must_use]
    pub fn merged(&self, patch: &Self) -> Self {
        let Self::Object(changes) = patch else { return patch.clone() };
        let mut members = match self {
            Self::Object(members) => members.clone(),
            _ => Vec::new(),
        };
        for (name, change) in changes {
            let place = members.iter().position(|(member, _)| member == name);
            match (place, change) {
                (Some(place), Self::Null) => drop(members.remove(place)),
                (None, Self::Null) => {}
                (Some(place), change) => members[place].1 = members[place].1.merged(change),
                (None, change) => members.push((name.clone(), Self::Null.merged(change))),
            }
        }
        Self::Object(members)
    }

    /// This value with the members of every object in the order of their names.
    #[must_use]
    pub fn sorted(&self) -> Self {
        match self {
            Self::List(list) => Self::List(list.iter().map(Self::sorted).collect()),
            Self::Object(members) => {
                let mut members: Vec<_> = members.iter().map(|(name, value)| (name.clone(), value.sorted())).collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                Self::Object(members)
            }
            other => other.clone(),
        }
    }

    /// JSON text again, for messages.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => {
                let _ = write!(out, "{value}");
            }
            Self::Number(literal) => out.push_str(literal),
            Self::Text(text) => {
                let _ = write!(out, "{}", serde_json::Value::from(text.as_str()));
            }
            Self::List(list) => {
                out.push('[');
                for (i, value) in list.iter().enumerate() {
                    out.push_str(if i > 0 { "," } else { "" });
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (name, value)) in members.iter().enumerate() {
                    let comma = if i > 0 { "," } else { "" };
                    let _ = write!(out, "{comma}{}:", serde_json::Value::from(name.as_str()));
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Collect).map(Members)
    }
}
