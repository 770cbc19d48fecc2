//! A JSON value that can be built, changed and written, and that keeps literals no number type could.
//!
//! Member order is the order of insertion, and a replaced member keeps its place: exactly what a merge patch does, so
//! that the platform's own state and what a replica folds stay the same.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

/// A JSON value; `Raw` holds JSON text that is written as it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Text(Cow<'static, str>),
    Raw(Arc<str>),
    List(Vec<Json>),
    Object(Vec<(Cow<'static, str>, Json)>),
}

/// An object literal: `object! { "id" => id, "version" => 1 }`.
macro_rules! object {
    ($($name:literal => $value:expr),* $(,)?) => {
        $crate::json::Json::Object(vec![$((std::borrow::Cow::Borrowed($name), $crate::json::Json::from($value))),*])
    };
}
pub(crate) use object;

impl Json {
    /// JSON text that is written as it stands.
    pub(crate) fn raw(text: &str) -> Self {
        Self::Raw(text.into())
    }

    /// The member `name` of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of the member `name`; empty when there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Self::Text(text)) => text,
            _ => "",
        }
    }

    /// Sets the member `name`, in its place when it is there and at the end when it is new.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Self>) {
        let Self::Object(members) = self else { return };
        match members.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value.into(),
            None => members.push((Cow::Borrowed(name), value.into())),
        }
    }

    /// Takes the member `name` away.
    pub(crate) fn remove(&mut self, name: &str) {
        if let Self::Object(members) = self {
            members.retain(|(key, _)| key != name);
        }
    }

    /// The elements of the list in member `name`, made when it is not there.
    pub(crate) fn list(&mut self, name: &'static str) -> &mut Vec<Self> {
        if !matches!(self.get(name), Some(Self::List(_))) {
            self.set(name, Self::List(Vec::new()));
        }
        let Self::Object(members) = self else { unreachable!("lists are kept in objects only") };
        match members.iter_mut().find(|(key, _)| key == name) {
            Some((_, Self::List(list))) => list,
            _ => unreachable!("the list was made just above"),
        }
    }

    /// The RFC 7396 merge patch that leads from `old` to `self`; `None` when no patch can (a null would have
    /// to stay, or raw text, whose members are not known here, would be merged instead of replaced).
    pub(crate) fn patch_from(&self, old: &Self) -> Option<Self> {
        let (Self::Object(new), Self::Object(before)) = (self, old) else { return None };
        let mut patch = Vec::new();
        for (key, value) in new {
            match old.get(key) {
                Some(was) if was == value => {}
                Some(was @ Self::Object(_)) if matches!(value, Self::Object(_)) => {
                    patch.push((key.clone(), value.patch_from(was)?));
                }
                _ if value.would_lose_a_null() => return None,
                Some(Self::Raw(_)) => return None,
                Some(Self::Object(_)) if matches!(value, Self::Raw(_)) => return None,
                _ => patch.push((key.clone(), value.clone())),
            }
        }
        for (key, _) in before {
            if self.get(key).is_none() {
                patch.push((key.clone(), Self::Null));
            }
        }
        Some(Self::Object(patch))
    }

    fn would_lose_a_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Raw(text) => text.starts_with('{') && text.contains("null"),
            Self::Object(members) => members.iter().any(|(_, value)| value.would_lose_a_null()),
            _ => false,
        }
    }

    /// Appends the value's JSON text.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Text(text) => write_text(text, out),
            Self::Raw(text) => out.push_str(text),
            Self::List(list) => {
                out.push('[');
                for (i, value) in list.iter().enumerate() {
                    comma(i, out);
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (i, (key, value)) in members.iter().enumerate() {
                    comma(i, out);
                    write_text(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The value's JSON text.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

fn comma(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (i, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain..i]);
        plain = i + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            other => {
                let _ = write!(out, "\\u{other:04x}");
            }
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

impl From<&'static str> for Json {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
    }
}

impl From<&String> for Json {
    fn from(text: &String) -> Self {
        Self::Text(Cow::Owned(text.clone()))
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Self {
        Self::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Vec<Json>> for Json {
    fn from(list: Vec<Json>) -> Self {
        Self::List(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_a_parser_reads_back() {
        let value = object! { "a" => "q\"\\\n\t\u{1}é", "b" => Json::raw("[1.10, 1e2]"), "c" => vec![Json::Null, true.into()], "d" => 7_i64 };
        assert_eq!(value.to_text(), "{\"a\":\"q\\\"\\\\\\n\\t\\u0001é\",\"b\":[1.10, 1e2],\"c\":[null,true],\"d\":7}");
        assert!(serde_json::from_str::<serde_json::Value>(&value.to_text()).is_ok());
    }

    #[test]
    fn set_keeps_the_place_and_list_is_made_on_demand() {
        let mut value = object! { "a" => 1_i64, "b" => 2_i64 };
        value.set("a", 3_i64);
        value.list("c").push(4_i64.into());
        value.remove("b");
        assert_eq!(value.to_text(), "{\"a\":3,\"c\":[4]}");
        assert_eq!((value.text("a"), value.get("b")), ("", None));
    }

    #[test]
    fn a_patch_names_what_differs_and_refuses_nulls() {
        let old = object! { "a" => 1_i64, "b" => object! { "x" => 1_i64, "y" => 2_i64 }, "gone" => true };
        let mut new = old.clone();
        new.set("b", object! { "x" => 1_i64, "y" => 3_i64 });
        new.set("c", "new");
        new.remove("gone");
        let patch = new.patch_from(&old).unwrap();
        assert_eq!(patch.to_text(), "{\"b\":{\"y\":3},\"c\":\"new\",\"gone\":null}");
        new.set("c", object! { "deep" => Json::Null });
        assert_eq!(new.patch_from(&old), None);
    }
}
